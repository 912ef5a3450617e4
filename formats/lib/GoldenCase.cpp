//===- GoldenCase.cpp - Golden cases of Loihi-style arithmetic ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/Formats/GoldenCase.h"
#include "GoldenReader.h"
#include "ranvier/Formats/Hdf5Writer.h"
#include <algorithm>
#include <set>

using namespace ranvier;
using namespace ranvier::formats;

namespace {
class GoldenReader {
public:
  GoldenReader(const H5Group &root, const std::string &path) : root(root), path(path) {}

  Result<GoldenCase> run() {
    GoldenCase out;
    out.path = path;
    keys(root.attributes, {"format", "version", "kind", "name", "description", "num_steps", "producer", "producer_commit"},
         "attributes of the file");
    names(root.groups, {"inputs", "groups", "connections", "expected"}, "groups of the file");
    names(root.arrays, {}, "data sets of the file");
    for (const auto &[key, word] : {std::pair("format", "ranvier-golden-loihi"), std::pair("kind", "inference")})
      if (const std::string found = text(root.attributes, key, "file"); !failure && found != word)
        fail(std::string("attribute ") + key, "a file of another format or kind", word, "'" + found + "'");
    integer(root.attributes, "version", "file", 1, 1);
    out.name = text(root.attributes, "name", "file");
    steps = static_cast<uint64_t>(integer(root.attributes, "num_steps", "file", 1, 100000000));
    out.steps = static_cast<uint32_t>(steps);
    each("inputs", [&](const std::string &name, const H5Group &group) {
      out.inputs.push_back(input(name, group));
      sizes[name] = {out.inputs.back().count, false};
    });
    each("groups", [&](const std::string &name, const H5Group &group) {
      out.groups.push_back(neurons(name, group));
      indices[name] = out.groups.size() - 1;
      if (!sizes.emplace(name, std::pair(out.groups.back().count, true)).second)
        fail("groups/" + name, "an input has the same name", "different names", "'" + name + "'", 1076);
    });
    each("connections", [&](const std::string &name, const H5Group &group) { out.connections.push_back(connection(name, group)); });
    each("expected", [&](const std::string &name, const H5Group &group) { expectation(name, group, out); });
    std::sort(out.connections.begin(), out.connections.end(), [](const auto &a, const auto &b) {
      return a.name.size() != b.name.size() ? a.name.size() < b.name.size() : a.name < b.name;
    });
    if (out.groups.empty())
      fail("groups", "no neuron groups", "at least one", "none");
    if (failure)
      return *failure;
    return out;
  }

private:
  void fail(const std::string &place, std::string message, std::string expected, std::string found, unsigned code = 1070) {
    if (!failure)
      failure = Error{.code = code,
                      .message = std::move(message),
                      .file = path,
                      .place = place,
                      .expected = std::move(expected),
                      .found = std::move(found)};
  }
  template <typename Map> void names(const Map &map, const std::set<std::string> &known, const std::string &place) {
    for (const auto &[name, value] : map)
      if (!known.count(name)) {
        std::string expected;
        for (const auto &k : known)
          expected += (expected.empty() ? "" : ", ") + k;
        fail(place, "unknown key", expected.empty() ? "none" : expected, name, 1071);
      }
  }
  void keys(const std::map<std::string, H5Array> &map, const std::set<std::string> &known, const std::string &place) {
    names(map, known, place);
  }
  /// Everything a group may hold; data sets have no attributes.
  void only(const H5Group &group, const std::set<std::string> &arrays, const std::set<std::string> &attributes,
            const std::string &place) {
    names(group.groups, {}, place);
    names(group.arrays, arrays, place);
    keys(group.attributes, attributes, place);
    for (const auto &[array, owned] : group.arrayAttributes)
      keys(owned, {}, place + "/" + array);
  }
  /// Calls `read` for the groups below a part of the file, which holds nothing else, until something is wrong.
  template <typename Read> void each(const std::string &part, Read read) {
    const auto at = root.groups.find(part);
    if (at == root.groups.end())
      return;
    names(at->second.arrays, {}, part);
    keys(at->second.attributes, {}, part);
    for (const auto &[name, group] : at->second.groups)
      if (!failure)
        read(name, group);
  }

  std::string text(const std::map<std::string, H5Array> &map, const char *key, const std::string &place) {
    const auto at = map.find(key);
    if (at == map.end() || at->second.type != H5Type::Text || at->second.texts.size() != 1) {
      fail(place, std::string("attribute '") + key + "' is missing or no string", "a string", "", 1072);
      return "";
    }
    return at->second.texts[0];
  }
  int64_t integer(const std::map<std::string, H5Array> &map, const char *key, const std::string &place, int64_t low, int64_t high) {
    const auto at = map.find(key);
    if (at == map.end() || !at->second.isNumber() || at->second.count() != 1) {
      fail(place, std::string("attribute '") + key + "' is missing or no number", "an integer", "", 1072);
      return low;
    }
    const double value = at->second.number(0);
    if (!(value >= static_cast<double>(low) && value <= static_cast<double>(high)) ||
        value != static_cast<double>(static_cast<int64_t>(value))) {
      fail(place, std::string("attribute '") + key + "' is out of range", std::to_string(low) + ".." + std::to_string(high),
           std::to_string(value), 1073);
      return low;
    }
    return static_cast<int64_t>(value);
  }
  template <typename T>
  std::vector<T> array(const H5Group &group, const char *key, const std::string &place, std::vector<uint64_t> shape, int64_t low,
                       int64_t high) {
    const auto at = group.arrays.find(key);
    std::vector<T> out;
    if (at == group.arrays.end() || !at->second.isNumber()) {
      fail(place, std::string("data set '") + key + "' is missing or holds no numbers", "numbers", "", 1072);
      return out;
    }
    if (at->second.shape != shape) {
      auto shown = [](const std::vector<uint64_t> &s) {
        std::string text = "[";
        for (uint64_t extent : s)
          text += (text.size() > 1 ? ", " : "") + std::to_string(extent);
        return text + "]";
      };
      fail(place + "/" + key, "wrong shape", shown(shape), shown(at->second.shape), 1074);
      return out;
    }
    out.reserve(at->second.count());
    for (uint64_t k = 0; k < at->second.count(); ++k) {
      const double value = at->second.number(k);
      if (!(value >= static_cast<double>(low) && value <= static_cast<double>(high)) ||
          value != static_cast<double>(static_cast<int64_t>(value))) {
        fail(place + "/" + key + "[" + std::to_string(k) + "]", "a value is out of range or no integer",
             std::to_string(low) + ".." + std::to_string(high), std::to_string(value), 1073);
        return out;
      }
      out.push_back(static_cast<T>(static_cast<int64_t>(value)));
    }
    return out;
  }

  GoldenInput input(const std::string &name, const H5Group &group) {
    const std::string place = "inputs/" + name;
    only(group, {"spikes"}, {"n"}, place);
    GoldenInput out;
    out.name = name;
    out.count = static_cast<uint32_t>(integer(group.attributes, "n", place, 0, 1 << 24));
    out.spikes = array<uint8_t>(group, "spikes", place, {steps, out.count}, 0, 1);
    return out;
  }

  GoldenGroup neurons(const std::string &name, const H5Group &group) {
    const std::string place = "groups/" + name;
    only(group, {"bias_mant", "bias_exp"}, {"model", "n", "du", "dv", "vth"}, place);
    GoldenGroup out;
    out.name = name;
    out.model = text(group.attributes, "model", place);
    if (!failure && out.model != "LIF")
      fail(place, "unknown model", "LIF", out.model, 1075);
    out.count = static_cast<uint32_t>(integer(group.attributes, "n", place, 0, 1 << 24));
    out.du = integer(group.attributes, "du", place, 0, 4095);
    out.dv = integer(group.attributes, "dv", place, 0, 4095);
    out.vth = integer(group.attributes, "vth", place, 0, 131071);
    out.biasMantissa = array<int64_t>(group, "bias_mant", place, {out.count}, INT32_MIN, INT32_MAX);
    out.biasExponent = array<int64_t>(group, "bias_exp", place, {out.count}, -31, 31);
    return out;
  }

  uint64_t sizeOf(const std::string &name, bool targetOnly, const std::string &place) {
    const auto at = sizes.find(name);
    if (at != sizes.end() && (at->second.second || !targetOnly))
      return at->second.first;
    fail(place, targetOnly ? "unknown target" : "unknown source", targetOnly ? "a group" : "a group or an input", "'" + name + "'",
         1076);
    return 0;
  }

  GoldenConnection connection(const std::string &name, const H5Group &group) {
    const std::string place = "connections/" + name;
    only(group, {"weights", "delays"}, {"src", "dst", "kind", "weight_exp", "num_weight_bits", "sign_mode", "num_message_bits"},
         place);
    GoldenConnection out;
    out.name = name;
    out.source = text(group.attributes, "src", place);
    out.target = text(group.attributes, "dst", place);
    out.kind = text(group.attributes, "kind", place);
    if (!failure && out.kind != "dense" && out.kind != "delay")
      fail(place, "unknown kind", "dense, delay", out.kind, 1075);
    out.weightExponent = static_cast<int>(integer(group.attributes, "weight_exp", place, -8, 7));
    out.weightBits = static_cast<int>(integer(group.attributes, "num_weight_bits", place, 0, 8));
    out.messageBits = static_cast<int>(integer(group.attributes, "num_message_bits", place, 0, 32));
    out.signMode = text(group.attributes, "sign_mode", place);
    if (!failure && out.signMode != "AUTO" && out.signMode != "MIXED" && out.signMode != "EXCITATORY" &&
        out.signMode != "INHIBITORY")
      fail(place, "unknown sign mode", "AUTO, MIXED, EXCITATORY, INHIBITORY", out.signMode, 1075);
    if (failure)
      return out;
    const uint64_t pre = sizeOf(out.source, false, place), post = sizeOf(out.target, true, place);
    if (failure)
      return out;
    out.weights = array<int64_t>(group, "weights", place, {post, pre}, INT32_MIN, INT32_MAX);
    if (out.kind == "delay")
      out.delays = array<int64_t>(group, "delays", place, {post, pre}, 0, 62);
    else if (group.arrays.count("delays"))
      fail(place, "a dense connection has delays", "kind delay", out.kind, 1071);
    return out;
  }

  void expectation(const std::string &name, const H5Group &group, GoldenCase &out) {
    const std::string place = "expected/" + name;
    only(group, {"s", "u", "v", "recorded"}, {"all_neurons"}, place);
    const auto index = indices.find(name);
    if (index == indices.end())
      return fail(place, "results of an unknown group", "a group of the case", "'" + name + "'", 1076);
    GoldenGroup *at = &out.groups[index->second];
    at->hasExpected = true;
    const H5Array *recorded = group.array("recorded");
    const uint64_t m = recorded && recorded->shape.size() == 1 ? recorded->shape[0] : 0;
    at->s = array<uint8_t>(group, "s", place, {steps, at->count}, 0, 1);
    at->recorded = array<uint32_t>(group, "recorded", place, {m}, 0, int64_t(at->count) - 1);
    std::set<uint32_t> columns;
    for (const uint32_t neuron : at->recorded)
      if (!columns.insert(neuron).second)
        return fail(place + "/recorded", "a neuron is recorded twice", "each neuron once", std::to_string(neuron), 1073);
    if (group.attributes.count("all_neurons") && integer(group.attributes, "all_neurons", place, 0, 1) && m != at->count)
      fail(place + "/recorded", "all_neurons is set, but neurons are missing", std::to_string(at->count) + " neurons",
           std::to_string(m), 1074);
    at->u = array<int64_t>(group, "u", place, {steps, m}, INT32_MIN, INT32_MAX);
    at->v = array<int64_t>(group, "v", place, {steps, m}, INT32_MIN, INT32_MAX);
  }

  const H5Group &root;
  const std::string &path;
  uint64_t steps = 0;
  std::map<std::string, std::pair<uint32_t, bool>> sizes; ///< Of inputs and groups; whether it is a group.
  std::map<std::string, size_t> indices;                  ///< Of groups.
  std::optional<Error> failure;
};
} // namespace

Result<GoldenCase> formats::readGoldenCase(const std::string &path) {
  RANVIER_TRY(H5Group root, readHdf5(path, {.maxNumbers = uint64_t(1) << 29}));
  return goldenFromTree(root, path);
}

Result<GoldenCase> formats::goldenFromTree(const H5Group &root, const std::string &path) { return GoldenReader(root, path).run(); }

Result<void> formats::writeGoldenResults(const std::string &path, uint32_t steps, const std::vector<GoldenResult> &groups) {
  RANVIER_TRY(auto out, Hdf5Writer::create(path, true));
  for (const GoldenResult &group : groups) {
    const std::vector<uint64_t> shape{steps, group.count};
    out->array(group.name + "/s", std::span<const uint8_t>(group.s), shape);
    out->array(group.name + "/u", std::span<const int32_t>(group.u), shape);
    out->array(group.name + "/v", std::span<const int32_t>(group.v), shape);
  }
  return out->finish();
}
