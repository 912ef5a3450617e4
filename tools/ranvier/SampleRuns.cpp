//===- SampleRuns.cpp - An image run on sample input ----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "SampleRuns.h"
#include "RunReport.h"
#include "ranvier/Emulator/Session.h"
#include "ranvier/Formats/Spikes.h"
#include <algorithm>

using namespace ranvier;
using namespace ranvier::tools;

Result<void> tools::runOnSamples(const std::shared_ptr<const image::Image> &image, const std::string &sampleFile,
                                 const std::string &phase, Context &context, const std::function<void()> &begin,
                                 const std::function<void(emu::Machine &)> &observe) {
  constexpr uint32_t mostSamples = 100;
  RANVIER_TRY(const formats::DataSet samples, formats::readDataSet(sampleFile));
  RANVIER_TRY(const uint32_t input, theInput(*image));
  if (samples.neurons != image->meta.populations[input].count)
    return Error{.code = 8032,
                 .message = "the data set does not fit the network's input",
                 .file = sampleFile,
                 .place = "input_spikes",
                 .expected = std::to_string(image->meta.populations[input].count) + " neurons",
                 .found = std::to_string(samples.neurons)};
  RANVIER_TRY(auto machine, emu::Machine::create(image, {.timing = emu::Timing::Off}));
  const int32_t plain = emu::plainPayload(*image);
  const uint32_t used = std::min(samples.samples, mostSamples);
  context.progress->phase(phase, used);
  for (uint32_t sample = 0; sample < used; ++sample) {
    context.progress->advance(sample);
    std::vector<emu::InputSpike> spikes;
    const uint8_t *row = samples.spikes.data() + static_cast<size_t>(sample) * samples.steps * samples.neurons;
    for (uint32_t t = 0; t < samples.steps; ++t)
      for (uint32_t n = 0; n < samples.neurons; ++n, ++row)
        if (*row)
          spikes.push_back({t + 1, input, n, plain});
    machine->reset();
    begin();
    auto run = emu::run(*machine, spikes, {.steps = samples.steps}, [&](const emu::StepView &, emu::Machine &at) {
      observe(at);
      return true;
    });
    if (!run)
      return run.error();
  }
  return {};
}
