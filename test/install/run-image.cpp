//===- run-image.cpp - A user's program around the emulator ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// run-image IMAGE.rvi SPIKES STEPS: runs the image on a spike file and prints its spikes, synaptic events and energy.
//===----------------------------------------------------------------------===//
#include <cstdio>
#include <cstdlib>
#include <ranvier/Emulator/Session.h>
#include <ranvier/Formats/Spikes.h>

using namespace ranvier;

namespace {
Result<emu::RunResult> runImage(const std::string &path, const std::string &spikes, uint32_t steps) {
  RANVIER_TRY(auto opened, image::open(path));
  const auto image = std::make_shared<const image::Image>(std::move(opened));
  RANVIER_TRY(auto trains, formats::readSpikes(spikes, {.dt = image->meta.dt}));
  uint32_t input = 0;
  while (!image->meta.populations[input].input)
    ++input;
  std::vector<emu::InputSpike> inputs;
  for (const auto &[name, train] : trains)
    for (const auto &event : train.events)
      inputs.push_back({event.step, input, event.neuron, emu::plainPayload(*image)});
  RANVIER_TRY(auto machine, emu::Machine::create(image, {.executor = emu::Executor::Jit}));
  RANVIER_TRY(auto result, emu::run(*machine, inputs, {.steps = steps}));
  std::printf("%s: %llu spikes, %llu events, %.6g J\n", image->chip.name.c_str(),
              static_cast<unsigned long long>(result.total.spikes), static_cast<unsigned long long>(result.total.synapticEvents),
              machine->energy(result.total).total());
  return result;
}
} // namespace

int main(int argc, char **argv) {
  if (argc != 4)
    return 2;
  auto result = runImage(argv[1], argv[2], static_cast<uint32_t>(std::strtoul(argv[3], nullptr, 10)));
  if (!result)
    std::fprintf(stderr, "%s\n", result.error().str().c_str());
  return result ? 0 : 1;
}
