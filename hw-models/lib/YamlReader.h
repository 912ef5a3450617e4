//===- YamlReader.h - Typed access to a YAML tree ---------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the readers of chip descriptions and of fault files have in common. The first failure is kept and everything after it does
// nothing, which lets a reader be straight lines.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_HWMODELS_LIB_YAMLREADER_H
#define RANVIER_HWMODELS_LIB_YAMLREADER_H

#include "ChipSchema.h"
#include "YamlTree.h"
#include <algorithm>
#include <charconv>
#include <cmath>

namespace ranvier::hw::detail {

inline std::string join(const std::vector<std::string> &words) {
  std::string text;
  for (const std::string &word : words)
    text += (text.empty() ? "" : ", ") + word;
  return text;
}

class YamlReader {
protected:
  explicit YamlReader(const std::string &file) : file(file) {}
  using Kind = YamlNode::Kind;

  //===--- Failures -------------------------------------------------------===//
  void fail(unsigned code, const YamlNode &node, const std::string &path, std::string message, std::string expected,
            std::string found, std::string hint = "") {
    if (!failure)
      failure = Error{.code = code,
                      .message = std::move(message),
                      .file = file,
                      .place = "line " + std::to_string(std::max(node.line, 1)) + (path.empty() ? "" : ", key '" + path + "'"),
                      .expected = std::move(expected),
                      .found = std::move(found),
                      .hint = std::move(hint)};
  }
  static std::string shown(const YamlNode &node) {
    return node.kind != Kind::Scalar ? toString(node.kind) : "'" + node.text.substr(0, 60) + "'";
  }

  //===--- Access ---------------------------------------------------------===//
  static const YamlNode *find(const YamlNode &map, const std::string &key) {
    for (size_t i = 0; i < map.keys.size(); ++i)
      if (map.keys[i].text == key)
        return &map.items[i];
    return nullptr;
  }
  /// The value of a key that must be there; null after a failure.
  const YamlNode *require(const YamlNode &map, const std::string &section, const std::string &key) {
    const YamlNode *node = find(map, key);
    if (!node)
      fail(2007, map, below(section, key), "a key is missing", "'" + key + "' in this section", "none");
    return node;
  }
  static std::string below(const std::string &section, const std::string &key) {
    return section.empty() ? key : section + "." + key;
  }

  /// Whether `node` is a map that holds only keys of `schema`.
  bool checkMap(const YamlNode &node, const std::string &path, const std::string &schema) {
    if (failure)
      return false;
    if (node.kind != Kind::Map) {
      fail(2008, node, path, "wrong type", "a section", shown(node));
      return false;
    }
    const std::vector<std::string> &known = keysOf(schema);
    for (const YamlNode &key : node.keys)
      if (std::find(known.begin(), known.end(), key.text) == known.end()) {
        fail(2005, key, below(path, key.text), "unknown key", join(known), "'" + key.text.substr(0, 60) + "'");
        return false;
      }
    return true;
  }

  //===--- Scalars --------------------------------------------------------===//
  std::string text(const YamlNode &node, const std::string &path) {
    if (node.kind != Kind::Scalar) {
      fail(2008, node, path, "wrong type", "text", shown(node));
      return "";
    }
    return node.text;
  }
  bool flag(const YamlNode &node, const std::string &path) {
    if (node.kind == Kind::Scalar && !node.quoted && (node.text == "true" || node.text == "false"))
      return node.text == "true";
    fail(2008, node, path, "wrong type", "true or false", shown(node));
    return false;
  }
  int64_t integer(const YamlNode &node, const std::string &path, int64_t min, int64_t max) {
    int64_t value = 0;
    const char *begin = node.text.data(), *end = begin + node.text.size();
    const auto [at, error] = std::from_chars(begin, end, value);
    const std::string range = "an integer from " + std::to_string(min) + " to " + std::to_string(max);
    if (node.kind != Kind::Scalar || node.quoted || at != end || error == std::errc::invalid_argument)
      fail(2008, node, path, "wrong type", range, shown(node));
    else if (error != std::errc() || value < min || value > max)
      fail(2009, node, path, "number out of range", range, shown(node));
    return value;
  }
  /// A plain decimal number of at least 0, times 10^places, exactly as a decimal and rounded once.
  double real(const YamlNode &node, const std::string &path, int places, double max) {
    double value = 0;
    const char *begin = node.text.data(), *end = begin + node.text.size();
    const auto [at, error] = std::from_chars(begin, end, value);
    const bool plain = node.kind == Kind::Scalar && !node.quoted && at == end && error != std::errc::invalid_argument &&
                       node.text.find_first_not_of("0123456789.eE+-") == std::string::npos;
    if (!plain) {
      fail(2008, node, path, "wrong type", "a decimal number", shown(node));
      return 0;
    }
    if (error != std::errc() || value < 0 || value > max || node.text.size() > 40) {
      fail(2009, node, path, "number out of range", "a number from 0 to " + std::to_string(static_cast<int64_t>(max)), shown(node));
      return 0;
    }
    const std::string scaled = shiftDecimal(node.text, places);
    std::from_chars(scaled.data(), scaled.data() + scaled.size(), value);
    return value;
  }
  /// Nanoseconds as whole picoseconds.
  int64_t picoseconds(const YamlNode &node, const std::string &path) {
    const double value = real(node, path, 3, 1e12);
    if (value != std::floor(value))
      fail(2009, node, path, "times are whole picoseconds", "nanoseconds with at most 3 decimals", shown(node));
    return static_cast<int64_t>(value);
  }
  size_t word(const YamlNode &node, const std::string &path, const std::vector<std::string> &words) {
    const auto found = std::find(words.begin(), words.end(), text(node, path));
    if (found != words.end())
      return static_cast<size_t>(found - words.begin());
    fail(2012, node, path, "unknown word", "one of " + join(words), shown(node));
    return 0;
  }
  std::vector<std::string> texts(const YamlNode &node, const std::string &path) {
    std::vector<std::string> list;
    if (node.kind != Kind::List)
      fail(2008, node, path, "wrong type", "a list of texts", shown(node));
    for (const YamlNode &item : node.items)
      list.push_back(text(item, path));
    return list;
  }

  const std::string &file;
  std::optional<Error> failure;
};

} // namespace ranvier::hw::detail

#endif
