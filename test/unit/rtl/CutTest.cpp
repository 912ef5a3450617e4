// Cutting images: what is left runs as it did, and the shrinker finds what matters.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "RtlImages.h"
#include "ranvier/Emulator/Checkpoint.h"
#include "ranvier/Rtl/Shrink.h"
#include "support/TestNetworks.h"
#include <algorithm>
#include <doctest/doctest.h>
#include <map>

using namespace ranvier;
using namespace ranvier::rtl;

namespace {
/// (step, population, neuron) of all neurons' spikes, and their states after each step.
struct Trace {
  std::map<std::pair<uint32_t, uint32_t>, std::vector<int32_t>> words; ///< By population and neuron.
};

Trace run(const std::shared_ptr<const image::Image> &image, const std::vector<emu::InputSpike> &inputs, uint32_t steps) {
  auto machine = emu::Machine::create(image, {.executor = emu::Executor::Interp, .costProfile = ""});
  REQUIRE(bool(machine));
  Trace out;
  for (uint32_t step = 1; step <= steps; ++step) {
    std::vector<emu::InputSpike> now;
    std::copy_if(inputs.begin(), inputs.end(), std::back_inserter(now), [&](const auto &spike) { return spike.step == step; });
    (*machine)->step(now);
    for (uint32_t p = 0; p < image->meta.populations.size(); ++p) {
      const auto &population = image->meta.populations[p];
      for (const uint32_t neuron : (*machine)->spikes(p))
        out.words[{p, neuron}].push_back(static_cast<int32_t>(1'000'000 + step));
      if (population.input)
        continue;
      std::vector<int32_t> state(population.count);
      for (uint32_t s = 0; s < image->meta.programs[population.program].states.size(); ++s) {
        (*machine)->readState(p, s, state);
        for (uint32_t n = 0; n < population.count; ++n)
          out.words[{p, n}].push_back(state[n]);
      }
    }
  }
  return out;
}

std::vector<emu::InputSpike> randomUpTo(const image::Image &image, uint64_t seed, uint32_t steps) {
  std::vector<emu::InputSpike> out;
  for (uint32_t step = 1; step <= steps; ++step)
    for (const emu::InputSpike &spike : randomInputs(image, seed, step))
      out.push_back(spike);
  return out;
}

/// Number as Image::outPtr counts, by population and neuron.
std::map<std::pair<uint32_t, uint32_t>, uint64_t> numbers(const image::Image &image) {
  std::map<std::pair<uint32_t, uint32_t>, uint64_t> out;
  for (const auto &core : image.cores)
    for (uint32_t s = core.firstSlice; s < core.firstSlice + core.sliceCount; ++s)
      for (uint32_t n = 0; n < image.slices[s].count; ++n)
        out[{image.slices[s].population, image.slices[s].first + n}] = core.firstNeuron + image.slices[s].neuronBase + n;
  for (uint32_t p = 0; p < image.meta.populations.size(); ++p)
    for (uint32_t n = 0; image.meta.populations[p].input && n < image.meta.populations[p].count; ++n)
      out[{p, n}] = image.meta.populations[p].firstOut + n;
  return out;
}

/// The image with weight 0 at cut synapses and at all from cut neurons.
image::ImageData silenced(image::ImageData data, const image::Image &image, const ImageCut &cut) {
  for (uint64_t global = 0; global < cut.neurons.size(); ++global)
    for (uint64_t o = image.outPtr[global]; o < image.outPtr[global + 1]; ++o) {
      const auto &core = image.cores[image.outAxons[o].core];
      const auto &axon = image.inAxons[core.firstInAxon + image.outAxons[o].axon];
      for (uint32_t r = 0; r < axon.rowCount; ++r) {
        const auto &row = image.rows[core.firstRow + axon.firstRow + r];
        for (uint32_t s = 0; s < row.count; ++s) {
          const uint64_t at = core.firstSynapse + row.firstSynapse + s;
          if (!cut.neurons[global] || !cut.synapses[at])
            data.synapses32[at] &= (1u << 22) - 1;
        }
      }
    }
  return data;
}

/// Without random numbers, which follow the number of a neuron in its population.
mapping::Network network(uint64_t seed) {
  for (;; seed += 100) {
    mapping::Network out = test::randomN1Network(seed);
    if (std::none_of(out.populations.begin(), out.populations.end(),
                     [](const auto &population) { return population.program == 3; }))
      return out;
  }
}
} // namespace

TEST_CASE("what a cut leaves runs as the whole does without what was cut") {
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    CAPTURE(seed);
    const image::ImageData data = test::n1Image(network(seed), seed % 2 ? 25 : 0);
    const auto whole = test::toImage(data);
    test::Dice dice(seed);
    ImageCut cut = everythingOf(*whole);
    for (size_t i = 0; i < cut.neurons.size(); ++i)
      cut.neurons[i] = !dice.chance(0.3);
    for (size_t i = 0; i < cut.synapses.size(); ++i)
      cut.synapses[i] = !dice.chance(0.2);
    std::vector<std::pair<uint32_t, uint32_t>> neuronOf;
    const auto part = test::toImage(cutImage(*whole, cut, neuronOf)); // which validates it
    const auto silent = test::toImage(silenced(data, *whole, cut));
    const auto inputs = randomUpTo(*whole, seed, 25);
    std::vector<emu::InputSpike> partInputs;
    const auto number = numbers(*whole);
    for (const auto &spike : inputs)
      if (const auto [p, n] = neuronOf[number.at({spike.population, spike.neuron})]; p != image::none)
        partInputs.push_back({spike.step, p, n, spike.payload});
    const Trace wholeTrace = run(silent, inputs, 25), partTrace = run(part, partInputs, 25);
    size_t compared = 0, spikes = 0;
    for (const auto &[place, global] : number) {
      CHECK(cut.neurons[global] == (neuronOf[global].first != image::none));
      if (!cut.neurons[global])
        continue;
      const auto words = [](const Trace &trace, std::pair<uint32_t, uint32_t> where) {
        const auto found = trace.words.find(where);
        return found == trace.words.end() ? std::vector<int32_t>() : found->second;
      };
      CHECK(words(wholeTrace, place) == words(partTrace, neuronOf[global]));
      compared += words(partTrace, neuronOf[global]).size();
      spikes += !words(partTrace, neuronOf[global]).empty();
    }
    CHECK(compared > 100);
    CHECK(spikes > 0);
  }
}

TEST_CASE("the shrinker leaves what a fault needs and nothing else") {
  const auto image = test::toImage(test::n1Image(network(4), 25));
  const auto inputs = randomUpTo(*image, 9, 20);
  // The fault: a synapse of weight above 100 delivers in some step after the third.
  const auto probe = [](const Failing &candidate) -> std::optional<Divergence> {
    const image::Image &tried = *candidate.image;
    auto machine = emu::Machine::create(candidate.image, {.executor = emu::Executor::Interp, .costProfile = ""});
    if (!machine)
      return std::nullopt;
    for (uint32_t step = 1; step <= candidate.steps; ++step) {
      std::vector<emu::InputSpike> now;
      std::copy_if(candidate.inputs.begin(), candidate.inputs.end(), std::back_inserter(now),
                   [&](const auto &spike) { return spike.step == step; });
      (*machine)->step(now);
      if (step <= 3)
        continue;
      emu::MachineState state;
      (*machine)->save(state);
      for (const auto &message : state.messages) {
        const auto &core = tried.cores[message.core];
        const auto &axon = tried.inAxons[core.firstInAxon + message.axon];
        for (uint32_t r = 0; r < axon.rowCount; ++r) {
          const auto &row = tried.rows[core.firstRow + axon.firstRow + r];
          for (uint32_t s = 0; s < row.count; ++s)
            if (static_cast<int32_t>(image::unpackSynapse(tried.synapses32[core.firstSynapse + row.firstSynapse + s]).weight) > 100)
              return Divergence{.kind = Divergence::Kind::Accumulator, .step = step};
        }
      }
    }
    return std::nullopt;
  };
  const Failing whole{image, inputs, 20};
  const auto first = probe(whole);
  REQUIRE(bool(first));
  const Shrunk least = shrink(whole, *first, probe, 60);
  CHECK(least.synapses == 1);
  CHECK(least.neurons <= 2);
  CHECK(least.least.inputs.size() <= 1);
  CHECK(least.least.steps == 4);
  CHECK(least.divergence.step == 4);
  CHECK(bool(probe(least.least)));
  CHECK(least.runs > 5);
  // No time: the original, cut off after the step that failed.
  const Shrunk none = shrink(whole, *first, probe, 0);
  CHECK(none.synapses == image->synapses32.size());
  CHECK(none.least.steps == first->step);
}
