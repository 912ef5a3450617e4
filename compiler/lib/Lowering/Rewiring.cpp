//===- Rewiring.cpp - A rule of structural plasticity as tables -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/Lowering/Rewiring.h"
#include "ranvier/Support/Text.h"
#include <bit>
#include <cmath>
#include <limits>
#include <set>

using namespace ranvier;
using namespace ranvier::compiler;

namespace {
class Tabulator {
public:
  Tabulator(const RewiringRule &rule, const std::vector<double> &params, double dt, double unit)
      : rule(rule), params(params), dt(dt), unit(unit), model(rule.body) {
    model.states = {{"form", 0.0, {}}, {"eliminate", 0.0, {}}};
    model.update = {rule.form, rule.eliminate};
    model.spike = model.payload = -1;
  }

  Result<void> run(image::RewiringMeta &out) {
    const uint32_t most = image::mostSquaredDistance(out.grid);
    for (uint32_t d2 = 0; d2 <= most; ++d2) {
      RANVIER_TRY(const uint64_t probability, at(0, static_cast<double>(d2), 0));
      out.formation.push_back(probability);
    }
    const std::set<double> bounds = unit == 0 ? floatBounds() : wordBounds(); // as stored
    RANVIER_TRY(uint64_t last, at(1, 0, bounds.empty() ? 0 : real(before(*bounds.begin()))));
    out.elimination.push_back(last);
    for (const double bound : bounds) {
      RANVIER_TRY(const uint64_t probability, at(1, 0, real(bound)));
      if (probability == last)
        continue;
      last = probability;
      out.bounds.push_back(unit == 0 ? std::bit_cast<int32_t>(static_cast<float>(bound)) : static_cast<int32_t>(bound));
      out.elimination.push_back(probability);
    }
    return {};
  }

private:
  double real(double stored) const { return unit == 0 ? stored : stored * unit; }
  double before(double stored) const {
    return unit == 0 ? static_cast<double>(std::nextafter(static_cast<float>(stored), -std::numeric_limits<float>::infinity()))
                     : stored - 1;
  }

  /// Probability `which` (0: of formation) in 2^-32ths.
  Result<uint64_t> at(unsigned which, double squaredDistance, double weight) {
    std::vector<double> states{0.0, 0.0};
    evaluate(model, params, dt, states, {squaredDistance, weight});
    const double probability = states[which];
    if (!(probability >= 0 && probability <= 1))
      return rule.body.error({.code = 5339,
                              .message = std::string("a probability of ") + (which ? "elimination" : "formation") + " is none",
                              .expected = "a number from 0 to 1",
                              .found = decimal(probability) + (which ? " at weight " + decimal(weight)
                                                                     : " at squared distance " + decimal(squaredDistance))},
                             which ? rule.eliminate : rule.form);
    return static_cast<uint64_t>(std::floor(std::ldexp(probability, 32) + 0.5));
  }

  bool readsWeight(int n) const { return model.nodes[n].kind == NodeKind::Input && model.nodes[n].slot == RewiringRule::Weight; }

  /// The numbers that the weight is compared with; NaN is left out: no comparison with it changes.
  std::vector<double> numbers() {
    std::vector<double> out;
    for (size_t n = 0; n < model.nodes.size(); ++n) {
      const Node &node = model.nodes[n];
      if (node.kind != NodeKind::Compare || readsWeight(node.a) == readsWeight(node.b))
        continue;
      Model alone = rule.body;
      alone.states = {{"number", 0.0, {}}};
      alone.update = {readsWeight(node.a) ? node.b : node.a};
      alone.spike = alone.payload = -1;
      std::vector<double> states{0.0};
      evaluate(alone, params, dt, states, {0.0, 0.0});
      if (!std::isnan(states[0]))
        out.push_back(states[0]);
      if (unit == 0) // as binary32 compares them
        model.nodes[readsWeight(node.a) ? node.b : node.a] = {.kind = NodeKind::Constant,
                                                              .value = static_cast<double>(static_cast<float>(states[0]))};
    }
    return out;
  }

  /// The first binary32 at, and the first above each number: below, between and above them nothing changes.
  std::set<double> floatBounds() {
    std::set<double> out;
    for (const double number : numbers()) {
      const float narrow = static_cast<float>(number);
      for (const float bound : {narrow, std::nextafter(narrow, std::numeric_limits<float>::infinity())})
        if (std::isfinite(bound))
          out.insert(static_cast<double>(bound) + 0.0); // -0 is 0
    }
    return out;
  }
  std::set<double> wordBounds() {
    std::set<double> out;
    for (const double number : numbers())
      for (const double bound : {std::ceil(number / unit), std::floor(number / unit) + 1})
        if (std::fabs(bound) < 0x1p31)
          out.insert(bound);
    return out;
  }

  const RewiringRule &rule;
  const std::vector<double> &params;
  const double dt, unit;
  Model model; ///< The body, both probabilities its states.
};
} // namespace

Result<void> compiler::tabulate(const RewiringRule &rule, const std::vector<double> &params, double dt, double unit,
                                image::RewiringMeta &out) {
  return Tabulator(rule, params, dt, unit).run(out);
}
