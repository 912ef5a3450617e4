//===- CoveragePages.cpp - Coverage as HTML -------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "CoveragePages.h"
#include "ranvier/Support/File.h"

namespace ranvier::rtl::detail {
namespace {
constexpr size_t shownBits = 8; ///< Of a declaration, that never changed; the rest is a number.

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text)
    out += c == '&' ? "&amp;" : c == '<' ? "&lt;" : c == '>' ? "&gt;" : c == '"' ? "&quot;" : std::string(1, c);
  return out;
}

std::string page(const std::string &title, const std::string &body) {
  return "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>" + escaped(title) +
         "</title><style>\n"
         "body { font: 14px sans-serif; margin: 2em; color: #222; }\n"
         "table { border-collapse: collapse; } td, th { padding: 2px 10px; text-align: right; border-bottom: 1px solid #ddd; }\n"
         "td:first-child, th:first-child { text-align: left; }\n"
         "pre { font: 13px monospace; } .hit { background: #e6f4e6; } .miss { background: #fbd9d9; }\n"
         ".bits { color: #a03030; } .bin { display: inline-block; margin: 2px; padding: 1px 6px; border-radius: 3px; }\n"
         "</style></head><body>\n<h1>" +
         escaped(title) + "</h1>\n" + body + "</body></html>\n";
}

std::string percent(const Touched &touched) {
  if (!touched.all)
    return "none";
  char text[64];
  std::snprintf(text, sizeof text, "%.1f %% (%llu of %llu)", *touched.percent(), static_cast<unsigned long long>(touched.hit),
                static_cast<unsigned long long>(touched.all));
  return text;
}

std::string cell(const std::string &text) { return "<td>" + text + "</td>"; }

std::string binsHtml(const BinTable &bins) {
  std::string out;
  const std::string *group = nullptr;
  for (const BinRow &row : bins) {
    if (!group || *group != row.group)
      out += std::string(group ? "</p>\n" : "") + "<h3>" + escaped(row.group) + (row.seen ? "" : " (its signals are in no model)") +
             "</h3><p>\n";
    group = &row.group;
    out += std::string("<span class=\"bin ") + (row.count ? "hit" : "miss") + "\">" + escaped(row.bin) + ": " +
           std::to_string(row.count) + "</span>\n";
  }
  return out + (group ? "</p>\n" : "");
}

/// What of a line's declaration never changed.
std::string stillBits(const FileView &file, uint32_t line) {
  const auto at = file.toggles.find(line);
  if (at == file.toggles.end())
    return "";
  size_t still = 0;
  std::string names;
  for (const auto &[bit, count] : at->second)
    if (!count && still++ < shownBits)
      names += " " + bit;
  if (!still)
    return "";
  return "   <span class=\"bits\">never toggled:" + escaped(names) +
         (still > shownBits ? " and " + std::to_string(still - shownBits) + " more" : "") + "</span>";
}
} // namespace

std::string indexPage(const CoverageSummary &summary, const std::map<std::string, FileView> &files, const BinTable &bins) {
  std::string body = "<p>Lines " + percent(summary.lines) + ", branches " + percent(summary.branches) + ", toggles " +
                     percent(summary.toggles) + ", functional bins " + percent(summary.bins) + ".</p>\n";
  body += "<table><tr><th>file</th><th>lines</th><th>branches</th><th>toggles</th></tr>\n";
  for (const auto &[name, file] : files) {
    Touched branches, toggles;
    for (const auto &[branch, count] : file.branches)
      branches.count(count != 0);
    for (const auto &[line, signals] : file.toggles)
      for (const auto &[signal, count] : signals)
        toggles.count(count != 0);
    body += "<tr>" + cell("<a href=\"" + escaped(name) + ".html\">" + escaped(name) + "</a>") + cell(percent(file.countLines())) +
            cell(percent(branches)) + cell(percent(toggles)) + "</tr>\n";
  }
  body += "</table>\n";
  if (!bins.empty())
    body += "<h2>Functional bins</h2>\n" + binsHtml(bins);
  return page("Coverage of the RTL", body);
}

std::string filePage(const std::string &name, const FileView &file) {
  std::string text;
  if (auto source = readFile(file.path, uint64_t(1) << 26))
    text = *std::move(source);
  std::map<uint32_t, std::string> sides; ///< Branches of a line that were never taken.
  for (const auto &[branch, count] : file.branches)
    if (!count)
      sides[std::get<0>(branch)] += " " + std::get<2>(branch);
  std::string body = "<p><a href=\"index.html\">All files</a></p>\n<pre>";
  uint32_t last = file.lines.empty() ? 0 : file.lines.rbegin()->first;
  for (uint32_t line = 1; !text.empty() || line <= last; ++line) {
    const size_t end = std::min(text.find('\n'), text.size());
    const auto count = file.lines.find(line);
    char head[48];
    std::snprintf(head, sizeof head, "%5u %12s  ", line, count == file.lines.end() ? "" : std::to_string(count->second).c_str());
    const char *kind = count == file.lines.end() ? "" : count->second ? "hit" : "miss";
    body += std::string("<span class=\"") + kind + "\">" + head + escaped(std::string_view(text).substr(0, end)) + "</span>" +
            (sides.count(line) ? "   <span class=\"bits\">never taken:" + escaped(sides[line]) + "</span>" : "") +
            stillBits(file, line) + "\n";
    text.erase(0, std::min(end + 1, text.size()));
  }
  return page(name, body + "</pre>\n");
}

} // namespace ranvier::rtl::detail
