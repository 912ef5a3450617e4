// Dead parts of a machine: read from chip descriptions and files of their own, refused with file, line, expected and found; routes
// and what closes them, against ways walked tile by tile.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/HwModels/Chip.h"
#include "ranvier/HwModels/Routes.h"
#include <algorithm>
#include <doctest/doctest.h>
#include <map>
#include <random>
#include <set>

using namespace ranvier;
using namespace ranvier::hw;

/// 3 x 2 tiles of 2 cores, 2 x 2 chips.
static const std::string base = "format: ranvier-chip\n"
                                "version: 1\n"
                                "name: t\n"
                                "arithmetic: {profile: int, programmable: true}\n"
                                "delays: {source: s, status: defined, min_steps: 1, max_steps: 9}\n"
                                "topology: {source: s, status: defined, kind: mesh, tiles_x: 3, tiles_y: 2, cores_per_tile: 2,\n"
                                "  max_chips: 4, chips_x: 2, chips_y: 2}\n";

static Chip chipWith(const std::string &faults, const std::string &kind = "mesh") {
  std::string text = base;
  auto chip = parseChip(text.replace(text.find("kind: mesh"), 10, "kind: " + kind) + faults, "t.yaml");
  REQUIRE_MESSAGE(chip, (chip ? std::string() : chip.error().str()));
  return *std::move(chip);
}

TEST_CASE("faults of a description are sorted, counted and printed so that they read back") {
  const Chip chip = chipWith("faults:\n"
                             "  chips: [3]\n"
                             "  cores: [{chip: 1, core: 4}, {chip: 0, core: 11}, {chip: 3, core: 0}]\n"
                             "  links:\n"
                             "    - {chip: 1, x: 0, y: 1, direction: south}\n"
                             "    - {chip: 0, x: 2, y: 1, direction: east}\n");
  CHECK(chip.faults.chips == std::vector<uint32_t>{3});
  CHECK((chip.faults.cores == std::vector<Faults::Core>{{0, 11}, {1, 4}, {3, 0}}));
  CHECK((chip.faults.links == std::vector<Faults::Link>{{0, 2, 1, Direction::East}, {1, 0, 1, Direction::South}}));
  CHECK(chip.liveChips() == 3);
  CHECK(chip.liveCores() == 3 * 12 - 2); // Core 0 of chip 3 is dead with its chip.
  CHECK(chip.faults.isDead(3, 7));
  CHECK(chip.faults.isDead(1, 4));
  CHECK(!chip.faults.isDead(1, 5));
  auto again = parseChip(resolvedText(chip), "t.yaml");
  REQUIRE_MESSAGE(again, (again ? std::string() : again.error().str()));
  CHECK(*again == chip);
  CHECK(resolvedText(chipWith("")).find("faults") == std::string::npos);
}

TEST_CASE("a file of faults adds to those of the chip") {
  Chip chip = chipWith("faults: {cores: [{chip: 0, core: 1}]}\n");
  REQUIRE(bool(addFaultsOf(chip, "format: ranvier-faults\nversion: 1\nfaults:\n  cores: [{chip: 0, core: 1}, {chip: 0, core: 0}]\n",
                           "f.yaml")));
  CHECK((chip.faults.cores == std::vector<Faults::Core>{{0, 0}, {0, 1}}));
  const std::string head = "format: ranvier-faults\nversion: 1\n";
  const struct {
    std::string text;
    unsigned code;
    const char *place;
  } cases[] = {{head, 2007, "line 1, key 'faults'"},
               {"format: ranvier-chip\nversion: 1\nfaults: {}\n", 2012, "line 1, key 'format'"},
               {"format: ranvier-faults\nversion: 2\nfaults: {}\n", 2009, "line 2, key 'version'"},
               {head + "fault: {}\n", 2005, "line 3, key 'fault'"},
               {head + "faults: {chips: [0, 1, 2, 3]}\n", 2016, "line 3, key 'faults'"},
               {"[", 2001, "line "}};
  for (const auto &bad : cases) {
    INFO(bad.text);
    Chip copy = chip;
    auto added = addFaultsOf(copy, bad.text, "f.yaml");
    REQUIRE(!added);
    CHECK(added.error().code == bad.code);
    CHECK(added.error().file == "f.yaml");
    CHECK(added.error().place.starts_with(bad.place));
    CHECK(copy == chip);
  }
  // Each file leaves a core, both together none.
  Chip half = chipWith("faults: {chips: [0, 1]}\n");
  auto none = addFaultsOf(half, head + "faults: {chips: [2, 3]}\n", "f.yaml");
  REQUIRE(!none);
  CHECK(none.error().code == 2016);
}

TEST_CASE("each mistake about a fault names its line, what was expected and what was found") {
  const struct {
    const char *kind, *text;
    unsigned code;
    const char *expected, *found;
  } cases[] = {
      {"mesh", "chips: [4]", 2014, "0 to 3", "'4'"},
      {"mesh", "chips: [-1]", 2014, "0 to 3", "'-1'"},
      {"mesh", "chips: [99999999999999999999]", 2009, "integer", "'99999999999999999999'"},
      {"mesh", "chips: [a]", 2008, "integer", "'a'"},
      {"mesh", "chips: 3", 2008, "a list", "'3'"},
      {"mesh", "chips: [1, 0, 1]", 2015, "once", "faults.chips[0]"},
      {"mesh", "chip: [1]", 2005, "chips, cores, links, tiles", "'chip'"},
      {"mesh", "cores: [{chip: 0, core: 12}]", 2014, "0 to 11", "'12'"},
      {"mesh", "cores: [{chip: 4, core: 1}]", 2014, "0 to 3", "'4'"},
      {"mesh", "cores: [{chip: 0}]", 2007, "'core'", "none"},
      {"mesh", "cores: [3]", 2008, "a section", "'3'"},
      {"mesh", "cores: [{chip: 0, core: 1}, {chip: 0, core: 1}]", 2015, "once", "faults.cores[0]"},
      {"mesh", "links: [{chip: 0, x: 3, y: 0, direction: east}]", 2014, "0 to 2", "'3'"},
      {"mesh", "links: [{chip: 0, x: 0, y: 2, direction: east}]", 2014, "0 to 1", "'2'"},
      {"mesh", "links: [{chip: 0, x: 0, y: 0, direction: up}]", 2012, "east, north, west, south", "'up'"},
      {"mesh", "links: [{chip: 0, x: 0, y: 0, direction: west}]", 2014, "another tile", "west"},
      {"mesh", "links: [{chip: 3, x: 2, y: 1, direction: north}]", 2014, "another tile", "north"},
      {"mesh", "links: [{chip: 3, x: 2, y: 1, direction: east}]", 2014, "another tile", "east"},
      {"mesh", "links: [{chip: 0, x: 0, y: 0}]", 2007, "'direction'", "none"},
      {"none", "links: [{chip: 0, x: 0, y: 0, direction: east}]", 2017, "dead cores and chips", "links"},
      {"triangular_torus", "links: [{chip: 0, x: 0, y: 0, direction: east}]", 2017, "dead cores", "links"},
      {"triangular_torus", "tiles: [{chip: 0, x: 0, y: 0}]", 2017, "dead cores", "tiles"},
      {"triangular_torus", "links: [{chip: 0, x: 0, y: 0, direction: up}]", 2012, "north-east, south-west", "'up'"},
      {"mesh", "links: [{chip: 0, x: 0, y: 0, direction: north-east}]", 2012, "east, north, west, south", "'north-east'"},
      {"mesh", "tiles: [{chip: 0, x: 0, y: 0}]", 2017, "dead cores, chips and links", "tiles"},
      {"mesh", "tiles: [{chip: 0, x: 3, y: 0}]", 2014, "0 to 2", "'3'"},
      {"mesh", "tiles: [{chip: 0, x: 1, y: 0}, {chip: 0, x: 1, y: 0}]", 2015, "once", "faults.tiles[0]"},
      {"mesh", "tiles: [{chip: 0, x: 1}]", 2007, "'y'", "none"},
      {"triangular_torus", "chips: [1]", 2017, "dead cores", "chips"},
      {"mesh", "chips: [0, 1, 2, 3]", 2016, "at least one", "none"},
  };
  for (const auto &bad : cases) {
    INFO(bad.kind, ": ", bad.text);
    std::string text = base;
    text.replace(text.find("kind: mesh"), 10, std::string("kind: ") + bad.kind);
    auto chip = parseChip(text + "faults: {" + bad.text + "}\n", "t.yaml");
    REQUIRE(!chip);
    INFO(chip.error().str());
    CHECK(chip.error().code == bad.code);
    CHECK(chip.error().file == "t.yaml");
    CHECK(chip.error().place.starts_with("line 8, key 'faults"));
    CHECK(chip.error().expected.find(bad.expected) != std::string::npos);
    CHECK(chip.error().found.find(bad.found) != std::string::npos);
  }
  std::string cores;
  for (int i = 0; i <= 8192; ++i)
    cores += (i ? ", " : "") + std::to_string(i);
  std::string text = base;
  text.replace(text.find("max_chips: 4"), 12, "max_chips: 9000");
  auto chip = parseChip(text + "faults: {chips: [" + cores + "]}\n", "t.yaml");
  REQUIRE(!chip);
  CHECK(chip.error().code == 2018);
}

namespace {

/// One link of a way, walked without hw::Plane.
struct Link {
  int x, y;
  Direction direction;
  auto operator<=>(const Link &) const = default;
};

/// East or west first, then north or south; the shorter way round a torus, upwards on ties.
std::vector<Link> walked(int width, int height, bool torus, Tile from, Tile to) {
  std::vector<Link> way;
  int x = static_cast<int>(from.x), y = static_cast<int>(from.y);
  const auto axis = [&](int &at, int goal, int size, Direction up, Direction down) {
    const int ahead = ((goal - at) % size + size) % size;
    const bool rises = torus ? 2 * ahead <= size : goal > at;
    while (at != goal) {
      way.push_back({x, y, rises ? up : down});
      at = torus ? (at + (rises ? 1 : size - 1)) % size : at + (rises ? 1 : -1);
    }
  };
  axis(x, static_cast<int>(to.x), width, Direction::East, Direction::West);
  axis(y, static_cast<int>(to.y), height, Direction::North, Direction::South);
  return way;
}

} // namespace

TEST_CASE("ways, links by kind and obstacles are those of a walk from tile to tile") {
  std::mt19937 random(3);
  for (int round = 0; round < 200; ++round) {
    const auto dice = [&](int least, int most) {
      return least + static_cast<int>(random() % static_cast<unsigned>(most - least + 1));
    };
    Chip chip;
    const bool torus = round % 2;
    chip.topology = torus ? Topology::Torus : Topology::Mesh;
    chip.tilesX = static_cast<uint32_t>(dice(1, 4));
    chip.tilesY = static_cast<uint32_t>(dice(1, 4));
    chip.coresPerTile = 2;
    chip.chipsX = static_cast<uint32_t>(dice(1, 3));
    chip.chipsY = static_cast<uint32_t>(dice(1, 3));
    chip.maxChips = chip.chipsX * chip.chipsY;
    const int width = static_cast<int>(chip.tilesX * chip.chipsX), height = static_cast<int>(chip.tilesY * chip.chipsY);
    const Plane plane(chip);
    std::set<Faults::Link> dead;
    for (int i = 0; i < dice(0, 4); ++i) {
      const Direction directions[] = {Direction::East, Direction::North, Direction::West, Direction::South};
      const Faults::Link link{static_cast<uint32_t>(dice(0, static_cast<int>(chip.maxChips) - 1)),
                              static_cast<uint32_t>(dice(0, static_cast<int>(chip.tilesX) - 1)),
                              static_cast<uint32_t>(dice(0, static_cast<int>(chip.tilesY) - 1)), directions[dice(0, 3)]};
      if (plane.hasLink(link))
        dead.insert(link);
    }
    chip.faults.links.assign(dead.begin(), dead.end());
    if (chip.maxChips > 2 && dice(0, 1))
      chip.faults.chips = {static_cast<uint32_t>(dice(0, static_cast<int>(chip.maxChips) - 1))};
    const Blockages blockages(chip);
    CHECK(blockages.none() == !chip.closesWays());
    const auto chipAt = [&](int x, int y) {
      return static_cast<uint32_t>(x) / chip.tilesX * chip.chipsY + static_cast<uint32_t>(y) / chip.tilesY;
    };
    for (int from = 0; from < width * height; ++from)
      for (int to = 0; to < width * height; ++to) {
        const Tile a{static_cast<uint32_t>(from / height), static_cast<uint32_t>(from % height)};
        const Tile b{static_cast<uint32_t>(to / height), static_cast<uint32_t>(to % height)};
        if (chip.faults.isDead(chipAt(static_cast<int>(a.x), static_cast<int>(a.y))) ||
            chip.faults.isDead(chipAt(static_cast<int>(b.x), static_cast<int>(b.y))))
          continue;
        const std::vector<Link> expected = walked(width, height, torus, a, b);
        std::vector<Link> found;
        for (const Run &run : plane.way(a, b)) {
          Tile at = run.from;
          for (uint32_t i = 0; i < run.length; ++i, at = plane.after(at, run.direction))
            found.push_back({static_cast<int>(at.x), static_cast<int>(at.y), run.direction});
        }
        REQUIRE((found == expected));
        LinkCounts counts;
        bool closed = false;
        for (const Link &link : expected) {
          const bool horizontal = link.direction == Direction::East || link.direction == Direction::West;
          const Tile next = plane.after({static_cast<uint32_t>(link.x), static_cast<uint32_t>(link.y)}, link.direction);
          const uint32_t here = chipAt(link.x, link.y), there = chipAt(static_cast<int>(next.x), static_cast<int>(next.y));
          // Around the edge of a torus of several chips along the axis is between chips, too.
          const bool leaves = here != there;
          (leaves ? counts.chips : horizontal ? counts.eastWest : counts.northSouth) += 1;
          closed |= dead.contains({here, static_cast<uint32_t>(link.x) % chip.tilesX, static_cast<uint32_t>(link.y) % chip.tilesY,
                                   link.direction}) ||
                    chip.faults.isDead(there);
        }
        CHECK(plane.count(a, b) == counts);
        CHECK_MESSAGE(blockages.block(a, b) == closed, blockages.on(a, b));
      }
  }
}

TEST_CASE("a spike crosses the links of its ways once each with trees, and every way in full without") {
  std::mt19937 random(5);
  for (int round = 0; round < 300; ++round) {
    const auto dice = [&](int least, int most) {
      return least + static_cast<int>(random() % static_cast<unsigned>(most - least + 1));
    };
    Chip chip;
    const bool torus = round % 3 == 1;
    chip.topology = torus ? Topology::Torus : round % 3 ? Topology::TriangularTorus : Topology::Mesh;
    chip.tilesX = static_cast<uint32_t>(dice(1, 6));
    chip.tilesY = static_cast<uint32_t>(dice(1, 6));
    chip.chipsX = static_cast<uint32_t>(dice(1, 2));
    chip.chipsY = static_cast<uint32_t>(dice(1, 2));
    chip.maxChips = chip.chipsX * chip.chipsY;
    const int width = static_cast<int>(chip.tilesX * chip.chipsX), height = static_cast<int>(chip.tilesY * chip.chipsY);
    const auto anywhere = [&] {
      return Tile{static_cast<uint32_t>(dice(0, width - 1)), static_cast<uint32_t>(dice(0, height - 1))};
    };
    const Tile from = anywhere();
    std::vector<Tile> to;
    for (int i = dice(0, 8); i > 0; --i)
      to.push_back(anywhere());
    for (const bool trees : {false, true}) {
      chip.multicastTrees = trees;
      const Plane plane(chip);
      std::vector<Link> expected, found;
      for (const Tile tile : to) {
        if (chip.topology != Topology::TriangularTorus) {
          const std::vector<Link> way = walked(width, height, torus, from, tile);
          expected.insert(expected.end(), way.begin(), way.end());
          continue;
        }
        for (const Run &run : plane.way(from, tile))
          for (uint32_t i = 0; i < run.length; ++i) {
            const Tile at = plane.after(run.from, run.direction, i);
            expected.push_back({static_cast<int>(at.x), static_cast<int>(at.y), run.direction});
          }
      }
      std::sort(expected.begin(), expected.end());
      if (trees)
        expected.erase(std::unique(expected.begin(), expected.end()), expected.end());
      const std::vector<Run> runs = plane.spread(from, to);
      for (const Run &run : runs)
        for (uint32_t i = 0; i < run.length; ++i) {
          const Tile at = plane.after(run.from, run.direction, i);
          found.push_back({static_cast<int>(at.x), static_cast<int>(at.y), run.direction});
        }
      std::sort(found.begin(), found.end());
      REQUIRE((found == expected));
      CHECK(plane.count(runs).total() == expected.size());
    }
  }
}

//===--- Triangular toruses -----------------------------------------------===//

/// 5 x 4 tiles of 2 cores.
static const std::string triangle = "format: ranvier-chip\n"
                                    "version: 1\n"
                                    "name: t\n"
                                    "arithmetic: {profile: int, programmable: true}\n"
                                    "delays: {source: s, status: defined, min_steps: 1, max_steps: 9}\n"
                                    "topology: {source: s, status: defined, kind: triangular_torus, tiles_x: 5, tiles_y: 4,\n"
                                    "  cores_per_tile: 2, multicast_trees: true}\n";

namespace {
using Edge = std::pair<Tile, Tile>;
constexpr int stepX[] = {1, 1, 0, -1, -1, 0}, stepY[] = {0, 1, 1, 0, -1, -1};
Tile next(Tile tile, unsigned way) {
  return {static_cast<uint32_t>(int(tile.x) + stepX[way] + 5) % 5, static_cast<uint32_t>(int(tile.y) + stepY[way] + 4) % 4};
}
/// Links from a tile to each other one, by relaxation; 1000 where there is no way.
std::map<Tile, unsigned> distances(Tile from, const Faults &faults) {
  std::map<Tile, unsigned> found;
  for (uint32_t x = 0; x < 5; ++x)
    for (uint32_t y = 0; y < 4; ++y)
      found[{x, y}] = Tile{x, y} == from ? 0 : 1000;
  for (int round = 0; round < 20; ++round)
    for (auto &[tile, far] : found)
      for (unsigned way = 0; way < 6; ++way)
        if (!std::count(faults.links.begin(), faults.links.end(), Faults::Link{0, tile.x, tile.y, static_cast<Direction>(way)}))
          found[next(tile, way)] = std::min(found[next(tile, way)], far + 1);
  return found;
}
} // namespace

TEST_CASE("on a triangular torus trees go around dead links, by a shortest tree, and are as ever where no link is in the way") {
  std::mt19937 random(7);
  auto whole = parseChip(triangle, "t.yaml");
  REQUIRE_MESSAGE(whole, (whole ? std::string() : whole.error().str()));
  const Plane without(*whole);
  unsigned same = 0, around = 0, refused = 0;
  for (int round = 0; round < 400; ++round) {
    Chip chip = *whole;
    for (unsigned k = random() % 24; k > 0; --k)
      chip.faults.links.push_back({0, uint32_t(random() % 5), uint32_t(random() % 4), static_cast<Direction>(random() % 6)});
    const Tile alone{uint32_t(random() % 5), uint32_t(random() % 4)};
    for (unsigned way = 0; way < 6 && round % 10 == 0; ++way) // Every tenth machine has a tile that sends or hears nothing.
      chip.faults.links.push_back(
          round % 20 ? Faults::Link{0, alone.x, alone.y, static_cast<Direction>(way)}
                     : Faults::Link{0, next(alone, way).x, next(alone, way).y, static_cast<Direction>((way + 3) % 6)});
    std::sort(chip.faults.links.begin(), chip.faults.links.end());
    chip.faults.links.erase(std::unique(chip.faults.links.begin(), chip.faults.links.end()), chip.faults.links.end());
    const Plane plane(chip);
    bool connected = true;
    for (uint32_t x = 0; x < 5; ++x)
      for (uint32_t y = 0; y < 4; ++y)
        for (const auto &[tile, far] : distances({x, y}, chip.faults))
          connected &= far < 1000;
    CHECK(!plane.cutOff(chip) == connected);
    refused += !connected;
    if (!connected)
      continue;
    const Tile from{uint32_t(random() % 5), uint32_t(random() % 4)};
    std::vector<Tile> to;
    for (unsigned k = 1 + random() % 6; k > 0; --k)
      to.push_back({uint32_t(random() % 5), uint32_t(random() % 4)});
    const auto linksOf = [&](const std::vector<Run> &runs) {
      std::vector<std::pair<Tile, unsigned>> links;
      for (const Run &run : runs) {
        Tile tile = run.from;
        for (uint32_t i = 0; i < run.length; ++i, tile = next(tile, static_cast<unsigned>(run.direction)))
          links.emplace_back(tile, static_cast<unsigned>(run.direction));
      }
      return links;
    };
    const auto usual = linksOf(without.spread(from, to)), links = linksOf(plane.spread(from, to));
    const auto isDead = [&](const std::pair<Tile, unsigned> &link) {
      return std::count(chip.faults.links.begin(), chip.faults.links.end(),
                        Faults::Link{0, link.first.x, link.first.y, static_cast<Direction>(link.second)}) > 0;
    };
    CHECK(std::none_of(links.begin(), links.end(), isDead));
    if (std::none_of(usual.begin(), usual.end(), isDead)) {
      CHECK(usual == links);
      ++same;
      continue;
    }
    ++around;
    const auto far = distances(from, chip.faults);
    std::map<Tile, unsigned> depth = {{from, 0}};
    size_t entered = 0;
    for (size_t k = 0; k < links.size(); ++k) // As often as there are links: they come in no order of depth.
      for (const auto &[tile, way] : links)
        if (depth.contains(tile) && !depth.contains(next(tile, way))) {
          depth[next(tile, way)] = depth[tile] + 1;
          ++entered;
        }
    CHECK(entered == links.size()); // No tile is entered twice, none of the links hangs in the air.
    std::set<Tile> leaves;
    for (const auto &[tile, steps] : depth)
      leaves.insert(tile);
    for (const auto &[tile, way] : links)
      leaves.erase(tile);
    for (const Tile tile : to) {
      REQUIRE(depth.contains(tile));
      CHECK(depth[tile] == far.at(tile));
      leaves.erase(tile);
    }
    CHECK(leaves.empty()); // Nothing goes where nobody listens.
  }
  CHECK(same > 50);
  CHECK(around > 50);
  CHECK(refused >= 40);
}

TEST_CASE("a dead tile is its cores and every link to and from it") {
  auto chip = parseChip(triangle + "faults: {tiles: [{chip: 0, x: 4, y: 0}], cores: [{chip: 0, core: 1}]}\n", "t.yaml");
  REQUIRE_MESSAGE(chip, (chip ? std::string() : chip.error().str()));
  CHECK((chip->faults.cores == std::vector<Faults::Core>{{0, 1}, {0, 32}, {0, 33}}));
  CHECK(chip->faults.links.size() == 12);
  for (unsigned way = 0; way < 6; ++way)
    for (const Faults::Link &link :
         {Faults::Link{0, 4, 0, static_cast<Direction>(way)},
          Faults::Link{0, next({4, 0}, way).x, next({4, 0}, way).y, static_cast<Direction>((way + 3) % 6)}})
      CHECK(std::count(chip->faults.links.begin(), chip->faults.links.end(), link) == 1);
  auto again = parseChip(resolvedText(*chip), "t.yaml");
  REQUIRE_MESSAGE(again, (again ? std::string() : again.error().str()));
  CHECK(*again == *chip);
  // All six links that lead to a tile whose cores live.
  std::string links;
  for (unsigned way = 0; way < 6; ++way)
    links += std::string(way ? ", " : "") + "{chip: 0, x: " + std::to_string(next({2, 2}, way).x) +
             ", y: " + std::to_string(next({2, 2}, way).y) + ", direction: " + toString(static_cast<Direction>((way + 3) % 6)) +
             "}";
  const auto alone = parseChip(triangle + "faults: {links: [" + links + "]}\n", "t.yaml");
  REQUIRE(!alone);
  CHECK(alone.error().code == 2020);
  CHECK(alone.error().found == "tile (2,2)");
  CHECK(bool(
      parseChip(triangle + "faults: {cores: [{chip: 0, core: 20}, {chip: 0, core: 21}], links: [" + links + "]}\n", "t.yaml")));
}
