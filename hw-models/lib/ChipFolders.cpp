//===- ChipFolders.cpp - Where chips and models lie -----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// An installed program looks beside itself; one that runs from the build tree looks in the source tree it was built from. The
// latter is decided by where the executable lies, never by what happens to exist, so that an installed tool cannot pick up a stray
// checkout.
//===----------------------------------------------------------------------===//
#include "ranvier/HwModels/Chip.h"
#include "ranvier/HwModels/Folders.h"
#include "ranvier/Support/File.h"
#include <algorithm>
#include <cstdlib>
#include <filesystem>

namespace fs = std::filesystem;

namespace ranvier::hw {
namespace {
/// The folder of the running executable; empty if the system does not say.
fs::path executableFolder() {
  std::error_code ignored;
  return fs::read_symlink("/proc/self/exe", ignored).parent_path();
}

bool liesWithin(const fs::path &path, const fs::path &folder) {
  const auto [end, rest] = std::mismatch(folder.begin(), folder.end(), path.begin(), path.end());
  return end == folder.end();
}

bool endsInYaml(const fs::path &path) { return path.extension() == ".yaml" || path.extension() == ".yml"; }
} // namespace

std::string buildFolder() {
  std::error_code ignored;
  const fs::path build = fs::weakly_canonical(RANVIER_BUILD_TREE, ignored), program = executableFolder();
  return !program.empty() && liesWithin(program, build) ? build.string() : "";
}

Result<std::string> dataFolder(const std::string &kind) {
  std::vector<fs::path> candidates;
  const char *variable = std::getenv("RANVIER_DATA");
  const fs::path program = executableFolder();
  if (variable && *variable)
    candidates.push_back(fs::path(variable) / kind);
  else {
    if (!program.empty())
      candidates.push_back(program.parent_path() / "share" / "ranvier" / kind);
    if (!buildFolder().empty())
      candidates.push_back(fs::path(RANVIER_SOURCE_TREE) / (kind == "chips" ? "hw-models/chips" : kind));
  }
  std::string tried;
  for (const fs::path &candidate : candidates) {
    std::error_code ignored;
    if (fs::is_directory(candidate, ignored))
      return candidate.string();
    tried += (tried.empty() ? "" : ", ") + candidate.string();
  }
  return Error{.code = 2003,
               .message = "the folder of shipped " + kind + " is not there",
               .place = kind,
               .expected = tried.empty() ? "a folder share/ranvier/" + kind + " beside the program" : "one of " + tried,
               .hint = "set RANVIER_DATA to the folder that holds " + kind + "/"};
}

std::vector<std::pair<std::string, std::string>> listChips() {
  std::vector<std::pair<std::string, std::string>> chips;
  auto folder = dataFolder("chips");
  if (!folder)
    return chips;
  std::error_code failure;
  for (fs::directory_iterator at(*folder, failure), end; !failure && at != end; at.increment(failure))
    if (endsInYaml(at->path()))
      chips.emplace_back(at->path().stem().string(), at->path().string());
  std::sort(chips.begin(), chips.end());
  return chips;
}

Result<Chip> loadChip(const std::string &path) {
  RANVIER_TRY(const std::string text, readFile(path, uint64_t(1) << 22));
  return parseChip(text, path);
}

Result<Chip> findChip(const std::string &nameOrPath) {
  if (endsInYaml(nameOrPath))
    return loadChip(nameOrPath);
  std::string names;
  for (const auto &[name, path] : listChips()) {
    if (name == nameOrPath)
      return loadChip(path);
    names += (names.empty() ? "" : ", ") + name;
  }
  if (names.empty())
    if (auto folder = dataFolder("chips"); !folder)
      return folder.error();
  return Error{.code = 2002,
               .message = "no chip of that name",
               .place = "target",
               .expected = names.empty() ? "a path that ends in .yaml" : "one of " + names + ", or a path that ends in .yaml",
               .found = "'" + nameOrPath + "'"};
}

Result<Chip> findTarget(const std::string &nameOrPath) {
  RANVIER_TRY(Chip chip, findChip(nameOrPath));
  if (!chip.coresModelled)
    return Error{.code = 2013,
                 .message = "no network can be compiled for '" + chip.name + "': its description stops at topology and router",
                 .file = chip.path,
                 .place = "key 'core.modelled'",
                 .expected = "a chip with cores",
                 .found = "false",
                 .kind = ErrorKind::DoesNotFit};
  return chip;
}

} // namespace ranvier::hw
