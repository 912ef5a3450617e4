//===- MachineGraph.h - Chips and links as a graph --------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What placement and routing know of a machine: places that hold cores, numbered links between them, what is broken, and how far
// two places are apart over what works. No vendor and no format.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_MAPPING_MACHINEGRAPH_H
#define RANVIER_MAPPING_MACHINEGRAPH_H

#include "ranvier/Support/Error.h"
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace ranvier::mapping {

/// A link out of a place. `port`: its number there, as routers and fault lists count.
struct Link {
  uint32_t to = 0;
  uint8_t port = 0;
};

/// What does not work. Links fail in both directions.
struct Faults {
  std::vector<uint32_t> places;                    ///< Dead chips.
  std::vector<std::pair<uint32_t, uint8_t>> links; ///< (place, port).
};

class MachineGraph {
public:
  static constexpr uint16_t unreachable = 0xFFFF;

  /// A torus of width x height chips with six links each: port 0 E (+1,0), 1 NE (+1,+1), 2 N (0,+1), 3 W, 4 SW, 5 S. Place number =
  /// x * height + y. A side of 1 has no links along it, a side of 2 has two to the same neighbour. Errors: RNV6050 (sizes), RNV6051
  /// (a fault names no chip or link).
  static Result<MachineGraph> triangularTorus(uint32_t width, uint32_t height, uint32_t coresPerPlace, const Faults &faults = {});
  /// The same for four links: 0 E, 1 N, 2 W, 3 S; without `wraps` the edges have none. Place number = x * height + y.
  static Result<MachineGraph> grid(uint32_t width, uint32_t height, bool wraps, uint32_t coresPerPlace, const Faults &faults = {});

  uint32_t size() const { return static_cast<uint32_t>(coreCount.size()); }
  uint32_t width() const { return sizeX; }
  uint32_t height() const { return sizeY; }
  unsigned ports() const { return portCount; }
  /// Cores of a place; 0 where it is dead or cut off from the largest part of the machine.
  uint32_t cores(uint32_t place) const { return coreCount[place]; }
  uint64_t totalCores() const;
  /// Working links, ascending by port.
  std::span<const Link> links(uint32_t place) const { return {list.data() + first[place], first[place + 1] - first[place]}; }
  /// Links of the shortest way; `unreachable` if there is none.
  uint16_t distance(uint32_t from, uint32_t to) const { return table[size_t(from) * size() + to]; }
  std::span<const uint16_t> distances(uint32_t from) const { return {table.data() + size_t(from) * size(), size()}; }
  /// Port of `at` through which a packet leaves that came in over the link whose far end is `came` and that no entry matched.
  unsigned opposite(unsigned port) const { return (port + portCount / 2) % portCount; }

private:
  static Result<MachineGraph> make(uint32_t width, uint32_t height, bool wraps, unsigned ports, uint32_t cores,
                                   const Faults &faults);
  void measure();
  uint32_t sizeX = 0, sizeY = 0;
  unsigned portCount = 0;
  std::vector<uint32_t> coreCount;
  std::vector<size_t> first;
  std::vector<Link> list;
  std::vector<uint16_t> table; ///< [from][to]
};

} // namespace ranvier::mapping

#endif
