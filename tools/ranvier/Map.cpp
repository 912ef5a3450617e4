//===- Map.cpp - `ranvier map` --------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The mapping algorithms on files of their own, without a network: placement and routing of cores, compression of routing tables.
//===----------------------------------------------------------------------===//
#include "MapPartition.h"
#include "ranvier/Formats/PlaceRouteInstance.h"
#include "ranvier/Formats/RoutingTables.h"
#include "ranvier/Mapping/PlaceRoute.h"
#include "ranvier/Support/File.h"
#include "ranvier/Support/Progress.h"
#include <algorithm>
#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>

using namespace ranvier;
using namespace ranvier::tools;

namespace {
class Clock {
public:
  /// Seconds since the last call.
  double lap() {
    const auto now = std::chrono::steady_clock::now();
    const double seconds = std::chrono::duration<double>(now - last).count();
    last = now;
    return seconds;
  }

private:
  std::chrono::steady_clock::time_point last = std::chrono::steady_clock::now();
};

struct MapFlags {
  std::vector<std::string> files;
  std::string out;
  uint64_t seed = 0;
  unsigned threads = 1, replicas = 1;
  std::string target = "spinnaker1";
  uint32_t limit = 0;         ///< 0: the target's.
  uint32_t coresPerPlace = 0; ///< Of the target.
};

/// Reads the chip whose places and routers the files are for.
Result<void> readTarget(MapFlags &flags) {
  RANVIER_TRY(const hw::Chip chip, hw::findChip(flags.target));
  const auto refuse = [&](const char *key, std::string expected, std::string found) {
    return Error{.code = 8064,
                 .message = "'" + chip.name + "' has no routers of the kind that `ranvier map` works on",
                 .file = chip.path,
                 .place = std::string("key '") + key + "'",
                 .expected = std::move(expected),
                 .found = std::move(found),
                 .kind = ErrorKind::Usage};
  };
  if (chip.topology != hw::Topology::TriangularTorus)
    return refuse("topology.kind", "triangular_torus", "another topology");
  if (!chip.router.tableEntries)
    return refuse("router.table_entries", "at least 1", "0");
  if (chip.router.keyBits != 32 || !chip.router.defaultRoutes)
    return refuse("router", "keys of 32 bits and default routes",
                  std::to_string(chip.router.keyBits) + " bits" + (chip.router.defaultRoutes ? "" : ", no default routes"));
  flags.coresPerPlace = chip.coresPerTile;
  if (!flags.limit)
    flags.limit = chip.router.tableEntries;
  return {};
}

/// Shortens tables that are longer than the router's memory by every method, the others by the quick exact one, and checks each.
Result<void> compressAll(std::vector<mapping::RoutingTable> &tables, uint32_t limit, uint64_t seed) {
  for (mapping::RoutingTable &table : tables) {
    if (table.empty())
      continue;
    mapping::CompressOptions quick{.stepsPerEntry = 0, .mostParts = 0, .seed = seed};
    RANVIER_TRY(mapping::RoutingTable shorter, mapping::compressTable(table, quick));
    if (shorter.size() > limit) {
      RANVIER_TRY(shorter, mapping::compressTable(table, {.seed = seed}));
    }
    RANVIER_CHECK(mapping::verifyTable(table, shorter));
    table = std::move(shorter);
  }
  return {};
}

struct Mapped {
  mapping::TaskGraph graph;
  std::vector<uint32_t> placeOf;
  mapping::Routes routes;
  std::vector<mapping::KeyBlock> keys;
  mapping::PlaceTables tables;
};

Json placedJson(const std::string &name, const mapping::MachineGraph &machine, const Mapped &mapped) {
  const auto at = [&](uint32_t place) { return Json{place / machine.height(), place % machine.height()}; };
  Json out = {{"file", name}, {"machine", {machine.width(), machine.height()}}};
  Json &cores = out["cores"] = Json::array();
  for (uint32_t p = 0, core = 0; p < mapped.graph.cores.size(); ++p)
    for (uint32_t k = 0; k < mapped.graph.cores[p]; ++k, ++core) {
      const uint32_t place = mapped.placeOf[core];
      cores.push_back({{"population", p},
                       {"chip", at(place)},
                       {"core", mapped.tables.coreOnPlace[core]},
                       {"key", mapped.keys[core].key},
                       {"mask", mapped.keys[core].mask},
                       {"tree", mapped.routes.treeOf[core]}});
    }
  Json &trees = out["trees"] = Json::array();
  for (const mapping::MulticastTree &tree : mapped.routes.trees) {
    Json links = Json::array();
    for (const auto &hop : tree.hops)
      links.push_back({hop.from / machine.height(), hop.from % machine.height(), hop.port});
    trees.push_back({{"root", at(tree.root)}, {"links", links}});
  }
  Json &tables = out["tables"] = Json::array();
  for (uint32_t place = 0; place < machine.size(); ++place) {
    if (mapped.tables.tables[place].empty())
      continue;
    Json entries = Json::array();
    for (const mapping::RoutingEntry &entry : mapped.tables.tables[place])
      entries.push_back(
          {{"key", entry.key}, {"mask", entry.mask}, {"defaultable", entry.defaultable}, {"spinnaker_route", entry.route}});
    tables.push_back({{"x", place / machine.height()}, {"y", place % machine.height()}, {"entries", entries}});
  }
  return out;
}

Result<Json> placeRouteFile(const MapFlags &flags, const std::string &path, Json *written) {
  RANVIER_TRY(const formats::PlaceRouteInstance instance, formats::readPlaceRouteInstance(path));
  const auto inFile = [&](Error error) {
    error.file = path;
    return error;
  };
  Clock clock;
  mapping::Faults faults;
  for (const auto &[x, y] : instance.downChips)
    faults.places.push_back(x * instance.height + y);
  for (const auto &[x, y, link] : instance.downLinks)
    faults.links.push_back({x * instance.height + y, static_cast<uint8_t>(link)});
  auto machine = mapping::MachineGraph::triangularTorus(instance.width, instance.height, flags.coresPerPlace, faults);
  if (!machine)
    return inFile(machine.error());
  Mapped mapped;
  mapped.graph.cores = instance.coresPerPopulation;
  mapped.graph.edges = instance.edges;
  mapped.graph.together = instance.sameChip;
  auto placed =
      mapping::placeTasks(mapped.graph, *machine, {.seed = flags.seed, .replicas = flags.replicas, .threads = flags.threads});
  if (!placed)
    return inFile(placed.error());
  mapped.placeOf = *std::move(placed);
  const double placeSeconds = clock.lap();
  RANVIER_TRY(mapped.routes, mapping::routeTasks(mapped.graph, *machine, mapped.placeOf));
  const double routeSeconds = clock.lap();
  auto keys = mapping::assignKeys(*machine, mapped.placeOf, mapped.routes, instance.atomsPerCore);
  if (!keys)
    return inFile(keys.error());
  mapped.keys = *std::move(keys);
  RANVIER_TRY(mapped.tables, mapping::makeTables(mapped.graph, *machine, mapped.placeOf, mapped.routes, mapped.keys));
  uint64_t before = 0;
  for (const auto &table : mapped.tables.tables)
    before += table.size();
  RANVIER_CHECK(compressAll(mapped.tables.tables, flags.limit, flags.seed));
  const double tableSeconds = clock.lap();
  RANVIER_CHECK(mapping::walkTables(mapped.graph, *machine, mapped.placeOf, mapped.keys, mapped.tables));
  const double checkSeconds = clock.lap();
  uint64_t total = 0, most = 0;
  for (const auto &table : mapped.tables.tables) {
    total += table.size();
    most = std::max<uint64_t>(most, table.size());
  }
  std::vector<uint32_t> used = mapped.placeOf;
  std::sort(used.begin(), used.end());
  used.erase(std::unique(used.begin(), used.end()), used.end());
  if (written)
    *written = placedJson(fileName(path), *machine, mapped);
  return Json{
      {"file", fileName(path)},
      {"cores", mapped.placeOf.size()},
      {"chips", used.size()},
      {"hops", mapped.routes.hops},
      {"worst_link", mapped.routes.worstLink},
      {"entries_uncompressed", before},
      {"entries_total", total},
      {"entries_max", most},
      {"fits", most <= flags.limit},
      {"seconds", placeSeconds + routeSeconds + tableSeconds},
      {"stages", {{"place", placeSeconds}, {"route", routeSeconds}, {"keys_and_tables", tableSeconds}, {"walk", checkSeconds}}},
      {"verified", true}};
}

std::string cell(const Json &value) {
  char text[40];
  if (value.is_number_float())
    std::snprintf(text, sizeof text, "%12.3f", value.get<double>());
  else
    std::snprintf(text, sizeof text, "%12s", value.dump().c_str());
  return text;
}

std::string listing(const Json &files, std::initializer_list<const char *> columns) {
  size_t width = 8;
  for (const Json &file : files)
    width = std::max(width, file["file"].get<std::string>().size());
  std::string text = "file" + std::string(width - 4, ' ');
  char head[40];
  for (const char *column : columns) {
    std::snprintf(head, sizeof head, " %12s", column);
    text += head;
  }
  text += "\n";
  for (const Json &file : files) {
    const std::string name = file["file"].get<std::string>();
    text += name + std::string(width - name.size(), ' ');
    for (const char *column : columns)
      text += " " + cell(file[column]);
    text += "\n";
  }
  return text;
}

Result<void> placeRoute(Context &context, const MapFlags &flags) {
  for (const std::string &path : flags.files)
    RANVIER_CHECK(checkOutput(flags.out, {path}));
  Json files = Json::array(), maps = Json::array();
  Progress progress("place and route", flags.files.size());
  bool fits = true;
  for (const std::string &path : flags.files) {
    Json map;
    RANVIER_TRY(Json file, placeRouteFile(flags, path, flags.out.empty() ? nullptr : &map));
    fits = fits && file["fits"].get<bool>();
    files.push_back(std::move(file));
    if (!flags.out.empty())
      maps.push_back(std::move(map));
    progress.advance(files.size());
  }
  if (!flags.out.empty())
    RANVIER_CHECK(
        writeFileAtomically(flags.out, Json{{"format", "ranvier-place-route"}, {"version", 1}, {"maps", maps}}.dump() + "\n"));
  context.print(Json{{"command", "map place-route"}, {"seed", flags.seed}, {"limit", flags.limit}, {"files", files}},
                listing(files, {"cores", "chips", "hops", "worst_link", "entries_total", "entries_max", "seconds", "verified"}));
  if (!fits)
    context.exitCode = DoesNotFit;
  return {};
}

Result<Json> compressFile(const MapFlags &flags, const std::string &path) {
  RANVIER_TRY(formats::RoutingTableFile file, formats::readRoutingTables(path));
  Clock clock;
  double seconds = 0, checking = 0;
  uint64_t before = 0, total = 0, most = 0, bound = 0;
  Progress progress(fileName(path), file.tables.size());
  for (size_t t = 0; t < file.tables.size(); ++t) {
    auto &table = file.tables[t];
    mapping::RoutingTable original;
    for (const auto &entry : table.entries)
      original.push_back({entry.key, entry.mask, entry.route, entry.defaultable});
    clock.lap();
    auto shorter = mapping::compressTable(original, {.seed = flags.seed});
    seconds += clock.lap();
    auto same = shorter ? mapping::verifyTable(original, *shorter) : Result<void>(shorter.error());
    if (!same) {
      same.error().file = path;
      same.error().place = "table " + std::to_string(t) + ", " + same.error().place;
      return std::move(same.error());
    }
    checking += clock.lap();
    before += original.size();
    total += shorter->size();
    most = std::max<uint64_t>(most, shorter->size());
    bound += mapping::entryLowerBound(original);
    table.entries.clear();
    for (const auto &entry : *shorter)
      table.entries.push_back({entry.key, entry.mask, entry.route, entry.defaultable});
    progress.advance(t + 1);
  }
  if (!flags.out.empty())
    RANVIER_CHECK(formats::writeRoutingTables(file, flags.out + "/" + fileName(path)));
  return Json{{"file", fileName(path)},      {"tables", file.tables.size()},
              {"entries_before", before},    {"entries_total", total},
              {"entries_max", most},         {"entries_lower_bound", bound},
              {"fits", most <= flags.limit}, {"seconds", seconds},
              {"verify_seconds", checking},  {"verified", true}};
}

Result<void> compress(Context &context, const MapFlags &flags) {
  if (!flags.out.empty()) {
    std::error_code error;
    std::filesystem::create_directories(flags.out, error);
    if (error)
      return Error{.code = 8024,
                   .message = "cannot make the folder",
                   .file = flags.out,
                   .found = error.message(),
                   .kind = ErrorKind::System};
  }
  Json files = Json::array();
  bool fits = true;
  for (const std::string &path : flags.files) {
    RANVIER_CHECK(checkOutput(flags.out.empty() ? "" : flags.out + "/" + fileName(path), {path}));
    RANVIER_TRY(Json file, compressFile(flags, path));
    fits = fits && file["fits"].get<bool>();
    files.push_back(std::move(file));
  }
  context.print(
      Json{{"command", "map compress"}, {"seed", flags.seed}, {"limit", flags.limit}, {"files", files}},
      listing(files, {"tables", "entries_before", "entries_total", "entries_max", "entries_lower_bound", "seconds", "verified"}));
  if (!fits)
    context.exitCode = DoesNotFit;
  return {};
}

CLI::App *addPart(CLI::App &map, Context &context, const std::string &name, const std::string &description,
                  const std::string &examples, Result<void> (*run)(Context &, const MapFlags &)) {
  auto flags = std::make_shared<MapFlags>();
  CLI::App *command = addCommand(map, context, name, description, examples, [&context, flags, run]() -> Result<void> {
    RANVIER_CHECK(readTarget(*flags));
    return run(context, *flags);
  });
  command->add_option("--seed", flags->seed, "Seed of the search")->capture_default_str();
  command->add_option("--target", flags->target, "Chip with the routers; its cores a place and table entries count")
      ->capture_default_str();
  command->add_option("--limit", flags->limit, "Entries of a router; tables above it end with exit code 3; default: the target's")
      ->check(CLI::Range(1u, 65536u));
  if (name == "place-route") {
    command->add_option("instances", flags->files, "Place-and-route instances (JSON, .json.gz)")->required()->type_name("INSTANCE");
    command->add_option("-o,--out", flags->out, "Write placements, trees, keys and tables (JSON)")->type_name("MAP.json");
    command->add_option("--replicas", flags->replicas, "Independent searches, of which the best counts")
        ->check(CLI::Range(1u, 64u))
        ->capture_default_str();
    command->add_option("--threads", flags->threads, "Threads, at most one a replica; the result does not depend on them")
        ->check(CLI::Range(1u, 256u))
        ->capture_default_str();
  } else {
    command->add_option("tables", flags->files, "Routing tables (JSON or CSV, also .gz)")->required()->type_name("TABLES");
    command->add_option("-o,--out", flags->out, "Folder for the compressed tables, under the names of the originals")
        ->type_name("DIR");
  }
  return command;
}
} // namespace

void tools::addMap(CLI::App &app, Context &context) {
  CLI::App *map = app.add_subcommand("map", "Run the mapping algorithms on files of their own");
  map->require_subcommand(1);
  map->fallthrough();
  map->footer(
      "Examples:\n  ranvier map place-route instance.json --out map.json\n  ranvier map compress tables.json.gz --out short\n"
      "  ranvier map partition network.nir --target loihi1\n  ranvier map network network.mlir --target loihi1\n"
      "docs/guide/map.md describes them, docs/spec/map-files.md the files.");
  addPart(*map, context, "place-route", "Place cores on chips, route their packets, make and compress tables",
          "  ranvier map place-route instance.json --json\n  ranvier map place-route a.json b.json.gz --out maps.json --replicas 4 "
          "--threads 2",
          placeRoute);
  addPart(*map, context, "compress", "Shorten multicast routing tables without changing any route",
          "  ranvier map compress many_to_one.json.gz\n  ranvier map compress table.csv.gz --out short --json", compress);
  addMapPartition(*map, context);
  addMapNetwork(*map, context);
}
