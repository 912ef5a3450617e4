//===- Semantics.cpp - The semantics report -------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Free of MLIR, because the JSON library reports by exceptions and MLIR code is compiled without.
//===----------------------------------------------------------------------===//
#include "Semantics.h"
#include "ranvier/Support/Json.h"
#include <nlohmann/json.hpp>

using namespace ranvier;

std::string compiler::extendSemantics(const std::string &report, const TimeFacts &time, const std::string &quantisation) {
  Json out = Json::object();
  if (auto known = parseJson(report, "semantics"); known && known->is_object())
    out = *known;
  Json &facts = out["time"] = Json::object();
  facts["rule"] = time.minDelay == 0 ? "edges of delay 0 act in the same step, populations in topological order"
                                     : "every edge takes at least " + std::to_string(time.minDelay) + " step";
  facts["closing_edges"] = time.closingEdges;
  facts["balancing_delays"] = time.balanced;
  facts["late_feedback"] = time.lateFeedback;
  Json &depths = facts["depth_steps"] = Json::object();
  for (const auto &[name, depth] : time.depths)
    depths[name] = depth;
  if (auto numbers = parseJson(quantisation, "quantisation"))
    out["quantisation"] = *numbers;
  return out.dump();
}
