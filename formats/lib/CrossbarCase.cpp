//===- CrossbarCase.cpp - Golden products of crossbars --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/Formats/CrossbarCase.h"
#include "GoldenReader.h"
#include "Hdf5Tree.h"
#include "ranvier/Formats/Hdf5Writer.h"
#include "ranvier/Support/Text.h"
#include <cmath>
#include <set>

using namespace ranvier;
using namespace ranvier::formats;

namespace {
class CrossbarReader {
public:
  CrossbarReader(const H5Group &root, const std::string &path) : root(root), path(path) {}

  Result<CrossbarCase> run() {
    CrossbarCase out;
    out.path = path;
    onlyKnown();
    if (const H5Array *version = scalar("version"); !version || version->number(0) != 1)
      fail("attribute version", "another version", "1", version ? decimal(version->number(0)) : "none", 1073);
    const auto config = root.attributes.find("config");
    if (config == root.attributes.end() || config->second.type != H5Type::Text || config->second.texts.size() != 1)
      fail("attribute config", "no description of the array", "a JSON text", "", 1072);
    else
      out.config = config->second.texts[0];
    out.weights = matrix("W", out.outputs, out.inputs, false);
    out.x = matrix("X", out.vectors, out.inputs, true);
    const bool statistical = root.arrays.count("Y_nominal") != 0;
    if (statistical)
      statistics(out);
    else
      out.y = results("Y", out);
    if (root.arrays.count("Y_no_adc"))
      out.analogue = results("Y_no_adc", out);
    if (failure)
      return *failure;
    return out;
  }

private:
  void fail(const std::string &place, std::string message, std::string expected, std::string found, unsigned code) {
    if (!failure)
      failure = Error{.code = code,
                      .message = std::move(message),
                      .file = path,
                      .place = place,
                      .expected = std::move(expected),
                      .found = std::move(found)};
  }

  void onlyKnown() {
    const bool statistical = root.arrays.count("Y_nominal") != 0;
    std::set<std::string> arrays{"W", "X", "Y_no_adc"}, attributes{"format", "version", "config"};
    if (statistical)
      for (const char *name : {"Y_nominal", "err_mean", "err_std", "trials", "pooled"})
        arrays.insert(name);
    else
      arrays.insert("Y");
    if (statistical)
      attributes.insert({"trials", "pooled"}); // The two small ones may be either.
    const auto listed = [](const std::set<std::string> &names) {
      std::string text;
      for (const std::string &name : names)
        text += (text.empty() ? "" : ", ") + name;
      return text;
    };
    for (const auto &[name, group] : root.groups)
      fail("/", "unknown group", "none", name, 1071);
    for (const auto &[name, array] : root.arrays)
      if (!arrays.count(name))
        fail("/", "unknown data set", listed(arrays), name, 1071);
    for (const auto &[name, attribute] : root.attributes)
      if (!attributes.count(name))
        fail("/", "unknown attribute", listed(attributes), name, 1071);
    for (const auto &[array, owned] : root.arrayAttributes)
      for (const auto &[name, attribute] : owned)
        fail(array, "unknown attribute", "none", name, 1071);
  }

  /// A number that is an attribute or a data set of the root.
  const H5Array *scalar(const std::string &name) {
    for (const auto *map : {&root.attributes, &root.arrays})
      if (const auto at = map->find(name); at != map->end() && at->second.isNumber() && at->second.count() == 1)
        return &at->second;
    return nullptr;
  }

  /// [rows, columns]; what is 0 or not `known` is taken from the file.
  std::vector<double> matrix(const std::string &name, uint64_t &rows, uint64_t &columns, bool known) {
    const auto at = root.arrays.find(name);
    if (at == root.arrays.end() || !at->second.isNumber()) {
      fail(name, "a data set is missing or holds no numbers", "numbers", "", 1072);
      return {};
    }
    const H5Array &array = at->second;
    if (array.shape.size() != 2 || !array.shape[0] || !array.shape[1] || (known && array.shape[1] != columns)) {
      fail(name, "wrong shape", known ? "[any, " + std::to_string(columns) + "]" : "two axes, none of 0", shape(array), 1074);
      return {};
    }
    rows = array.shape[0];
    columns = array.shape[1];
    return finite(name, array);
  }
  std::vector<double> results(const std::string &name, const CrossbarCase &of) {
    uint64_t vectors = of.vectors, outputs = of.outputs;
    std::vector<double> out = matrix(name, vectors, outputs, true);
    if (!failure && vectors != of.vectors)
      fail(name, "wrong shape", std::to_string(of.vectors) + " rows, as X", std::to_string(vectors), 1074);
    return out;
  }
  static std::string shape(const H5Array &array) {
    std::string text = "[";
    for (const uint64_t extent : array.shape)
      text += (text.size() > 1 ? ", " : "") + std::to_string(extent);
    return text + "]";
  }
  std::vector<double> finite(const std::string &name, const H5Array &array) {
    std::vector<double> out = array.numbers();
    for (size_t k = 0; k < out.size(); ++k)
      if (!std::isfinite(out[k])) {
        const uint64_t columns = array.shape.back();
        fail(name + "[" + std::to_string(k / columns) + ", " + std::to_string(k % columns) + "]", "a value is no finite number",
             "a finite number", decimal(out[k]), 1073);
        break;
      }
    return out;
  }

  void statistics(CrossbarCase &out) {
    out.nominal = results("Y_nominal", out);
    out.errorMean = results("err_mean", out);
    out.errorSpread = results("err_std", out);
    const H5Array *trials = scalar("trials");
    constexpr double most = 1e7;
    if (!trials)
      fail("trials", "missing, or no number", "an integer", "", 1072);
    else if (const double count = trials->number(0); !(count >= 2 && count <= most && count == std::floor(count)))
      fail("trials", "a value is out of range or no integer", "2..10000000", decimal(count), 1073);
    else
      out.trials = static_cast<uint64_t>(count);
    const H5Array *pooled = nullptr;
    for (const auto *map : {&root.attributes, &root.arrays})
      if (const auto at = map->find("pooled"); at != map->end())
        pooled = &at->second;
    if (!pooled || !pooled->isNumber() || pooled->count() != 3)
      return fail("pooled", "missing, or not three numbers", "mean, deviation, error", "", 1072);
    for (size_t k = 0; k < 3; ++k)
      if (out.pooled[k] = pooled->number(k); !std::isfinite(out.pooled[k]))
        fail("pooled[" + std::to_string(k) + "]", "a value is no finite number", "a finite number", decimal(out.pooled[k]), 1073);
  }

  const H5Group &root;
  const std::string &path;
  std::optional<Error> failure;
};
} // namespace

Result<AnyGoldenCase> formats::readAnyGoldenCase(const std::string &path) {
  RANVIER_TRY(H5Group root, readHdf5(path, {.maxNumbers = uint64_t(1) << 29}));
  const auto format = root.attributes.find("format");
  if (format != root.attributes.end() && format->second.type == H5Type::Text && format->second.texts.size() == 1 &&
      format->second.texts[0] == "ranvier-golden-crossbar") {
    RANVIER_TRY(CrossbarCase golden, CrossbarReader(root, path).run());
    return AnyGoldenCase(std::move(golden));
  }
  RANVIER_TRY(GoldenCase golden, goldenFromTree(root, path));
  return AnyGoldenCase(std::move(golden));
}

Result<void> formats::writeCrossbarResults(const std::string &path, const CrossbarCase &computed) {
  RANVIER_TRY(auto out, Hdf5Writer::create(path, true));
  const std::vector<uint64_t> shape{computed.vectors, computed.outputs};
  for (const auto &[name, values] :
       {std::pair("Y", &computed.y), std::pair("Y_no_adc", &computed.analogue), std::pair("Y_nominal", &computed.nominal),
        std::pair("err_mean", &computed.errorMean), std::pair("err_std", &computed.errorSpread)})
    if (!values->empty())
      out->array(name, std::span<const double>(*values), shape);
  if (computed.trials) {
    out->array("pooled", std::span<const double>(computed.pooled), {3});
    const uint64_t trials[] = {computed.trials};
    out->array("trials", std::span<const uint64_t>(trials), {});
  }
  return out->finish();
}
