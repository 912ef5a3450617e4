// Mappings on machines with dead parts: nothing stands on one, no message crosses one, every strategy and seed; errors name the
// cause. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/HwModels/Routes.h"
#include "ranvier/Image/Image.h"
#include "ranvier/Mapping/Links.h"
#include "ranvier/Mapping/Partitioner.h"
#include "ranvier/Support/Json.h"
#include "support/TestNetworks.h"
#include <algorithm>
#include <doctest/doctest.h>
#include <nlohmann/json.hpp>
#include <set>

using namespace ranvier;
using namespace ranvier::mapping;
using namespace ranvier::test;
using hw::Faults;

namespace {

/// `count` neurons in one population, each with `degree` random targets.
Network randomNetwork(uint32_t count, uint32_t degree, uint64_t seed) {
  Dice dice(seed);
  Network network;
  network.name = "random";
  network.programs = {twoInputProgram()};
  addPopulation(network, "p", count, 0);
  std::vector<Edge> edges;
  for (uint32_t n = 0; n < count; ++n)
    for (uint32_t k = 0; k < degree; ++k)
      edges.push_back({n, static_cast<uint32_t>(dice(0, count - 1)), 1, 1});
  addProjection(network, 0, 0, 0, 0, edges);
  return network;
}

/// 2 x 2 tiles of 2 cores, 2 x 2 chips, `neurons` a core.
hw::Chip machine(uint32_t neurons, hw::Topology topology = hw::Topology::Mesh) {
  hw::Chip chip = tinyChip({.neurons = neurons});
  chip.topology = topology;
  chip.chipsX = chip.chipsY = 2;
  return chip;
}

void checkAvoids(const Network &network, const hw::Chip &chip, const Mapping &mapping) {
  auto checked = checkMapping(network, chip, mapping);
  REQUIRE_MESSAGE(bool(checked), (checked ? "" : checked.error().str()));
  for (const CoreAssignment &core : mapping.cores)
    CHECK(!chip.faults.isDead(core.chip, core.core));
  // No link with messages is dead or leads into a dead chip.
  const hw::Plane plane(chip);
  for (const LinkLoad &load : linkLoads(network, chip, mapping)) {
    const hw::Tile tile{load.x, load.y};
    const Faults::Link link{plane.chipOf(tile), load.x % chip.tilesX, load.y % chip.tilesY, load.direction};
    CHECK(!std::binary_search(chip.faults.links.begin(), chip.faults.links.end(), link));
    CHECK(!chip.faults.isDead(plane.chipOf(plane.after(tile, load.direction))));
  }
  auto image = emitImage(network, chip, mapping, "{}");
  REQUIRE_MESSAGE(bool(image), (image ? "" : image.error().str()));
  auto valid = image::validate(*image);
  CHECK_MESSAGE(bool(valid), (valid ? "" : valid.error().str()));
}

Faults randomFaults(const hw::Chip &chip, Dice &dice) {
  Faults faults;
  std::set<Faults::Core> cores;
  std::set<Faults::Link> links;
  for (int64_t i = dice(0, 6); i > 0; --i)
    cores.insert({static_cast<uint32_t>(dice(0, chip.maxChips - 1)), static_cast<uint32_t>(dice(0, chip.coresPerChip() - 1))});
  const hw::Direction directions[] = {hw::Direction::East, hw::Direction::North, hw::Direction::West, hw::Direction::South};
  for (int64_t i = dice(0, 3); i > 0; --i) {
    const Faults::Link link{static_cast<uint32_t>(dice(0, chip.maxChips - 1)), static_cast<uint32_t>(dice(0, chip.tilesX - 1)),
                            static_cast<uint32_t>(dice(0, chip.tilesY - 1)), directions[dice(0, 3)]};
    if (hw::Plane(chip).hasLink(link))
      links.insert(link);
  }
  if (dice.chance(0.4))
    faults.chips = {static_cast<uint32_t>(dice(0, chip.maxChips - 1))};
  faults.cores.assign(cores.begin(), cores.end());
  faults.links.assign(links.begin(), links.end());
  return faults;
}

} // namespace

TEST_CASE("whatever is dead, no strategy uses it, or the error says what is in the way") {
  unsigned mapped = 0, refused = 0;
  for (uint64_t seed = 0; seed < cases(12, 60); ++seed) {
    CAPTURE(seed);
    Dice dice(seed);
    hw::Chip chip = machine(5, seed % 3 == 2 ? hw::Topology::Torus : hw::Topology::Mesh);
    chip.faults = randomFaults(chip, dice);
    chip.multicastTrees = seed % 4 == 1;
    chip.chipLinkCost = static_cast<uint32_t>(1 + seed % 5 * 4);
    const Network network = randomNetwork(static_cast<uint32_t>(dice(10, 150)), static_cast<uint32_t>(dice(1, 4)), seed);
    Rates rates(1);
    for (uint64_t n = 0; n < network.populations[0].count; ++n)
      rates[0].push_back(static_cast<uint32_t>(dice(0, 2)));
    for (const Strategy strategy : {Strategy::Sequential, Strategy::Multilevel}) {
      const Options options{.seed = seed, .strategy = strategy, .rates = seed % 2 ? rates : Rates{}};
      auto mapping = mapNetwork(network, chip, options);
      if (!mapping) {
        ++refused;
        CHECK_MESSAGE((mapping.error().code == 6016 || mapping.error().code == 6082 || mapping.error().code == 6083),
                      mapping.error().str());
        CHECK((mapping.error().kind == ErrorKind::DoesNotFit));
        continue;
      }
      ++mapped;
      checkAvoids(network, chip, *mapping);
      auto again = mapNetwork(network, chip, options);
      REQUIRE(bool(again));
      CHECK(printMapping(network, *again) == printMapping(network, *mapping));
    }
  }
  CHECK(mapped > cases(14, 80));
  CHECK((refused > 0 || cases(12, 60) < 12)); // Few cases may all fit.
}

TEST_CASE("dead cores are skipped and counted, on chips without a topology, too") {
  for (const auto topology : {hw::Topology::None, hw::Topology::Mesh, hw::Topology::TriangularTorus}) {
    hw::Chip chip = machine(4, topology);
    chip.faults.cores = {{0, 0}, {0, 1}, {0, 5}, {1, 2}};
    const Network network = randomNetwork(4 * 28, 1, 1);
    auto mapping = mapNetwork(network, chip, {});
    REQUIRE_MESSAGE(bool(mapping), (mapping ? "" : mapping.error().str()));
    CHECK(mapping->cores.size() == 28); // All that are left.
    checkAvoids(network, chip, *mapping);
    const Json json = Json::parse(report(network, chip, *mapping));
    CHECK(json["cores"]["available"] == 28);
    CHECK(json["faults"]["cores"] == 4);
    CHECK(json["faults"]["avoided"]["cores"].size() == 4);
    auto tooMany = mapNetwork(randomNetwork(4 * 28 + 1, 1, 1), chip, {});
    REQUIRE(!tooMany);
    CHECK(tooMany.error().code == 6016);
    CHECK(tooMany.error().expected.find("28 cores (4 chips of 8, less 4 dead)") != std::string::npos);
  }
}

TEST_CASE("a machine without faults reports none") {
  const Network network = randomNetwork(20, 2, 1);
  const hw::Chip chip = machine(4);
  auto mapping = mapNetwork(network, chip, {});
  REQUIRE(bool(mapping));
  CHECK(!Json::parse(report(network, chip, *mapping)).contains("faults"));
}

TEST_CASE("placement keeps clear of a dead link where it can") {
  // Eight cores that all talk to each other on a chip of eight, and a second chip to go to.
  const Network network = randomNetwork(32, 12, 5);
  hw::Chip chip = machine(4);
  chip.faults.links = {{0, 0, 0, hw::Direction::East}};
  for (uint64_t seed = 0; seed < 3; ++seed) {
    auto mapping = mapNetwork(network, chip, {.seed = seed});
    REQUIRE_MESSAGE(bool(mapping), (mapping ? "" : mapping.error().str()));
    CHECK(mapping->cores.size() == 8);
    checkAvoids(network, chip, *mapping);
  }
  // Without other chips there is no way.
  chip.maxChips = chip.chipsX = chip.chipsY = 1;
  auto stuck = mapNetwork(network, chip, {});
  REQUIRE(!stuck);
  CHECK(stuck.error().code == 6082);
  CHECK(stuck.error().found == "dead link: chip 0, tile (0,0), east");
  CHECK(stuck.error().place.starts_with("population 'p', neuron "));
}

TEST_CASE("a chip that nothing joins to the others, and a machine in two parts, are named") {
  hw::Chip chip = machine(4);
  chip.maxChips = chip.chipsX = 2;
  chip.chipsY = 1;
  const Network network = randomNetwork(4 * 13, 6, 7);
  for (uint32_t y = 0; y < 2; ++y)
    chip.faults.links.push_back({0, 1, y, hw::Direction::East});
  auto isolated = mapNetwork(network, chip, {});
  REQUIRE(!isolated);
  CHECK(isolated.error().code == 6083);
  CHECK(isolated.error().message.find("chip 0 is isolated") != std::string::npos);
  chip.faults.links.clear();
  for (uint32_t y = 0; y < 2; ++y)
    chip.faults.links.push_back({1, 0, y, hw::Direction::East});
  auto parts = mapNetwork(network, chip, {});
  REQUIRE(!parts);
  CHECK(parts.error().code == 6083);
  CHECK(parts.error().message.find("disconnected: 2 parts") != std::string::npos);
  // What fits on one part is mapped there.
  auto small = mapNetwork(randomNetwork(4 * 8, 6, 7), chip, {});
  REQUIRE_MESSAGE(bool(small), (small ? "" : small.error().str()));
}

TEST_CASE("tiles of several parts whose ways are all open are found; a part with room is not called disconnected") {
  // A ring of 8 tiles of which three links in a row of two chips are dead: tiles 3 to 5 still reach each other.
  hw::Chip ring = tinyChip({.neurons = 8});
  ring.topology = hw::Topology::Torus;
  ring.tilesX = 4;
  ring.tilesY = 1;
  ring.maxChips = ring.chipsX = 2;
  ring.chipsY = 1;
  ring.faults.links = {{0, 1, 0, hw::Direction::East}, {0, 3, 0, hw::Direction::West}, {1, 3, 0, hw::Direction::East}};
  std::sort(ring.faults.links.begin(), ring.faults.links.end());
  const Network five = randomNetwork(40, 30, 4);
  auto mapping = mapNetwork(five, ring, {});
  REQUIRE_MESSAGE(bool(mapping), (mapping ? "" : mapping.error().str()));
  checkAvoids(five, ring, *mapping);
  // The corner (3,1) is cut off eastwards and upwards: of the seven other tiles six are open to each other.
  hw::Chip corner = tinyChip({.neurons = 4});
  corner.tilesX = 4;
  corner.coresPerTile = 1;
  corner.maxChips = corner.chipsX = corner.chipsY = 1;
  corner.faults.links = {{0, 2, 1, hw::Direction::East}, {0, 3, 0, hw::Direction::North}};
  std::sort(corner.faults.links.begin(), corner.faults.links.end());
  CHECK(bool(mapNetwork(randomNetwork(4 * 6, 20, 4), corner, {})));
  auto seven = mapNetwork(randomNetwork(4 * 7, 20, 4), corner, {});
  REQUIRE(!seven);
  CHECK(seven.error().code == 6082);
  CHECK(seven.error().message.find("disconnected") == std::string::npos);
  CHECK(seven.error().message.find("nor were 7 cores found between which all ways are open") != std::string::npos);
  auto eight = mapNetwork(randomNetwork(4 * 8, 20, 4), corner, {});
  REQUIRE(!eight);
  CHECK(eight.error().code == 6083);
  CHECK(eight.error().message.find("disconnected: 2 parts, the largest of 7 out of 8 tiles") != std::string::npos);
}

TEST_CASE("a chip at the start that is cut off is left out where the others have room") {
  hw::Chip chip = machine(4);
  chip.chipsX = 1;
  chip.chipsY = 4;
  for (uint32_t x = 0; x < 2; ++x)
    chip.faults.links.push_back({0, x, 1, hw::Direction::North});
  const Network network = randomNetwork(4 * 20, 6, 3);
  auto mapping = mapNetwork(network, chip, {});
  REQUIRE_MESSAGE(bool(mapping), (mapping ? "" : mapping.error().str()));
  checkAvoids(network, chip, *mapping);
}

TEST_CASE("a mapping by hand onto dead parts is refused where the file says so") {
  const Network network = randomNetwork(8, 8, 2);
  hw::Chip chip = machine(4);
  chip.faults.chips = {3};
  chip.faults.cores = {{1, 2}};
  chip.faults.links = {{0, 0, 0, hw::Direction::East}};
  const auto file = [](uint32_t chipA, uint32_t coreA, uint32_t chipB, uint32_t coreB) {
    return Json{{"format", "ranvier-mapping"},
                {"version", 1},
                {"slices",
                 {{{"population", "p"}, {"first", 0}, {"count", 4}, {"chip", chipA}, {"core", coreA}},
                  {{"population", "p"}, {"first", 4}, {"count", 4}, {"chip", chipB}, {"core", coreB}}}}}
        .dump();
  };
  CHECK(bool(parseMapping(network, chip, file(0, 0, 0, 1), "m.json")));
  const struct {
    uint32_t chip, core;
    unsigned code;
    const char *place;
  } cases[] = {
      {1, 2, 6081, "slices[1].core"}, {3, 0, 6081, "slices[1].chip"}, {0, 4, 6082, "population 'p', neuron 0 (chip 0, core 0)"}};
  for (const auto &bad : cases) {
    auto parsed = parseMapping(network, chip, file(0, 0, bad.chip, bad.core), "m.json");
    REQUIRE(!parsed);
    CHECK(parsed.error().code == bad.code);
    CHECK(parsed.error().file == "m.json");
    CHECK(parsed.error().place.starts_with(bad.place));
  }
  Mapping made{{{0, 0, 0, {{0, 0, 4}}}, {1, 2, 0, {{0, 4, 4}}}}};
  auto checked = checkMapping(network, chip, made);
  REQUIRE(!checked);
  CHECK(checked.error().code == 6081);
}

TEST_CASE("an image that puts neurons on a dead core or messages across a dead link is refused") {
  const Network network = randomNetwork(8, 8, 2);
  hw::Chip chip = machine(4);
  const Mapping mapping{{{0, 0, 0, {{0, 0, 4}}}, {0, 4, 0, {{0, 4, 4}}}}};
  auto image = emitImage(network, chip, mapping, "{}");
  REQUIRE(bool(image));
  const auto refusal = [&](const Faults &faults) {
    chip.faults = faults;
    image->chipText = hw::resolvedText(chip);
    const auto valid = image::validate(*image);
    return valid ? std::string() : valid.error().str();
  };
  CHECK(refusal({}).empty());
  CHECK(refusal({.cores = {{0, 1}}}).empty());
  CHECK(refusal({.cores = {{0, 4}}}).find("C13") != std::string::npos);
  CHECK(refusal({.chips = {0}}).find("C13") != std::string::npos);
  CHECK(refusal({.links = {{0, 0, 0, hw::Direction::East}}}).find("O5") != std::string::npos);
  CHECK(refusal({.links = {{0, 1, 0, hw::Direction::West}}}).find("O5") != std::string::npos);
  CHECK(refusal({.links = {{0, 0, 0, hw::Direction::North}}}).empty());
}

TEST_CASE("the picture shows what is dead") {
  const Network network = randomNetwork(8, 2, 2);
  hw::Chip chip = machine(4);
  chip.faults.cores = {{0, 7}};
  chip.faults.links = {{0, 1, 1, hw::Direction::South}};
  auto mapping = mapNetwork(network, chip, {});
  REQUIRE(bool(mapping));
  auto picture = drawMapping(network, chip, *mapping);
  REQUIRE(bool(picture));
  CHECK(picture->find("dead: chip 0, core 7") != std::string::npos);
  CHECK(picture->find("dead link: chip 0, tile (1,1), south") != std::string::npos);
}
