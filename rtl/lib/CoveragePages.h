//===- CoveragePages.h - Coverage as HTML -----------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RANVIER_RTL_LIB_COVERAGEPAGES_H
#define RANVIER_RTL_LIB_COVERAGEPAGES_H

#include "ranvier/Rtl/Coverage.h"
#include <tuple>

namespace ranvier::rtl {

/// What is known of one source file.
struct detail::FileView {
  std::string path;                                                         ///< Of its source; it may be gone.
  std::map<uint32_t, uint64_t> lines;                                       ///< Statements: how often.
  std::map<std::tuple<uint32_t, uint32_t, std::string>, uint64_t> branches; ///< (line, column, "if" or "else")
  std::map<uint32_t, std::map<std::string, uint64_t>> toggles;              ///< [line of the declaration][bit]
  Touched countLines() const {
    Touched out;
    for (const auto &[line, count] : lines)
      out.count(count != 0);
    return out;
  }
};

namespace detail {
struct BinRow {
  std::string group, bin;
  uint64_t count;
  bool seen;
};
using BinTable = std::vector<BinRow>;

/// "54-59,61" -> 54 ... 59, 61. What is no range is left out.
std::vector<uint32_t> linesOf(std::string_view ranges);
std::string indexPage(const CoverageSummary &summary, const std::map<std::string, FileView> &files, const BinTable &bins);
/// The source with its counts; without a source that can be read, the counts alone.
std::string filePage(const std::string &name, const FileView &file);
} // namespace detail
} // namespace ranvier::rtl

#endif
