//===- Sources.cpp - Which SystemVerilog a model is made of ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/Rtl/Model.h"
#include "ranvier/Support/File.h"
#include <algorithm>
#include <filesystem>

namespace fs = std::filesystem;

namespace ranvier::rtl {
namespace {
constexpr const char *generatedPackage = "n1_pkg.sv";

Error wrongList(const std::string &path, size_t line, const std::string &message, const std::string &found) {
  return {.code = 7523,
          .message = message,
          .file = path,
          .place = line ? "line " + std::to_string(line) : "",
          .expected = "paths of SystemVerilog files, +incdir+FOLDER or +define+NAME=VALUE, one a line",
          .found = found};
}

/// A line without comment, blanks and quotes.
std::string entryOf(std::string line) {
  const auto strip = [](std::string &text) {
    const size_t first = text.find_first_not_of(" \t\r"), last = text.find_last_not_of(" \t\r");
    text = first == std::string::npos ? "" : text.substr(first, last - first + 1);
  };
  strip(line);
  if (line.starts_with('"'))
    return line.find('"', 1) == std::string::npos ? line : line.substr(1, line.find('"', 1) - 1);
  for (const std::string_view comment : {"//", "#"})
    for (size_t at = line.find(comment); at != std::string::npos; at = line.find(comment, at + 1))
      if (at == 0 || line[at - 1] == ' ' || line[at - 1] == '\t') // else it is a part of a path
        line.erase(at);
  strip(line);
  return line;
}
} // namespace

Result<RtlSources> shippedSources() {
  RANVIER_TRY(const std::string folder, hw::dataFolder("rtl"));
  RtlSources out;
  for (const char *part : {"aer", "common", "n1"}) {
    std::error_code failure;
    for (fs::directory_iterator at(fs::path(folder) / part, failure), end; !failure && at != end; at.increment(failure))
      if (at->path().extension() == ".sv" && at->path().filename() != generatedPackage)
        out.files.push_back(at->path().string());
    if (failure)
      return wrongList((fs::path(folder) / part).string(), 0, "the RTL's folder cannot be read", failure.message());
  }
  // Packages before those that use them.
  const auto isPackage = [](const std::string &file) { return file.ends_with("_pkg.sv"); };
  std::sort(out.files.begin(), out.files.end());
  std::stable_partition(out.files.begin(), out.files.end(), isPackage);
  return out;
}

Result<RtlSources> readFileList(const std::string &path) {
  RANVIER_TRY(const std::string text, readFile(path, 1 << 20));
  const fs::path folder = fs::path(path).parent_path();
  RtlSources out;
  size_t number = 0;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    const std::string entry = entryOf(text.substr(at, end - at));
    at = end + 1;
    ++number;
    if (entry.empty())
      continue;
    if (entry.starts_with("+incdir+")) {
      const fs::path named = folder / entry.substr(8);
      if (!fs::is_directory(named))
        return wrongList(path, number, "a folder of the list is not there", named.string());
      out.includeDirs.push_back(named.string());
    } else if (entry.starts_with("+define+") && entry.size() > 8) {
      out.defines.push_back(entry.substr(8));
    } else if (entry.starts_with('+') || entry.starts_with('-')) {
      return wrongList(path, number, "an option that file lists do not have", entry);
    } else {
      const fs::path named = folder / entry;
      if (!fs::is_regular_file(named))
        return wrongList(path, number, "a file of the list is not there", named.string());
      if (named.filename() != generatedPackage)
        out.files.push_back(named.string());
    }
  }
  if (out.files.empty())
    return wrongList(path, 0, "the list names no file", "none");
  return out;
}

} // namespace ranvier::rtl
