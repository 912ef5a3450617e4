// Every limit of a chip, at the limit and one beyond, in three places: the partitioner cuts or refuses, a mapping made by hand is
// refused, and so is an image that holds one more than its chip. On loihi1 and ranvier-n1 as shipped, and on a user's small chip.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/HwModels/NativeForm.h"
#include "ranvier/Mapping/Mapping.h"
#include "support/ShippedChip.h"
#include "support/TestNetworks.h"
#include <doctest/doctest.h>
#include <functional>

using namespace ranvier;
using namespace ranvier::mapping;
using namespace ranvier::test;

namespace {
hw::Chip loihi1() { return shippedChip("loihi1"); }
hw::Chip n1() { return shippedChip("ranvier-n1"); }
hw::Chip tiny() {
  auto chip = hw::loadChip(RANVIER_TEST_INPUTS "/chips/tiny.yaml");
  REQUIRE_MESSAGE(bool(chip), (chip ? "" : chip.error().str()));
  return *std::move(chip);
}

/// Populations of native neurons with the configuration tables of their chip, after one input.
Network populations(uint32_t inputs, const std::vector<uint32_t> &counts) {
  Network network;
  network.name = "limits";
  network.programs = {hw::nativeCubaProgram({})};
  addPopulation(network, "in", inputs, -1);
  for (size_t i = 0; i < counts.size(); ++i) {
    Population &population = network.populations[addPopulation(network, "p" + std::to_string(i), counts[i], 0)];
    population.configParams = {hw::NativeDu, hw::NativeDv};
    population.thresholdParams = {hw::NativeVth};
  }
  return network;
}
void connect(Network &network, uint32_t source, uint32_t target, const std::function<bool(uint32_t, uint32_t)> &wanted,
             uint16_t delay = 1) {
  std::vector<Edge> edges;
  for (uint32_t a = 0; a < network.populations[source].count; ++a)
    for (uint32_t b = 0; b < network.populations[target].count; ++b)
      if (wanted(a, b))
        edges.push_back({a, b, 1, delay});
  addProjection(network, source, target, 0, 0, std::move(edges));
}
bool everyPair(uint32_t, uint32_t) { return true; }
Words ramp(uint32_t count, uint32_t distinct) {
  Words words(count);
  for (uint32_t i = 0; i < count; ++i)
    words[i] = static_cast<int32_t>(i % distinct);
  return words;
}

/// Population i + 1 wholly on the i-th core, but those of `together` on the first.
Mapping byHand(const Network &network, const hw::Chip &chip, uint32_t together) {
  Mapping mapping;
  for (uint32_t p = 1; p < network.populations.size(); ++p) {
    const Slice slice{p, 0, static_cast<uint32_t>(network.populations[p].count)};
    if (p > 1 && p <= together)
      mapping.cores[0].slices.push_back(slice);
    else
      mapping.cores.push_back({static_cast<uint32_t>(mapping.cores.size()) / chip.coresPerChip(),
                               static_cast<uint32_t>(mapping.cores.size()) % chip.coresPerChip(),
                               0,
                               {slice}});
  }
  return mapping;
}

/// One limit of a core.
struct Limit {
  const char *name;   ///< As errors call it.
  const char *clause; ///< Of the image format.
  uint64_t bound;
  void (*lift)(hw::CoreLimits &);
  /// What the partitioner says of the network beyond: 0, it cuts.
  unsigned refusal = 0;
  uint64_t excess = 1; ///< Use beyond the bound.
  uint32_t together = 1;
};

void checkLimit(const hw::Chip &chip, const Limit &limit, const Network &at, const Network &beyond) {
  CAPTURE(chip.name);
  CAPTURE(std::string(limit.name));
  const std::string most = "at most " + std::to_string(limit.bound), more = std::to_string(limit.bound + limit.excess);
  // At the limit.
  const Mapping full = byHand(at, chip, limit.together);
  auto checked = checkMapping(at, chip, full);
  REQUIRE_MESSAGE(bool(checked), (checked ? "" : checked.error().str()));
  auto cut = partition(at, chip, {});
  REQUIRE_MESSAGE(bool(cut), (cut ? "" : cut.error().str()));
  CHECK(cut->cores.size() <= full.cores.size());
  auto data = emitImage(at, chip, full, "{}");
  REQUIRE(bool(data));
  auto valid = image::fromData(*std::move(data));
  CHECK_MESSAGE(bool(valid), (valid ? "" : valid.error().str()));
  // One beyond, by hand.
  const Mapping over = byHand(beyond, chip, limit.together);
  auto refused = checkMapping(beyond, chip, over);
  REQUIRE(!refused);
  CHECK(refused.error().code == 6025);
  CHECK(refused.error().kind == ErrorKind::DoesNotFit);
  CHECK(refused.error().message.find(limit.name) != std::string::npos);
  CHECK(refused.error().expected == most);
  CHECK(refused.error().found == more);
  CHECK(!refused.error().hint.empty());
  // One beyond, left to the partitioner.
  auto parted = partition(beyond, chip, {});
  if (limit.refusal) {
    REQUIRE(!parted);
    CHECK(parted.error().code == limit.refusal);
    CHECK(parted.error().kind == ErrorKind::DoesNotFit);
    CHECK(parted.error().message.find(limit.name) != std::string::npos);
    CHECK(parted.error().expected == most);
    CHECK(parted.error().found == more);
    CHECK(!parted.error().hint.empty());
  } else {
    REQUIRE_MESSAGE(bool(parted), (parted ? "" : parted.error().str()));
    CHECK(parted->cores.size() > cut->cores.size());
    checked = checkMapping(beyond, chip, *parted);
    CHECK_MESSAGE(bool(checked), (checked ? "" : checked.error().str()));
  }
  // An image made for a chip with room, in the name of the one without.
  hw::Chip roomy = chip;
  limit.lift(roomy.core);
  auto made = emitImage(beyond, roomy, over, "{}");
  REQUIRE_MESSAGE(bool(made), (made ? "" : made.error().str()));
  CHECK(bool(image::fromData(*made)));
  made->chipText = hw::resolvedText(chip);
  auto invalid = image::fromData(*std::move(made));
  REQUIRE(!invalid);
  CHECK(invalid.error().code == 3023);
  CHECK(invalid.error().kind == ErrorKind::DoesNotFit);
  CHECK(invalid.error().hint == std::string("docs/spec/image-format.md, clause ") + limit.clause);
  CHECK(invalid.error().expected == most);
  CHECK(invalid.error().found == more);
}

const auto liftNeurons = [](hw::CoreLimits &l) { l.neurons = 0; };
const auto liftMemory = [](hw::CoreLimits &l) { l.synapticMemoryBits = 0; };
const auto liftIn = [](hw::CoreLimits &l) { l.axonsIn = 0; };
const auto liftOut = [](hw::CoreLimits &l) { l.axonsOut = 0; };
const auto liftFanIn = [](hw::CoreLimits &l) { l.fanIn = 0; };
const auto liftConfigs = [](hw::CoreLimits &l) { l.neuronConfigs = 0; };
const auto liftThresholds = [](hw::CoreLimits &l) { l.thresholdConfigs = 0; };
const auto liftProgram = [](hw::CoreLimits &l) { l.programWords = 0; };
const auto liftTables = [](hw::CoreLimits &l) { l.tableWords = 0; };
} // namespace

TEST_CASE("neurons") {
  checkLimit(loihi1(), {"neurons", "L1", 1024, liftNeurons}, populations(1, {1024}), populations(1, {1025}));
  checkLimit(n1(), {"neurons", "L1", 256, liftNeurons}, populations(1, {256}), populations(1, {257}));
  checkLimit(tiny(), {"neurons", "L1", 4, liftNeurons}, populations(1, {4}), populations(1, {5}));
  checkLimit(tiny(), {"neurons", "L1", 4, liftNeurons, 0, 1, 2}, populations(1, {3, 1}), populations(1, {3, 2}));
}

TEST_CASE("synaptic memory") {
  // loihi1: a dense row of 27 weights of 9 bits and its header are 253 bits in 4 words of 64; 4096 of them fill a core.
  Network at = populations(4096, {27}), beyond = at;
  connect(at, 0, 1, everyPair);
  at.projections[0].dense = true;
  beyond = at;
  connect(beyond, 0, 1, [](uint32_t a, uint32_t b) { return a == 0 && b == 0; });
  checkLimit(loihi1(), {"synaptic memory", "L2", 1048576, liftMemory, 0, 64}, at, beyond);
  // tiny: 64 bits a row of up to 4 dense weights, and of one with an index; 8 inputs and two projections make 16 rows.
  at = populations(8, {4});
  connect(at, 0, 1, everyPair);
  at.projections[0].dense = true;
  connect(at, 0, 1, [](uint32_t a, uint32_t b) { return b == a % 2; });
  beyond = at;
  connect(beyond, 0, 1, [](uint32_t a, uint32_t b) { return a == 7 && b == 3; });
  checkLimit(tiny(), {"synaptic memory", "L2", 1024, liftMemory, 0, 64}, at, beyond);
  // One neuron alone: 16 rows of one synapse, and a seventeenth.
  hw::Chip chip = tiny();
  chip.core.fanIn = 0;
  at = populations(8, {1});
  connect(at, 0, 1, everyPair);
  connect(at, 0, 1, everyPair);
  beyond = at;
  connect(beyond, 0, 1, [](uint32_t a, uint32_t) { return a == 2; });
  checkLimit(chip, {"synaptic memory", "L2", 1024, liftMemory, 6010, 64}, at, beyond);
}

TEST_CASE("synaptic memory where every synapse takes a word") {
  // ranvier-n1: 63 rows of 256 synapses and their headers are 16,191 words of 32 bits, a row of 192 fills the 16,384.
  Network at = populations(63, {256}), beyond = at;
  connect(at, 0, 1, everyPair);
  at.projections[0].dense = true;
  beyond = at;
  connect(at, 0, 1, [](uint32_t a, uint32_t b) { return a == 7 && b < 192; });
  connect(beyond, 0, 1, [](uint32_t a, uint32_t b) { return a == 7 && b < 193; });
  checkLimit(n1(), {"synaptic memory", "L2", 524288, liftMemory, 0, 32}, at, beyond);
  // Fewer weight bits and other delays change nothing.
  const Mapping one = byHand(at, n1(), 1);
  for (const unsigned bits : {2u, 10u})
    for (const uint16_t delay : {1, 15}) {
      for (Projection &projection : at.projections) {
        projection.weightBits = bits;
        projection.delays = {delay};
      }
      CHECK(measure(at, n1(), one)[0].synapticMemoryBits == 524288);
    }
  // One neuron alone: a row of one synapse is two words, so that 8,192 of them fill a core.
  at = populations(4096, {1});
  connect(at, 0, 1, everyPair);
  connect(at, 0, 1, everyPair);
  beyond = at;
  connect(beyond, 0, 1, [](uint32_t a, uint32_t) { return a == 2; });
  checkLimit(n1(), {"synaptic memory", "L2", 524288, liftMemory, 6010, 64}, at, beyond);
  const std::string hint = partition(beyond, n1(), {}).error().hint;
  CHECK_MESSAGE(hint.find("bits") == std::string::npos, hint);
  CHECK_MESSAGE(hint.find("its input split over 2 neurons") != std::string::npos, hint);
}

TEST_CASE("synaptic memory where chips share the weights of convolutions") {
  hw::Chip chip = tiny();
  chip.weights.sharedKernels = true;
  // 8 rows of 4 indices of 2 bits and a header take 64 bits each, 49 weights of 9 bits once 448, one row of another projection 64.
  Network at = populations(8, {4});
  connect(at, 0, 1, everyPair);
  at.projections[0].kernelWeights = 49;
  connect(at, 0, 1, [](uint32_t a, uint32_t b) { return a == 3 && b == 2; });
  Network beyond = at;
  beyond.projections[0].kernelWeights = 50; // Neuron 2 is over the limit even alone: the kernel comes with it.
  checkLimit(chip, {"synaptic memory", "L2", 1024, liftMemory, 6010, 64}, at, beyond);
  // Two neurons on a core of their own pay for the kernel again: 2 * 448 in all.
  Mapping halves;
  halves.cores = {{0, 0, 0, {{1, 0, 2}}}, {0, 1, 0, {{1, 2, 2}}}};
  const auto use = measure(at, chip, halves);
  CHECK(use[0].synapticMemoryBits == 8 * 64 + 448);
  CHECK(use[1].synapticMemoryBits == 8 * 64 + 448 + 64);
  chip.weights.sharedKernels = false; // Then every row keeps its weights: 4 * (9 + 2) + 10 bits are 64 all the same.
  CHECK(measure(at, chip, halves)[0].synapticMemoryBits == 8 * 64);
}

TEST_CASE("input axons") {
  for (const auto &[chip, bound] : {std::pair(loihi1(), 4096u), std::pair(tiny(), 8u)}) {
    Network at = populations(bound, {1}), beyond = populations(bound + 1, {1}), shared = populations(bound + 1, {2});
    connect(at, 0, 1, everyPair);
    connect(beyond, 0, 1, everyPair);
    checkLimit(chip, {"input axons", "L3", bound, liftIn, 6011}, at, beyond);
    // Two neurons that need no more than half of them each, but for one.
    connect(shared, 0, 1, [half = bound / 2](uint32_t a, uint32_t b) { return (a <= half) == (b == 0); });
    checkLimit(chip, {"input axons", "L3", bound, liftIn}, at, shared);
  }
}

TEST_CASE("output axons") {
  for (const auto &[chip, neurons] : {std::pair(loihi1(), 1024u), std::pair(tiny(), 4u)}) {
    // Each neuron of p0 to several cores, which together are the bound; then one neuron to one more.
    const uint32_t cores = chip.core.axonsOut / neurons;
    std::vector<uint32_t> counts(cores + 1, neurons);
    Network at = populations(1, counts);
    counts.push_back(1);
    Network beyond = populations(1, counts);
    for (Network *network : {&at, &beyond})
      for (uint32_t c = 0; c < cores; ++c)
        connect(*network, 1, 2 + c, [](uint32_t a, uint32_t b) { return a == b; });
    connect(beyond, 1, 2 + cores, [](uint32_t a, uint32_t) { return a == 0; });
    checkLimit(chip, {"output axons", "L4", chip.core.axonsOut, liftOut}, at, beyond);
  }
  // One neuron alone to 4 cores, and 5.
  hw::Chip chip = tiny();
  chip.core.axonsOut = 4;
  Network at = populations(1, {1, 4, 4, 4, 4}), beyond = populations(1, {1, 4, 4, 4, 4, 4});
  for (uint32_t c = 0; c < 4; ++c)
    connect(at, 1, 2 + c, everyPair);
  for (uint32_t c = 0; c < 5; ++c)
    connect(beyond, 1, 2 + c, everyPair);
  checkLimit(chip, {"output axons", "L4", 4, liftOut, 6012}, at, beyond);
}

TEST_CASE("fan-in") {
  hw::Chip chip = tiny();
  Network at = populations(8, {2}), beyond = at;
  for (int i = 0; i < 2; ++i)
    connect(at, 0, 1, everyPair);
  beyond = at;
  connect(beyond, 0, 1, [](uint32_t a, uint32_t b) { return a == 0 && b == 1; });
  chip.core.synapticMemoryBits = 0;
  checkLimit(chip, {"fan-in", "L5", 16, liftFanIn, 6013}, at, beyond);
}

TEST_CASE("configuration tables") {
  for (const auto &[chip, bound] : {std::pair(loihi1(), 32u), std::pair(tiny(), 2u)}) {
    Network at = populations(1, {bound + 1}), beyond = at;
    at.populations[1].params[hw::NativeDv] = ramp(bound + 1, bound);
    beyond.populations[1].params[hw::NativeDv] = ramp(bound + 1, bound + 1);
    checkLimit(chip, {"neuron configurations", "L6", bound, liftConfigs}, at, beyond);
    // A tuple is new if one of its two numbers is.
    beyond.populations[1].params = {{0}, {0}, {0}, {0}};
    beyond.populations[1].params[hw::NativeDu] = ramp(bound + 1, bound + 1);
    checkLimit(chip, {"neuron configurations", "L6", bound, liftConfigs}, at, beyond);
  }
  for (const auto &[chip, bound] : {std::pair(loihi1(), 8u), std::pair(tiny(), 2u)}) {
    Network at = populations(1, {bound + 1}), beyond = at;
    at.populations[1].params[hw::NativeVth] = ramp(bound + 1, bound);
    beyond.populations[1].params[hw::NativeVth] = ramp(bound + 1, bound + 1);
    checkLimit(chip, {"threshold configurations", "L7", bound, liftThresholds}, at, beyond);
  }
}

TEST_CASE("program words") {
  // Two programs on one core: the words of both count.
  Network at = populations(1, {1}), both = populations(1, {1});
  both.programs.push_back(twoInputProgram());
  addPopulation(both, "q", 1, 1);
  const uint32_t one = static_cast<uint32_t>(at.programs[0].code.size()), two = static_cast<uint32_t>(both.programs[1].code.size());
  hw::Chip chip = tiny();
  chip.programmable = true;
  chip.core.programWords = one + two - 1;
  checkLimit(chip, {"program words", "L8", one + two - 1, liftProgram, 0, 1, 2}, at, both);
  chip.core.programWords = one - 1;
  Network shorter = at;
  shorter.programs[0].code.erase(shorter.programs[0].code.end() - 1); // spk
  checkLimit(chip, {"program words", "L8", one - 1, liftProgram, 6014}, shorter, at);
}

TEST_CASE("table words") {
  // Tables count once for each program on the core, whoever runs it.
  Network at = populations(1, {1, 2}), both = populations(1, {1, 1});
  at.programs[0].tables = {{1, 2, 3}};
  both.programs.push_back(at.programs[0]);
  both.programs[0].tables = {{1, 2}, {3}};
  both.programs[1].tables = {{4, 5, 6, 7}};
  both.populations[2].program = 1;
  hw::Chip chip = tiny();
  chip.programmable = true;
  chip.core.tableWords = 6;
  checkLimit(chip, {"table words", "L9", 6, liftTables, 0, 1, 2}, at, both);
  chip.core.tableWords = 3;
  Network larger = at;
  larger.programs[0].tables = {{1, 2, 3}, {4}};
  checkLimit(chip, {"table words", "L9", 3, liftTables, 6037, 1, 2}, at, larger);
}

TEST_CASE("accumulators: 65,536 a core") {
  // Two inputs a neuron. No published limit of neurons is as large, so the chip is one without.
  Network network;
  network.programs = {twoInputProgram()};
  addPopulation(network, "in", 1, -1);
  addPopulation(network, "p", 32769, 0);
  const hw::Chip chip = tinyChip({});
  const Mapping over{{{0, 0, 0, {{1, 0, 32769}}}}};
  auto refused = checkMapping(network, chip, over);
  REQUIRE(!refused);
  CHECK(refused.error().code == 6015);
  CHECK(refused.error().kind == ErrorKind::DoesNotFit);
  CHECK(refused.error().found == "65538");
  Mapping split{{{0, 0, 0, {{1, 0, 32768}}}, {0, 1, 0, {{1, 32768, 1}}}}};
  CHECK(bool(checkMapping(network, chip, split)));
  auto data = emitImage(network, chip, split, "{}");
  REQUIRE(bool(data));
  CHECK(bool(image::fromData(*data)));
  CHECK(data->cores[0].accumulatorCount == 65536);
  CHECK(bool(partition(network, chip, {})));
}

TEST_CASE("cores and chips") {
  // tiny: 2 chips of 4 cores of 4 neurons.
  const hw::Chip chip = tiny();
  auto all = partition(populations(1, {32}), chip, {});
  REQUIRE_MESSAGE(bool(all), (all ? "" : all.error().str()));
  CHECK(all->cores.size() == 8);
  CHECK(all->cores.back().chip == 1);
  auto refused = partition(populations(1, {33}), chip, {});
  REQUIRE(!refused);
  CHECK(refused.error().code == 6016);
  CHECK(refused.error().kind == ErrorKind::DoesNotFit);
  CHECK(refused.error().message.find("neurons (4)") != std::string::npos);
  CHECK(refused.error().expected.find("8 cores (2 chips of 4)") != std::string::npos);
  CHECK(refused.error().found == "9");
  // By hand and in the image: a ninth core, a fifth on a chip.
  const Network network = populations(1, {1});
  for (const auto &[chipNumber, core] : {std::pair(2u, 0u), std::pair(0u, 4u)}) {
    CHECK(bool(checkMapping(network, chip, Mapping{{{1, 3, 0, {{1, 0, 1}}}}})));
    auto wrong = checkMapping(network, chip, Mapping{{{chipNumber, core, 0, {{1, 0, 1}}}}});
    REQUIRE(!wrong);
    CHECK(wrong.error().code == 6022);
    auto data = emitImage(network, chip, Mapping{{{1, 3, 0, {{1, 0, 1}}}}}, "{}");
    REQUIRE(bool(data));
    data->cores[0].chip = chipNumber;
    data->cores[0].core = core;
    auto image = image::fromData(*std::move(data));
    REQUIRE(!image);
    CHECK(image.error().hint.find("clause C1") != std::string::npos);
  }
  // loihi1 ends at core 127 of chip 16,383.
  const hw::Chip large = loihi1();
  CHECK(bool(checkMapping(network, large, Mapping{{{16383, 127, 0, {{1, 0, 1}}}}})));
  CHECK(checkMapping(network, large, Mapping{{{16384, 0, 0, {{1, 0, 1}}}}}).error().code == 6022);
  CHECK(checkMapping(network, large, Mapping{{{0, 128, 0, {{1, 0, 1}}}}}).error().code == 6022);
}

namespace {
/// What the mapper and the image say of a change of one projection; `made` is what the mapper takes.
void checkValue(const hw::Chip &chip, unsigned code, const char *clause, void (*at)(Projection &), void (*beyond)(Projection &),
                void (*inImage)(image::ImageData &)) {
  CAPTURE(chip.name);
  CAPTURE(std::string(clause));
  Network network = populations(2, {2});
  connect(network, 0, 1, everyPair);
  at(network.projections[0]);
  auto mapping = partition(network, chip, {});
  REQUIRE_MESSAGE(bool(mapping), (mapping ? "" : mapping.error().str()));
  auto data = emitImage(network, chip, *mapping, "{}");
  REQUIRE(bool(data));
  auto valid = image::fromData(*data);
  CHECK_MESSAGE(bool(valid), (valid ? "" : valid.error().str()));
  beyond(network.projections[0]);
  for (const Error &error : {partition(network, chip, {}).error(), checkMapping(network, chip, *mapping).error()}) {
    CHECK(error.code == code);
    CHECK(error.kind == ErrorKind::DoesNotFit);
    CHECK(!error.expected.empty());
    CHECK(!error.found.empty());
    CHECK(!error.hint.empty());
  }
  inImage(*data);
  auto invalid = image::fromData(*std::move(data));
  REQUIRE(!invalid);
  CHECK_MESSAGE(invalid.error().hint == std::string("docs/spec/image-format.md, clause ") + clause, invalid.error().str());
}

/// A synapse with another delay and weight.
uint32_t repacked(uint32_t word, uint32_t delay, int32_t weight) { return image::packSynapse32(word & 0xFFFF, delay, weight); }
} // namespace

TEST_CASE("slots of a neuron") {
  // The native unit has two states, four parameters and one input.
  const Network network = populations(1, {2});
  for (const auto &[slots, what, found] :
       {std::tuple(&hw::CoreLimits::states, "state words", 2u), std::tuple(&hw::CoreLimits::params, "parameter words", 4u),
        std::tuple(&hw::CoreLimits::inputs, "inputs", 1u)}) {
    hw::Chip chip = tiny();
    chip.core.*slots = found;
    auto mapping = partition(network, chip, {});
    REQUIRE_MESSAGE(bool(mapping), (mapping ? "" : mapping.error().str()));
    auto data = emitImage(network, chip, *mapping, "{}");
    REQUIRE(bool(data));
    CHECK(bool(image::fromData(*data)));
    Network larger = network;
    isa::Program &program = larger.programs[0];
    Population &cells = larger.populations[1];
    (slots == &hw::CoreLimits::states   ? program.states
     : slots == &hw::CoreLimits::params ? program.params
                                        : program.inputs)
        .push_back("more");
    if (slots == &hw::CoreLimits::states)
      cells.init.push_back({0});
    if (slots == &hw::CoreLimits::params)
      cells.params.push_back({0});
    for (const Error &error : {partition(larger, chip, {}).error(), checkMapping(larger, chip, *mapping).error()}) {
      CHECK(error.code == 6035);
      CHECK(error.kind == ErrorKind::DoesNotFit);
      CHECK_MESSAGE(error.message.find(what) != std::string::npos, error.message);
      CHECK(error.place == "population 'p0'");
      CHECK(error.expected == "at most " + std::to_string(found));
      CHECK(error.found == std::to_string(found + 1));
      CHECK(!error.hint.empty());
    }
    hw::Chip roomy = chip;
    roomy.core.*slots = 0;
    data = emitImage(larger, roomy, *mapping, "{}");
    REQUIRE(bool(data));
    CHECK(bool(image::fromData(*data)));
    data->chipText = hw::resolvedText(chip);
    auto invalid = image::fromData(*std::move(data));
    REQUIRE(!invalid);
    CHECK_MESSAGE(invalid.error().hint == "docs/spec/image-format.md, clause P5", invalid.error().str());
  }
}

TEST_CASE("input neurons: all inputs together") {
  hw::Chip chip = n1();
  Network network = populations(4000, {2});
  connect(network, 0, 1, [](uint32_t a, uint32_t) { return a < 10; });
  addPopulation(network, "second", 96, -1);
  auto mapping = partition(network, chip, {});
  REQUIRE_MESSAGE(bool(mapping), (mapping ? "" : mapping.error().str()));
  Network larger = populations(4000, {2});
  connect(larger, 0, 1, [](uint32_t a, uint32_t) { return a < 10; });
  addPopulation(larger, "second", 97, -1);
  for (const Error &error : {partition(larger, chip, {}).error(), checkMapping(larger, chip, *mapping).error()}) {
    CHECK(error.code == 6036);
    CHECK(error.kind == ErrorKind::DoesNotFit);
    CHECK(error.place == "input 'in' and all others");
    CHECK(error.expected == "at most 4096");
    CHECK(error.found == "4097");
  }
  chip.inputNeurons = 0;
  auto data = emitImage(larger, chip, *mapping, "{}");
  REQUIRE(bool(data));
  CHECK(bool(image::fromData(*data)));
  data->chipText = hw::resolvedText(n1());
  auto invalid = image::fromData(*std::move(data));
  REQUIRE(!invalid);
  CHECK(invalid.error().code == 3023);
  CHECK(invalid.error().hint == "docs/spec/image-format.md, clause L10");
}

TEST_CASE("delays") {
  const auto tooLong = [](image::ImageData &d) {
    for (uint32_t &word : d.synapses32)
      word = repacked(word, 8, 1);
    d.cores[0].delaySlots = 9;
  };
  const auto none = [](image::ImageData &d) { d.synapses32[0] = repacked(d.synapses32[0], 0, 1); };
  checkValue(tiny(), 6017, "Y4", [](Projection &p) { p.delays = {7}; }, [](Projection &p) { p.delays = {8}; }, tooLong);
  checkValue(
      tiny(), 6017, "Y3", [](Projection &p) { p.delays = {1, 2, 7, 1}; }, [](Projection &p) { p.delays = {0, 2, 7, 1}; }, none);
  // The packed word of a loihi1 synapse ends where its delays end, so that 64 steps need the wide one.
  const auto wide = [](image::ImageData &d) {
    for (const uint32_t word : d.synapses32)
      d.synapses64.push_back(image::packSynapse64(word & 0xFFFF, 64, 1));
    d.synapses32.clear();
    d.cores[0].synapseKind = 1;
    d.cores[0].delaySlots = 65;
  };
  checkValue(loihi1(), 6017, "Y4", [](Projection &p) { p.delays = {63}; }, [](Projection &p) { p.delays = {1, 1, 1, 64}; }, wide);
  const auto sixteen = [](image::ImageData &d) {
    for (uint32_t &word : d.synapses32)
      word = repacked(word, 16, 1);
    d.cores[0].delaySlots = 17;
  };
  checkValue(n1(), 6017, "Y4", [](Projection &p) { p.delays = {15}; }, [](Projection &p) { p.delays = {16}; }, sixteen);
}

TEST_CASE("a chip whose synapses are 32 bits has packed ones only") {
  const auto none = [](Projection &) {};
  const auto asWide = [](image::ImageData &d) {
    for (const uint32_t word : d.synapses32)
      d.synapses64.push_back(image::packSynapse64(word & 0xFFFF, word >> 16 & 63, image::unpackSynapse(word).weight));
    d.synapses32.clear();
    d.cores[0].synapseKind = 1;
  };
  checkValue(n1(), 6017, "C14", none, [](Projection &p) { p.delays = {64}; }, asWide); // The least that would need a wide one.
  checkValue(
      n1(), 6019, "C14", [](Projection &p) { p.weightBits = 10, p.weights = {511, -512, 15, 0}; },
      [](Projection &p) { p.weights[0] = 512; }, asWide);
}

TEST_CASE("weights and exponents") {
  const auto full = [](Projection &p) { p.weights = {255, -256, 0, 1}; };
  const auto inImage = [](image::ImageData &d) { d.synapses32[0] = repacked(d.synapses32[0], 1, 256); };
  for (const hw::Chip &chip : {loihi1(), tiny()}) {
    checkValue(chip, 6019, "Y6", full, [](Projection &p) { p.weights[0] = 256; }, inImage);
    checkValue(chip, 6019, "Y6", full, [](Projection &p) { p.weights[1] = -257; }, inImage);
    checkValue(
        chip, 6019, "M9", full, [](Projection &p) { p.weightBits = 10; },
        [](image::ImageData &d) { d.meta.projections[0].weightBits = 10; });
    checkValue(
        chip, 6019, "M9", [](Projection &p) { p.weightExponent = 7; }, [](Projection &p) { p.weightExponent = 8; },
        [](image::ImageData &d) { d.meta.projections[0].weightExponent = 8; });
    checkValue(
        chip, 6019, "M9", [](Projection &p) { p.weightExponent = -8; }, [](Projection &p) { p.weightExponent = -9; },
        [](image::ImageData &d) { d.meta.projections[0].weightExponent = -9; });
  }
  const auto widest = [](Projection &p) { p.weightBits = 10, p.weights = {511, -512, 0, 1}; };
  const auto tooFew = [](image::ImageData &d) { d.meta.projections[0].weightBits = 9; };
  checkValue(n1(), 6019, "Y6", widest, [](Projection &p) { p.weights[0] = 512; }, tooFew);
  checkValue(n1(), 6019, "Y6", widest, [](Projection &p) { p.weights[1] = -513; }, tooFew);
  checkValue(
      n1(), 6019, "M9", widest, [](Projection &p) { p.weightBits = 11; },
      [](image::ImageData &d) { d.meta.projections[0].weightBits = 11; });
  checkValue(
      n1(), 6019, "M9", [](Projection &p) { p.weightExponent = 7; }, [](Projection &p) { p.weightExponent = 8; },
      [](image::ImageData &d) { d.meta.projections[0].weightExponent = 8; });
  checkValue(
      n1(), 6019, "M9", [](Projection &p) { p.weightExponent = 0; }, [](Projection &p) { p.weightExponent = -1; },
      [](image::ImageData &d) { d.meta.projections[0].weightExponent = -1; });
  // Fewer bits hold less.
  checkValue(
      loihi1(), 6019, "Y6", [](Projection &p) { p.weightBits = 2, p.weights = {1, -2, 0, 1}; },
      [](Projection &p) { p.weights[0] = 2; }, [](image::ImageData &d) { d.synapses32[0] = repacked(d.synapses32[0], 1, 2); });
}
