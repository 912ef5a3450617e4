//===- Process.h - Running a tool -------------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RANVIER_RTL_LIB_PROCESS_H
#define RANVIER_RTL_LIB_PROCESS_H

#include "ranvier/Support/Error.h"
#include <string>
#include <vector>

namespace ranvier::rtl {

/// A program that runs beside this one. What it says goes to the end of a file.
class Process {
public:
  /// The first word is looked for in PATH; no shell is between. Errors: RNV7521.
  static Result<Process> start(const std::vector<std::string> &command, const std::string &logPath);
  Process(Process &&other) noexcept : pid(std::exchange(other.pid, 0)) {}
  Process &operator=(Process &&other) noexcept {
    std::swap(pid, other.pid);
    return *this;
  }
  ~Process();
  /// Waits; whether it ended with exit code 0.
  bool succeeded();

private:
  Process() = default;
  int pid = 0;
};

/// Runs commands, `jobs` at once; false if one failed. Errors: RNV7521.
Result<bool> runAll(const std::vector<std::vector<std::string>> &commands, unsigned jobs, const std::string &logPath);

/// The first line that a program says to `--version`, as an identity of it. Errors: RNV7521.
Result<std::string> versionOf(const std::string &program, const std::string &folder);

} // namespace ranvier::rtl

#endif
