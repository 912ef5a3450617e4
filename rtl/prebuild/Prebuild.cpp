//===- Prebuild.cpp - Models of common grids, made with the build ---------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//   build-rtl-models CHIP.yaml GRID...           makes the models that `ranvier cosim` of this build tree would make when asked
//   build-rtl-models --trace CHIP.yaml GRID...   those with waveforms; --coverage: with coverage
//   build-rtl-models --package CHIP.yaml GRID    prints the SystemVerilog package
//===----------------------------------------------------------------------===//
#include "ranvier/Rtl/Model.h"
#include <cstdio>
#include <string_view>

using namespace ranvier;

namespace {
Result<void> run(bool package, const rtl::BuildOptions &options, const std::string &chipPath,
                 const std::vector<std::string> &grids) {
  RANVIER_TRY(const hw::Chip chip, hw::loadChip(chipPath));
  for (const std::string &text : grids) {
    RANVIER_TRY(const rtl::Grid grid, rtl::parseGrid(text));
    RANVIER_TRY(const rtl::Geometry geometry, rtl::geometryOf(chip, grid));
    if (package) {
      std::fputs(rtl::n1Package(geometry).c_str(), stdout);
      continue;
    }
    RANVIER_TRY(const rtl::RtlSources sources, rtl::shippedSources());
    RANVIER_TRY(const rtl::ModelFile model, rtl::buildModel(sources, geometry, options));
    std::printf("%s: %s, %.1f s\n", text.c_str(), model.built ? "built" : "there", model.seconds);
    std::fflush(stdout);
  }
  return {};
}
} // namespace

int main(int argc, char **argv) {
  std::vector<std::string> words(argv + 1, argv + argc);
  bool package = false;
  rtl::BuildOptions options;
  for (; !words.empty() && words.front().starts_with("--"); words.erase(words.begin())) {
    package |= words.front() == "--package";
    options.trace |= words.front() == "--trace";
    if (words.front() == "--coverage")
      options.counting = rtl::Counting::All;
  }
  if (words.size() < 2) {
    std::fputs("usage: build-rtl-models [--trace | --coverage | --package] CHIP.yaml GRID...\n", stderr);
    return 2;
  }
  if (auto done = run(package, options, words.front(), {words.begin() + 1, words.end()}); !done) {
    std::fprintf(stderr, "%s\n", done.error().str().c_str());
    return 1;
  }
  return 0;
}
