// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// N-MNIST events; the first byte chooses the time step and the sensor, and how they are binned.
#include "EventBins.h"
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
  formats::CameraOptions camera{.bins = {.steps = 5, .dt = options.dt},
                                .crop = {data[0] & 32 ? 16u : 0u, 0},
                                .polarity = static_cast<formats::Polarity>(data[0] >> 6)};
  if (options.sensorShape.size() == 3)
    camera.sensor = {options.sensorShape[0], options.sensorShape[1], options.sensorShape[2]};
  const auto neurons = formats::neuronsOf(camera);
  if (!neurons) {
    fuzz::checkError(neurons.error(), 1067, 1067);
    return 0;
  }
  std::vector<uint8_t> cells(size_t(5) * *neurons);
  formats::EventCounts counts;
  if (const auto done = formats::binCameraEvents(fuzz::text(data + 1, size - 1), "fuzz.bin", camera, cells, counts); !done)
    fuzz::checkError(done.error(), 1050, 1069);
  else
    FUZZ_CHECK(counts.events == counts.spikes + counts.merged + counts.late + counts.outside + counts.otherPolarity, "events");
  return 0;
}
