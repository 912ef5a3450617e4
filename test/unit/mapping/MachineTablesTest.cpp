// Tables of whole machines: what a packet's key finds is what the image holds, nothing missing and nothing more; routers go the
// emulator's ways; foretold bytes are those of the tables; cores at the limit of a memory and one byte beyond.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/Mapping/MachineTables.h"
#include "ranvier/HwModels/Routes.h"
#include "ranvier/Mapping/Partitioner.h"
#include "support/ShippedChip.h"
#include "support/TestNetworks.h"
#include <algorithm>
#include <doctest/doctest.h>
#include <set>

using namespace ranvier;
using namespace ranvier::mapping;
using namespace ranvier::test;

namespace {
hw::Chip spinnaker() { return shippedChip("spinnaker1"); }

Network empty() {
  Network network;
  network.name = "tables";
  network.programs = {twoInputProgram()};
  return network;
}
void connect(Network &network, uint32_t source, uint32_t target, uint32_t receptor, std::vector<Edge> edges) {
  addProjection(network, source, target, receptor, 0, std::move(edges));
  network.projections.back().weightBits = 17;
}

/// Populations over several cores (every third seed: one over four at least), inputs over several blocks; sparse, full, one-to-one
/// and repeated synapses.
Network randomNetwork(uint64_t seed, int64_t mostDelay = 16) {
  Dice dice(seed);
  Network network = empty();
  network.name = "random" + std::to_string(seed);
  const int64_t inputs = dice(1, 2), populations = dice(1, 4);
  for (int64_t i = 0; i < inputs; ++i)
    addPopulation(network, "in" + std::to_string(i), static_cast<uint64_t>(dice(1, dice.chance(0.3) ? 700 : 60)), -1);
  for (int64_t i = 0; i < populations; ++i)
    addPopulation(network, "p" + std::to_string(i),
                  static_cast<uint64_t>(seed % 3 == 0 && i == 0 ? dice(769, 900) : dice(1, dice.chance(0.4) ? 800 : 90)), 0);
  for (uint32_t target = static_cast<uint32_t>(inputs); target < network.populations.size(); ++target)
    for (int k = 0; k < 3; ++k) {
      const uint32_t source =
          static_cast<uint32_t>(k == 0 ? dice(0, inputs - 1) : dice(0, int64_t(network.populations.size()) - 1));
      const uint32_t from = static_cast<uint32_t>(network.populations[source].count),
                     to = static_cast<uint32_t>(network.populations[target].count);
      const bool pairs = dice.chance(0.3), delayed = dice.chance(0.5);
      const int64_t longest = dice(1, mostDelay);
      const double density = std::min(dice.chance(0.2) ? 1.0 : 0.2, 20000.0 / (double(from) * to));
      std::vector<Edge> edges;
      const auto add = [&](uint32_t a, uint32_t b) {
        edges.push_back({a, b, static_cast<int32_t>(dice(0, 65535)), static_cast<uint16_t>(delayed ? dice(1, longest) : longest)});
      };
      for (uint32_t a = 0; a < from; ++a)
        for (uint32_t b = pairs ? a : 0; b < (pairs ? std::min(a + 1, to) : to); ++b)
          for (int copy = 0; copy < 2 && (pairs ? copy == 0 : dice.chance(copy ? 0.02 : density)); ++copy)
            add(a, b);
      connect(network, source, target, static_cast<uint32_t>(dice(0, 1)), std::move(edges));
    }
  return network;
}

image::Image imageOf(const Network &network, const hw::Chip &chip, Strategy strategy = Strategy::Sequential,
                     uint32_t synapseCores = 0) {
  auto mapping = mapNetwork(
      network, chip, {.strategy = strategy, .split = synapseCores ? Split::Fixed : Split::Off, .synapseCores = synapseCores});
  REQUIRE_MESSAGE(bool(mapping), (mapping ? "" : mapping.error().str()));
  const auto right = checkMapping(network, chip, *mapping);
  REQUIRE_MESSAGE(bool(right), (right ? "" : right.error().str()));
  auto data = emitImage(network, chip, *mapping, "{}");
  REQUIRE(bool(data));
  auto image = image::fromData(*std::move(data));
  REQUIRE_MESSAGE(bool(image), (image ? "" : image.error().str()));
  return *std::move(image);
}

using Found = std::vector<std::tuple<uint32_t, uint32_t, uint32_t, uint32_t, uint32_t>>; ///< Core, index, type, delay, weight.

/// Synapses of a source, as the image has them.
Found expected(const image::Image &image, uint32_t population, uint32_t neuron) {
  Found found;
  for (uint32_t c = 0; c < image.cores.size(); ++c) {
    const image::CoreRecord &core = image.cores[c];
    for (const image::InAxonRecord &axon : image.inAxons.subspan(core.firstInAxon, core.inAxonCount)) {
      if (axon.population != population || axon.neuron != neuron)
        continue;
      for (const image::RowRecord &row : image.rows.subspan(core.firstRow + axon.firstRow, axon.rowCount))
        for (uint64_t s = 0; s < row.count; ++s) {
          const uint64_t at = core.firstSynapse + row.firstSynapse + s;
          const image::Synapse synapse =
              core.synapseKind ? image::unpackSynapse(image.synapses64[at]) : image::unpackSynapse(image.synapses32[at]);
          const image::CoreRecord &target = image::targetCore(image, core);
          for (const image::SliceRecord &slice : image.slices.subspan(target.firstSlice, target.sliceCount)) {
            const uint32_t inputs = static_cast<uint32_t>(image.meta.programs[slice.program].inputs.size());
            if (synapse.accumulator >= slice.accumulatorBase &&
                synapse.accumulator < slice.accumulatorBase + inputs * slice.count) {
              const uint32_t within = synapse.accumulator - slice.accumulatorBase;
              found.push_back({c, slice.neuronBase + within % slice.count, within / slice.count, synapse.delay, synapse.weight});
            }
          }
        }
    }
  }
  std::sort(found.begin(), found.end());
  return found;
}

struct Loaded {
  std::vector<std::vector<uint8_t>> blocks;
  std::vector<image::SynapseFields> fields;
};
constexpr uint32_t base = 0x60000010u;

/// Builds the bytes of all cores, and checks them against what was foretold.
Loaded load(const image::Image &image, const MachineTables &tables) {
  Loaded loaded;
  for (uint32_t c = 0; c < image.cores.size(); ++c) {
    auto built = image::buildTables(image, c, tables.blocks, tables.keys, tables.plans[c]);
    REQUIRE_MESSAGE(bool(built), (built ? "" : built.error().str()));
    loaded.blocks.push_back(image::blockBytes(*built, base));
    loaded.fields.push_back(built->fields);
    const image::MemoryUse planned = image::useOf(tables.shapes[c], tables.plans[c], *image.chip.memories),
                           found = image::measuredUse(*built, tables.shapes[c], *image.chip.memories);
    CHECK(planned == found);
    const uint64_t allocation = image.chip.memories->allocationBytes;
    const uint64_t sums = image.cores[c].feeds ? allocation + image::handedBytes(tables.shapes[c]) : 0;
    CHECK(found.sdramBytes() == loaded.blocks.back().size() + allocation + sums);
  }
  return loaded;
}

/// Where a source's packet ends, and what it finds there; of a stage beyond 0: where its extension sends it again.
Found packetsOf(const image::Image &image, const MachineTables &tables, const Loaded &loaded,
                const std::vector<TileRouter> &routers, uint32_t p, uint32_t n, uint32_t stage) {
  const uint32_t block = tables.blocks.block(p, n), native = image.chip.memories->nativeSteps;
  const auto [sender, atom] = tables.blocks.sender(p, n, stage);
  const auto cores = coresOfPacket(image, tables, routers, sender, block);
  REQUIRE_MESSAGE(bool(cores), (cores ? "" : cores.error().str()));
  Found found;
  uint32_t extensions = 0;
  for (const uint32_t core : *cores) {
    if (core >= image.cores.size()) {
      const DelayCore &delay = tables.delayCores[core - image.cores.size() - tables.sourceCores.size()];
      CHECK(stage == 0);
      CHECK(delay.population == p);
      CHECK(delay.block == block);
      ++extensions;
      continue;
    }
    const auto read = image::synapsesOfPacket(loaded.blocks[core], base, loaded.fields[core], tables.keys.key(sender, block, atom));
    REQUIRE_MESSAGE(bool(read), (read ? "" : read.error().str()));
    for (const image::RowSynapse &one : *read)
      found.push_back({core, one.index, one.type, one.delay + stage * native, one.weight});
  }
  CHECK(extensions == (stage == 0 && tables.blocks.stages(p) ? 1 : 0));
  return found;
}

void checkEveryPacket(const image::Image &image, const MachineTables &tables, const Loaded &loaded,
                      const std::vector<TileRouter> &routers) {
  const std::vector<bool> sends = image::sendersOf(image);
  std::set<std::pair<uint32_t, uint32_t>> known; // Blocks of which routers know packets.
  for (uint32_t c = 0; c < image.cores.size(); ++c)
    for (const auto &[from, block] : tables.shapes[c].blocks)
      known.insert(from);
  uint64_t synapses = 0;
  for (uint32_t p = 0; p < image.meta.populations.size(); ++p)
    for (uint32_t n = 0; sends[p] && n < image.meta.populations[p].count; ++n) {
      const uint32_t block = tables.blocks.block(p, n);
      Found found;
      for (uint32_t stage = 0; stage <= tables.blocks.stages(p); ++stage)
        if (const uint32_t sender = tables.blocks.sender(p, n, stage).first;
            known.contains({sender, block}) || (stage == 0 && tables.blocks.stages(p))) {
          const Found more = packetsOf(image, tables, loaded, routers, p, n, stage);
          found.insert(found.end(), more.begin(), more.end());
        }
      std::sort(found.begin(), found.end());
      REQUIRE(found == expected(image, p, n));
      synapses += found.size();
    }
  CHECK(synapses == image.synapses32.size() + image.synapses64.size());
}

/// Links of the routers are those of the emulator's messages, block by block.
void checkWays(const image::Image &image, const MachineTables &tables) {
  const hw::Plane plane(image.chip);
  using Links = std::set<std::tuple<uint32_t, uint32_t, unsigned>>;
  std::map<uint32_t, Links> emulated, routed; // By key.
  for (uint32_t c = 0; c < image.cores.size(); ++c)
    for (const image::SliceRecord &slice : image.slices.subspan(image.cores[c].firstSlice, image.cores[c].sliceCount))
      for (uint32_t n = 0; n < slice.count; ++n) {
        const uint64_t source = image.cores[c].firstNeuron + slice.neuronBase + n;
        std::vector<hw::Tile> tiles;
        for (uint64_t o = image.outPtr[source]; o < image.outPtr[source + 1]; ++o)
          tiles.push_back(plane.tileOf(image.cores[image.outAxons[o].core].chip, image.cores[image.outAxons[o].core].core));
        if (tiles.empty())
          continue;
        Links &links = emulated[tables.keys.key(slice.population, tables.blocks.block(slice.population, slice.first + n), 0)];
        for (const hw::Run &run : plane.spread(plane.tileOf(image.cores[c].chip, image.cores[c].core), tiles)) {
          hw::Tile at = run.from;
          for (uint32_t k = 0; k < run.length; ++k, at = plane.after(at, run.direction))
            links.insert({at.x, at.y, static_cast<unsigned>(run.direction)});
        }
      }
  // Those of an input go from its block's core.
  for (const SourceCore &source : tables.sourceCores) {
    std::vector<hw::Tile> tiles;
    const image::PopulationMeta &population = image.meta.populations[source.population];
    for (uint32_t n = 0; n < population.count; ++n)
      if (tables.blocks.block(source.population, n) == source.block)
        for (uint64_t o = image.outPtr[population.firstOut + n]; o < image.outPtr[population.firstOut + n + 1]; ++o)
          tiles.push_back(plane.tileOf(image.cores[image.outAxons[o].core].chip, image.cores[image.outAxons[o].core].core));
    std::sort(tiles.begin(), tiles.end());
    tiles.erase(std::unique(tiles.begin(), tiles.end()), tiles.end());
    if (tiles.empty())
      continue;
    Links &links = emulated[tables.keys.key(source.population, source.block, 0)];
    for (const hw::Run &run : plane.spread(plane.tileOf(source.chip, source.core), tiles)) {
      hw::Tile at = run.from;
      for (uint32_t k = 0; k < run.length; ++k, at = plane.after(at, run.direction))
        links.insert({at.x, at.y, static_cast<unsigned>(run.direction)});
    }
    // No free core would have been nearer.
    const auto distance = [&](uint32_t core) {
      uint64_t sum = 0;
      for (const hw::Tile &tile : tiles)
        sum += plane.count(plane.tileOf(0, core), tile).total();
      return sum;
    };
    std::set<uint32_t> used;
    for (const image::CoreRecord &core : image.cores)
      used.insert(core.core);
    for (const SourceCore &other : tables.sourceCores)
      used.insert(other.core);
    for (uint32_t core = 0; core < image.chip.coresPerChip(); ++core)
      if (!used.contains(core) && !image.chip.faults.isDead(0, core))
        REQUIRE(distance(source.core) <= distance(core));
  }
  for (const TileRouter &router : tables.routers)
    for (const RoutingEntry &entry : router.entries)
      for (unsigned bit = 0; bit < 6; ++bit)
        if (entry.route >> bit & 1)
          routed[entry.key].insert({router.tile / image.chip.tilesY, router.tile % image.chip.tilesY, bit});
  std::erase_if(emulated, [](const auto &one) { return one.second.empty(); });
  CHECK(routed == emulated);
}
} // namespace

/// All cores but one of each tile, the tile beside the first one, links one way and both.
static std::string deadParts(const hw::Chip &chip) {
  std::string text = "format: ranvier-faults\nversion: 1\nfaults:\n  tiles: [{chip: 0, x: 0, y: 1}]\n  links:\n";
  for (const char *link : {"x: 0, y: 0, direction: east", "x: 1, y: 0, direction: west", "x: 0, y: 2, direction: north-east",
                           "x: 1, y: 1, direction: north"})
    text += std::string("  - {chip: 0, ") + link + "}\n";
  text += "  cores:\n";
  for (uint32_t core = 0; core < chip.coresPerChip(); ++core)
    if (core % chip.coresPerTile != 5)
      text += "  - {chip: 0, core: " + std::to_string(core) + "}\n";
  return text;
}

TEST_CASE("every packet finds the image's synapses, and no other") {
  uint64_t manyCores = 0, together = 0, direct = 0, alone = 0;
  for (uint64_t seed = 0; seed < cases(24, 400); ++seed) {
    CAPTURE(seed);
    hw::Chip chip = spinnaker();
    if (seed % 2) // A core a tile, so that packets travel, and links that they would take.
      REQUIRE(bool(hw::addFaultsOf(chip, deadParts(chip), "dead.yaml")));
    const image::Image image = imageOf(randomNetwork(seed), chip, seed % 3 ? Strategy::Sequential : Strategy::Multilevel);
    auto tables = machineTables(image);
    REQUIRE(bool(tables));
    const Loaded loaded = load(image, *tables);
    checkEveryPacket(image, *tables, loaded, tables->routers);
    checkWays(image, *tables);
    const auto shorter = compressRouters(chip, tables->routers);
    REQUIRE_MESSAGE(bool(shorter), (shorter ? "" : shorter.error().str()));
    checkEveryPacket(image, *tables, loaded, *shorter);
    manyCores += image.cores.size() > 3;
    for (const image::CorePlan &plan : tables->plans)
      for (const image::EntryPlan &entry : plan.entries) {
        together += entry.blocks > 1;
        alone += entry.blocks == 1;
        for (const auto &matrix : entry.matrices)
          direct += matrix.direct;
      }
  }
  CHECK(manyCores >= cases(24, 400) / 3);
  CHECK(together > 3);
  CHECK(alone > 10);
  CHECK(direct > 3);
}

TEST_CASE("longer delays are sent again by cores of their own") {
  const hw::Chip chip = spinnaker();
  uint64_t extended = 0, deepest = 0;
  for (uint64_t seed = 500; seed < 500 + cases(12, 200); ++seed) {
    CAPTURE(seed);
    const image::Image image = imageOf(randomNetwork(seed, 144), chip);
    auto tables = machineTables(image);
    REQUIRE(bool(tables));
    const Loaded loaded = load(image, *tables);
    checkEveryPacket(image, *tables, loaded, tables->routers);
    const auto shorter = compressRouters(chip, tables->routers);
    REQUIRE_MESSAGE(bool(shorter), (shorter ? "" : shorter.error().str()));
    checkEveryPacket(image, *tables, loaded, *shorter);
    extended += !tables->delayCores.empty();
    std::set<uint32_t> used;
    for (const image::CoreRecord &core : image.cores)
      used.insert(core.core);
    for (const SourceCore &core : tables->sourceCores)
      CHECK(used.insert(core.core).second);
    for (const DelayCore &core : tables->delayCores)
      CHECK(used.insert(core.core).second);
    for (uint32_t p = 0; p < image.meta.populations.size(); ++p)
      deepest = std::max<uint64_t>(deepest, tables->blocks.stages(p));
    for (const image::CorePlan &plan : tables->plans)
      CHECK(plan.fields.delayBits <= 4);
  }
  CHECK(extended >= cases(12, 200) / 2);
  CHECK(deepest == 8);
}

TEST_CASE("synapse cores take in every packet of their sources, and no other") {
  const hw::Chip chip = spinnaker();
  uint64_t synapseCores = 0, shared = 0;
  for (uint64_t seed = 900; seed < 900 + cases(16, 200); ++seed) {
    CAPTURE(seed);
    const Network network = randomNetwork(seed, seed % 2 ? 16 : 144);
    const uint32_t each = 1 + seed % 4;
    const image::Image image = imageOf(network, chip, Strategy::Sequential, each);
    auto tables = machineTables(image);
    REQUIRE(bool(tables));
    const Loaded loaded = load(image, *tables);
    checkEveryPacket(image, *tables, loaded, tables->routers);
    if (seed % 2)
      checkWays(image, *tables);
    std::vector<uint32_t> feeders(image.cores.size(), 0);
    for (uint32_t c = 0; c < image.cores.size(); ++c) {
      const image::CoreRecord &core = image.cores[c];
      if (!core.feeds)
        continue;
      ++feeders[core.feeds - 1];
      const image::CoreRecord &fed = image.cores[core.feeds - 1];
      CHECK(fed.feeds == 0);
      CHECK(fed.inAxonCount == 0);
      CHECK(fed.core / chip.coresPerTile == core.core / chip.coresPerTile);
      CHECK(core.neuronCount == 0);
      // No ring buffers but those of one slot, no packets on the core that it feeds.
      const image::MemoryUse use =
          image::useOf(tables->shapes[core.feeds - 1], tables->plans[core.feeds - 1], *image.chip.memories);
      CHECK(use.dtcm[0].bytes == image::handedBytes(tables->shapes[c]));
      CHECK(use.dtcm[5].bytes == 0);
      CHECK(use.dtcm[6].bytes == 0);
      ++synapseCores;
      shared += core.inAxonCount > 0 && each > 1;
    }
    for (uint32_t c = 0; c < image.cores.size(); ++c)
      CHECK((image.cores[c].feeds || feeders[c] == 0 || feeders[c] == each));
    // What is foretold before there is an image, and the network that the image gives back.
    const auto foretold = foretellMemories(network, chip, mappingOf(image));
    REQUIRE(bool(foretold));
    REQUIRE(foretold->size() == image.cores.size());
    for (uint32_t c = 0; c < image.cores.size(); ++c)
      CHECK((*foretold)[c] == image::useOf(tables->shapes[c], tables->plans[c], *chip.memories));
    auto again = emitImage(network, chip, mappingOf(image), "{}");
    REQUIRE(bool(again));
    CHECK(std::equal(again->inAxons.begin(), again->inAxons.end(), image.inAxons.begin(), image.inAxons.end(),
                     [](const auto &a, const auto &b) { return a.population == b.population && a.neuron == b.neuron; }));
    auto rebuilt = rebuildNetwork(image);
    REQUIRE_MESSAGE(bool(rebuilt), (rebuilt ? "" : rebuilt.error().str()));
    CHECK(compareNetworks(network, *rebuilt).empty());
  }
  CHECK(synapseCores > 20);
  CHECK(shared > 10);
}

TEST_CASE("a synapse core feeds a core beside it, or the image is refused") {
  const hw::Chip chip = spinnaker();
  Network network = empty();
  addPopulation(network, "a", 300, 0);
  connect(network, 0, 0, 0, {{1, 2, 7, 3}, {299, 1, 5, 1}});
  auto mapping = mapNetwork(network, chip, {.split = Split::Fixed, .synapseCores = 1});
  REQUIRE(bool(mapping));
  const auto whole = emitImage(network, chip, *mapping, "{}");
  REQUIRE(bool(whole));
  REQUIRE(bool(image::validate(*whole)));
  std::vector<size_t> feeding, fed;
  for (size_t c = 0; c < whole->cores.size(); ++c)
    (whole->cores[c].feeds ? feeding : fed).push_back(c);
  REQUIRE(feeding.size() == 1);
  REQUIRE(fed.size() == 2);
  const auto code = [&](auto &&change) {
    image::ImageData data = *whole;
    change(data.cores[feeding[0]], data);
    const auto valid = image::validate(data);
    return valid ? std::string("valid") : std::to_string(valid.error().code) + " " + valid.error().hint;
  };
  const auto refused = [](const std::string &text) { return text.starts_with("3012") && text.find("C15") != std::string::npos; };
  CHECK(refused(code([&](image::CoreRecord &core, auto &) { core.feeds = 0xFFFFFFFF; })));
  CHECK(refused(code([&](image::CoreRecord &core, auto &) { core.feeds = 1 + static_cast<uint32_t>(feeding[0]); })));
  CHECK(refused(code([&](image::CoreRecord &core, auto &) { --core.accumulatorCount; })));
  CHECK(refused(code([&](image::CoreRecord &core, auto &) { core.sameStepAxonCount = 1; })));
  CHECK(refused(code([&](image::CoreRecord &core, image::ImageData &data) {
    const uint32_t other = static_cast<uint32_t>(fed[0] + 1 == core.feeds ? fed[1] : fed[0]); // of fewer or more neurons
    core.feeds = 1 + other;
    CHECK(data.cores[other].accumulatorCount != core.accumulatorCount);
  })));
  CHECK(code([&](image::CoreRecord &core, auto &) { core.feeds = 0; }).starts_with("3012")); // a core without neurons
  CHECK(code([&](image::CoreRecord &core, auto &) { core.core += 17; }) != "valid");         // another tile, and out of order
}

namespace {
/// One synapse of a delay.
Network delayed(uint16_t delay) {
  Network network = empty();
  addPopulation(network, "a", 3, 0);
  addPopulation(network, "b", 3, 0);
  connect(network, 0, 1, 0, {{2, 1, 7, delay}});
  return network;
}
} // namespace

TEST_CASE("delays at the ends of stages") {
  const hw::Chip chip = spinnaker();
  for (const auto &[delay, stages, rest] :
       {std::tuple(1, 0u, 1u), {16, 0u, 16u}, {17, 1u, 1u}, {32, 1u, 16u}, {33, 2u, 1u}, {144, 8u, 16u}}) {
    CAPTURE(delay);
    const image::Image image = imageOf(delayed(static_cast<uint16_t>(delay)), chip);
    auto tables = machineTables(image);
    REQUIRE(bool(tables));
    CHECK(tables->blocks.stages(0) == stages);
    CHECK(tables->delayCores.size() == (stages ? 1 : 0));
    CHECK(tables->shapes[0].longestDelay == rest);
    checkEveryPacket(image, *tables, load(image, *tables), tables->routers);
    if (stages) // Atoms of the extension: those of the block once a stage.
      CHECK(tables->blocks.sizes(tables->blocks.extension(0)) == std::vector<uint32_t>{stages * 3});
  }
  const auto beyond = partition(delayed(145), chip, {});
  REQUIRE(!beyond);
  CHECK(beyond.error().code == 6017);
}

TEST_CASE("a machine without a free core cannot extend delays") {
  hw::Chip chip = spinnaker();
  chip.tilesX = chip.tilesY = 1;
  chip.coresPerTile = 2;
  const auto mapping = partition(delayed(17), chip, {});
  REQUIRE(bool(mapping));
  CHECK(bool(checkMapping(delayed(17), chip, *mapping)));
  chip.coresPerTile = 1;
  CHECK(bool(checkMapping(delayed(16), chip, *mapping)));
  const auto none = checkMapping(delayed(17), chip, *mapping);
  REQUIRE(!none);
  CHECK(none.error().code == 6105);
  CHECK(none.error().kind == ErrorKind::DoesNotFit);
}

TEST_CASE("a block of an input stands on a core, if it sends, and a machine without a free one has no place for it") {
  hw::Chip chip = spinnaker();
  Network network = empty();
  addPopulation(network, "in", 257, -1);
  addPopulation(network, "a", 3, 0);
  addPopulation(network, "silent", 40, -1);
  connect(network, 0, 1, 0, {{2, 1, 7, 1}}); // of the first block alone
  const image::Image image = imageOf(network, chip);
  auto tables = machineTables(image);
  REQUIRE(bool(tables));
  REQUIRE(tables->sourceCores.size() == 2); // keys are the population's, so both its blocks have a place
  for (uint32_t block = 0; block < 2; ++block) {
    CHECK(tables->sourceCores[block].population == 0);
    CHECK(tables->sourceCores[block].block == block);
    CHECK(tables->sourceCores[block].core / chip.coresPerTile == (block == 0 ? image.cores[0].core / chip.coresPerTile : 0));
    CHECK(tables->blocks.cores(0)[block] == 1 + block);
  }
  CHECK(tables->blocks.cores(2) == std::vector<uint32_t>{image::none});
  chip.tilesX = chip.tilesY = 1;
  chip.coresPerTile = 3;
  const auto mapping = partition(network, chip, {});
  REQUIRE(bool(mapping));
  CHECK(bool(checkMapping(network, chip, *mapping)));
  chip.coresPerTile = 2;
  const auto none = checkMapping(network, chip, *mapping);
  REQUIRE(!none);
  CHECK(none.error().code == 6140);
  CHECK(none.error().kind == ErrorKind::DoesNotFit);
}

TEST_CASE("bytes are foretold exactly") {
  const hw::Chip chip = spinnaker();
  for (uint64_t seed = 100; seed < 100 + cases(20, 300); ++seed) {
    CAPTURE(seed);
    const Network network = randomNetwork(seed, seed % 2 ? 16 : 144);
    const image::Image image = imageOf(network, chip);
    auto tables = machineTables(image);
    REQUIRE(bool(tables));
    const Mapping mapping = mappingOf(image);
    const auto foretold = foretellMemories(network, chip, mapping);
    REQUIRE(bool(foretold));
    REQUIRE(foretold->size() == image.cores.size());
    for (uint32_t c = 0; c < image.cores.size(); ++c) {
      auto built = image::buildTables(image, c, tables->blocks, tables->keys, tables->plans[c]);
      REQUIRE(bool(built));
      CHECK((*foretold)[c] == image::measuredUse(*built, tables->shapes[c], *chip.memories));
    }
    const auto routers = foretellMachine(network, chip, mapping);
    REQUIRE(bool(routers));
    CHECK(routers->sourceCores == tables->sourceCores);
    CHECK(routers->delayCores == tables->delayCores);
    REQUIRE(routers->routers.size() == tables->routers.size());
    for (size_t r = 0; r < tables->routers.size(); ++r) {
      CHECK(routers->routers[r].tile == tables->routers[r].tile);
      CHECK(routers->routers[r].entries == tables->routers[r].entries);
    }
  }
}

TEST_CASE("ways from a tile to all others come to no tile twice") {
  const hw::Chip chip = spinnaker();
  const hw::Plane plane(chip);
  std::vector<hw::Tile> all;
  for (uint32_t x = 0; x < chip.tilesX; ++x)
    for (uint32_t y = 0; y < chip.tilesY; ++y)
      all.push_back({x, y});
  std::set<hw::Tile> entered;
  for (const hw::Run &run : plane.spread({0, 0}, all)) {
    hw::Tile at = run.from;
    for (uint32_t k = 0; k < run.length; ++k)
      CHECK(entered.insert(at = plane.after(at, run.direction)).second);
  }
  CHECK(entered.size() == all.size() - 1);
}

//===--- Limits -----------------------------------------------------------===//

namespace {
/// One input neuron with so many synapses onto each neuron of a population.
Network repeated(uint32_t neurons, uint32_t copies) {
  Network network = empty();
  addPopulation(network, "in", 1, -1);
  addPopulation(network, "cells", neurons, 0);
  std::vector<Edge> edges;
  for (uint32_t n = 0; n < neurons; ++n)
    for (uint32_t k = 0; k < copies; ++k)
      edges.push_back({0, n, static_cast<int32_t>(k), 1});
  connect(network, 0, 1, 0, std::move(edges));
  return network;
}
size_t coresOf(const Network &network, const hw::Chip &chip) {
  auto mapping = partition(network, chip, {});
  REQUIRE_MESSAGE(bool(mapping), (mapping ? "" : mapping.error().str()));
  return mapping->cores.size();
}
Error refused(const Network &network, const hw::Chip &chip) {
  auto mapping = partition(network, chip, {});
  REQUIRE(!mapping);
  CHECK(mapping.error().kind == ErrorKind::DoesNotFit);
  return mapping.error();
}
Mapping onOneCore(const Network &network, std::vector<uint32_t> cores) {
  Mapping mapping;
  for (const uint32_t core : cores)
    mapping.cores.push_back({0, core, 0, {}});
  for (uint32_t p = 0; p < network.populations.size(); ++p)
    if (!network.populations[p].input)
      mapping.cores[p % cores.size()].slices.push_back({p, 0, static_cast<uint32_t>(network.populations[p].count)});
  return mapping;
}
} // namespace

TEST_CASE("rows as long as they may be, and one longer") {
  const hw::Chip chip = spinnaker();
  CHECK(coresOf(repeated(1, 256), chip) == 1);
  const Error error = refused(repeated(1, 257), chip);
  CHECK(error.code == 6100);
  CHECK(error.place == "population 'cells', neuron 0");
  CHECK(error.found == "257");
  CHECK(error.message.find("words of a row") != std::string::npos);
  CHECK(error.message.find("by 1") != std::string::npos);
  CHECK(coresOf(repeated(2, 128), chip) == 1);
  CHECK(coresOf(repeated(2, 129), chip) == 2);
  CHECK(coresOf(repeated(8, 100), chip) == 4); // 800 synapses: halves are too long yet
  const image::Image image = imageOf(repeated(8, 100), chip);
  auto tables = machineTables(image);
  REQUIRE(bool(tables));
  checkEveryPacket(image, *tables, load(image, *tables), tables->routers);
}

TEST_CASE("data memory and shared memory at the limit and one byte beyond") {
  const Network two = repeated(2, 3), one = repeated(1, 3);
  const hw::Chip chip = spinnaker();
  const auto useOf = [&](const Network &network) {
    auto mapping = partition(network, chip, {});
    REQUIRE(bool(mapping));
    auto uses = foretellMemories(network, chip, *mapping);
    REQUIRE(bool(uses));
    REQUIRE(uses->size() == 1);
    return uses->front();
  };
  const uint64_t dtcmTwo = useOf(two).dtcmBytes(), dtcmOne = useOf(one).dtcmBytes();
  hw::Chip tight = chip;
  tight.memories->dtcmBytes = static_cast<uint32_t>(dtcmTwo);
  CHECK(coresOf(two, tight) == 1);
  --tight.memories->dtcmBytes;
  CHECK(coresOf(two, tight) == 2);
  tight.memories->dtcmBytes = static_cast<uint32_t>(dtcmOne);
  CHECK(coresOf(one, tight) == 1);
  --tight.memories->dtcmBytes;
  const Error data = refused(one, tight);
  CHECK(data.code == 6100);
  CHECK(data.place == "population 'cells', neuron 0");
  CHECK(data.expected == "at most " + std::to_string(dtcmOne - 1));
  CHECK(data.found == std::to_string(dtcmOne));
  CHECK(data.message.find("DTCM [bytes]") != std::string::npos);
  CHECK(data.message.find("packets 1024") != std::string::npos);

  const uint64_t sdramTwo = useOf(two).sdramBytes(), sdramOne = useOf(one).sdramBytes();
  hw::Chip small = chip;
  small.memories->sdramBytes = sdramTwo * small.coresPerTile;
  CHECK(coresOf(two, small) == 1);
  --small.memories->sdramBytes;
  CHECK(coresOf(two, small) == 2);
  small.memories->sdramBytes = sdramOne;
  CHECK(coresOf(one, small) == 1); // more than its share, but all of the tile's
  --small.memories->sdramBytes;
  const Error shared = refused(one, small);
  CHECK(shared.code == 6100);
  CHECK(shared.message.find("SDRAM [bytes]") != std::string::npos);

  hw::Chip code = chip;
  code.memories->itcmCodeBytes = code.memories->itcmBytes;
  CHECK(coresOf(one, code) == 1);
  ++code.memories->itcmCodeBytes;
  CHECK(refused(one, code).message.find("ITCM [bytes]") != std::string::npos);
}

TEST_CASE("more cores than there are, because of a memory") {
  hw::Chip chip = spinnaker();
  chip.tilesX = chip.tilesY = 1;
  chip.coresPerTile = 2;
  CHECK(coresOf(repeated(2, 256), chip) == 2);
  const Error error = refused(repeated(3, 256), chip);
  CHECK(error.code == 6101);
  CHECK(error.message.find("words of a row") != std::string::npos);
  CHECK(error.found == "3");
}

TEST_CASE("mappings by hand beyond a memory are refused") {
  hw::Chip chip = spinnaker();
  const Network rows = repeated(2, 200);
  const auto long_ = checkMapping(rows, chip, onOneCore(rows, {5}));
  REQUIRE(!long_);
  CHECK(long_.error().code == 6102);
  CHECK(long_.error().place == "chip 0, core 5 (population 'cells')");
  CHECK(long_.error().found == "400");

  Network two = empty();
  addPopulation(two, "in", 1, -1);
  addPopulation(two, "a", 2, 0);
  addPopulation(two, "b", 2, 0);
  connect(two, 0, 1, 0, {{0, 0, 1, 1}});
  connect(two, 0, 2, 1, {{0, 1, 1, 1}});
  const Mapping together = onOneCore(two, {3, 4}), apart = onOneCore(two, {3, 20});
  auto uses = foretellMemories(two, chip, together);
  REQUIRE(bool(uses));
  chip.memories->sdramBytes = (*uses)[0].sdramBytes() + (*uses)[1].sdramBytes();
  CHECK(bool(checkMapping(two, chip, together)));
  --chip.memories->sdramBytes;
  CHECK(bool(checkMapping(two, chip, apart)));
  const auto full = checkMapping(two, chip, together);
  REQUIRE(!full);
  CHECK(full.error().code == 6103);
  CHECK(full.error().place == "tile (0,0) (population 'b'; population 'a')");
  CHECK(full.error().message.find("by 1") != std::string::npos);
}

TEST_CASE("router tables at the limit and one entry beyond") {
  hw::Chip chip = spinnaker();
  // Each neuron of `a` stands alone on a core and reaches another core of the same tile: entries with routes of their own.
  Network network = empty();
  addPopulation(network, "a", 4, 0);
  addPopulation(network, "b", 4, 0);
  std::vector<Edge> edges;
  for (uint32_t n = 0; n < 4; ++n)
    edges.push_back({n, n, 1, 1});
  connect(network, 0, 1, 0, edges);
  Mapping mapping;
  for (uint32_t n = 0; n < 4; ++n)
    mapping.cores.push_back({0, n, 0, {{0, n, 1}}});
  for (uint32_t n = 0; n < 4; ++n)
    mapping.cores.push_back({0, n + 4, 0, {{1, n, 1}}});
  chip.router.tableEntries = 4;
  CHECK(bool(checkMapping(network, chip, mapping)));
  chip.router.tableEntries = 3;
  const auto error = checkMapping(network, chip, mapping);
  REQUIRE(!error);
  CHECK(error.error().code == 6104);
  CHECK(error.error().place == "tile (0,0)");
}

TEST_CASE("fields of synapse words at their limit and one bit beyond") {
  hw::Chip chip = spinnaker();
  chip.memories->dtcmBytes = 1u << 30;
  chip.core.neurons = 65536;
  Network network = empty();
  addPopulation(network, "in", 1, -1);
  addPopulation(network, "cells", 1u << 13, 0);
  connect(network, 0, 1, 0, {{0, 0, 1, 1}, {0, 1, 1, 4}}); // 13, 1 and 2 bits
  CHECK(coresOf(network, chip) == 1);
  const image::Image image = imageOf(network, chip);
  auto tables = machineTables(image);
  REQUIRE(bool(tables));
  checkEveryPacket(image, *tables, load(image, *tables), tables->routers);
  ++tables->plans[0].fields.delayBits;
  const auto built = image::buildTables(image, 0, tables->blocks, tables->keys, tables->plans[0]);
  REQUIRE(!built);
  CHECK(built.error().code == 3032);
  network.projections[0].delays = {1, 5};
  CHECK(coresOf(network, chip) == 2);
}

TEST_CASE("images of other chips have no such tables") {
  const Network network = randomIntNetwork(1);
  const hw::Chip chip = tinyChip({});
  const image::Image image = imageOf(network, chip);
  const auto tables = machineTables(image);
  REQUIRE(!tables);
  CHECK(tables.error().code == 3030);
}
