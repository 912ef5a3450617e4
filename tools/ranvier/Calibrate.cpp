//===- Calibrate.cpp - Recording a calibration profile --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The compiler never runs anything: the driver compiles the network for `reference`, runs it on sample input and hands the extremes
// of every state to the quantiser as text.
//===----------------------------------------------------------------------===//
#include "NetworkFile.h"
#include "Provenance.h"
#include "SampleRuns.h"
#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>

using namespace ranvier;
using namespace ranvier::tools;

namespace {
/// Extremes of every state of every population, [population][state].
class Extremes {
public:
  explicit Extremes(const image::Image &image) : image(image), ranges(image.meta.populations.size()) {
    for (uint32_t p = 0; p < ranges.size(); ++p)
      if (!image.meta.populations[p].input)
        ranges[p].assign(image.meta.programs[image.meta.populations[p].program].states.size(), {0.0, 0.0});
  }
  void observe(emu::Machine &machine) {
    for (uint32_t p = 0; p < ranges.size(); ++p) {
      row.resize(image.meta.populations[p].count);
      for (uint32_t s = 0; s < ranges[p].size(); ++s) {
        machine.readState(p, s, row);
        for (int32_t word : row) {
          float value;
          std::memcpy(&value, &word, sizeof value);
          if (std::isfinite(value)) {
            ranges[p][s].first = std::min<double>(ranges[p][s].first, value);
            ranges[p][s].second = std::max<double>(ranges[p][s].second, value);
          }
        }
      }
    }
  }
  std::string profile() const {
    Json populations = Json::object();
    for (uint32_t p = 0; p < ranges.size(); ++p) {
      if (ranges[p].empty())
        continue;
      const auto &meta = image.meta.populations[p];
      const auto &names = image.meta.programs[meta.program].states;
      Json states = Json::object();
      for (uint32_t s = 0; s < names.size(); ++s)
        states[names[s]] = {ranges[p][s].first, ranges[p][s].second};
      populations[meta.name] = {{"states", states}};
    }
    return Json{{"format", "ranvier-calibration"}, {"version", 1}, {"populations", populations}}.dump();
  }

private:
  const image::Image &image;
  std::vector<std::vector<std::pair<double, double>>> ranges;
  std::vector<int32_t> row;
};
} // namespace

Result<std::string> tools::recordProfile(const NetworkOptions &network, const std::string &sampleFile, Context &context) {
  context.note("  calibrate on " + fileName(sampleFile));
  context.progress->phase("compile: calibrate");
  RANVIER_TRY(LoadedNetwork loaded, loadNetwork(network));
  RANVIER_TRY(compiler::CompileOptions options, makeCompileOptions({.target = "reference"}));
  compiler::CompileReport report;
  RANVIER_CHECK(runStages(*loaded.module, options, compiler::Stage::Fabric, report));
  RANVIER_TRY(image::ImageData data, compiler::emit(*loaded.module, options, "{}", report));
  RANVIER_TRY(image::Image opened, image::fromData(std::move(data)));
  auto image = std::make_shared<const image::Image>(std::move(opened));
  Extremes extremes(*image);
  RANVIER_CHECK(
      runOnSamples(image, sampleFile, "compile: calibrate", context, [] {}, [&](emu::Machine &at) { extremes.observe(at); }));
  return extremes.profile();
}
