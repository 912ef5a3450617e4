//===- MachineTables.h - All tables of a machine ----------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// For chips with `memories`: the multicast tables of all routers, by the keys of image/PopulationTables.h and along the ways that
// hw::Plane gives every message (so what the emulator counts is what the tables say), and the bytes of every memory, foretold from
// network and mapping before there is an image. docs/spec/population-tables.md is normative.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_MAPPING_MACHINETABLES_H
#define RANVIER_MAPPING_MACHINETABLES_H

#include "ranvier/Image/PopulationTables.h"
#include "ranvier/Mapping/Mapping.h"
#include "ranvier/Mapping/RoutingTable.h"

namespace ranvier::mapping {

/// Bit of a route for core k of a tile, from 0: links lie below, and bit 6 is that of a core which no network gets.
constexpr unsigned firstRouteCore = 7;

/// The router of a tile: one entry for each block of keys whose packets pass or end there, by key.
struct TileRouter {
  uint32_t tile = 0; ///< x * tiles_y + y.
  RoutingTable entries;
};

/// A core that sends the spikes of a block of an input. It stands on a core that no network uses, as near to its targets as one is
/// free.
struct SourceCore {
  uint32_t population = 0, block = 0;
  uint32_t chip = 0, core = 0;
  bool operator==(const SourceCore &) const = default;
};

/// A core that sends the spikes of a block again, for synapses of longer delays than ring buffers hold. It stands on a core that no
/// network uses, as near as one is free.
struct DelayCore {
  uint32_t population = 0, block = 0; ///< Whose spikes.
  uint32_t chip = 0, core = 0;
  bool operator==(const DelayCore &) const = default;
};

/// What an image's machine is loaded with, besides the bytes of single cores, which image::buildTables makes of it.
struct MachineTables {
  image::SourceBlocks blocks;
  image::Keys keys;
  std::vector<image::CoreShape> shapes; ///< [core]
  std::vector<image::CorePlan> plans;   ///< [core]
  std::vector<SourceCore> sourceCores;  ///< Numbered after the image's cores.
  std::vector<DelayCore> delayCores;    ///< Numbered after those.
  std::vector<TileRouter> routers;      ///< By tile, those that have entries; not compressed.
};
/// Errors: RNV3030 (a chip without memories), RNV3031 (keys), RNV6105, 6140 (DoesNotFit: no core is free to extend delays, or for
/// an input).
Result<MachineTables> machineTables(const image::Image &image);

/// The cores (into image.cores and, after them, sourceCores and delayCores; ascending) to which the tables bring a packet of a
/// block or extension, as routers work: the first entry that matches, or the default route. `routers` may be compressed. Errors:
/// RNV6057 (a packet comes to a tile twice, to a core that does not exist, or has no entry).
Result<std::vector<uint32_t>> coresOfPacket(const image::Image &image, const MachineTables &tables,
                                            const std::vector<TileRouter> &routers, uint32_t population, uint32_t block);

/// Shorter tables with the same routes, checked by verifyTable. Errors: those of compressTable and verifyTable; RNV6104
/// (DoesNotFit: longer than the chip's).
Result<std::vector<TileRouter>> compressRouters(const hw::Chip &chip, const std::vector<TileRouter> &routers,
                                                const CompressOptions &options = {});

/// Bytes of each core, numbered as in the image, as the image will have them. Chips with memories only. Errors: RNV3031.
Result<std::vector<image::MemoryUse>> foretellMemories(const Network &network, const hw::Chip &chip, const Mapping &mapping);
/// The same, with the routers before they are compressed.
struct Forecast {
  std::vector<image::MemoryUse> cores;
  std::vector<TileRouter> routers;
  std::vector<SourceCore> sourceCores;
  std::vector<DelayCore> delayCores;
};
/// Errors: RNV3031, RNV6105, RNV6140.
Result<Forecast> foretellMachine(const Network &network, const hw::Chip &chip, const Mapping &mapping);

} // namespace ranvier::mapping

#endif
