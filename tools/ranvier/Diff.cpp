//===- Diff.cpp - `ranvier diff` ------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Compares two recordings population by population: spikes as sets of (step, neuron), values of graded spikes, states value by
// value in their own units, so that a float run and a quantised one can be compared. Populations are joined by name; `--shift`
// allows for the depth by which a mapped network lags.
//===----------------------------------------------------------------------===//
#include "Common.h"
#include "ranvier/Formats/Recording.h"
#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

using namespace ranvier;
using namespace ranvier::tools;
using Population = formats::Recording::Population;

namespace {
struct Spike {
  int64_t step;
  uint32_t neuron;
  double value;
  bool operator<(const Spike &other) const { return std::tie(step, neuron) < std::tie(other.step, other.neuron); }
};

/// The steps of A that are compared, [first, last]. Without a shift that is everything either recording holds, so that a longer
/// recording differs by what it has more; with one only the overlap, because the ends differ by nature.
struct Window {
  int64_t shift, first, last;
  Window(uint32_t stepsA, uint32_t stepsB, int64_t shift) : shift(shift) {
    first = std::max<int64_t>(1, 1 - shift);
    last = shift ? std::min<int64_t>(stepsA, int64_t(stepsB) - shift) : std::max(stepsA, stepsB);
  }
};

std::vector<Spike> spikesIn(const Population &population, int64_t shift, const Window &window) {
  std::vector<Spike> out;
  for (size_t k = 0; k < population.spikeSteps.size(); ++k) {
    const int64_t step = int64_t(population.spikeSteps[k]) - shift;
    if (step >= window.first && step <= window.last)
      out.push_back({step, population.spikeNeurons[k], population.spikeValues.empty() ? 1.0 : population.spikeValues[k]});
  }
  std::sort(out.begin(), out.end());
  return out;
}

Json perStepJson(const std::map<int64_t, uint64_t> &perStep) {
  Json out = Json::array();
  for (const auto &[step, count] : perStep)
    out.push_back({step, count});
  return out;
}

/// Spikes of one side only and spikes of different value: how many, the first, and their number per step.
Json compareSpikes(const Population &a, const Population &b, const Window &window) {
  const std::vector<Spike> left = spikesIn(a, 0, window), right = spikesIn(b, window.shift, window);
  uint64_t onlyA = 0, onlyB = 0, values = 0;
  std::map<int64_t, uint64_t> perStep;
  Json first;
  auto differs = [&](const Spike &spike, const char *how, uint64_t &counter, Json more) {
    ++counter;
    ++perStep[spike.step];
    if (first.is_null()) {
      first = {{"step", spike.step}, {"neuron", spike.neuron}, {"only_in", how}};
      first.update(more);
    }
  };
  for (auto x = left.begin(), y = right.begin(); x != left.end() || y != right.end();) {
    if (y == right.end() || (x != left.end() && *x < *y))
      differs(*x++, "a", onlyA, Json::object());
    else if (x == left.end() || *y < *x)
      differs(*y++, "b", onlyB, Json::object());
    else {
      if (x->value != y->value)
        differs(*x, "neither", values, {{"a", x->value}, {"b", y->value}});
      ++x, ++y;
    }
  }
  Json out = {
      {"spikes_a", left.size()}, {"spikes_b", right.size()}, {"only_a", onlyA}, {"only_b", onlyB}, {"values_differing", values}};
  out["uncompared_a"] = a.spikeSteps.size() - left.size();
  out["uncompared_b"] = b.spikeSteps.size() - right.size();
  if (!first.is_null()) {
    out["first"] = first;
    out["per_step"] = perStepJson(perStep);
  }
  return out;
}

/// Number, largest, first and per-step differences of a state both recordings hold.
Json compareState(const std::vector<double> &a, const std::vector<double> &b, uint32_t count, const Window &window) {
  uint64_t differing = 0;
  double largest = 0;
  Json first;
  std::map<int64_t, uint64_t> perStep;
  const int64_t rowsA = count ? static_cast<int64_t>(a.size() / count) : 0,
                rowsB = count ? static_cast<int64_t>(b.size() / count) : 0;
  const int64_t last = std::min({rowsA, rowsB - window.shift, window.last});
  for (int64_t step = window.first; step <= last; ++step)
    for (uint32_t n = 0; n < count; ++n) {
      const double x = a[static_cast<size_t>(step - 1) * count + n],
                   y = b[static_cast<size_t>(step - 1 + window.shift) * count + n];
      if (x == y || (std::isnan(x) && std::isnan(y)))
        continue;
      if (!differing++)
        first = {{"step", step}, {"neuron", n}, {"a", x}, {"b", y}};
      ++perStep[step];
      if (const double by = std::abs(x - y); by > largest)
        largest = by;
    }
  const int64_t rows = std::max<int64_t>(last - window.first + 1, 0);
  Json out = {{"values", static_cast<uint64_t>(rows) * count},
              {"differing", differing},
              {"largest", largest},
              {"rows_a", rowsA},
              {"rows_b", rowsB}};
  if (differing) {
    out["first"] = first;
    out["per_step"] = perStepJson(perStep);
  }
  return out;
}

/// One population of both recordings.
Json comparePopulation(const Population &a, const Population &b, const Window &window, bool &equal) {
  Json out = {{"shift", window.shift}, {"spikes", compareSpikes(a, b, window)}, {"states", Json::object()}};
  equal = !out["spikes"].contains("first");
  Json onlyA = Json::array(), onlyB = Json::array();
  auto find = [](const Population &population, const std::string &name) {
    return std::find_if(population.states.begin(), population.states.end(), [&](const auto &state) { return state.first == name; });
  };
  for (const auto &[name, values] : a.states) {
    const auto other = find(b, name);
    if (other == b.states.end()) {
      onlyA.push_back(name);
      continue;
    }
    Json &state = out["states"][name] = compareState(values, other->second, a.count, window);
    equal = equal && state["differing"] == 0 && (window.shift != 0 || state["rows_a"] == state["rows_b"]);
  }
  for (const auto &[name, values] : b.states)
    if (find(a, name) == a.states.end())
      onlyB.push_back(name);
  if (!onlyA.empty() || !onlyB.empty())
    out["states_not_compared"] = {{"only_a", onlyA}, {"only_b", onlyB}};
  return out;
}

std::string line(const std::string &name, const Json &entry) {
  const Json &spikes = entry["spikes"];
  std::string text = name + ": " + spikes["spikes_a"].dump() + " and " + spikes["spikes_b"].dump() + " spikes";
  if (spikes.contains("first")) {
    const Json &first = spikes["first"];
    text += ", " + spikes["only_a"].dump() + " only in A, " + spikes["only_b"].dump() + " only in B";
    if (spikes["values_differing"] != 0)
      text += ", " + spikes["values_differing"].dump() + " of other value";
    text += "; first at step " + first["step"].dump() + ", neuron " + first["neuron"].dump();
    text += first["only_in"] == "neither" ? " (" + first["a"].dump() + " and " + first["b"].dump() + ")"
            : first["only_in"] == "a"     ? " (only in A)"
                                          : " (only in B)";
    text += "; in " + std::to_string(spikes["per_step"].size()) + " steps";
  } else {
    text += ", equal";
  }
  for (const auto &[state, result] : entry["states"].items()) {
    text += "\n  " + state + ": " + result["differing"].dump() + " of " + result["values"].dump() + " values differ";
    if (result.contains("first"))
      text += ", by up to " + result["largest"].dump() + "; first at step " + result["first"]["step"].dump() + ", neuron " +
              result["first"]["neuron"].dump() + " (" + result["first"]["a"].dump() + " and " + result["first"]["b"].dump() +
              "); in " + std::to_string(result["per_step"].size()) + " steps";
    if (entry["shift"] == 0 && result["rows_a"] != result["rows_b"])
      text += "; " + result["rows_a"].dump() + " and " + result["rows_b"].dump() + " steps";
  }
  if (entry.contains("states_not_compared"))
    for (const auto &[side, names] : entry["states_not_compared"].items())
      for (const auto &state : names)
        text += "\n  " + state.get<std::string>() + ": recorded " + (side == "only_a" ? "in A only" : "in B only");
  if (spikes["uncompared_a"] != 0 || spikes["uncompared_b"] != 0)
    text += "\n  not compared, outside the common steps: " + spikes["uncompared_a"].dump() + " and " +
            spikes["uncompared_b"].dump() + " spikes";
  return text + "\n";
}

struct Shifts {
  int64_t common = 0;
  std::map<std::string, int64_t> byPopulation;
  int64_t of(const std::string &population) const {
    const auto at = byPopulation.find(population);
    return at == byPopulation.end() ? common : at->second;
  }
};

Result<Shifts> parseShifts(const std::vector<std::string> &texts) {
  Shifts out;
  for (const std::string &text : texts) {
    const size_t equals = text.rfind('=');
    const char *from = text.data() + (equals == std::string::npos ? 0 : equals + 1), *to = text.data() + text.size();
    int32_t steps = 0;
    const auto [end, failure] = std::from_chars(from, to, steps);
    if (failure != std::errc() || end != to)
      return Error{.code = 8070, .message = "--shift takes STEPS or POPULATION=STEPS", .found = text, .kind = ErrorKind::Usage};
    (equals == std::string::npos ? out.common : out.byPopulation[text.substr(0, equals)]) = steps;
  }
  return out;
}

const Population *find(const formats::Recording &recording, const std::string &name) {
  for (const auto &population : recording.populations)
    if (population.name == name)
      return &population;
  return nullptr;
}

Result<void> diff(Context &context, const std::string &pathA, const std::string &pathB,
                  const std::vector<std::string> &shiftTexts) {
  RANVIER_TRY(const Shifts shifts, parseShifts(shiftTexts));
  RANVIER_TRY(auto a, formats::readRecording(pathA));
  RANVIER_TRY(auto b, formats::readRecording(pathB));
  for (const auto &[name, steps] : shifts.byPopulation)
    if (!find(a, name) && !find(b, name))
      return Error{.code = 8071, .message = "--shift names a population that neither recording has", .found = "'" + name + "'"};
  bool equal = true;
  Json populations = Json::object(), unmatched = Json::array();
  std::string text;
  auto mismatch = [&](const std::string &name, const std::string &why) {
    unmatched.push_back({{"population", name}, {"reason", why}});
    text += name + ": " + why + "\n";
    equal = false;
  };
  for (const auto &left : a.populations) {
    const Population *right = find(b, left.name);
    if (!right)
      mismatch(left.name, "only in A");
    else if (right->count != left.count)
      mismatch(left.name, "different sizes: " + std::to_string(left.count) + " and " + std::to_string(right->count) + " neurons");
    else {
      const Window window(a.steps, b.steps, shifts.of(left.name));
      if (window.shift && window.last < window.first)
        return Error{.code = 8072,
                     .message = "--shift leaves nothing to compare",
                     .place = left.name,
                     .expected = "steps that both have",
                     .found = std::to_string(a.steps) + " and " + std::to_string(b.steps) + " steps, shifted by " +
                              std::to_string(window.shift)};
      bool same = true;
      const Json entry = populations[left.name] = comparePopulation(left, *right, window, same);
      equal = equal && same;
      text += line(left.name, entry);
    }
  }
  for (const auto &right : b.populations)
    if (!find(a, right.name))
      mismatch(right.name, "only in B");
  if (a.dt != b.dt)
    context.warn("the time steps differ: " + Json(a.dt).dump() + " s and " + Json(b.dt).dump() +
                 " s; steps are compared, not times");
  context.print(Json{{"command", "diff"},
                     {"equal", equal},
                     {"steps_a", a.steps},
                     {"steps_b", b.steps},
                     {"populations", populations},
                     {"unmatched", unmatched}},
                text + (equal ? "equal\n" : "different\n"));
  if (!equal)
    context.exitCode = BadInput;
  return {};
}
} // namespace

void tools::addDiff(CLI::App &app, Context &context) {
  auto a = std::make_shared<std::string>(), b = std::make_shared<std::string>();
  auto shifts = std::make_shared<std::vector<std::string>>();
  CLI::App *command =
      addCommand(app, context, "diff", "Compare two recordings: first and total differences per population and step",
                 "  ranvier diff before.h5 after.h5\n"
                 "  ranvier diff float.h5 quantised.h5 --shift lif1=1 --shift lif2=2",
                 [&context, a, b, shifts] { return diff(context, *a, *b, *shifts); });
  command->add_option("run_a", *a, "Recording of `ranvier run`")->required();
  command->add_option("run_b", *b, "Another one")->required();
  command->add_option("--shift", *shifts, "B lags A by STEPS, or POPULATION=STEPS (a chip's depth); may be repeated")
      ->allow_extra_args(false);
}
