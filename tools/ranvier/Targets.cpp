//===- Targets.cpp - `ranvier targets` ------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Common.h"
#include "ranvier/HwModels/Chip.h"
#include <nlohmann/json.hpp>

using namespace ranvier;
using namespace ranvier::tools;

namespace {
/// Every cost of a profile with what it rests on; what has no value is null and listed again by name.
Json profileJson(const hw::CostProfile &profile) {
  Json events = Json::object(), unknown = Json::array();
  for (const auto &[name, cost] : profile.events) {
    events[name] = {{"energy_pj", cost.joules ? Json(*cost.joules * 1e12) : Json()},
                    {"time_ns", cost.picoseconds ? Json(*cost.picoseconds * 1e-3) : Json()},
                    {"status", hw::toString(cost.provenance)},
                    {"source", cost.source}};
    if (!cost.joules)
      unknown.push_back(name + ".energy");
    if (!cost.picoseconds && !profile.cycles)
      unknown.push_back(name + ".time");
  }
  Json cycles;
  if (profile.cycles) {
    cycles = {{"clock_ns", double(profile.cycles->clockPicoseconds) * 1e-3}};
    for (unsigned n = 0; n < hw::CycleModel::NumNumbers; ++n) {
      const hw::CycleModel::Entry &entry = profile.cycles->numbers[n];
      cycles[hw::CycleModel::keys[n].name] = {
          {"value", entry.value}, {"status", hw::toString(entry.status)}, {"source", entry.source}};
    }
  } else if (profile.barrierPicoseconds.empty()) {
    unknown.push_back("barrier.time");
  }
  if (!profile.staticWattsPerChip)
    unknown.push_back("static_power");
  return {
      {"name", profile.name}, {"description", profile.description}, {"events", events}, {"cycles", cycles}, {"unknown", unknown}};
}

Json chipJson(const std::string &name, const hw::Chip &chip) {
  Json profiles = Json::array(), unknown = Json::array();
  for (const auto &costs : chip.costs)
    profiles.push_back(profileJson(costs));
  for (const auto &[key, status] : chip.statuses)
    if (status == hw::Provenance::Unknown && !key.starts_with("costs"))
      unknown.push_back(key);
  return {
      {"name", name},
      {"description", chip.description},
      {"profile", chip.profile == isa::Profile::F32 ? "f32" : "int"},
      {"programmable", chip.programmable},
      {"graded_spikes", chip.gradedSpikes},
      {"cores_per_chip", chip.coresPerChip()},
      {"max_chips", chip.maxChips},
      {"faults", {{"chips", chip.faults.chips.size()}, {"cores", chip.faults.cores.size()}, {"links", chip.faults.links.size()}}},
      {"cores_modelled", chip.coresModelled},
      {"router",
       {{"table_entries", chip.router.tableEntries},
        {"key_bits", chip.router.keyBits},
        {"default_routes", chip.router.defaultRoutes}}},
      {"neurons_per_core", chip.core.neurons},
      {"multicast_trees", chip.multicastTrees},
      {"chip_link_cost", chip.chipLinkCost},
      {"shared_kernels", chip.weights.sharedKernels},
      {"min_delay", chip.minDelay},
      {"max_delay", chip.maxDelay},
      {"cost_profiles", profiles},
      {"unknown", unknown},
      {"unsupported", chip.unsupported}};
}

std::string chipText(const std::string &name, const hw::Chip &chip) {
  std::string profiles;
  for (const auto &costs : chip.costs)
    profiles += (profiles.empty() ? "" : ", ") + costs.name;
  return name + std::string(name.size() < 12 ? 12 - name.size() : 1, ' ') + chip.description +
         "\n            cost profiles: " + (profiles.empty() ? "none" : profiles) + "\n";
}
} // namespace

void tools::addTargets(CLI::App &app, Context &context) {
  addCommand(app, context, "targets", "List the chips that ship with Ranvier", "  ranvier targets\n  ranvier targets --json",
             [&context]() -> Result<void> {
               // An installation without chips is broken, not empty.
               RANVIER_CHECK(hw::dataFolder("chips"));
               Json list = Json::array();
               std::string text;
               for (const auto &[name, path] : hw::listChips()) {
                 RANVIER_TRY(hw::Chip chip, hw::loadChip(path));
                 list.push_back(chipJson(name, chip));
                 text += chipText(name, chip);
               }
               text += "\nA chip of your own: --target path/to/chip.yaml (docs/spec/chip-description.md).\n";
               context.print(Json{{"targets", list}}, text);
               return {};
             });
}
