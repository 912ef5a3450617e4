//===- OutputFolder.cpp - A folder of results, all or nothing -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "OutputFolder.h"
#include <unistd.h>

using namespace ranvier;
namespace fs = std::filesystem;

static Error folderRefused(const std::string &folder, const std::string &found) {
  return {.code = 8066,
          .message = "the folder of the memories cannot be made",
          .file = folder,
          .expected = "a name that is not taken, or an empty folder",
          .found = found,
          .kind = ErrorKind::System};
}

Result<void> tools::writeFolder(const std::string &folder, const std::function<Result<void>(const fs::path &)> &write) {
  const fs::path target = fs::path(folder).has_filename() ? fs::path(folder) : fs::path(folder).parent_path();
  std::error_code failure;
  if (fs::exists(target, failure) && !(fs::is_directory(target, failure) && fs::is_empty(target, failure)))
    return folderRefused(folder, fs::is_directory(target, failure) ? "a folder that holds something" : "a file");
  const fs::path beside = target.string() + ".new-" + std::to_string(getpid());
  fs::create_directories(beside, failure);
  if (failure)
    return folderRefused(folder, failure.message());
  auto written = write(beside);
  if (written) {
    fs::rename(beside, target, failure);
    if (failure)
      written = folderRefused(folder, failure.message());
  }
  std::error_code ignored;
  fs::remove_all(beside, ignored);
  return written;
}
