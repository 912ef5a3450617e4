// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Mapping files: an accepted one is a legal mapping and prints as itself.
#include "Fuzz.h"
#include "ranvier/Mapping/Mapping.h"
#include "support/TestNetworks.h"

using namespace ranvier;

namespace {
mapping::Network twoPopulations() {
  mapping::Network network;
  network.name = "two";
  network.programs = {test::twoInputProgram()};
  test::addPopulation(network, "in", 4, -1);
  test::addPopulation(network, "a", 10, 0);
  test::addPopulation(network, "b", 5, 0);
  test::addProjection(network, 0, 1, 0, 0, {{0, 0, 1, 1}, {1, 9, 1, 1}});
  test::addProjection(network, 1, 2, 1, 0, {{0, 0, 1, 1}, {0, 4, 1, 1}});
  return network;
}
} // namespace

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const mapping::Network network = twoPopulations();
  static const hw::Chip chip = test::tinyChip({});
  const auto mapping = mapping::parseMapping(network, chip, std::string(fuzz::text(data, size)), "fuzz.json");
  if (!mapping) {
    FUZZ_CHECK(!mapping.error().message.empty() && mapping.error().file == "fuzz.json", mapping.error().str());
    return 0;
  }
  const auto legal = mapping::checkMapping(network, chip, *mapping);
  FUZZ_CHECK(legal, legal.error().str());
  const auto again = mapping::parseMapping(network, chip, mapping::printMapping(network, *mapping), "fuzz.json");
  FUZZ_CHECK(again, again.error().str());
  return 0;
}
