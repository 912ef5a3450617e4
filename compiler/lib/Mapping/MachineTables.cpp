//===- MachineTables.cpp - Keys and routers of a machine ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/Mapping/MachineTables.h"
#include "Shared.h"
#include "ranvier/HwModels/Routes.h"
#include <algorithm>
#include <bit>
#include <map>
#include <set>

using namespace ranvier;
using namespace ranvier::mapping;
using namespace ranvier::mapping::detail;

namespace {
/// Where the packets of a block go.
struct Sent {
  uint32_t population = 0, block = 0;
  uint32_t from = image::none; ///< Core; none: an input.
  std::set<uint32_t> to;
};
/// A core's place.
struct Place {
  uint32_t chip = 0, core = 0;
};
} // namespace

static uint32_t numberOf(const hw::Chip &chip, hw::Tile tile) { return tile.x * chip.tilesY + tile.y; }
static uint32_t routeBit(const hw::Chip &chip, uint32_t core) { return 1u << (firstRouteCore + core % chip.coresPerTile); }

/// The entries of all routers, in the order of keys.
static std::vector<TileRouter> routersOf(const hw::Chip &chip, const std::vector<Place> &places, const image::Keys &keys,
                                         const std::vector<Sent> &sent) {
  const hw::Plane plane(chip);
  std::map<uint32_t, RoutingTable> tables;
  struct At {
    uint32_t route = 0;
    int came = -1; ///< Direction of the link by which the packet comes.
    bool local = false;
  };
  for (const Sent &block : sent) {
    std::map<uint32_t, At> at;
    std::vector<hw::Tile> tiles;
    for (const uint32_t core : block.to) {
      tiles.push_back(plane.tileOf(places[core].chip, places[core].core));
      At &here = at[numberOf(chip, tiles.back())];
      here.route |= routeBit(chip, places[core].core);
      here.local = true;
    }
    if (block.from != image::none)
      for (const hw::Run &run : plane.spread(plane.tileOf(places[block.from].chip, places[block.from].core), tiles)) {
        hw::Tile tile = run.from;
        for (uint32_t n = 0; n < run.length; ++n) {
          at[numberOf(chip, tile)].route |= 1u << static_cast<unsigned>(run.direction);
          tile = plane.after(tile, run.direction);
          at[numberOf(chip, tile)].came = static_cast<int>(run.direction);
        }
      }
    const uint32_t key = keys.key(block.population, block.block, 0), mask = keys.blockMask(block.population);
    for (const auto &[tile, here] : at) {
      const bool straight = here.came >= 0 && !here.local && here.route == 1u << here.came && chip.router.defaultRoutes;
      tables[tile].push_back({key, mask, here.route, straight});
    }
  }
  std::vector<TileRouter> routers;
  for (auto &[tile, entries] : tables) {
    std::sort(entries.begin(), entries.end(), [](const RoutingEntry &a, const RoutingEntry &b) { return a.key < b.key; });
    routers.push_back({tile, std::move(entries)});
  }
  return routers;
}

Result<MachineTables> mapping::machineTables(const image::Image &image) {
  if (!image.chip.memories)
    return Error{.code = 3030,
                 .message = "chip '" + image.chip.name + "' is not described as one whose cores have population tables",
                 .place = "chip",
                 .expected = "a section 'memories'",
                 .found = "none",
                 .kind = ErrorKind::Unsupported};
  MachineTables tables{.blocks = image::SourceBlocks(image), .keys = {}, .shapes = {}, .plans = {}, .routers = {}};
  RANVIER_TRY(tables.keys, image::assignKeys(tables.blocks, image::sendersOf(image)));
  tables.shapes = image::shapesOf(image, tables.blocks);
  for (const image::CoreShape &shape : tables.shapes)
    tables.plans.push_back(image::planCore(shape, tables.blocks, tables.keys, *image.chip.memories));
  std::map<std::pair<uint32_t, uint32_t>, Sent> sent;
  for (uint32_t c = 0; c < image.cores.size(); ++c) {
    const image::CoreRecord &core = image.cores[c];
    for (const image::InAxonRecord &axon : image.inAxons.subspan(core.firstInAxon, core.inAxonCount)) {
      const uint32_t block = tables.blocks.block(axon.population, axon.neuron);
      Sent &one = sent[{axon.population, block}];
      one.population = axon.population;
      one.block = block;
      one.from = tables.blocks.cores(axon.population)[block];
      one.to.insert(c);
    }
  }
  std::vector<Place> places;
  for (const image::CoreRecord &core : image.cores)
    places.push_back({core.chip, core.core});
  std::vector<Sent> list;
  for (auto &[at, one] : sent)
    list.push_back(std::move(one));
  tables.routers = routersOf(image.chip, places, tables.keys, list);
  return tables;
}

//===--- Before there is an image -----------------------------------------===//

static image::SourceBlocks blocksOf(const Network &network, const hw::Chip &chip, const Mapping &mapping) {
  std::vector<image::SourceBlocks::Source> sources;
  for (const Population &population : network.populations)
    sources.push_back({population.count, population.input});
  std::vector<image::SourceBlocks::Slice> slices;
  for (uint32_t c = 0; c < mapping.cores.size(); ++c)
    for (const Slice &slice : mapping.cores[c].slices)
      slices.push_back({c, slice.population, slice.first, slice.count});
  return image::SourceBlocks(sources, slices, std::max(1u, chip.core.neurons));
}

static std::vector<bool> sendersOf(const Network &network) {
  std::vector<bool> sends(network.populations.size(), false);
  for (const Projection &projection : network.projections)
    sends[projection.source] = sends[projection.source] || !projection.targets.empty();
  return sends;
}

/// Counts rows while the synapses go by once.
static std::vector<image::CoreShape> shapesOf(const Network &network, const Mapping &mapping, const image::SourceBlocks &blocks) {
  std::vector<image::CoreShape> shapes(mapping.cores.size());
  for (size_t c = 0; c < shapes.size(); ++c)
    for (const Slice &slice : mapping.cores[c].slices) {
      const isa::Program &program = network.programs[static_cast<size_t>(network.populations[slice.population].program)];
      shapes[c].neurons += slice.count;
      shapes[c].types = std::max(shapes[c].types, static_cast<uint32_t>(program.inputs.size()));
      shapes[c].neuronWords += uint64_t(slice.count) * (program.states.size() + program.params.size());
      shapes[c].inputWords += uint64_t(slice.count) * program.inputs.size();
    }
  const auto coreOf = coreOfNeuron(network, mapping);
  const auto out = outgoing(network);
  std::vector<uint32_t> inRow(shapes.size(), 0), touched;
  std::vector<uint64_t> stamp(shapes.size(), 0);
  uint64_t source = 0;
  for (uint32_t p = 0; p < network.populations.size(); ++p)
    for (uint64_t n = 0; n < network.populations[p].count; ++n) {
      ++source;
      for (const uint32_t index : out[p]) {
        const Projection &projection = network.projections[index];
        touched.clear();
        for (uint64_t s = projection.rowPtr[n]; s < projection.rowPtr[n + 1]; ++s) {
          const uint32_t core = coreOf[projection.target][projection.targets[s]];
          if (inRow[core]++ == 0)
            touched.push_back(core);
          shapes[core].longestDelay = std::max(shapes[core].longestDelay, projection.delay(s));
        }
        for (const uint32_t core : touched) {
          image::CoreShape::Block &block = shapes[core].blocks[{p, blocks.block(p, n)}];
          block.sources += stamp[core] != source;
          stamp[core] = source;
          image::RowCount &count = block.projections[index];
          ++count.rows;
          count.longest = std::max(count.longest, image::rowWords(inRow[core], 0));
          inRow[core] = 0;
        }
      }
    }
  return shapes;
}

Result<std::vector<image::MemoryUse>> mapping::foretellMemories(const Network &network, const hw::Chip &chip,
                                                                const Mapping &mapping) {
  const image::SourceBlocks blocks = blocksOf(network, chip, mapping);
  RANVIER_TRY(const image::Keys keys, image::assignKeys(blocks, sendersOf(network)));
  std::vector<image::MemoryUse> uses;
  for (const image::CoreShape &shape : shapesOf(network, mapping, blocks))
    uses.push_back(image::useOf(shape, image::planCore(shape, blocks, keys, *chip.memories), *chip.memories));
  return uses;
}

Result<std::vector<TileRouter>> mapping::foretellRouters(const Network &network, const hw::Chip &chip, const Mapping &mapping) {
  const image::SourceBlocks blocks = blocksOf(network, chip, mapping);
  RANVIER_TRY(const image::Keys keys, image::assignKeys(blocks, sendersOf(network)));
  std::map<std::pair<uint32_t, uint32_t>, Sent> sent;
  forEachFanOut(network, coreOfNeuron(network, mapping), mapping.cores.size(),
                [&](uint32_t p, uint64_t n, const std::vector<uint32_t> &reached) {
                  if (reached.empty())
                    return;
                  const uint32_t block = blocks.block(p, n);
                  Sent &one = sent[{p, block}];
                  one.population = p;
                  one.block = block;
                  one.from = blocks.cores(p)[block];
                  one.to.insert(reached.begin(), reached.end());
                });
  std::vector<Place> places;
  for (const CoreAssignment &core : mapping.cores)
    places.push_back({core.chip, core.core});
  std::vector<Sent> list;
  for (auto &[at, one] : sent)
    list.push_back(std::move(one));
  return routersOf(chip, places, keys, list);
}

//===--- Routers at work --------------------------------------------------===//

Result<std::vector<TileRouter>> mapping::compressRouters(const hw::Chip &chip, const std::vector<TileRouter> &routers,
                                                         const CompressOptions &options) {
  std::vector<TileRouter> shorter;
  for (const TileRouter &router : routers) {
    RANVIER_TRY(RoutingTable table, compressTable(router.entries, options));
    RANVIER_CHECK(verifyTable(router.entries, table));
    if (table.size() > chip.router.tableEntries)
      return Error{.code = 6104,
                   .message = "the table of a router needs more entries than '" + chip.name + "' has, compressed by " +
                              std::to_string(table.size() - chip.router.tableEntries) + " too many",
                   .place =
                       "tile (" + std::to_string(router.tile / chip.tilesY) + "," + std::to_string(router.tile % chip.tilesY) + ")",
                   .expected = "at most " + std::to_string(chip.router.tableEntries),
                   .found = std::to_string(table.size()) + " of " + std::to_string(router.entries.size()),
                   .hint = "put more neurons of a population on a core, or spread the network less",
                   .kind = ErrorKind::DoesNotFit};
    shorter.push_back({router.tile, std::move(table)});
  }
  return shorter;
}

namespace {
/// One packet on its way.
class Walk {
public:
  Walk(const image::Image &image, const std::vector<TileRouter> &routers, uint32_t key)
      : image(image), chip(image.chip), plane(image.chip), routers(routers), key(key) {
    for (uint32_t c = 0; c < image.cores.size(); ++c)
      coreAt[image.cores[c].core] = c;
  }

  /// From a router, where it came by a link of that direction (-1: from a core of the tile, or the host).
  Result<void> visit(hw::Tile tile, int came, bool follow) {
    const uint32_t number = numberOf(chip, tile);
    if (!visited.insert(number).second)
      return wrong(number, "comes to a tile twice");
    const auto router =
        std::lower_bound(routers.begin(), routers.end(), number, [](const TileRouter &one, uint32_t at) { return one.tile < at; });
    const RoutingEntry *entry = nullptr;
    if (router != routers.end() && router->tile == number) {
      const auto match = std::find_if(router->entries.begin(), router->entries.end(),
                                      [&](const RoutingEntry &one) { return (key & one.mask) == one.key; });
      entry = match == router->entries.end() ? nullptr : &*match;
    }
    if (!entry && came < 0)
      return wrong(number, "has no entry where it starts");
    for (uint32_t bits = entry ? entry->route : 1u << came; bits; bits &= bits - 1) {
      const unsigned bit = static_cast<unsigned>(std::countr_zero(bits));
      if (bit < 6) {
        if (follow)
          RANVIER_CHECK(visit(plane.after(tile, static_cast<hw::Direction>(bit)), static_cast<int>(bit), true));
        continue;
      }
      const auto core = coreAt.find(number * chip.coresPerTile + bit - firstRouteCore);
      if (core == coreAt.end())
        return wrong(number, "reaches a core that holds nothing");
      reached.insert(core->second);
    }
    return {};
  }
  std::set<uint32_t> reached;

private:
  Error wrong(uint32_t tile, const std::string &what) const {
    return Error{
        .code = 6057, .message = "a packet of key " + std::to_string(key) + " " + what, .place = "tile " + std::to_string(tile)};
  }
  const image::Image &image;
  const hw::Chip &chip;
  const hw::Plane plane;
  const std::vector<TileRouter> &routers;
  const uint32_t key;
  std::map<uint32_t, uint32_t> coreAt;
  std::set<uint32_t> visited;
};
} // namespace

Result<std::vector<uint32_t>> mapping::coresOfPacket(const image::Image &image, const MachineTables &tables,
                                                     const std::vector<TileRouter> &routers, uint32_t population, uint32_t block) {
  const uint32_t key = tables.keys.key(population, block, 0), from = tables.blocks.cores(population)[block];
  const hw::Plane plane(image.chip);
  Walk walk(image, routers, key);
  if (from != image::none) {
    RANVIER_CHECK(walk.visit(plane.tileOf(image.cores[from].chip, image.cores[from].core), -1, true));
  } else {
    // The host knows which tiles want it: those whose tables had an entry before they were compressed.
    for (const TileRouter &router : tables.routers)
      if (std::any_of(router.entries.begin(), router.entries.end(),
                      [&](const RoutingEntry &one) { return (key & one.mask) == one.key; }))
        RANVIER_CHECK(walk.visit({router.tile / image.chip.tilesY, router.tile % image.chip.tilesY}, -1, false));
  }
  return std::vector<uint32_t>(walk.reached.begin(), walk.reached.end());
}
