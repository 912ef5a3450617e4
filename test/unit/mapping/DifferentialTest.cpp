// The emulator on a mapped image against FlatSimulator on the network: spike for spike, word for word, for every mapping, thread
// count and executor.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/Emulator/Machine.h"
#include "ranvier/Emulator/Session.h"
#include "ranvier/Mapping/Partitioner.h"
#include "support/ChipNetworks.h"
#include "support/FlatSimulator.h"
#include "support/TestNetworks.h"
#include <doctest/doctest.h>

using namespace ranvier;
using namespace ranvier::mapping;
using namespace ranvier::test;

namespace {

/// Everything a run shows: per step and population the spikes and the values they carry, per state the words.
struct Trace {
  std::vector<std::vector<uint32_t>> spikes;
  std::vector<std::vector<int32_t>> payloads, states;
  uint64_t fired = 0;
};

std::vector<std::pair<uint32_t, uint32_t>> inputsOf(const Network &network, uint64_t seed, uint32_t step) {
  std::vector<std::pair<uint32_t, uint32_t>> inputs;
  for (uint32_t p = 0; p < network.populations.size(); ++p)
    for (uint32_t n = 0; network.populations[p].input && n < network.populations[p].count; ++n)
      if (randomWord(seed, p * 65536 + n, step, 3) % 100 < 20)
        inputs.push_back({p, n});
  return inputs;
}

Trace runFlat(const Network &network, uint64_t seed, uint32_t steps) {
  auto level = levels(network);
  REQUIRE(bool(level));
  FlatSimulator flat(network, *level);
  Trace trace;
  for (uint32_t step = 1; step <= steps; ++step) {
    flat.step(inputsOf(network, seed, step));
    for (uint32_t p = 0; p < network.populations.size(); ++p) {
      trace.spikes.push_back(flat.spikes(p));
      if (network.populations[p].input)
        continue;
      trace.payloads.push_back(flat.payloads(p));
      trace.fired += flat.spikes(p).size();
      for (uint32_t slot = 0; slot < network.populations[p].init.size(); ++slot)
        trace.states.push_back(flat.state(p, slot));
    }
  }
  return trace;
}

/// Those of this build.
const std::vector<emu::Executor> executors = {emu::Executor::Interp
#if RANVIER_HAVE_JIT
                                              ,
                                              emu::Executor::Jit
#endif
};

Trace runMachine(const Network &network, std::shared_ptr<const image::Image> image, uint64_t seed, uint32_t steps,
                 const emu::MachineOptions &options) {
  auto machine = emu::Machine::create(image, options);
  REQUIRE_MESSAGE(bool(machine), (machine ? "" : machine.error().str()));
  Trace trace;
  std::vector<emu::InputSpike> inputs;
  for (uint32_t step = 1; step <= steps; ++step) {
    inputs.clear();
    for (const auto &[population, neuron] : inputsOf(network, seed, step))
      inputs.push_back({step, population, neuron, emu::plainPayload(*image)});
    (*machine)->step(inputs);
    for (uint32_t p = 0; p < network.populations.size(); ++p) {
      const auto spikes = (*machine)->spikes(p);
      trace.spikes.emplace_back(spikes.begin(), spikes.end());
      if (network.populations[p].input)
        continue;
      const auto payloads = (*machine)->payloads(p);
      trace.payloads.emplace_back(payloads.begin(), payloads.end());
      trace.fired += spikes.size();
      for (uint32_t slot = 0; slot < network.populations[p].init.size(); ++slot) {
        std::vector<int32_t> words(network.populations[p].count);
        (*machine)->readState(p, slot, words);
        trace.states.push_back(std::move(words));
      }
    }
  }
  return trace;
}

std::shared_ptr<const image::Image> compiled(const Network &network, const hw::Chip &chip, uint64_t seed) {
  auto mapping = partition(network, chip, {});
  REQUIRE_MESSAGE(bool(mapping), (mapping ? "" : mapping.error().str()));
  REQUIRE(bool(place(network, chip, *mapping, {.seed = seed})));
  auto data = emitImage(network, chip, *mapping, "{}");
  REQUIRE_MESSAGE(bool(data), (data ? "" : data.error().str()));
  auto image = image::fromData(*std::move(data));
  REQUIRE_MESSAGE(bool(image), (image ? "" : image.error().str()));
  return std::make_shared<const image::Image>(*std::move(image));
}

void checkSame(const Trace &expected, const Trace &found) {
  REQUIRE(found.spikes.size() == expected.spikes.size());
  for (size_t i = 0; i < expected.spikes.size(); ++i)
    REQUIRE(found.spikes[i] == expected.spikes[i]);
  REQUIRE(found.payloads == expected.payloads);
  REQUIRE(found.states.size() == expected.states.size());
  for (size_t i = 0; i < expected.states.size(); ++i)
    REQUIRE(found.states[i] == expected.states[i]);
}

/// All combinations of executor and threads on one chip.
void checkChip(const Network &network, const hw::Chip &chip, uint64_t seed, const Trace &expected, uint32_t steps) {
  const auto image = compiled(network, chip, seed);
  for (const emu::Executor executor : executors)
    for (const unsigned threads : {1u, 2u}) {
      CAPTURE(static_cast<int>(executor));
      CAPTURE(threads);
      checkSame(expected, runMachine(network, image, seed, steps, {.executor = executor, .threads = threads, .workPerThread = 0}));
    }
}

} // namespace

TEST_CASE("integer networks: every mapping of a small chip equals the flat simulation") {
  constexpr uint32_t steps = 150;
  uint64_t fired = 0;
  for (uint64_t seed = 100; seed < 112; ++seed) {
    CAPTURE(seed);
    const Network network = randomIntNetwork(seed);
    const Trace expected = runFlat(network, seed, steps);
    fired += expected.fired;
    for (const uint32_t neurons : {7u, 64u, 1024u}) {
      CAPTURE(neurons);
      checkChip(network, tinyChip({.neurons = neurons}), seed, expected, steps);
    }
  }
  CHECK(fired > 1000); // The networks are alive.
}

TEST_CASE("populations that share a chip fire as they do anywhere") {
  constexpr uint32_t steps = 100;
  unsigned kept = 0;
  for (uint64_t seed = 100; seed < 112; ++seed) {
    CAPTURE(seed);
    const Network network = randomIntNetwork(seed);
    const Trace expected = runFlat(network, seed, steps);
    hw::Chip chip = tinyChip({.neurons = 24});
    chip.maxChips = 16;
    chip.chipsX = chip.chipsY = 4;
    chip.topology = seed % 2 ? hw::Topology::Torus : hw::Topology::Mesh;
    chip.multicastTrees = seed % 3 == 0;
    std::vector<uint32_t> cells;
    for (uint32_t p = 0; p < network.populations.size(); ++p)
      if (!network.populations[p].input)
        cells.push_back(p);
    auto mapping = mapNetwork(network, chip, {.seed = seed, .sameChip = {{cells.front(), cells.back()}}});
    if (!mapping && mapping.error().code == 6092)
      continue;
    REQUIRE_MESSAGE(bool(mapping), (mapping ? "" : mapping.error().str()));
    ++kept;
    auto data = emitImage(network, chip, *mapping, "{}");
    REQUIRE_MESSAGE(bool(data), (data ? "" : data.error().str()));
    auto image = image::fromData(*std::move(data));
    REQUIRE_MESSAGE(bool(image), (image ? "" : image.error().str()));
    checkSame(expected, runMachine(network, std::make_shared<const image::Image>(*std::move(image)), seed, steps,
                                   {.executor = executors.back()}));
  }
  CHECK(kept > 4);
}

TEST_CASE("integer networks of the native unit on loihi1") {
  constexpr uint32_t steps = 150;
  auto chip = hw::findChip("loihi1");
  REQUIRE_MESSAGE(bool(chip), (chip ? "" : chip.error().str()));
  uint64_t fired = 0;
  for (uint64_t seed = 200; seed < 208; ++seed) {
    CAPTURE(seed);
    const Network network = randomIntNetwork(seed, true);
    const Trace expected = runFlat(network, seed, steps);
    fired += expected.fired;
    checkChip(network, *chip, seed, expected, steps);
    hw::Chip small = *chip;
    small.core.neurons = 9;
    checkChip(network, small, seed, expected, steps);
  }
  CHECK(fired > 1000);
}

TEST_CASE("random networks on ranvier-n1: everything that the chip can do") {
  constexpr uint32_t steps = 60;
  const uint64_t networks = cases(24, 1500);
  auto shipped = hw::findChip("ranvier-n1");
  REQUIRE_MESSAGE(bool(shipped), (shipped ? "" : shipped.error().str()));
  uint64_t fired = 0, values = 0, cut = 0;
  for (uint64_t seed = 400; seed < 400 + networks; ++seed) {
    CAPTURE(seed);
    const Network network = randomChipNetwork(seed, *shipped);
    auto legal = checkArithmetic(network, *shipped);
    REQUIRE_MESSAGE(bool(legal), (legal ? "" : legal.error().str()));
    const Trace expected = runFlat(network, seed, steps);
    fired += expected.fired;
    for (const auto &list : expected.payloads)
      values += list.size();
    checkChip(network, *shipped, seed, expected, steps);
    // Cut finer, so that more travels, and with the search; timing is beside the point of every result.
    hw::Chip chip = *shipped;
    uint64_t neurons = 0;
    for (const Population &population : network.populations)
      neurons += population.input ? 0 : population.count;
    chip.core.neurons = std::max(5u, static_cast<uint32_t>(neurons / 12 + 1));
    auto mapping = mapNetwork(network, chip, {.seed = seed, .strategy = seed % 2 ? Strategy::Multilevel : Strategy::Sequential});
    if (!mapping) { // Programs of one core's memory each may need more cores than there are.
      REQUIRE_MESSAGE(mapping.error().code == 6016, mapping.error().str());
      continue;
    }
    cut += mapping->cores.size();
    auto data = emitImage(network, chip, *mapping, "{}");
    REQUIRE_MESSAGE(bool(data), (data ? "" : data.error().str()));
    CHECK(data->synapses64.empty());
    auto image = image::fromData(*std::move(data));
    REQUIRE_MESSAGE(bool(image), (image ? "" : image.error().str()));
    auto rebuilt = rebuildNetwork(*image);
    REQUIRE_MESSAGE(bool(rebuilt), (rebuilt ? "" : rebuilt.error().str()));
    CHECK(compareNetworks(network, *rebuilt).empty());
    checkSame(expected, runMachine(network, std::make_shared<const image::Image>(*std::move(image)), seed, steps,
                                   {.executor = executors.back(),
                                    .timing = seed % 2 ? emu::Timing::Detailed : emu::Timing::Fast,
                                    .threads = 2,
                                    .workPerThread = 0}));
  }
  CHECK(fired > 1000 * networks);
  CHECK(values > 100 * networks);
  CHECK(cut > 6 * networks);
}

TEST_CASE("binary32 networks with edges of delay 0 add in the stated order") {
  constexpr uint32_t steps = 100;
  uint64_t fired = 0;
  for (uint64_t seed = 300; seed < 312; ++seed) {
    CAPTURE(seed);
    const Network network = randomFloatNetwork(seed);
    const Trace expected = runFlat(network, seed, steps);
    fired += expected.fired;
    for (const uint32_t neurons : {0u, 11u}) {
      CAPTURE(neurons);
      hw::Chip chip = floatChip();
      chip.core.neurons = neurons;
      checkChip(network, chip, seed, expected, steps);
    }
  }
  CHECK(fired > 1000);
}
