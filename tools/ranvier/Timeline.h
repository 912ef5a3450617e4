//===- Timeline.h - A run as trace events -----------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RANVIER_TOOLS_TIMELINE_H
#define RANVIER_TOOLS_TIMELINE_H

#include "ranvier/Emulator/Machine.h"
#include "ranvier/Support/File.h"
#include <string>
#include <vector>

namespace ranvier::tools {

/// Writes what each core does in each step in Chrome's trace event format (docs/spec/timing-and-energy.md, section 6), step by
/// step, under the final name once the run is over.
class Timeline {
public:
  /// Slices a file may have at most: about 1 GB, more than viewers open.
  static constexpr uint64_t mostSlices = 10'000'000;
  /// Errors: RNV8037 (the run could make too many slices), RNV8043 (a machine that knows no times), those of AtomicFile.
  static Result<Timeline> create(const std::string &path, const emu::Machine &machine, uint32_t steps);
  /// Appends the step just run.
  Result<void> step(const emu::Machine &machine);
  Result<void> finish();

private:
  struct Slice {
    int64_t start, length; ///< [ps] since the start of the run.
    uint32_t core;         ///< Index into the image's cores.
    bool receives;         ///< Of the half that takes messages in.
    const char *name;
  };
  explicit Timeline(AtomicFile file) : file(std::move(file)) {}
  Result<void> names(const emu::Machine &machine);
  void add(const Slice &slice, const image::CoreRecord &core);
  Result<void> flush();

  AtomicFile file;
  std::string text;
  std::vector<Slice> slices; ///< Of one step.
  uint32_t number = 0;
  int64_t now = 0;
  bool first = true;
};

} // namespace ranvier::tools

#endif
