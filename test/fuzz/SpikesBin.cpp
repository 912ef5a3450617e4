// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// N-MNIST events; the first byte chooses the time step and the sensor.
#include "SpikeTrains.h"

using namespace ranvier;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size == 0)
    return 0;
  const double steps[] = {1e-3, 1e-6, 1e-12, 1e3};
  const std::vector<uint64_t> sensors[] = {{}, {2, 34, 34}, {1, 8, 8}, {2, 260, 346}};
  const formats::SpikeReadOptions options{
      .dt = steps[data[0] & 3], .sensorShape = sensors[data[0] >> 2 & 3], .steps = data[0] & 16 ? 5u : 0u};
  fuzz::checkSpikes(formats::parseEventBin(fuzz::text(data + 1, size - 1), "fuzz.bin", options));
  return 0;
}
