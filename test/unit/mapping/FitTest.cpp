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
  const uint64_t bits = number(error.hint, "weights of at most (\\d+) bits");
  REQUIRE(bits > 1);
  REQUIRE(bits < 9);
  network.projections[0].weightBits = static_cast<unsigned>(bits);
  CHECK(fits(network, chip));
  network.projections[0].weightBits = static_cast<unsigned>(bits + 1);
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
  CHECK(number(error.hint, "split over at least (\\d+) neurons") == 2);
  CHECK(fits(dense(10, 1, 9), words));
  CHECK(!fits(dense(11, 1, 9), words));
  // Without rounding they help.
  hw::Chip packed = words;
  packed.storage.wordBits = 1;
  packed.storage.headerBits = 0;
  packed.core.synapticMemoryBits = 12 * 12;
  error = failure(network, packed);
  const uint64_t bits = number(error.hint, "weights of at most (\\d+) bits");
  REQUIRE(bits > 1);
  network.projections[0].weightBits = static_cast<unsigned>(bits);
  CHECK(fits(network, packed));
  network.projections[0].weightBits = static_cast<unsigned>(bits + 1);
  CHECK(!fits(network, packed));
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
