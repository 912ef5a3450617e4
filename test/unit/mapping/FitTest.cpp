// What an error says would fit does fit, and one more does not.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/Mapping/Partitioner.h"
#include "support/TestNetworks.h"
#include <doctest/doctest.h>
#include <regex>

using namespace ranvier;
using namespace ranvier::mapping;
using namespace ranvier::test;

namespace {

/// `sources` neurons that all reach each of `targets`, after two inputs onto the sources; stored weights of `bits`.
Network dense(uint32_t sources, uint32_t targets, unsigned bits) {
  Network network;
  network.name = "dense";
  network.programs = {twoInputProgram()};
  addPopulation(network, "from", sources, 0);
  addPopulation(network, "onto", targets, 0);
  std::vector<Edge> edges;
  for (uint32_t a = 0; a < sources; ++a)
    for (uint32_t b = 0; b < targets; ++b)
      edges.push_back({a, b, 1, 1});
  addProjection(network, 0, 1, 0, 0, edges);
  network.projections[0].weightBits = bits;
  return network;
}

Error failure(const Network &network, const hw::Chip &chip) {
  auto mapping = mapNetwork(network, chip, {.strategy = Strategy::Sequential});
  REQUIRE(!mapping);
  CHECK((mapping.error().kind == ErrorKind::DoesNotFit));
  INFO(mapping.error().str());
  CHECK(mapping.error().hint.starts_with("what would fit: "));
  return mapping.error();
}
bool fits(const Network &network, const hw::Chip &chip) {
  return bool(mapNetwork(network, chip, {.strategy = Strategy::Sequential}));
}
/// The number in a text of this form, 0 if there is none.
uint64_t number(const std::string &text, const std::string &pattern) {
  std::smatch found;
  return std::regex_search(text, found, std::regex(pattern)) ? std::stoull(found[1]) : 0;
}

} // namespace

TEST_CASE("more cores than there are: chips that would do, the population that takes most, neurons that would fit") {
  hw::Chip chip = tinyChip({.neurons = 3});
  chip.maxChips = 2;
  Network network = dense(50, 9, 8);
  const Error error = failure(network, chip);
  CHECK(error.code == 6016);
  CHECK(error.message.find("needs 4 more cores") != std::string::npos); // 17 + 3 of 16.
  CHECK(error.message.find("population 'from' alone takes 17") != std::string::npos);
  CHECK(error.hint.find("at most 48 neurons (there are 59)") != std::string::npos);
  CHECK(number(error.hint, "(\\d+) chips \\(topology.max_chips is 2\\)") == 3);
  chip.maxChips = 3;
  CHECK(fits(network, chip));
}

TEST_CASE("more memory than all cores have: the most weight bits that would fit, found by counting") {
  // Each core holds few rows; narrower weights put more neurons on a core.
  hw::Chip chip = tinyChip({.neurons = 64, .synapticMemoryBits = 2048});
  chip.maxChips = 1;
  Network network = dense(8, 150, 9);
  const Error error = failure(network, chip);
  CHECK(error.code == 6016);
  const uint64_t bits = number(error.hint, "--weight-bits (\\d+)");
  REQUIRE(bits >= 1);
  REQUIRE(bits < 8);
  CHECK(error.hint.find("if the quantiser takes so few") != std::string::npos);
  CHECK(error.hint.find("fewer weight bits") == std::string::npos);    // Just named.
  network.projections[0].weightBits = static_cast<unsigned>(bits + 1); // With sign.
  CHECK(fits(network, chip));
  network.projections[0].weightBits = static_cast<unsigned>(bits + 2);
  CHECK(!fits(network, chip));
}

TEST_CASE("one neuron beyond the memory of a core: axons that would fit; weight bits only where they help") {
  // A row of one synapse takes a whole word whatever its bits.
  const hw::Chip words = tinyChip({.neurons = 64, .synapticMemoryBits = 10 * 64});
  Network network = dense(12, 1, 9);
  Error error = failure(network, words);
  CHECK(error.code == 6010);
  CHECK(error.message.find("by 128") != std::string::npos);
  CHECK(error.hint.find("weights of") == std::string::npos);
  CHECK(number(error.hint, "at most (\\d+) of its 12 axons") == 10);
  CHECK(number(error.hint, "split over (\\d+) neurons") == 2);
  CHECK(fits(dense(10, 1, 9), words));
  CHECK(!fits(dense(11, 1, 9), words));
  // Without rounding they help.
  hw::Chip packed = words;
  packed.storage.wordBits = 1;
  packed.storage.headerBits = 0;
  packed.core.synapticMemoryBits = 12 * 12;
  error = failure(network, packed);
  const uint64_t bits = number(error.hint, "--weight-bits (\\d+)");
  REQUIRE(bits >= 1);
  network.projections[0].weightBits = static_cast<unsigned>(bits + 1); // With sign.
  CHECK(fits(network, packed));
  network.projections[0].weightBits = static_cast<unsigned>(bits + 2);
  CHECK(!fits(network, packed));
}

TEST_CASE("where even the least weight bits do not suffice the hint does not name them") {
  hw::Chip chip = tinyChip({.neurons = 64, .synapticMemoryBits = 1024});
  chip.maxChips = 1;
  const Error error = failure(dense(12, 200, 9), chip); // A row of a few synapses is a word whatever their bits.
  CHECK(error.code == 6016);
  CHECK(error.hint.find("weight") == std::string::npos);
  CHECK(error.hint.find("otherwise use shorter delays") != std::string::npos);
}

TEST_CASE("where dead chips or links close ways no number of chips or neurons is promised") {
  hw::Chip chip = tinyChip({.neurons = 3});
  const Network network = dense(90, 9, 8); // 33 cores of 32.
  chip.faults.cores = {{0, 0}};
  CHECK(number(failure(network, chip).hint, "(\\d+) chips \\(topology.max_chips is 4\\)") == 5);
  for (const hw::Faults &faults : {hw::Faults{.chips = {2}}, hw::Faults{.links = {{0, 0, 0, hw::Direction::East}}}}) {
    chip.faults = faults;
    auto mapping = mapNetwork(network, chip, {.strategy = Strategy::Sequential});
    REQUIRE(!mapping);
    CHECK(mapping.error().code == 6016);
    CHECK(mapping.error().hint == "use a chip with more neurons on a core, or a machine with more chips or fewer faults");
  }
}

TEST_CASE("one neuron beyond the memory of a core: its kernel is stored whatever is left of its input") {
  hw::Chip chip = tinyChip({.neurons = 64, .synapticMemoryBits = 1000});
  chip.weights.sharedKernels = true;
  const auto convolution = [](uint32_t sources, unsigned bits) {
    Network network = dense(sources, 1, bits);
    network.projections[0].kernelWeights = 72; // 72 * 9 bits are 704 in whole words.
    return network;
  };
  const Error error = failure(convolution(8, 9), chip);
  CHECK(error.code == 6010);
  CHECK(error.found == "1216");
  CHECK(number(error.hint, "at most (\\d+) of its 8 axons") == 4);
  CHECK(fits(convolution(4, 9), chip));
  CHECK(!fits(convolution(5, 9), chip));
  CHECK(number(error.hint, "split over (\\d+) neurons") == 2);
  const uint64_t bits = number(error.hint, "--weight-bits (\\d+)");
  REQUIRE(bits >= 1);
  CHECK(fits(convolution(8, static_cast<unsigned>(bits + 1)), chip));
  CHECK(!fits(convolution(8, static_cast<unsigned>(bits + 2)), chip));
  // The kernel alone is too large: no axon given up helps.
  chip.core.synapticMemoryBits = 600;
  auto never = mapNetwork(convolution(8, 9), chip, {.strategy = Strategy::Sequential});
  REQUIRE(!never);
  CHECK(never.error().hint.find("axons in") == std::string::npos);
  CHECK(never.error().hint.find("split over") == std::string::npos);
}

TEST_CASE("one neuron beyond axons, fan-in or program memory: how many would fit") {
  Error error = failure(dense(9, 1, 8), tinyChip({.neurons = 64, .axonsIn = 4}));
  CHECK(error.code == 6011);
  CHECK(error.message.find("by 5") != std::string::npos);
  CHECK(error.hint == "what would fit: at most 4 sources of the neuron, or its input split over at least 3 neurons");
  CHECK(fits(dense(4, 1, 8), tinyChip({.neurons = 64, .axonsIn = 4})));
  error = failure(dense(9, 1, 8), tinyChip({.neurons = 64, .fanIn = 8}));
  CHECK(error.code == 6013);
  CHECK(error.hint == "what would fit: at most 8 synapses onto the neuron, or its input split over at least 2 neurons");
  error = failure(dense(1, 9, 8), tinyChip({.neurons = 1, .axonsOut = 4}));
  CHECK(error.code == 6012);
  CHECK(error.hint == "what would fit: targets on at most 4 cores, or at least 3 neurons that send in its place");
  error = failure(dense(1, 1, 8), tinyChip({.neurons = 1, .programWords = 3}));
  CHECK(error.code == 6014);
  CHECK(error.hint == "what would fit: a model of at most 3 instructions");
}
