//===- PlaceRouteInstance.cpp - Place-and-route problems as files ---------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/Formats/PlaceRouteInstance.h"
#include "Gzip.h"
#include "ranvier/Support/Json.h"
#include <charconv>
#include <nlohmann/json.hpp>

using namespace ranvier;
using namespace ranvier::formats;

namespace {
constexpr uint64_t mostBytes = uint64_t(1) << 30;

std::string shown(const Json &value) {
  std::string text = value.dump(-1, ' ', false, Json::error_handler_t::replace);
  return text.size() > 60 ? text.substr(0, 60) + "..." : text;
}

class Reader {
public:
  Reader(const std::string &path, const Json &json) : path(path), json(json) {}

  Result<PlaceRouteInstance> run() {
    if (!json.is_object())
      return wrong("file", "an object", shown(json));
    for (const auto &[key, value] : json.items())
      if (key != "machine" && key != "cores_per_population" && key != "edges" && key != "atoms_per_core" && key != "down_chips" &&
          key != "down_links" && key != "same_chip")
        return wrong("file", "machine, cores_per_population, edges, atoms_per_core, down_chips, down_links, same_chip",
                     "the key '" + key + "'");
    RANVIER_TRY(const std::vector<uint32_t> machine, words(value("machine"), "machine", 1, 65536));
    if (machine.size() != 2)
      return wrong("machine", "[width, height]", shown(value("machine")));
    out.width = machine[0];
    out.height = machine[1];
    RANVIER_TRY(out.coresPerPopulation, words(value("cores_per_population"), "cores_per_population", 1, 1u << 24));
    RANVIER_TRY(out.atomsPerCore, word(value("atoms_per_core"), "atoms_per_core", 1, 1u << 31));
    const Json &edges = value("edges");
    if (!edges.is_array())
      return wrong("edges", "a list of [source, target]", shown(edges));
    for (size_t i = 0; i < edges.size(); ++i) {
      const std::string place = "edges[" + std::to_string(i) + "]";
      RANVIER_TRY(const std::vector<uint32_t> edge, words(edges[i], place, 0, 0xFFFFFFFFu));
      if (edge.size() != 2 || edge[0] >= out.coresPerPopulation.size() || edge[1] >= out.coresPerPopulation.size())
        return wrong(place, "two populations 0.." + std::to_string(int64_t(out.coresPerPopulation.size()) - 1), shown(edges[i]));
      out.edges.push_back({edge[0], edge[1]});
    }
    RANVIER_CHECK(faults("down_chips", out.downChips, "x,y"));
    RANVIER_CHECK(faults("down_links", out.downLinks, "x,y,link"));
    const Json &sets = value("same_chip");
    if (!sets.is_array() && !sets.is_null())
      return wrong("same_chip", "a list of lists of populations", shown(sets));
    for (size_t i = 0; i < sets.size(); ++i) {
      RANVIER_TRY(std::vector<uint32_t> set,
                  words(sets[i], "same_chip[" + std::to_string(i) + "]", 0, out.coresPerPopulation.size() - 1));
      out.sameChip.push_back(std::move(set));
    }
    return std::move(out);
  }

private:
  const Json &value(const char *key) const {
    static const Json nothing;
    const auto at = json.find(key);
    return at == json.end() ? nothing : *at;
  }
  Error wrong(const std::string &place, const std::string &expected, const std::string &found) const {
    return Error{.code = 1092,
                 .message = "a place-and-route file has a wrong value",
                 .file = path,
                 .place = place,
                 .expected = expected,
                 .found = found == "null" ? "nothing" : found};
  }
  Result<uint32_t> word(const Json &from, const std::string &place, uint64_t least, uint64_t most) const {
    if (!from.is_number_unsigned() || from.get<uint64_t>() < least || from.get<uint64_t>() > most)
      return wrong(place, "a number " + std::to_string(least) + ".." + std::to_string(most), shown(from));
    return from.get<uint32_t>();
  }
  Result<std::vector<uint32_t>> words(const Json &from, const std::string &place, uint64_t least, uint64_t most) const {
    if (!from.is_array())
      return wrong(place, "a list of numbers", shown(from));
    std::vector<uint32_t> list;
    for (size_t i = 0; i < from.size(); ++i) {
      RANVIER_TRY(const uint32_t number, word(from[i], place + "[" + std::to_string(i) + "]", least, most));
      list.push_back(number);
    }
    return list;
  }
  /// "1,2:3,4": tuples between colons.
  template <size_t N> Result<void> faults(const char *key, std::vector<std::array<uint32_t, N>> &list, const char *form) const {
    const Json &from = value(key);
    if (from.is_null())
      return {};
    const std::string expected = std::string("\"") + form + ":" + form + ":...\" inside the machine";
    if (!from.is_string())
      return wrong(key, expected, shown(from));
    const std::string text = from.get<std::string>();
    const char *at = text.data(), *end = text.data() + text.size();
    while (at != end) {
      std::array<uint32_t, N> tuple{};
      for (size_t k = 0; k < N; ++k) {
        const auto [next, failure] = std::from_chars(at, end, tuple[k]);
        const bool last = k + 1 == N;
        if (failure != std::errc() || (last ? next != end && *next != ':' : next == end || *next != ','))
          return wrong(key, expected, shown(from));
        at = next == end ? end : next + 1;
        if (last && next != end && at == end)
          return wrong(key, expected, shown(from));
      }
      if (tuple[0] >= out.width || tuple[1] >= out.height || (N == 3 && tuple[N - 1] > 5))
        return wrong(key, expected, shown(from));
      list.push_back(tuple);
    }
    return {};
  }

  const std::string &path;
  const Json &json;
  PlaceRouteInstance out;
};
} // namespace

Result<PlaceRouteInstance> formats::readPlaceRouteInstance(const std::string &path) {
  RANVIER_TRY(const std::string text, readText(path, mostBytes));
  RANVIER_TRY(const Json json, parseJson(text, path));
  return Reader(path, json).run();
}
