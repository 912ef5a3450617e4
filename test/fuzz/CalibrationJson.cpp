// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Calibration profiles.
#include "Fuzz.h"
#include "ranvier/Quantize/Report.h"

using namespace ranvier;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  const auto profile = compiler::parseCalibration(std::string(fuzz::text(data, size)));
  if (!profile)
    FUZZ_CHECK(!profile.error().message.empty() && (profile.error().code == 5320 || profile.error().code == 9005),
               profile.error().str());
  return 0;
}
