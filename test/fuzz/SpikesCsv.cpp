// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Spikes as CSV.
#include "SpikeTrains.h"

using namespace ranvier;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  fuzz::checkSpikes(formats::parseCsvSpikes(fuzz::text(data, size), "fuzz.csv", {}));
  return 0;
}
