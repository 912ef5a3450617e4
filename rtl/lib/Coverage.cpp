//===- Coverage.cpp - What the runs of a model have touched ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/Rtl/Coverage.h"
#include "CoveragePages.h"
#include "ranvier/Support/File.h"
#include <algorithm>
#include <charconv>
#include <filesystem>
#include <set>
#include <unistd.h>

namespace fs = std::filesystem;

namespace ranvier::rtl {
namespace {
constexpr uint64_t largestFile = uint64_t(1) << 30;
constexpr std::string_view firstLine = "# SystemC::Coverage-3";

Error malformed(const std::string &path, size_t line, const std::string &expected, std::string_view found) {
  return {.code = 7530,
          .message = "a file of coverage data is malformed",
          .file = path,
          .place = "line " + std::to_string(line),
          .expected = expected,
          .found = "'" + std::string(found.substr(0, 60)) + "'",
          .kind = ErrorKind::BadInput};
}

template <typename Number> bool parse(std::string_view text, Number &out) {
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), out);
  return failure == std::errc() && end == text.data() + text.size();
}

/// Calls `use(number of the line, line)` until it says false or the text ends.
template <typename Use> Result<void> eachLine(std::string_view text, const Use &use) {
  for (size_t number = 1; !text.empty(); ++number) {
    const size_t end = std::min(text.find('\n'), text.size());
    RANVIER_CHECK(use(number, text.substr(0, end)));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return {};
}
} // namespace

std::vector<uint32_t> detail::linesOf(std::string_view ranges) {
  std::vector<uint32_t> out;
  while (!ranges.empty()) {
    const size_t end = std::min(ranges.find(','), ranges.size());
    const std::string_view range = ranges.substr(0, end);
    const size_t dash = range.find('-');
    uint32_t first = 0, last = 0;
    if (parse(range.substr(0, dash), first) &&
        (dash == std::string_view::npos ? (last = first, true) : parse(range.substr(dash + 1), last)))
      for (uint32_t line = first; line <= last && line - first < 100000; ++line)
        out.push_back(line);
    ranges.remove_prefix(std::min(end + 1, ranges.size()));
  }
  return out;
}

Result<void> Coverage::read(const std::string &path, Points &into) {
  RANVIER_TRY(const std::string text, readFile(path, largestFile));
  return eachLine(text, [&](size_t number, std::string_view line) -> Result<void> {
    if (number == 1 && line != firstLine)
      return malformed(path, 1, "'" + std::string(firstLine) + "'", line);
    if (number == 1 || line.empty())
      return {};
    // C '\1key\2value\1key\2value...' count
    const size_t quote = line.rfind("' ");
    uint64_t count = 0;
    if (!line.starts_with("C '") || quote == std::string_view::npos || quote < 3 || !parse(line.substr(quote + 2), count))
      return malformed(path, number, "C 'point' count", line);
    Point point;
    std::string file;
    for (std::string_view fields = line.substr(3, quote - 3); !fields.empty();) {
      const size_t start = fields.find('\1'), middle = fields.find('\2');
      if (start != 0 || middle == std::string_view::npos)
        return malformed(path, number, "fields of key and value", fields);
      const std::string_view key = fields.substr(1, middle - 1);
      fields.remove_prefix(middle + 1);
      const std::string_view value = fields.substr(0, fields.find('\1'));
      fields.remove_prefix(value.size());
      if (key == "f")
        file = value;
      else if ((key == "l" && !parse(value, point.line)) || (key == "n" && !parse(value, point.column)))
        return malformed(path, number, "a number of a line or column", value);
      else if (key == "page")
        point.page = value;
      else if (key == "o")
        point.comment = value;
      else if (key == "S")
        point.lines = value;
    }
    point.file = fs::path(file).filename().string();
    if (point.file.empty() || point.page.empty())
      return malformed(path, number, "a file and a page", line);
    paths[point.file] = file;
    into[point] += count;
    return {};
  });
}

Result<void> Coverage::readBins(const std::string &path) {
  RANVIER_TRY(const std::string text, readFile(path, largestFile));
  return eachLine(text, [&](size_t number, std::string_view line) -> Result<void> {
    const size_t first = line.find('\t'), second = line.find('\t', first + 1), third = line.find('\t', second + 1);
    uint64_t count = 0;
    if (third == std::string_view::npos || !parse(line.substr(second + 1, third - second - 1), count))
      return malformed(path, number, "group, bin, count, seen or unseen, with tabs between them", line);
    const std::pair key(std::string(line.substr(0, first)), std::string(line.substr(first + 1, second - first - 1)));
    if (!bins.count(key))
      binOrder.push_back(key);
    bins[key] = {count, line.substr(third + 1) == "seen"};
    return {};
  });
}

Result<Coverage> Coverage::open(const std::string &folder) {
  Coverage out;
  out.folder = folder;
  std::vector<std::string> files;
  std::error_code failure;
  for (fs::directory_iterator at(folder, failure), end; !failure && at != end; at.increment(failure))
    if (at->path().extension() == ".dat")
      files.push_back(at->path().string());
  std::sort(files.begin(), files.end());
  for (const std::string &file : files)
    RANVIER_CHECK(out.read(file, fs::path(file).filename() == "cosim.dat" ? out.own : out.others));
  if (const std::string file = (fs::path(folder) / "bins.tsv").string(); fs::exists(file, failure))
    RANVIER_CHECK(out.readBins(file));
  return out;
}

Result<void> Coverage::add(Model &model) {
  std::error_code failure;
  fs::create_directories(folder, failure);
  const std::string path = (fs::path(folder) / (".run-" + std::to_string(getpid()))).string();
  const std::vector<ModelBins> groups = model.bins();
  const bool written = !failure && model.writeCoverage(path);
  if (!written && (failure || groups.empty()))
    return Error{.code = 7531,
                 .message = "the model tells no coverage",
                 .file = folder,
                 .expected = "a model that counts, and a folder that can be written",
                 .found = failure ? failure.message() : "none"};
  if (written) {
    auto done = read(path, own);
    fs::remove(path, failure);
    RANVIER_CHECK(std::move(done));
  }
  for (const ModelBins &group : groups)
    for (const auto &[name, count] : group.bins) {
      const std::pair key(group.name, name);
      if (!bins.count(key))
        binOrder.push_back(key);
      Bin &bin = bins[key];
      bin.count += count;
      bin.seen |= group.seen;
    }
  return {};
}

std::map<std::string, detail::FileView> Coverage::byFile() const {
  std::map<std::string, detail::FileView> out;
  for (const Points *points : {&own, &others})
    for (const auto &[point, count] : *points) {
      detail::FileView &file = out[point.file];
      if (point.page.starts_with("v_toggle")) {
        uint64_t &known = file.toggles[point.line][point.comment];
        known += count;
        continue;
      }
      if (point.page.starts_with("v_branch"))
        file.branches[{point.line, point.column, point.comment}] += count;
      for (const uint32_t line : detail::linesOf(point.lines))
        file.lines[line] = std::max(file.lines[line], count);
    }
  for (auto &[name, file] : out)
    if (const auto path = paths.find(name); path != paths.end())
      file.path = path->second;
  return out;
}

CoverageSummary Coverage::summary() const {
  CoverageSummary out;
  for (const auto &[name, file] : byFile()) {
    Touched &lines = out.linesOf[name];
    lines = file.countLines();
    out.lines.all += lines.all;
    out.lines.hit += lines.hit;
    for (const auto &[branch, count] : file.branches)
      out.branches.count(count != 0);
    for (const auto &[line, signals] : file.toggles)
      for (const auto &[signal, count] : signals)
        out.toggles.count(count != 0);
  }
  std::set<std::string> unseen;
  for (const auto &key : binOrder) {
    const Bin &bin = bins.at(key);
    if (!bin.seen) {
      if (unseen.insert(key.first).second)
        out.unseenGroups.push_back(key.first);
      continue;
    }
    out.bins.count(bin.count != 0);
    if (!bin.count)
      out.emptyBins.push_back(key.first + ": " + key.second);
  }
  return out;
}

Result<void> Coverage::write() const {
  const auto put = [&](const std::string &name, const std::string &text) {
    return writeFileAtomically((fs::path(folder) / name).string(), text);
  };
  std::string data(firstLine), table;
  data += '\n';
  for (const auto &[point, count] : own)
    data += "C '\1f\2" + paths.at(point.file) + "\1l\2" + std::to_string(point.line) + "\1n\2" + std::to_string(point.column) +
            "\1page\2" + point.page + "\1o\2" + point.comment + (point.lines.empty() ? "" : "\1S\2" + point.lines) + "' " +
            std::to_string(count) + "\n";
  for (const auto &key : binOrder)
    table +=
        key.first + "\t" + key.second + "\t" + std::to_string(bins.at(key).count) + (bins.at(key).seen ? "\tseen\n" : "\tunseen\n");
  RANVIER_CHECK(put("cosim.dat", data));
  RANVIER_CHECK(put("bins.tsv", table));
  const auto files = byFile();
  for (const auto &[name, file] : files)
    RANVIER_CHECK(put(name + ".html", detail::filePage(name, file)));
  detail::BinTable rows;
  for (const auto &key : binOrder)
    rows.push_back({key.first, key.second, bins.at(key).count, bins.at(key).seen});
  return put("index.html", detail::indexPage(summary(), files, rows));
}

} // namespace ranvier::rtl
