//===- CycleEditor.cpp - Other numbers of cycles, in place ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A description is written by people and has their comments. The tree says on which line a number stands; of that line only the
// number changes. What comes out is read again before it is given out.
//===----------------------------------------------------------------------===//
#include "YamlReader.h"
#include <regex>
#include <sstream>

namespace ranvier::hw {
namespace {
using detail::YamlNode;

class Editor : detail::YamlReader {
public:
  Editor(const std::string &text, const std::string &file) : YamlReader(file) {
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);)
      lines.push_back(line);
  }

  Result<std::string> edit(const YamlNode &root, const CycleModel &model, const std::string &source, Provenance status) {
    const YamlNode *costs = find(root, "costs");
    const YamlNode *cycles = costs && !costs->items.empty() ? find(costs->items.front(), "cycles") : nullptr;
    if (!cycles) {
      fail(2019, root, "costs", "a description whose first cost profile does not count cycles", "a section 'cycles'",
           costs ? "none in it" : "no profile");
      return std::move(*failure);
    }
    for (unsigned n = 0; n < CycleModel::NumNumbers; ++n)
      replace(*cycles, CycleModel::keys[n].name, std::to_string(model.numbers[n].value), "\\d+|\\{[^{}#]*\\}");
    // The section's own source and status, which it may not have yet.
    replace(*cycles, "status", toString(status), "[a-z]+");
    replace(*cycles, "source", "\"" + source + "\"", "\"[^\"\\\\]*\"");
    if (failure)
      return std::move(*failure);
    std::string out;
    for (const std::string &line : lines)
      out += line + "\n";
    return out;
  }

private:
  void replace(const YamlNode &cycles, const std::string &key, const std::string &value, const std::string &form) {
    const YamlNode *at = nullptr;
    for (const YamlNode &node : cycles.keys)
      if (node.text == key)
        at = &node;
    if (!at) { // before the first of the keys, as far in as they are
      if (failure)
        return;
      const size_t first = static_cast<size_t>(cycles.keys.front().line - 1);
      const std::string &line = lines[first];
      lines[first] = line.substr(0, line.find_first_not_of(' ')) + key + ": " + value + "\n" + line;
      return;
    }
    std::string &line = lines[static_cast<size_t>(at->line - 1)];
    const std::regex pattern("(^|\\n)( *" + key + ": *)(" + form + ")( *(#.*)?)$");
    std::smatch match;
    if (!std::regex_search(line, match, pattern))
      return fail(2019, *at, "costs[0].cycles." + key, "a number that cannot be rewritten in place",
                  "a line of its own, 'key: value' and perhaps a comment", "'" + line.substr(0, 80) + "'");
    line = match.prefix().str() + match[1].str() + match[2].str() + value + match[4].str();
  }

  std::vector<std::string> lines;
};
} // namespace

Result<std::string> withCycles(const std::string &text, const std::string &path, const CycleModel &model, const std::string &source,
                               Provenance status) {
  RANVIER_TRY(const YamlNode root, detail::parseYaml(text, path));
  RANVIER_CHECK(parseChip(text, path));
  RANVIER_TRY(std::string out, Editor(text, path).edit(root, model, source, status));
  RANVIER_TRY(const Chip chip, parseChip(out, path));
  for (unsigned n = 0; n < CycleModel::NumNumbers; ++n)
    RANVIER_ASSERT(chip.costs.front().cycles->numbers[n] == (CycleModel::Entry{model.numbers[n].value, source, status}),
                   "an edited description that says something else");
  return out;
}

} // namespace ranvier::hw
