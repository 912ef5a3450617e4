//===- MappingFile.cpp - A mapping that the user wrote --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// docs/rationale/mapping.md shows the format. What the file says is honoured exactly, down to the order of the slices on a core;
// what it says wrongly is an error with the JSON path of the value.
//===----------------------------------------------------------------------===//
#include "Shared.h"
#include "ranvier/Support/Json.h"
#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

using namespace ranvier;
using namespace ranvier::mapping;

static Error bad(const std::string &file, const std::string &place, const std::string &message, const std::string &expected,
                 const std::string &found) {
  return Error{.code = 6027, .message = message, .file = file, .place = place, .expected = expected, .found = found};
}

/// At most this many characters of a foreign value in a message.
static std::string shown(const Json &value) {
  std::string text = value.dump(-1, ' ', true, Json::error_handler_t::replace);
  return text.size() > 60 ? text.substr(0, 57) + "..." : text;
}

static Result<void> checkKeys(const Json &object, const std::vector<std::string> &keys, const std::string &file,
                              const std::string &place) {
  if (!object.is_object())
    return bad(file, place, "wrong type", "an object", object.type_name());
  for (const auto &[key, value] : object.items())
    if (std::find(keys.begin(), keys.end(), key) == keys.end()) {
      std::string list;
      for (const std::string &known : keys)
        list += (list.empty() ? "" : ", ") + known;
      return bad(file, place, "unknown key", "one of " + list, shown(Json(key)));
    }
  for (const std::string &key : keys)
    if (!object.contains(key))
      return bad(file, place, "missing key", "'" + key + "'", "none");
  return {};
}

static Result<uint32_t> number(const Json &object, const char *key, uint64_t least, uint64_t most, const std::string &file,
                               const std::string &place) {
  const Json &value = object[key];
  const std::string range = "an integer in " + std::to_string(least) + ".." + std::to_string(most);
  if (!value.is_number_unsigned() || value.get<uint64_t>() < least || value.get<uint64_t>() > most)
    return bad(file, place + "." + key, "bad number", range, shown(value));
  return static_cast<uint32_t>(value.get<uint64_t>());
}

/// Number of a chip or core, of which there are `count`.
static Result<uint32_t> site(const Json &object, const char *key, uint64_t count, const hw::Chip &chip, const std::string &file,
                             const std::string &place) {
  auto value = number(object, key, 0, count - 1, file, place);
  if (!value && object[key].is_number_unsigned()) {
    value.error().code = 6022;
    value.error().message = std::string("no such ") + key + " on '" + chip.name + "'";
  }
  return value;
}

static Result<Mapping> read(const Network &network, const hw::Chip &chip, const Json &json, const std::string &file) {
  RANVIER_CHECK(checkKeys(json, {"format", "version", "slices"}, file, "root"));
  if (json["format"] != "ranvier-mapping")
    return bad(file, "format", "not a mapping", "\"ranvier-mapping\"", shown(json["format"]));
  if (json["version"] != 1)
    return bad(file, "version", "unknown version", "1", shown(json["version"]));
  if (!json["slices"].is_array())
    return bad(file, "slices", "wrong type", "an array", json["slices"].type_name());
  RANVIER_TRY(const std::vector<uint32_t> level, levels(network));
  std::map<std::string, uint32_t> names;
  for (uint32_t p = 0; p < network.populations.size(); ++p)
    if (!network.populations[p].input)
      names.emplace(network.populations[p].name, p);
  std::map<std::pair<uint32_t, uint32_t>, CoreAssignment> cores;
  size_t index = 0;
  for (const Json &entry : json["slices"]) {
    const std::string place = "slices[" + std::to_string(index++) + "]";
    RANVIER_CHECK(checkKeys(entry, {"population", "first", "count", "chip", "core"}, file, place));
    const auto name = entry["population"].is_string() ? names.find(entry["population"].get<std::string>()) : names.end();
    if (name == names.end())
      return bad(file, place + ".population", "no such population", "the name of a population that is not an input",
                 shown(entry["population"]));
    const uint64_t count = network.populations[name->second].count;
    Slice slice{name->second, 0, 0};
    RANVIER_TRY(slice.first, number(entry, "first", 0, count - 1, file, place));
    RANVIER_TRY(slice.count, number(entry, "count", 1, count - slice.first, file, place));
    RANVIER_TRY(const uint32_t chipNumber, site(entry, "chip", std::max(1u, chip.maxChips), chip, file, place));
    RANVIER_TRY(const uint32_t coreNumber, site(entry, "core", chip.coresPerChip(), chip, file, place));
    if (chip.faults.isDead(chipNumber, coreNumber))
      return Error{.code = 6081,
                   .message = "neurons on a dead " + std::string(chip.faults.isDead(chipNumber) ? "chip" : "core") + " of '" +
                              chip.name + "'",
                   .file = file,
                   .place = place + (chip.faults.isDead(chipNumber) ? ".chip" : ".core"),
                   .expected = "a core that works",
                   .found = "chip " + std::to_string(chipNumber) + ", core " + std::to_string(coreNumber)};
    CoreAssignment &core = cores[{chipNumber, coreNumber}];
    core.chip = chipNumber;
    core.core = coreNumber;
    core.level = level[slice.population];
    core.slices.push_back(slice);
  }
  Mapping mapping;
  for (auto &[place, core] : cores) {
    core.level = level[core.slices[0].population];
    mapping.cores.push_back(std::move(core));
  }
  std::stable_sort(mapping.cores.begin(), mapping.cores.end(),
                   [](const CoreAssignment &a, const CoreAssignment &b) { return a.level < b.level; });
  return mapping;
}

Result<Mapping> mapping::parseMapping(const Network &network, const hw::Chip &chip, const std::string &json,
                                      const std::string &fileName) {
  RANVIER_CHECK(detail::checkNetwork(network));
  RANVIER_TRY(const Json parsed, parseJson(json, fileName));
  RANVIER_TRY(Mapping mapping, read(network, chip, parsed, fileName));
  if (Result<void> checked = checkMapping(network, chip, mapping); !checked) {
    checked.error().file = fileName;
    return std::move(checked.error());
  }
  return mapping;
}

std::string mapping::printMapping(const Network &network, const Mapping &mapping) {
  Json slices = Json::array();
  for (const CoreAssignment &core : mapping.cores)
    for (const Slice &slice : core.slices)
      slices.push_back({{"population", network.populations[slice.population].name},
                        {"first", slice.first},
                        {"count", slice.count},
                        {"chip", core.chip},
                        {"core", core.core}});
  Json json{{"format", "ranvier-mapping"}, {"version", 1}};
  json["slices"] = std::move(slices);
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}
