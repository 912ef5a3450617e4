//===- Coverage.h - What the runs of a model have touched -------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Lines, branches and toggles as Verilator counts them, and the functional bins of rtl/harness/Bins.cpp, added up over runs, grids
// and processes in one folder, and shown as HTML.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_RTL_COVERAGE_H
#define RANVIER_RTL_COVERAGE_H

#include "ranvier/Rtl/Model.h"
#include <map>
#include <optional>

namespace ranvier::rtl {
namespace detail {
struct FileView;
} // namespace detail

/// How many there are, and how many have been touched.
struct Touched {
  uint64_t all = 0, hit = 0;
  void count(bool touched) {
    ++all;
    hit += touched;
  }
  /// Nothing where there are none.
  std::optional<double> percent() const {
    return all ? std::optional(100.0 * static_cast<double>(hit) / static_cast<double>(all)) : std::nullopt;
  }
};

struct CoverageSummary {
  Touched lines, branches, toggles, bins;
  std::vector<std::string> emptyBins;     ///< "group: bin"
  std::vector<std::string> unseenGroups;  ///< Whose signals no model had: another core's RTL.
  std::map<std::string, Touched> linesOf; ///< By file name.
};

/// Of source files by their names without folders: copies of a file are the same file.
class Coverage {
public:
  /// With all that lies in the folder already: every *.dat in Verilator's format and bins.tsv. A folder that does not exist yet is
  /// empty. Errors: RNV7530 (a file that is not of its format, with its line), RNV9001.
  static Result<Coverage> open(const std::string &folder);
  /// What a model has counted since it was made. Errors: RNV7531 (a model built without coverage), RNV7530, RNV9001.
  Result<void> add(Model &model);
  /// cosim.dat (what add() brought, and an earlier cosim.dat), bins.tsv, index.html and a page for each source file. Errors:
  /// RNV9001.
  Result<void> write() const;
  CoverageSummary summary() const;

private:
  /// A point as Verilator describes it, its place in the hierarchy left out.
  struct Point {
    std::string file; ///< Name without folder.
    uint32_t line = 0, column = 0;
    std::string page, comment, lines; ///< "v_branch/n1_core", "if", "54-59,61"
    auto operator<=>(const Point &) const = default;
  };
  struct Bin {
    uint64_t count = 0;
    bool seen = false;
  };
  using Points = std::map<Point, uint64_t>;
  Result<void> read(const std::string &path, Points &into);
  Result<void> readBins(const std::string &path);
  std::map<std::string, detail::FileView> byFile() const;

  std::string folder;
  Points own, others;                                        ///< Of cosim.dat; of other files.
  std::vector<std::pair<std::string, std::string>> binOrder; ///< (group, bin), as the models name them.
  std::map<std::pair<std::string, std::string>, Bin> bins;
  std::map<std::string, std::string> paths; ///< Where the source of a file was last.
};

} // namespace ranvier::rtl

#endif
