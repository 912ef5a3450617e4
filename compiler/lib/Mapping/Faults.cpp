//===- Faults.cpp - What dead parts of a machine forbid -------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Messages take the one way that Routes.h gives them, so a dead link or chip closes the ways across it. Whether a mapping sends
// anything that way is asked here, message by message, for mappings of every origin.
//===----------------------------------------------------------------------===//
#include "Place/Islands.h"
#include <algorithm>

using namespace ranvier;
using namespace ranvier::mapping;
using namespace ranvier::mapping::detail;

void detail::takeFirstPlaces(const hw::Chip &chip, Mapping &mapping) {
  uint32_t at = 0, core = 0;
  for (CoreAssignment &assignment : mapping.cores) {
    while (core == chip.coresPerChip() || chip.faults.isDead(at, core))
      if (core == chip.coresPerChip() || chip.faults.isDead(at)) {
        ++at;
        core = 0;
      } else {
        ++core;
      }
    assignment.chip = at;
    assignment.core = core++;
  }
}

std::optional<Undelivered> detail::undelivered(const Network &network, const hw::Chip &chip, const Mapping &mapping) {
  const hw::Blockages blockages(chip);
  if (blockages.none())
    return std::nullopt;
  const hw::Plane plane(chip);
  const auto coreOf = coreOfNeuron(network, mapping);
  std::optional<Undelivered> found;
  forEachFanOut(network, coreOf, mapping.cores.size(), [&](uint32_t p, uint64_t n, const std::vector<uint32_t> &reached) {
    if (found || network.populations[p].input || coreOf[p][n] == nowhere)
      return;
    const uint32_t home = coreOf[p][n];
    for (const uint32_t core : reached)
      if (std::string obstacle = blockages.on(tileOf(plane, mapping.cores[home]), tileOf(plane, mapping.cores[core]));
          !obstacle.empty()) {
        found = {p, static_cast<uint32_t>(n), home, core, std::move(obstacle)};
        return;
      }
  });
  return found;
}

Error detail::cannotDeliver(const Network &network, const hw::Chip &chip, const Mapping &mapping, const Undelivered &message) {
  const CoreAssignment &from = mapping.cores[message.from], &to = mapping.cores[message.to];
  return Error{.code = 6082,
               .message = "a message cannot be delivered on '" + chip.name + "': its way is closed",
               .place = "population '" + network.populations[message.population].name + "', neuron " +
                        std::to_string(message.neuron) + " (" + nameOfCore(from) + ") to " + nameOfCore(to),
               .expected = "an open way; messages go east or west first, then north or south",
               .found = message.obstacle,
               .hint = "place one of the two cores elsewhere",
               .kind = ErrorKind::DoesNotFit};
}

Error detail::noOpenPlacement(const Network &network, const hw::Chip &chip, const Mapping &mapping, const Undelivered &message) {
  Error error = cannotDeliver(network, chip, mapping, message);
  error.message = "no placement was found on '" + chip.name + "' in which every message has an open way";
  error.hint = "use fewer cores, or a machine with more chips or fewer faults";
  // Large machines are not looked at as a whole: what lies beyond may have room.
  constexpr uint64_t mostTiles = uint64_t(1) << 18;
  const uint64_t tiles = uint64_t(chip.tilesX) * chip.tilesY;
  const uint32_t chips = std::max(1u, chip.maxChips);
  const std::string cores = std::to_string(mapping.cores.size()) + " cores";
  const std::string notFound = "; nor were " + cores + " found between which all ways are open";
  if (tiles * chips > mostTiles) {
    error.message += notFound;
    return error;
  }
  const hw::Plane plane(chip);
  std::vector<Tile> all;
  for (uint32_t c = 0; c < chips; ++c)
    for (uint32_t tile = 0; tile < tiles && !chip.faults.isDead(c); ++tile)
      all.push_back(plane.tileOf(c, tile * chip.coresPerTile));
  std::sort(all.begin(), all.end());
  // A part with room for the network leaves open whether a placement exists: then the parts are no cause.
  const Islands islands(chip, all);
  const std::string apart = islands.mostCores() < mapping.cores.size() ? islands.describe() : "";
  if (!apart.empty())
    error.code = 6083;
  error.message += apart.empty() ? notFound : "; " + apart;
  return error;
}
