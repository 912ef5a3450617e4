//===- RoutingTables.cpp - Multicast tables as files ----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/Formats/RoutingTables.h"
#include "Gzip.h"
#include "ranvier/Support/Json.h"
#include <charconv>
#include <cstdio>
#include <nlohmann/json.hpp>

using namespace ranvier;
using namespace ranvier::formats;

namespace {
constexpr uint64_t mostBytes = uint64_t(1) << 30;

using Entry = RoutingTableFile::Entry;
using Table = RoutingTableFile::Table;

Error wrong(const std::string &path, const std::string &place, const std::string &expected, const std::string &found) {
  return Error{.code = 1090,
               .message = "a routing table file has a wrong value",
               .file = path,
               .place = place,
               .expected = expected,
               .found = found};
}

std::string shown(const Json &value) {
  std::string text = value.dump(-1, ' ', false, Json::error_handler_t::replace);
  return text.size() > 60 ? text.substr(0, 60) + "..." : text;
}

/// A word of the object, or the default if the key may be absent.
Result<uint32_t> word(const std::string &path, const std::string &place, const Json &object, const char *key) {
  const auto at = object.find(key);
  if (at == object.end())
    return wrong(path, place + "." + key, "a number 0..4294967295", "nothing");
  if (!at->is_number_unsigned() || at->get<uint64_t>() > 0xFFFFFFFFu)
    return wrong(path, place + "." + key, "a number 0..4294967295", shown(*at));
  return at->get<uint32_t>();
}

Result<void> onlyKeys(const std::string &path, const std::string &place, const Json &object,
                      std::initializer_list<const char *> known) {
  if (!object.is_object())
    return wrong(path, place, "an object", shown(object));
  for (const auto &[key, value] : object.items()) {
    bool found = false;
    std::string list;
    for (const char *name : known) {
      found |= key == name;
      list += (list.empty() ? "" : ", ") + std::string(name);
    }
    if (!found)
      return wrong(path, place, list, "the key '" + key + "'");
  }
  return {};
}

Result<Table> readTable(const std::string &path, const std::string &place, const Json &object) {
  RANVIER_CHECK(onlyKeys(path, place, object, {"x", "y", "entries"}));
  Table table;
  RANVIER_TRY(table.x, word(path, place, object, "x"));
  RANVIER_TRY(table.y, word(path, place, object, "y"));
  const auto entries = object.find("entries");
  if (entries == object.end() || !entries->is_array())
    return wrong(path, place + ".entries", "a list", entries == object.end() ? "nothing" : shown(*entries));
  for (size_t i = 0; i < entries->size(); ++i) {
    const std::string at = place + ".entries[" + std::to_string(i) + "]";
    const Json &from = (*entries)[i];
    RANVIER_CHECK(onlyKeys(path, at, from, {"key", "mask", "defaultable", "spinnaker_route"}));
    Entry entry;
    RANVIER_TRY(entry.key, word(path, at, from, "key"));
    RANVIER_TRY(entry.mask, word(path, at, from, "mask"));
    RANVIER_TRY(entry.route, word(path, at, from, "spinnaker_route"));
    if (const auto flag = from.find("defaultable"); flag != from.end()) {
      if (!flag->is_boolean())
        return wrong(path, at + ".defaultable", "true or false", shown(*flag));
      entry.defaultable = flag->get<bool>();
    }
    table.entries.push_back(entry);
  }
  return table;
}

Result<RoutingTableFile> readJson(const std::string &path, const std::string &text) {
  RANVIER_TRY(const Json json, parseJson(text, path));
  if (!json.is_array())
    return wrong(path, "file", "a list of tables", shown(json));
  RoutingTableFile file;
  for (size_t i = 0; i < json.size(); ++i) {
    RANVIER_TRY(Table table, readTable(path, "[" + std::to_string(i) + "]", json[i]));
    file.tables.push_back(std::move(table));
  }
  return file;
}

Result<RoutingTableFile> readCsv(const std::string &path, const std::string &text) {
  RoutingTableFile file;
  file.csv = true;
  file.tables.emplace_back();
  size_t number = 0;
  for (size_t from = 0; from < text.size();) {
    size_t end = std::min(text.find('\n', from), text.size());
    std::string line = text.substr(from, end - from);
    from = end + 1;
    ++number;
    if (!line.empty() && line.back() == '\r')
      line.pop_back();
    if (line.empty())
      continue;
    uint32_t words[3] = {};
    const char *at = line.data(), *stop = line.data() + line.size();
    bool good = true;
    for (int k = 0; k < 3 && good; ++k) {
      if (stop - at > 2 && at[0] == '0' && (at[1] == 'x' || at[1] == 'X'))
        at += 2;
      const auto [next, failure] = std::from_chars(at, stop, words[k], 16);
      good = failure == std::errc() && (k == 2 ? next == stop : next != stop && *next == ',');
      at = next + 1;
    }
    if (!good)
      return wrong(path, "line " + std::to_string(number), "key,mask,route in hexadecimal", line.substr(0, 60));
    file.tables[0].entries.push_back({words[0], words[1], words[2], false});
  }
  return file;
}
} // namespace

Result<RoutingTableFile> formats::readRoutingTables(const std::string &path) {
  RANVIER_TRY(const std::string text, readText(path, mostBytes));
  const size_t first = text.find_first_not_of(" \t\r\n");
  const bool isJson = first != std::string::npos && (text[first] == '[' || text[first] == '{');
  return isJson ? readJson(path, text) : readCsv(path, text);
}

Result<void> formats::writeRoutingTables(const RoutingTableFile &file, const std::string &path) {
  std::string text;
  char line[160];
  for (const Table &table : file.tables) {
    if (!file.csv) {
      std::snprintf(line, sizeof line, "%s\n{\"x\": %u, \"y\": %u, \"entries\": [", text.empty() ? "[" : ",", table.x, table.y);
      text += line;
    }
    for (size_t i = 0; i < table.entries.size(); ++i) {
      const Entry &entry = table.entries[i];
      if (file.csv)
        std::snprintf(line, sizeof line, "0x%08X,0x%08X,0x%08X\n", entry.key, entry.mask, entry.route);
      else
        std::snprintf(line, sizeof line, "%s\n  {\"key\": %u, \"mask\": %u, \"defaultable\": %s, \"spinnaker_route\": %u}",
                      i ? "," : "", entry.key, entry.mask, entry.defaultable ? "true" : "false", entry.route);
      text += line;
    }
    if (!file.csv)
      text += "]}";
  }
  if (!file.csv)
    text += text.empty() ? "[]\n" : "\n]\n";
  return writeText(path, text);
}
