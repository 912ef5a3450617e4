//===- SampleRuns.h - An image run on sample input --------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RANVIER_TOOLS_SAMPLERUNS_H
#define RANVIER_TOOLS_SAMPLERUNS_H

#include "Common.h"
#include "ranvier/Emulator/Machine.h"
#include <functional>

namespace ranvier::tools {

/// Runs an image without times on the first 100 samples of a set at most: what compiling learns from them (extremes of states,
/// largest currents) settles after a few dozen, and more would only cost time. `begin` is called before each sample, `observe`
/// after each of its steps; progress is shown as `phase`. Errors: those of readDataSet, theInput and emu::run; RNV8032 (samples of
/// another width than the network's input).
Result<void> runOnSamples(const std::shared_ptr<const image::Image> &image, const std::string &sampleFile, const std::string &phase,
                          Context &context, const std::function<void()> &begin, const std::function<void(emu::Machine &)> &observe);

} // namespace ranvier::tools

#endif
