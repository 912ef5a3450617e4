//===- FaultsReader.cpp - Dead parts of a machine from YAML ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One reader for the section of a chip description and for a file of its own. Every part is held against the machine, so that
// whatever comes after may index by it.
//===----------------------------------------------------------------------===//
#include "FaultsReader.h"
#include "YamlReader.h"
#include "ranvier/HwModels/Routes.h"
#include "ranvier/Support/File.h"

namespace ranvier::hw {
namespace {
using detail::YamlNode;

/// An image carries the chip's description with all faults, which must stay within the bounds of a YAML text.
constexpr size_t maxFaults = 8192;

class FaultsReader : detail::YamlReader {
public:
  FaultsReader(const std::string &file, const Chip &chip) : YamlReader(file), chip(chip) {}
  Result<Faults> read(const YamlNode &node);
  Result<Faults> readFile(const YamlNode &root);

private:
  uint32_t part(const YamlNode &node, const std::string &path, const std::string &what, uint64_t count);
  uint32_t chipOf(const YamlNode &node, const std::string &path) { return part(node, path, "chip", std::max(1u, chip.maxChips)); }
  void readLink(const YamlNode &item, const std::string &path);
  void readTile(const YamlNode &item, const std::string &path);
  void expandTiles();
  template <typename Part, typename Read>
  void readList(const YamlNode &section, const char *key, std::vector<Part> &list, Read &&read);
  void checkTopology(const YamlNode &section);

  const Chip &chip;
  Faults faults;
  std::vector<Tile> tiles; ///< Dead ones, of chip 0.
};

const char *const cutOffText = "faults cut a tile with live cores off from others", *const cutOffWanted =
                                                                                        "every live tile reaches every other";
std::string named(Tile tile) { return "tile (" + std::to_string(tile.x) + "," + std::to_string(tile.y) + ")"; }
} // namespace

/// A number below `count`, which the machine has of them.
uint32_t FaultsReader::part(const YamlNode &node, const std::string &path, const std::string &what, uint64_t count) {
  if (failure)
    return 0;
  const int64_t value = integer(node, path, INT64_MIN, INT64_MAX);
  if (!failure && (value < 0 || static_cast<uint64_t>(value) >= count))
    fail(2014, node, path, "a fault names a " + what + " that '" + chip.name + "' does not have",
         "an integer from 0 to " + std::to_string(count - 1), shown(node));
  return static_cast<uint32_t>(value);
}

void FaultsReader::readLink(const YamlNode &item, const std::string &path) {
  const YamlNode *at = require(item, path, "chip"), *x = require(item, path, "x"), *y = require(item, path, "y"),
                 *way = require(item, path, "direction");
  if (failure)
    return;
  Faults::Link link;
  link.chip = chipOf(*at, path + ".chip");
  link.x = part(*x, path + ".x", "column of tiles", chip.tilesX);
  link.y = part(*y, path + ".y", "row of tiles", chip.tilesY);
  std::vector<std::string> names;
  std::vector<Direction> directions;
  for (const Direction direction :
       {Direction::East, Direction::North, Direction::West, Direction::South, Direction::NorthEast, Direction::SouthWest})
    if (chip.topology == Topology::TriangularTorus || directions.size() < 4) {
      directions.push_back(direction);
      names.push_back(toString(direction));
    }
  const size_t which = word(*way, path + ".direction", names);
  if (failure)
    return;
  link.direction = directions[which];
  if (!Plane(chip).hasLink(link))
    return fail(2014, item, path, "a fault names a link that '" + chip.name + "' does not have",
                "a link that leads to another tile of the machine",
                std::string(toString(link.direction)) + " of the last tile there");
  faults.links.push_back(link);
}

template <typename Part, typename Read>
void FaultsReader::readList(const YamlNode &section, const char *key, std::vector<Part> &list, Read &&read) {
  const YamlNode *node = failure ? nullptr : find(section, key);
  if (!node)
    return;
  const std::string path = std::string("faults.") + key;
  if (node->kind != Kind::List)
    return fail(2008, *node, path, "wrong type", "a list", shown(*node));
  std::vector<std::pair<Part, size_t>> sorted;
  for (size_t i = 0; i < node->items.size() && !failure; ++i) {
    read(node->items[i], path + "[" + std::to_string(i) + "]");
    if (!failure)
      sorted.emplace_back(list.back(), i);
  }
  std::sort(sorted.begin(), sorted.end());
  for (size_t i = 1; i < sorted.size() && !failure; ++i)
    if (sorted[i].first == sorted[i - 1].first)
      fail(2015, node->items[sorted[i].second], path + "[" + std::to_string(sorted[i].second) + "]", "a fault is named twice",
           "each part once", "the same as " + path + "[" + std::to_string(sorted[i - 1].second) + "]");
  std::sort(list.begin(), list.end());
}

void FaultsReader::readTile(const YamlNode &item, const std::string &path) {
  const YamlNode *at = require(item, path, "chip"), *x = require(item, path, "x"), *y = require(item, path, "y");
  if (failure)
    return;
  const uint32_t number = chipOf(*at, path + ".chip"), column = part(*x, path + ".x", "column of tiles", chip.tilesX),
                 row = part(*y, path + ".y", "row of tiles", chip.tilesY);
  const Tile corner = Plane(chip).tileOf(number, 0);
  tiles.push_back({corner.x + column, corner.y + row});
}

/// A dead tile is its cores and the links of both directions between it and its neighbours.
void FaultsReader::expandTiles() {
  const Plane plane(chip);
  const auto addLink = [&](Tile from, Direction direction) {
    faults.links.push_back({plane.chipOf(from), from.x % chip.tilesX, from.y % chip.tilesY, direction});
  };
  for (const Tile tile : tiles) {
    const uint32_t first = (tile.x % chip.tilesX * chip.tilesY + tile.y % chip.tilesY) * chip.coresPerTile;
    for (uint32_t core = first; core < first + chip.coresPerTile; ++core)
      faults.cores.push_back({plane.chipOf(tile), core});
    for (unsigned way = 0; way < 6; ++way) {
      const Tile next = plane.after(tile, static_cast<Direction>(way));
      if (next == tile)
        continue;
      addLink(tile, static_cast<Direction>(way));
      addLink(next, static_cast<Direction>((way + 3) % 6));
    }
  }
  const auto once = [](auto &list) {
    std::sort(list.begin(), list.end());
    list.erase(std::unique(list.begin(), list.end()), list.end());
  };
  once(faults.cores);
  once(faults.links);
}

/// What neither Blockages nor Plane covers.
void FaultsReader::checkTopology(const YamlNode &section) {
  const auto refuse = [&](const char *key, bool given, const char *why) {
    if (const YamlNode *node = find(section, key); node && given && !failure)
      fail(2017, *node, std::string("faults.") + key, std::string("faults of this kind mean nothing: ") + why,
           chip.topology == Topology::None              ? "dead cores and chips"
           : chip.topology == Topology::TriangularTorus ? "dead cores" + std::string(chip.multicastTrees ? ", tiles and links" : "")
                                                        : "dead cores, chips and links",
           key);
  };
  if (chip.topology == Topology::None)
    refuse("links", !faults.links.empty(), "a chip without a topology has no links");
  if (chip.topology != Topology::TriangularTorus)
    refuse("tiles", !tiles.empty(), "only on a triangular torus messages go around a tile");
  if (chip.topology == Topology::TriangularTorus) {
    refuse("chips", !faults.chips.empty(), "a triangular torus is one chip here, whose tiles are what can be dead");
    if (!chip.multicastTrees)
      for (const char *key : {"links", "tiles"})
        refuse(key, !faults.links.empty() || !tiles.empty(), "without multicast trees a message has one way");
  }
}

Result<Faults> FaultsReader::read(const YamlNode &section) {
  if (checkMap(section, "faults", "faults")) {
    readList(section, "chips", faults.chips,
             [&](const YamlNode &item, const std::string &path) { faults.chips.push_back(chipOf(item, path)); });
    readList(section, "cores", faults.cores, [&](const YamlNode &item, const std::string &path) {
      if (!checkMap(item, path, "faults.cores[]"))
        return;
      const YamlNode *at = require(item, path, "chip"), *core = require(item, path, "core");
      if (failure)
        return;
      const uint32_t number = chipOf(*at, path + ".chip");
      faults.cores.push_back({number, part(*core, path + ".core", "core", chip.coresPerChip())});
    });
    if (const YamlNode *links = find(section, "links");
        links && !failure && chip.topology == Topology::None && !links->items.empty())
      faults.links.emplace_back(); // Refused as a whole below.
    else
      readList(section, "links", faults.links, [&](const YamlNode &item, const std::string &path) {
        if (checkMap(item, path, "faults.links[]"))
          readLink(item, path);
      });
    readList(section, "tiles", tiles, [&](const YamlNode &item, const std::string &path) {
      if (checkMap(item, path, "faults.tiles[]"))
        readTile(item, path);
    });
    checkTopology(section);
    if (!failure)
      expandTiles();
  }
  if (failure)
    return std::move(*failure);
  Chip broken = chip;
  broken.faults = faults;
  if (broken.liveCores() == 0)
    fail(2016, section, "faults", "every core of '" + chip.name + "' is dead", "at least one core that works", "none");
  if (faults.count() > maxFaults)
    fail(2018, section, "faults", "too many faults", "at most " + std::to_string(maxFaults) + " parts",
         std::to_string(faults.count()));
  if (!failure && chip.topology == Topology::TriangularTorus && !faults.links.empty())
    if (const auto lost = Plane(broken).cutOff(broken))
      fail(2020, section, "faults", cutOffText, cutOffWanted, named(*lost));
  if (failure)
    return std::move(*failure);
  return std::move(faults);
}

Result<Faults> FaultsReader::readFile(const YamlNode &root) {
  if (checkMap(root, "", "faults file")) {
    if (const YamlNode *format = require(root, "", "format"); format && text(*format, "format") != "ranvier-faults")
      fail(2012, *format, "format", "not a file of faults", "ranvier-faults", shown(*format));
    if (const YamlNode *version = require(root, "", "version"); version && !failure)
      integer(*version, "version", 1, 1);
    if (const YamlNode *section = require(root, "", "faults"); section && !failure)
      return read(*section);
  }
  return std::move(*failure);
}

Result<Faults> detail::readFaults(const YamlNode &node, const Chip &chip, const std::string &file) {
  return FaultsReader(file, chip).read(node);
}

Result<void> addFaultsOf(Chip &chip, const std::string &text, const std::string &path) {
  RANVIER_TRY(const YamlNode root, detail::parseYaml(text, path));
  RANVIER_TRY(const Faults more, FaultsReader(path, chip).readFile(root));
  const auto merge = [](auto &into, const auto &from) {
    into.insert(into.end(), from.begin(), from.end());
    std::sort(into.begin(), into.end());
    into.erase(std::unique(into.begin(), into.end()), into.end());
  };
  merge(chip.faults.chips, more.chips);
  merge(chip.faults.cores, more.cores);
  merge(chip.faults.links, more.links);
  if (chip.faults.count() > maxFaults)
    return Error{.code = 2018,
                 .message = "too many faults, in the chip's description and this file together",
                 .file = path,
                 .place = "key 'faults'",
                 .expected = "at most " + std::to_string(maxFaults) + " parts",
                 .found = std::to_string(chip.faults.count())};
  if (chip.liveCores() == 0)
    return Error{.code = 2016,
                 .message = "every core of '" + chip.name + "' is dead, by its description and this file together",
                 .file = path,
                 .place = "key 'faults'",
                 .expected = "at least one core that works",
                 .found = "none"};
  if (const auto lost =
          chip.topology == Topology::TriangularTorus && !chip.faults.links.empty() ? Plane(chip).cutOff(chip) : std::nullopt)
    return Error{.code = 2020,
                 .message = std::string(cutOffText) + ", by its description and this file together",
                 .file = path,
                 .place = "key 'faults'",
                 .expected = cutOffWanted,
                 .found = named(*lost)};
  return {};
}

Result<void> addFaults(Chip &chip, const std::string &path) {
  RANVIER_TRY(const std::string text, readFile(path, uint64_t(1) << 22));
  return addFaultsOf(chip, text, path);
}

} // namespace ranvier::hw
