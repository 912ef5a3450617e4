//===- Targets.cpp - `ranvier targets` ------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Common.h"
#include "ranvier/HwModels/Chip.h"
#include <nlohmann/json.hpp>

using namespace ranvier;
using namespace ranvier::tools;

void tools::addTargets(CLI::App &app, Context &context) {
  addCommand(app, context, "targets", "List the chips that ship with Ranvier", "  ranvier targets\n  ranvier targets --json",
             [&context]() -> Result<void> {
    Json list = Json::array();
    std::string text;
    for (const auto &[name, path] : hw::listChips()) {
      RANVIER_TRY(hw::Chip chip, hw::loadChip(path));
      Json profiles = Json::array();
      for (const auto &costs : chip.costs)
        profiles.push_back(costs.name);
      list.push_back({{"name", name}, {"description", chip.description}, {"profile", chip.profile == isa::Profile::F32 ? "f32" : "int"},
                      {"programmable", chip.programmable}, {"cores_per_chip", chip.coresPerChip()}, {"max_chips", chip.maxChips},
                      {"neurons_per_core", chip.core.neurons}, {"cost_profiles", profiles}, {"unsupported", chip.unsupported}});
      text += name + std::string(name.size() < 12 ? 12 - name.size() : 1, ' ') + chip.description + "\n";
    }
    text += "\nA chip of your own: --target path/to/chip.yaml (docs/spec/chip-description.md).\n";
    context.print(Json{{"targets", list}}, text);
    return {};
  });
}
