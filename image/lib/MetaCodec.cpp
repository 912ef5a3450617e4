//===- MetaCodec.cpp - The meta section as CBOR ---------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One function per record names its keys once, for both directions: a Writer and a Reader have the same interface, so that what is
// written is what is read. The reader keeps the first failure and then does nothing.
//===----------------------------------------------------------------------===//
#include "MetaCodec.h"
#include "JsonLimits.h"
#include "ranvier/Support/Json.h"
#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

namespace ranvier::image::detail {
namespace {

constexpr const char *kindNames[] = {"constant", "uniform", "normal"}; // By Distribution::Kind.

//===--- Two directions ---------------------------------------------------===//

class Writer {
public:
  template <typename T> void field(const char *key, const T &value) { json[key] = encode(value); }
  Json json = Json::object();

private:
  template <typename T> static Json encode(const T &value);
};

struct ReadState {
  std::string file;
  std::optional<Error> failure;
};

class Reader {
public:
  Reader(ReadState &state, const Json &json, std::string path) : state(state), json(json), path(std::move(path)) {
    if (!json.is_object())
      fail(this->path, "a map", json);
  }
  template <typename T> void field(const char *key, T &value) {
    if (state.failure)
      return;
    const auto at = json.find(key);
    const std::string where = (path.empty() ? "" : path + ".") + key;
    if (at == json.end())
      return fail(where, "this key", Json());
    ++known;
    decode(*at, where, value);
  }
  /// Call after the last field.
  void finish() {
    if (!state.failure && json.size() != known)
      fail(path.empty() ? "(top)" : path, std::to_string(known) + " keys", Json(json.size()));
  }

private:
  void fail(const std::string &where, std::string expected, const Json &found) {
    if (state.failure)
      return;
    std::string text = found.is_primitive() ? found.dump(-1, ' ', true, Json::error_handler_t::replace) : found.type_name();
    if (text.size() > 60)
      text = text.substr(0, 60) + "...";
    state.failure = Error{.code = 3008,
                          .message = "the meta section is wrong",
                          .file = state.file,
                          .place = "section meta, " + where,
                          .expected = std::move(expected),
                          .found = std::move(text)};
  }
  template <typename T> void decode(const Json &from, const std::string &where, T &value);
  template <typename T> void integer(const Json &from, const std::string &where, T &value) {
    using Limits = std::numeric_limits<T>;
    const bool fits =
        from.is_number_unsigned() ? from.get<uint64_t>() <= static_cast<uint64_t>(Limits::max())
        : from.is_number_integer()
            ? from.get<int64_t>() >= static_cast<int64_t>(Limits::min()) &&
                  (from.get<int64_t>() < 0 || static_cast<uint64_t>(from.get<int64_t>()) <= static_cast<uint64_t>(Limits::max()))
            : false;
    if (!fits)
      return fail(where, "an integer from " + std::to_string(Limits::min()) + " to " + std::to_string(Limits::max()), from);
    value = from.is_number_unsigned() ? static_cast<T>(from.get<uint64_t>()) : static_cast<T>(from.get<int64_t>());
  }

  ReadState &state;
  const Json &json;
  std::string path;
  size_t known = 0;
};

//===--- Records ----------------------------------------------------------===//

template <typename Coder, typename T>
void code(Coder &coder, T &program)
  requires std::is_same_v<std::remove_const_t<T>, isa::Program>
{
  coder.field("name", program.name);
  coder.field("profile", program.profile);
  coder.field("states", program.states);
  coder.field("params", program.params);
  coder.field("inputs", program.inputs);
  coder.field("tables", program.tables);
  coder.field("code", program.code);
}

template <typename Coder, typename T>
void code(Coder &coder, T &population)
  requires std::is_same_v<std::remove_const_t<T>, PopulationMeta>
{
  coder.field("name", population.name);
  coder.field("shape", population.shape);
  coder.field("count", population.count);
  coder.field("input", population.input);
  coder.field("output", population.output);
  coder.field("level", population.level);
  coder.field("depth", population.depth);
  coder.field("program", population.program);
  coder.field("seed", population.seed);
  coder.field("first_out", population.firstOut);
  coder.field("source", population.source);
  coder.field("rates", population.rates);
  coder.field("intervals", population.intervals);
  coder.field("phases", population.phases);
  coder.field("list", population.list);
  coder.field("state_scale", population.stateScale);
  coder.field("state_names", population.stateNames);
  coder.field("value_scale", population.valueScale);
  coder.field("config_params", population.configParams);
  coder.field("threshold_params", population.thresholdParams);
}

template <typename Coder, typename T>
void code(Coder &coder, T &projection)
  requires std::is_same_v<std::remove_const_t<T>, ProjectionMeta>
{
  coder.field("name", projection.name);
  coder.field("source", projection.source);
  coder.field("target", projection.target);
  coder.field("receptor", projection.receptor);
  coder.field("weight_exponent", projection.weightExponent);
  coder.field("weight_bits", projection.weightBits);
  coder.field("kernel_weights", projection.kernelWeights);
  coder.field("delay_bits", projection.delayBits);
  coder.field("index_bits", projection.indexBits);
}

template <typename Coder, typename T>
void code(Coder &coder, T &probe)
  requires std::is_same_v<std::remove_const_t<T>, ProbeMeta>
{
  coder.field("name", probe.name);
  coder.field("population", probe.population);
  coder.field("variables", probe.variables);
}

template <typename Coder, typename T>
void code(Coder &coder, T &distribution)
  requires std::is_same_v<std::remove_const_t<T>, Distribution>
{
  coder.field("kind", distribution.kind);
  coder.field("first", distribution.first);
  coder.field("second", distribution.second);
  coder.field("low", distribution.low);
  coder.field("high", distribution.high);
  coder.field("seed", distribution.seed);
}

template <typename Coder, typename T>
void code(Coder &coder, T &connector)
  requires std::is_same_v<std::remove_const_t<T>, ConnectorMeta>
{
  coder.field("projection", connector.projection);
  coder.field("rule", connector.rule);
  coder.field("probability", connector.probability);
  coder.field("scale", connector.scale);
  coder.field("number", connector.number);
  coder.field("seed", connector.seed);
  coder.field("autapses", connector.autapses);
  coder.field("weight", connector.weight);
  coder.field("delay", connector.delay);
  coder.field("unit", connector.unit);
}

template <typename Coder, typename T>
void code(Coder &coder, T &rewiring)
  requires std::is_same_v<std::remove_const_t<T>, RewiringMeta>
{
  coder.field("last", rewiring.last);
  coder.field("grid", rewiring.grid);
  coder.field("attempts", rewiring.attempts);
  coder.field("every", rewiring.every);
  coder.field("most", rewiring.most);
  coder.field("weight", rewiring.weight);
  coder.field("delay", rewiring.delay);
  coder.field("seed", rewiring.seed);
  coder.field("formation", rewiring.formation);
  coder.field("bounds", rewiring.bounds);
  coder.field("elimination", rewiring.elimination);
  coder.field("joined", rewiring.joined);
}

template <typename Coder, typename T>
void code(Coder &coder, T &learning)
  requires std::is_same_v<std::remove_const_t<T>, LearningMeta>
{
  coder.field("projection", learning.projection);
  coder.field("backprop", learning.backprop);
  coder.field("weight_shift", learning.weightShift);
  coder.field("weight_scale", learning.weightScale);
  coder.field("third", learning.third);
  coder.field("programs", learning.programs);
  coder.field("params", learning.params);
  coder.field("init", learning.init);
  coder.field("rewiring", learning.rewiring);
}

template <typename Coder, typename T>
void code(Coder &coder, T &meta)
  requires std::is_same_v<std::remove_const_t<T>, Meta>
{
  coder.field("network", meta.network);
  coder.field("dt_s", meta.dt);
  coder.field("profile", meta.profile);
  coder.field("seed", meta.seed);
  coder.field("populations", meta.populations);
  coder.field("projections", meta.projections);
  coder.field("programs", meta.programs);
  coder.field("probes", meta.probes);
  coder.field("connectors", meta.connectors);
  coder.field("learning", meta.learning);
  coder.field("semantics", meta.semantics);
  coder.field("mapping", meta.mapping);
  coder.field("provenance", meta.provenance);
}

//===--- Values -----------------------------------------------------------===//

template <typename T> constexpr bool isVector = false;
template <typename T> constexpr bool isVector<std::vector<T>> = true;
template <typename T> constexpr bool isPair = false;
template <typename A, typename B> constexpr bool isPair<std::pair<A, B>> = true;

template <typename T> Json Writer::encode(const T &value) {
  if constexpr (std::is_arithmetic_v<T> || std::is_same_v<T, std::string>)
    return value;
  else if constexpr (std::is_same_v<T, isa::Profile>)
    return value == isa::Profile::Int ? "int" : "f32";
  else if constexpr (std::is_same_v<T, Rule>)
    return toString(value);
  else if constexpr (std::is_same_v<T, Distribution::Kind>)
    return kindNames[static_cast<size_t>(value)];
  else if constexpr (std::is_same_v<T, isa::Instruction>)
    return isa::encode(value);
  else if constexpr (isPair<T>)
    return Json::array({encode(value.first), encode(value.second)});
  else if constexpr (isVector<T>) {
    Json list = Json::array();
    for (const auto &item : value)
      list.push_back(encode(item));
    return list;
  } else {
    Writer inner;
    code(inner, value);
    return std::move(inner.json);
  }
}

template <typename T> void Reader::decode(const Json &from, const std::string &where, T &value) {
  if (state.failure)
    return;
  if constexpr (std::is_same_v<T, bool>) {
    if (!from.is_boolean())
      return fail(where, "true or false", from);
    value = from.get<bool>();
  } else if constexpr (std::is_integral_v<T>) {
    integer(from, where, value);
  } else if constexpr (std::is_same_v<T, double>) {
    if (!from.is_number() || !std::isfinite(from.get<double>()))
      return fail(where, "a finite number", from);
    value = from.get<double>();
  } else if constexpr (std::is_same_v<T, std::string>) {
    if (!from.is_string())
      return fail(where, "text", from);
    value = from.get<std::string>();
  } else if constexpr (std::is_same_v<T, isa::Profile>) {
    if (from != "int" && from != "f32")
      return fail(where, "int or f32", from);
    value = from == "int" ? isa::Profile::Int : isa::Profile::F32;
  } else if constexpr (std::is_same_v<T, Rule>) {
    const auto rule = from.is_string() ? ruleNamed(from.get<std::string>()) : std::nullopt;
    if (!rule)
      return fail(where, "a rule of connectors", from);
    value = *rule;
  } else if constexpr (std::is_same_v<T, Distribution::Kind>) {
    const auto at = std::find(std::begin(kindNames), std::end(kindNames), from);
    if (at == std::end(kindNames))
      return fail(where, "constant, uniform or normal", from);
    value = static_cast<Distribution::Kind>(at - std::begin(kindNames));
  } else if constexpr (std::is_same_v<T, isa::Instruction>) {
    uint64_t word = 0;
    integer(from, where, word);
    if (state.failure)
      return;
    auto instruction = isa::decode(word);
    if (!instruction)
      return fail(where, instruction.error().expected, from);
    value = *instruction;
  } else if constexpr (isPair<T>) {
    if (!from.is_array() || from.size() != 2)
      return fail(where, "a list of two", from);
    decode(from[0], where + "[0]", value.first);
    decode(from[1], where + "[1]", value.second);
  } else if constexpr (isVector<T>) {
    if (!from.is_array())
      return fail(where, "a list", from);
    value.clear();
    value.reserve(from.size());
    // Long lists of numbers name their elements only once one is wrong.
    for (size_t i = 0; i < from.size() && !state.failure; ++i)
      decode(from[i], std::is_arithmetic_v<typename T::value_type> ? where : where + "[" + std::to_string(i) + "]",
             value.emplace_back());
  } else {
    Reader inner(state, from, where);
    code(inner, value);
    inner.finish();
  }
}
} // namespace

std::vector<uint8_t> encodeMeta(const Meta &meta) {
  Writer writer;
  writer.field("microcode_version", isa::microcodeVersion);
  code(writer, meta);
  return Json::to_cbor(writer.json);
}

Result<Meta> decodeMeta(std::span<const std::byte> bytes, const std::string &file) {
  const auto wrong = [&](std::string expected, std::string found) {
    return Error{.code = 3008,
                 .message = "the meta section is wrong",
                 .file = file,
                 .place = "section meta",
                 .expected = std::move(expected),
                 .found = std::move(found)};
  };
  constexpr unsigned maxDepth = 16, maxKeys = 64;
  if (!isTameCbor(bytes, maxDepth, maxKeys))
    return wrong("CBOR without tags and byte strings, at most 16 deep, at most 64 keys in a map", "something else");
  ReadState state{.file = file, .failure = {}};
  Meta meta;
  try {
    const auto *data = reinterpret_cast<const uint8_t *>(bytes.data());
    const Json json = Json::from_cbor(data, data + bytes.size());
    unsigned version = 0;
    Reader reader(state, json, "");
    reader.field("microcode_version", version);
    if (!state.failure && version != isa::microcodeVersion)
      return wrong("microcode version " + std::to_string(isa::microcodeVersion), std::to_string(version));
    code(reader, meta);
    reader.finish();
  } catch (const std::exception &failure) {
    return wrong("CBOR", failure.what());
  }
  if (state.failure)
    return std::move(*state.failure);
  return meta;
}

} // namespace ranvier::image::detail
