//===- Diff.cpp - `ranvier diff` ------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Compares two recordings population by population: spikes as sets of (step, neuron), states value by value. Populations are joined by
// name; `--shift` allows for the depth by which a mapped network lags.
//===----------------------------------------------------------------------===//
#include "Common.h"
#include "ranvier/Formats/Recording.h"
#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

using namespace ranvier;
using namespace ranvier::tools;

namespace {
using Spike = std::pair<int64_t, uint32_t>;

std::vector<Spike> spikesOf(const formats::Recording::Population &population, int64_t shift) {
  std::vector<Spike> out;
  for (size_t k = 0; k < population.spikeSteps.size(); ++k)
    out.push_back({static_cast<int64_t>(population.spikeSteps[k]) - shift, population.spikeNeurons[k]});
  std::sort(out.begin(), out.end());
  return out;
}

/// Spikes of one side only, the first of them, and their number per step.
Json compareSpikes(const formats::Recording::Population &a, const formats::Recording::Population &b, int64_t shift, int64_t lastStep) {
  std::vector<Spike> left = spikesOf(a, 0), right = spikesOf(b, shift), onlyA, onlyB;
  auto outside = [&](const Spike &spike) { return spike.first < 1 || spike.first > lastStep; };
  left.erase(std::remove_if(left.begin(), left.end(), outside), left.end());
  right.erase(std::remove_if(right.begin(), right.end(), outside), right.end());
  std::set_difference(left.begin(), left.end(), right.begin(), right.end(), std::back_inserter(onlyA));
  std::set_difference(right.begin(), right.end(), left.begin(), left.end(), std::back_inserter(onlyB));
  Json out = {{"spikes_a", left.size()}, {"spikes_b", right.size()}, {"only_a", onlyA.size()}, {"only_b", onlyB.size()}};
  std::map<int64_t, uint64_t> perStep;
  for (const auto *side : {&onlyA, &onlyB})
    for (const Spike &spike : *side)
      ++perStep[spike.first];
  if (!perStep.empty()) {
    const bool inA = !onlyA.empty() && (onlyB.empty() || onlyA[0] <= onlyB[0]);
    const Spike first = inA ? onlyA[0] : onlyB[0];
    out["first"] = {{"step", first.first}, {"neuron", first.second}, {"only_in", inA ? "a" : "b"}};
    Json &steps = out["per_step"] = Json::array();
    for (const auto &[step, count] : perStep)
      steps.push_back({step, count});
  }
  return out;
}

/// Largest and first difference of a state both recordings hold.
Json compareState(const std::vector<double> &a, const std::vector<double> &b, uint32_t count, int64_t shift) {
  uint64_t differing = 0;
  double largest = 0;
  Json first;
  const int64_t rows = count ? static_cast<int64_t>(std::min(a.size(), b.size()) / count) - std::max<int64_t>(shift, 0) : 0;
  for (int64_t t = 0; t < rows; ++t)
    for (uint32_t n = 0; n < count; ++n) {
      const double x = a[static_cast<size_t>(t) * count + n], y = b[static_cast<size_t>(t + shift) * count + n];
      if (x == y || (x != x && y != y))
        continue;
      if (!differing++)
        first = {{"step", t + 1}, {"neuron", n}, {"a", x}, {"b", y}};
      largest = std::max(largest, std::abs(x - y));
    }
  Json out = {{"values", static_cast<uint64_t>(std::max<int64_t>(rows, 0)) * count}, {"differing", differing}, {"largest", largest}};
  if (differing)
    out["first"] = first;
  return out;
}

std::string line(const std::string &name, const Json &entry) {
  std::string text = name + ": " + entry["spikes"]["spikes_a"].dump() + " and " + entry["spikes"]["spikes_b"].dump() + " spikes";
  if (entry["spikes"].contains("first")) {
    const Json &first = entry["spikes"]["first"];
    text += ", " + entry["spikes"]["only_a"].dump() + " only in A, " + entry["spikes"]["only_b"].dump() + " only in B; first at step " +
            first["step"].dump() + ", neuron " + first["neuron"].dump() + " (only in " + (first["only_in"] == "a" ? "A)" : "B)");
  } else {
    text += ", equal";
  }
  for (const auto &[state, result] : entry["states"].items())
    text += "; " + state + ": " + result["differing"].dump() + " of " + result["values"].dump() + " values differ";
  return text + "\n";
}

Result<void> diff(Context &context, const std::string &pathA, const std::string &pathB, const std::vector<std::string> &shifts) {
  RANVIER_TRY(auto a, formats::readRecording(pathA));
  RANVIER_TRY(auto b, formats::readRecording(pathB));
  std::map<std::string, int64_t> shiftOf;
  int64_t common = 0;
  for (const std::string &shift : shifts) {
    const size_t equals = shift.find('=');
    try {
      (equals == std::string::npos ? common : shiftOf[shift.substr(0, equals)]) = std::stoll(shift.substr(equals == std::string::npos ? 0 : equals + 1));
    } catch (const std::exception &) {
      return Error{.code = 8070, .message = "--shift takes STEPS or POPULATION=STEPS", .found = shift};
    }
  }
  bool equal = true;
  Json populations = Json::object(), missing = Json::array();
  std::string text;
  for (const auto &left : a.populations) {
    const auto right = std::find_if(b.populations.begin(), b.populations.end(), [&](const auto &p) { return p.name == left.name; });
    if (right == b.populations.end() || right->count != left.count) {
      missing.push_back(left.name);
      text += left.name + (right == b.populations.end() ? ": only in A\n" : ": different sizes\n");
      equal = false;
      continue;
    }
    const int64_t shift = shiftOf.count(left.name) ? shiftOf[left.name] : common;
    Json entry = {{"spikes", compareSpikes(left, *right, shift, std::min<int64_t>(a.steps, static_cast<int64_t>(b.steps) - shift))}};
    entry["states"] = Json::object();
    for (const auto &[name, values] : left.states)
      for (const auto &[other, otherValues] : right->states)
        if (name == other) {
          entry["states"][name] = compareState(values, otherValues, left.count, shift);
          equal = equal && entry["states"][name]["differing"] == 0;
        }
    equal = equal && !entry["spikes"].contains("first");
    text += line(left.name, entry);
    populations[left.name] = entry;
  }
  for (const auto &right : b.populations)
    if (std::none_of(a.populations.begin(), a.populations.end(), [&](const auto &p) { return p.name == right.name; })) {
      missing.push_back(right.name);
      text += right.name + ": only in B\n";
      equal = false;
    }
  context.print(Json{{"command", "diff"}, {"equal", equal}, {"populations", populations}, {"unmatched", missing}}, text + (equal ? "equal\n" : "different\n"));
  if (!equal)
    context.exitCode = BadInput;
  return {};
}
} // namespace

void tools::addDiff(CLI::App &app, Context &context) {
  auto a = std::make_shared<std::string>(), b = std::make_shared<std::string>();
  auto shifts = std::make_shared<std::vector<std::string>>();
  CLI::App *command = addCommand(app, context, "diff", "Compare two recordings: first and total differences per population and step",
                                 "  ranvier diff float.h5 quantised.h5 --shift lif1=1 --shift lif2=2",
                                 [&context, a, b, shifts] { return diff(context, *a, *b, *shifts); });
  command->add_option("run_a", *a, "Recording of `ranvier run`")->required();
  command->add_option("run_b", *b, "Another one")->required();
  command->add_option("--shift", *shifts, "B lags A by STEPS, or POPULATION=STEPS (a chip's depth); may be repeated");
}
