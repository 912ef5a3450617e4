//===- MachineTables.cpp - Keys and routers of a machine ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/Mapping/MachineTables.h"
#include "Split.h"
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
  uint32_t from = 0; ///< Core.
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

/// [core] whether no other may stand there.
static std::vector<uint8_t> takenCores(const hw::Chip &chip, const std::vector<Place> &places) {
  std::vector<uint8_t> taken(chip.coresPerChip(), 0);
  for (const Place &place : places)
    taken[place.core] = 1;
  for (uint32_t core = 0; core < taken.size(); ++core)
    taken[core] |= chip.faults.isDead(0, core);
  return taken;
}

/// Tiles of the cores that packets of each block of an input reach, now or by its extension; by population and block.
static std::map<std::pair<uint32_t, uint32_t>, std::set<hw::Tile>> inputTargets(const hw::Chip &chip,
                                                                                const image::SourceBlocks &blocks,
                                                                                const std::vector<image::CoreShape> &shapes,
                                                                                const std::vector<Place> &places) {
  const hw::Plane plane(chip);
  std::map<std::pair<uint32_t, uint32_t>, std::set<hw::Tile>> tiles;
  for (uint32_t core = 0; core < shapes.size(); ++core)
    for (const auto &[from, block] : shapes[core].blocks) {
      const uint32_t p = from.first % blocks.originals();
      if (const uint32_t source = blocks.cores(p)[from.second]; source != image::none && source >= shapes.size())
        tiles[{p, from.second}].insert(plane.tileOf(places[core].chip, places[core].core));
    }
  return tiles;
}

/// Cores for blocks of inputs, whose places are added to those in use: where the sum of links to their targets is least.
static Result<std::vector<SourceCore>> placeSourceCores(const hw::Chip &chip, const image::SourceBlocks &blocks,
                                                        const std::vector<image::CoreShape> &shapes, std::vector<Place> &places) {
  const hw::Plane plane(chip);
  std::vector<uint8_t> taken = takenCores(chip, places);
  const auto targets = inputTargets(chip, blocks, shapes, places);
  std::vector<SourceCore> cores;
  for (uint32_t p = 0; p < blocks.originals(); ++p)
    for (uint32_t block = 0; block < blocks.sizes(p).size(); ++block) {
      if (const uint32_t number = blocks.cores(p)[block]; number == image::none || number < shapes.size())
        continue;
      const auto at = targets.find({p, block});
      uint32_t best = nowhere;
      uint64_t least = UINT64_MAX;
      for (uint32_t core = 0; core < taken.size(); ++core) {
        if (taken[core])
          continue;
        uint64_t links = 0;
        if (at != targets.end())
          for (const hw::Tile &tile : at->second)
            links += plane.count(plane.tileOf(0, core), tile).total();
        if (links < least) {
          least = links;
          best = core;
        }
      }
      if (best == nowhere)
        return Error{.code = 6140,
                     .message = "no core of '" + chip.name + "' is free for the spikes of an input",
                     .place = "population " + std::to_string(p) + ", block " + std::to_string(block),
                     .expected = "a free core for each " + std::to_string(chip.core.neurons) + " neurons of an input",
                     .found = std::to_string(cores.size()) + " free cores",
                     .hint = "use fewer inputs or a larger machine",
                     .kind = ErrorKind::DoesNotFit};
      taken[best] = 1;
      cores.push_back({p, block, 0, best});
      places.push_back({0, best});
    }
  return cores;
}

/// Cores for the extensions, whose places are added to those in use.
static Result<std::vector<DelayCore>> placeDelayCores(const hw::Chip &chip, const image::SourceBlocks &blocks,
                                                      std::vector<Place> &places) {
  const hw::Plane plane(chip);
  std::vector<uint8_t> taken = takenCores(chip, places);
  std::vector<DelayCore> cores;
  for (uint32_t p = 0; p < blocks.originals(); ++p)
    for (uint32_t block = 0; blocks.stages(p) && block < blocks.sizes(p).size(); ++block) {
      const uint32_t source = blocks.cores(p)[block];
      const hw::Tile from = plane.tileOf(places[source].chip, places[source].core);
      uint32_t best = nowhere;
      uint64_t nearest = UINT64_MAX;
      for (uint32_t core = 0; core < taken.size() && nearest; ++core)
        if (const uint64_t links = taken[core] ? nearest : plane.count(from, plane.tileOf(0, core)).total(); links < nearest) {
          nearest = links;
          best = core;
        }
      if (best == nowhere)
        return Error{.code = 6105,
                     .message = "no core of '" + chip.name + "' is free to send spikes again for delays beyond " +
                                std::to_string(chip.memories->nativeSteps) + " steps",
                     .place = "population " + std::to_string(p) + ", block " + std::to_string(block),
                     .expected = "a free core for each block of neurons with such a synapse",
                     .found = std::to_string(cores.size()) + " free cores",
                     .hint = "use shorter delays or a larger machine",
                     .kind = ErrorKind::DoesNotFit};
      taken[best] = 1;
      cores.push_back({p, block, 0, best});
      places.push_back({0, best});
    }
  return cores;
}

/// A block also sends to its extension.
static void addExtensions(const image::SourceBlocks &blocks, std::map<std::pair<uint32_t, uint32_t>, Sent> &sent) {
  for (uint32_t p = 0; p < blocks.originals(); ++p)
    for (uint32_t block = 0; blocks.stages(p) && block < blocks.sizes(p).size(); ++block) {
      Sent &one = sent[{p, block}];
      one.population = p;
      one.block = block;
      one.from = blocks.cores(p)[block];
      one.to.insert(blocks.cores(blocks.extension(p))[block]);
    }
}

/// Packets of a block, or of its extension, that reach a core.
static void addSent(const image::SourceBlocks &blocks, std::map<std::pair<uint32_t, uint32_t>, Sent> &sent, uint32_t population,
                    uint32_t block, uint32_t core) {
  Sent &one = sent[{population, block}];
  one.population = population;
  one.block = block;
  one.from = blocks.cores(population)[block];
  one.to.insert(core);
}

/// What every block and every extension sends, by population and block.
static std::vector<Sent> sentOf(const image::SourceBlocks &blocks, const std::vector<image::CoreShape> &shapes) {
  std::map<std::pair<uint32_t, uint32_t>, Sent> sent;
  for (uint32_t core = 0; core < shapes.size(); ++core)
    for (const auto &[from, block] : shapes[core].blocks)
      addSent(blocks, sent, from.first, from.second, core);
  addExtensions(blocks, sent);
  std::vector<Sent> list;
  for (auto &[at, one] : sent)
    list.push_back(std::move(one));
  return list;
}

Result<MachineTables> mapping::machineTables(const image::Image &image) {
  RANVIER_CHECK(image::needsMemories(image.chip));
  MachineTables tables{.blocks = image::SourceBlocks(image),
                       .keys = {},
                       .shapes = {},
                       .plans = {},
                       .sourceCores = {},
                       .delayCores = {},
                       .routers = {}};
  RANVIER_TRY(tables.keys, image::assignKeys(tables.blocks, image::sendersOf(image)));
  tables.shapes = image::shapesOf(image, tables.blocks);
  for (const image::CoreShape &shape : tables.shapes)
    tables.plans.push_back(image::planCore(shape, tables.blocks, tables.keys, *image.chip.memories));
  std::vector<Place> places;
  for (const image::CoreRecord &core : image.cores)
    places.push_back({core.chip, core.core});
  RANVIER_TRY(tables.sourceCores, placeSourceCores(image.chip, tables.blocks, tables.shapes, places));
  RANVIER_TRY(tables.delayCores, placeDelayCores(image.chip, tables.blocks, places));
  tables.routers = routersOf(image.chip, places, tables.keys, sentOf(tables.blocks, tables.shapes));
  return tables;
}

//===--- Before there is an image -----------------------------------------===//

static std::vector<bool> sendersOf(const Network &network) {
  std::vector<bool> sends(network.populations.size(), false);
  for (const Projection &projection : network.projections)
    sends[projection.source] = sends[projection.source] || !projection.targets.empty();
  return sends;
}

static image::SourceBlocks blocksOf(const Network &network, const hw::Chip &chip, const Mapping &mapping,
                                    const SourceRoutes &routes) {
  std::vector<image::SourceBlocks::Source> sources;
  for (const Population &population : network.populations)
    sources.push_back({population.count, population.input});
  std::vector<image::SourceBlocks::Slice> slices;
  for (uint32_t c = 0; c < routes.cores().size(); ++c)
    if (routes.cores()[c].share == nowhere)
      for (const Slice &slice : mapping.cores[routes.cores()[c].owner].slices)
        slices.push_back({c, slice.population, slice.first, slice.count});
  image::SourceBlocks blocks(sources, slices, std::max(1u, chip.core.neurons));
  std::vector<uint32_t> stages(network.populations.size(), 0);
  for (const Projection &projection : network.projections)
    for (const uint16_t delay : projection.targets.empty() ? std::vector<uint16_t>{} : projection.delays)
      stages[projection.source] =
          std::max(stages[projection.source], image::delayParts(std::max<uint32_t>(1, delay), chip.memories->nativeSteps).stage);
  blocks.extend(stages, blocks.standInputs(sendersOf(network), static_cast<uint32_t>(routes.cores().size())));
  return blocks;
}

static std::vector<image::CoreShape> emptyShapes(const Network &network, const Mapping &mapping, const SourceRoutes &routes) {
  std::vector<image::CoreShape> shapes(routes.cores().size());
  for (size_t c = 0; c < shapes.size(); ++c) {
    const StandingCore &standing = routes.cores()[c];
    const CoreAssignment &owner = mapping.cores[standing.owner];
    shapes[c].feeds = standing.share != nowhere;
    shapes[c].receives = shapes[c].feeds || owner.synapseCores.empty();
    for (const Slice &slice : owner.slices) {
      const isa::Program &program = network.programs[static_cast<size_t>(network.populations[slice.population].program)];
      shapes[c].neurons += slice.count;
      shapes[c].types = std::max(shapes[c].types, static_cast<uint32_t>(program.inputs.size()));
      if (shapes[c].feeds)
        continue;
      shapes[c].neuronWords += uint64_t(slice.count) * (program.states.size() + program.params.size());
      shapes[c].inputWords += uint64_t(slice.count) * program.inputs.size();
      const auto learns = [&](const Learning &rule) {
        return rule.changesWeights() && network.projections[rule.projection].target == slice.population;
      };
      shapes[c].plasticNeurons += std::any_of(network.learning.begin(), network.learning.end(), learns) ? slice.count : 0;
      for (const Learning &rule : network.learning)
        for (const image::RewiringMeta &rewiring : rule.rewiring)
          if (network.projections[rule.projection].target == slice.population)
            shapes[c].places += uint64_t(slice.count) * rewiring.most;
    }
  }
  return shapes;
}

namespace {
/// Counts rows while the synapses go by once: lanes are pairs of a core and a stage of delay.
class ShapeCounter {
public:
  ShapeCounter(const Network &network, const Mapping &mapping, const image::SourceBlocks &blocks, const SourceRoutes &routes,
               uint32_t native)
      : network(network), blocks(blocks), routes(routes), native(native), shapes(emptyShapes(network, mapping, routes)),
        coreOf(coreOfNeuron(network, mapping)), plastic(image::plasticProjections(network.projections.size(), network.learning)) {
    for (uint32_t p = 0; p < blocks.originals(); ++p)
      lanes = std::max(lanes, 1 + blocks.stages(p));
    inRow.resize(shapes.size() * lanes, 0);
    stamp.resize(shapes.size() * lanes, 0);
    latest.resize(shapes.size() * lanes);
    longest.resize(shapes.size(), 1);
  }

  std::vector<image::CoreShape> run() {
    const auto out = outgoing(network);
    for (uint32_t p = 0; p < network.populations.size(); ++p)
      for (uint64_t n = 0; n < network.populations[p].count; ++n) {
        ++source;
        for (const uint32_t index : out[p])
          takeRow(p, n, index);
      }
    for (size_t c = 0; c < shapes.size(); ++c)
      shapes[c].longestDelay = longest[c];
    return std::move(shapes);
  }

private:
  void takeRow(uint32_t p, uint64_t n, uint32_t index) {
    const Projection &projection = network.projections[index];
    const std::vector<uint32_t> &cores = coreOf[projection.target], &route = routes.of(p, n);
    touched.clear();
    for (uint64_t s = projection.rowPtr[n]; s < projection.rowPtr[n + 1]; ++s) {
      const uint32_t core = route[cores[projection.targets[s]]];
      const image::DelayParts parts = image::delayParts(projection.delay(s), native);
      const uint32_t lane = core * lanes + parts.stage;
      if (inRow[lane]++ == 0)
        touched.push_back(lane);
      longest[core] = std::max(longest[core], parts.rest);
    }
    for (const uint32_t lane : touched) {
      image::CoreShape::Block &block = blockOf(lane, blocks.sender(p, n, lane % lanes).first, blocks.block(p, n));
      block.sources += stamp[lane] != source;
      stamp[lane] = source;
      image::RowCount &count = block.projections[index];
      ++count.rows;
      count.plastic = plastic[index];
      count.longest = std::max(count.longest, plastic[index] ? image::rowWords(0, inRow[lane]) : image::rowWords(inRow[lane], 0));
      inRow[lane] = 0;
    }
  }

  /// Neurons of a block follow each other, so that each lane mostly wants the block that it had.
  image::CoreShape::Block &blockOf(uint32_t lane, uint32_t population, uint32_t number) {
    Latest &at = latest[lane];
    if (!at.block || at.population != population || at.number != number)
      at = {population, number, &shapes[lane / lanes].blocks[{population, number}]};
    return *at.block;
  }

  struct Latest {
    uint32_t population = 0, number = 0;
    image::CoreShape::Block *block = nullptr; ///< Of a map, whose elements stay where they are.
  };
  const Network &network;
  const image::SourceBlocks &blocks;
  const SourceRoutes &routes;
  const uint32_t native;
  std::vector<image::CoreShape> shapes;
  std::vector<Latest> latest; ///< [lane]
  const std::vector<std::vector<uint32_t>> coreOf;
  const std::vector<bool> plastic;
  uint32_t lanes = 1;
  std::vector<uint32_t> inRow, longest, touched;
  std::vector<uint64_t> stamp;
  uint64_t source = 0;
};
} // namespace

namespace {
/// Everything that the bytes of cores follow from.
struct Counted {
  image::SourceBlocks blocks;
  image::Keys keys;
  std::vector<image::CoreShape> shapes;

  std::vector<image::MemoryUse> uses(const hw::Memories &memories) const {
    std::vector<image::MemoryUse> list;
    for (const image::CoreShape &shape : shapes)
      list.push_back(image::useOf(shape, image::planCore(shape, blocks, keys, memories), memories));
    return list;
  }
};
} // namespace

static Result<Counted> count(const Network &network, const hw::Chip &chip, const Mapping &mapping) {
  const SourceRoutes routes(network, chip, mapping);
  Counted counted{blocksOf(network, chip, mapping, routes), {}, {}};
  RANVIER_TRY(counted.keys, image::assignKeys(counted.blocks, sendersOf(network)));
  counted.shapes = ShapeCounter(network, mapping, counted.blocks, routes, chip.memories->nativeSteps).run();
  return counted;
}

Result<std::vector<image::MemoryUse>> mapping::foretellMemories(const Network &network, const hw::Chip &chip,
                                                                const Mapping &mapping) {
  RANVIER_TRY(const Counted counted, count(network, chip, mapping));
  return counted.uses(*chip.memories);
}

Result<Forecast> mapping::foretellMachine(const Network &network, const hw::Chip &chip, const Mapping &mapping) {
  RANVIER_TRY(const Counted counted, count(network, chip, mapping));
  std::vector<Place> places;
  for (const StandingCore &core : standingCores(mapping))
    places.push_back({core.chip, core.core});
  Forecast forecast{counted.uses(*chip.memories), {}, {}, {}};
  RANVIER_TRY(forecast.sourceCores, placeSourceCores(chip, counted.blocks, counted.shapes, places));
  RANVIER_TRY(forecast.delayCores, placeDelayCores(chip, counted.blocks, places));
  forecast.routers = routersOf(chip, places, counted.keys, sentOf(counted.blocks, counted.shapes));
  return forecast;
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
  Walk(const image::Image &image, const MachineTables &tables, const std::vector<TileRouter> &routers, uint32_t key)
      : chip(image.chip), plane(image.chip), routers(routers), key(key) {
    for (uint32_t c = 0; c < image.cores.size(); ++c)
      coreAt[image.cores[c].core] = c;
    for (size_t d = 0; d < tables.delayCores.size(); ++d)
      coreAt[tables.delayCores[d].core] = static_cast<uint32_t>(image.cores.size() + tables.sourceCores.size() + d);
  }

  /// From a router, where it came by a link of that direction (-1: from a core of the tile).
  Result<void> visit(hw::Tile tile, int came) {
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
        RANVIER_CHECK(visit(plane.after(tile, static_cast<hw::Direction>(bit)), static_cast<int>(bit)));
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
  Walk walk(image, tables, routers, key);
  const size_t cores = image.cores.size(), sources = tables.sourceCores.size();
  const uint32_t core = from < cores             ? image.cores[from].core
                        : from < cores + sources ? tables.sourceCores[from - cores].core
                                                 : tables.delayCores[from - cores - sources].core;
  RANVIER_CHECK(walk.visit(plane.tileOf(0, core), -1));
  return std::vector<uint32_t>(walk.reached.begin(), walk.reached.end());
}
