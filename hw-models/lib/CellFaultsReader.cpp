//===- CellFaultsReader.cpp - Stuck cells from options and files ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "YamlReader.h"
#include "ranvier/HwModels/CellFaults.h"
#include "ranvier/Support/File.h"
#include <charconv>
#include <sstream>
#include <tuple>

using namespace ranvier;
using namespace ranvier::hw;

namespace {
constexpr const char *cellForm = "\"chip core row column +|- low|high\", and for sliced weights the slice";

class CellFaultsReader : detail::YamlReader {
public:
  CellFaultsReader(const std::string &file, const Chip &chip) : YamlReader(file), chip(chip) {}
  Result<CellFaults> read(const detail::YamlNode &root);

private:
  StuckCell cell(const detail::YamlNode &node);
  void checkOnce(const detail::YamlNode &list);
  const Chip &chip;
  CellFaults faults;
};

auto placeOf(const StuckCell &cell) { return std::tie(cell.chip, cell.core, cell.row, cell.column, cell.slice, cell.negative); }

StuckCell CellFaultsReader::cell(const detail::YamlNode &node) {
  const Crossbar &crossbar = *chip.crossbar;
  std::istringstream line(text(node, "cells"));
  StuckCell cell;
  std::string sign, level, rest;
  line >> cell.chip >> cell.core >> cell.row >> cell.column >> sign >> level;
  const bool whole = !line.fail();
  if (whole && !(line >> cell.slice) && !line.eof())
    cell.slice = UINT32_MAX;
  line.clear();
  if (!whole || (sign != "+" && sign != "-") || (level != "low" && level != "high") || line >> rest) {
    fail(2034, node, "cells", "a stuck cell that cannot be read", cellForm, shown(node));
    return cell;
  }
  cell.negative = sign == "-";
  cell.high = level == "high";
  if (cell.chip >= chip.maxChips || cell.core >= chip.coresPerChip() || cell.row >= crossbar.inputs ||
      cell.column >= crossbar.columns() || cell.slice >= crossbar.sliceCount() || (cell.negative && !crossbar.isPair()))
    fail(2034, node, "cells", "a stuck cell that the chip does not have",
         "chip below " + std::to_string(chip.maxChips) + ", core below " + std::to_string(chip.coresPerChip()) + ", row below " +
             std::to_string(crossbar.inputs) + ", column of weights below " + std::to_string(crossbar.columns()) +
             (crossbar.isPair() ? "" : ", +") + ", slice below " + std::to_string(crossbar.sliceCount()),
         shown(node));
  return cell;
}

void CellFaultsReader::checkOnce(const detail::YamlNode &list) {
  std::sort(faults.cells.begin(), faults.cells.end(),
            [](const StuckCell &a, const StuckCell &b) { return placeOf(a) < placeOf(b); });
  const auto twice = std::adjacent_find(faults.cells.begin(), faults.cells.end(),
                                        [](const StuckCell &a, const StuckCell &b) { return placeOf(a) == placeOf(b); });
  if (twice != faults.cells.end())
    fail(2034, list, "cells", "a stuck cell is named twice", "each once",
         "chip " + std::to_string(twice->chip) + ", core " + std::to_string(twice->core) + ", row " + std::to_string(twice->row) +
             ", column " + std::to_string(twice->column));
}

Result<CellFaults> CellFaultsReader::read(const detail::YamlNode &root) {
  if (checkMap(root, "", "cell faults file")) {
    if (const auto *format = require(root, "", "format"); format && text(*format, "format") != "ranvier-cell-faults")
      fail(2012, *format, "format", "not a file of stuck cells", "ranvier-cell-faults", shown(*format));
    if (const auto *version = require(root, "", "version"); version && !failure)
      integer(*version, "version", 1, 1);
    if (const auto *low = find(root, "low"); low && !failure)
      faults.lowRate = real(*low, "low", 0, 1);
    if (const auto *high = find(root, "high"); high && !failure)
      faults.highRate = real(*high, "high", 0, 1);
    if (const auto *seed = find(root, "seed"); seed && !failure)
      faults.seed = static_cast<uint64_t>(integer(*seed, "seed", 0, INT64_MAX));
    if (faults.lowRate + faults.highRate > 1)
      fail(2009, root, "high", "number out of range", "low and high of at most 1 together", "more");
    if (const auto *list = find(root, "cells"); list && !failure) {
      if (list->kind != Kind::List)
        fail(2008, *list, "cells", "wrong type", "a list of texts", shown(*list));
      for (size_t i = 0; i < list->items.size() && !failure; ++i)
        faults.cells.push_back(cell(list->items[i]));
      checkOnce(*list);
    }
  }
  if (failure)
    return std::move(*failure);
  return std::move(faults);
}

Error noCrossbars(const Chip &chip, const std::string &found) {
  return Error{.code = 2035,
               .message = "faults of cells on a chip without crossbars",
               .file = chip.path,
               .expected = "a chip with a section 'crossbar'",
               .found = "'" + chip.name + "', and " + found,
               .kind = ErrorKind::Unsupported};
}

Result<CellFaults> parseRates(const std::string &option) {
  const auto wrong = [&](const std::string &found) {
    return Error{.code = 2033,
                 .message = "faults of cells that cannot be read",
                 .place = "option --faults",
                 .expected = "a file, rate=R,seed=S or low=L,high=H,seed=S, rates from 0 to 1 together",
                 .found = "'" + found + "'",
                 .kind = ErrorKind::Usage};
  };
  std::optional<double> rate, low, high;
  uint64_t seed = 1;
  bool seeded = false;
  for (size_t at = 0; at <= option.size();) {
    const size_t comma = std::min(option.find(',', at), option.size());
    const std::string part = option.substr(at, comma - at);
    at = comma + 1;
    const size_t equals = part.find('=');
    const std::string key = part.substr(0, equals), value = equals == std::string::npos ? "" : part.substr(equals + 1);
    const char *begin = value.data(), *end = begin + value.size();
    if (key == "seed") {
      const auto [stop, error] = std::from_chars(begin, end, seed);
      if (seeded || value.empty() || stop != end || error != std::errc())
        return wrong(part);
      seeded = true;
      continue;
    }
    std::optional<double> *into = key == "rate" ? &rate : key == "low" ? &low : key == "high" ? &high : nullptr;
    double number = 0;
    const auto [stop, error] = std::from_chars(begin, end, number);
    if (!into || *into || value.empty() || stop != end || error != std::errc() || !(number >= 0 && number <= 1))
      return wrong(part);
    *into = number;
  }
  if (rate ? low || high : !(low || high))
    return wrong(option);
  if (rate)
    return cellFaultsOfRate(*rate, seed);
  if (low.value_or(0) + high.value_or(0) > 1)
    return wrong(option);
  return CellFaults{.lowRate = low.value_or(0), .highRate = high.value_or(0), .seed = seed, .cells = {}};
}

bool isRates(const std::string &option) {
  return option.starts_with("rate=") || option.starts_with("low=") || option.starts_with("high=") || option.starts_with("seed=");
}
} // namespace

bool hw::speaksOfCells(const std::string &option) {
  if (isRates(option))
    return true;
  const auto text = readFile(option, uint64_t(1) << 22);
  if (!text)
    return false;
  const size_t at = text->find("ranvier-cell-faults");
  return at != std::string::npos && at < 4096;
}

Result<CellFaults> hw::cellFaultsOf(const std::string &option, const Chip &chip) {
  if (!chip.crossbar)
    return noCrossbars(chip, "'" + option + "'");
  if (isRates(option))
    return parseRates(option);
  RANVIER_TRY(const std::string text, readFile(option, uint64_t(1) << 22));
  return parseCellFaults(text, option, chip);
}

Result<CellFaults> hw::parseCellFaults(const std::string &text, const std::string &path, const Chip &chip) {
  if (!chip.crossbar)
    return noCrossbars(chip, "'" + path + "'");
  RANVIER_TRY(const detail::YamlNode root, detail::parseYaml(text, path));
  return CellFaultsReader(path, chip).read(root);
}
