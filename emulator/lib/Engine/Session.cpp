//===- Session.cpp - Run a machine over an input --------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/Emulator/Session.h"
#include "Delivery.h"
#include "ranvier/Emulator/Transport.h"

namespace ranvier::emu {

int32_t plainPayload(const image::Image &image) { return unitPayload(image.meta.profile); }

Result<void> checkInputs(const image::Image &image, std::span<const InputSpike> inputs, uint32_t firstStep) {
  const int32_t plain = plainPayload(image);
  const auto fail = [](unsigned code, size_t entry, std::string message, std::string expected, std::string found) {
    return Error{.code = code,
                 .message = std::move(message),
                 .place = "input spike " + std::to_string(entry),
                 .expected = std::move(expected),
                 .found = std::move(found)};
  };
  for (size_t i = 0; i < inputs.size(); ++i) {
    const InputSpike &spike = inputs[i];
    if (i == 0 && spike.step < firstStep)
      return fail(7010, i, "an input spike lies before the first step of the run",
                  "step " + std::to_string(firstStep) + " or later", "step " + std::to_string(spike.step));
    if (i > 0 && spike.step < inputs[i - 1].step)
      return fail(7011, i, "input spikes are not sorted by step", "step " + std::to_string(inputs[i - 1].step) + " or later",
                  "step " + std::to_string(spike.step));
    if (spike.population >= image.meta.populations.size() || !image.meta.populations[spike.population].input)
      return fail(7012, i, "an input spike names a population that takes no input", "an input population",
                  spike.population < image.meta.populations.size() ? "'" + image.meta.populations[spike.population].name + "'"
                                                                   : "population " + std::to_string(spike.population));
    const image::PopulationMeta &population = image.meta.populations[spike.population];
    if (spike.neuron >= population.count)
      return fail(7013, i, "an input spike names a neuron that '" + population.name + "' does not have",
                  "below " + std::to_string(population.count), std::to_string(spike.neuron));
    if (spike.payload != plain && !image.chip.gradedSpikes)
      return fail(7014, i, "an input spike carries a value, which '" + image.chip.name + "' cannot take", std::to_string(plain),
                  std::to_string(spike.payload));
  }
  return {};
}

Result<RunResult> run(Machine &machine, std::span<const InputSpike> inputs, const RunOptions &options, const StepCallback &onStep,
                      RunResult before) {
  RANVIER_CHECK(checkInputs(machine.image(), inputs, machine.currentStep() + 1));
  RunResult result = std::move(before);
  if (options.keepPerStep)
    result.perStep.reserve(result.perStep.size() + options.steps);
  if (options.keepPlaces) {
    result.cores.resize(machine.coreTimes().size());
    result.links.resize(machine.linkTimes().size());
  }
  size_t next = 0;
  std::vector<InputSpike> joined;
  for (uint32_t i = 0; i < options.steps; ++i) {
    const uint32_t step = machine.currentStep() + 1;
    const size_t first = next;
    while (next < inputs.size() && inputs[next].step == step)
      ++next;
    std::span<const InputSpike> now = inputs.subspan(first, next - first);
    if (options.inject) {
      joined.assign(now.begin(), now.end());
      RANVIER_CHECK(options.inject(step, joined));
      now = joined;
      RANVIER_CHECK(checkInputs(machine.image(), now, step));
    }
    machine.step(now);
    if (machine.ranksLost())
      return Error{.code = otherRankFailed,
                   .message = "another rank has left the run",
                   .place = "step " + std::to_string(step),
                   .hint = "its own message says why",
                   .kind = ErrorKind::System};
    const StepCounts &counts = machine.counts();
    result.total += counts;
    result.longestStep = std::max(result.longestStep, counts.picoseconds);
    if (options.keepPerStep)
      result.perStep.push_back(counts);
    for (size_t c = 0; c < result.cores.size(); ++c)
      result.cores[c] += machine.coreTimes()[c];
    for (size_t l = 0; l < result.links.size(); ++l)
      result.links[l] += machine.linkTimes()[l];
    ++result.steps;
    if (onStep && !onStep({step, counts, result}, machine))
      break;
  }
  result.inputsAfterEnd = inputs.size() - next;
  return result;
}

} // namespace ranvier::emu
