//===- StepWork.cpp - Cores that work longer than a step ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "StepWork.h"
#include "ranvier/Support/Text.h"
#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

using namespace ranvier;
using namespace ranvier::tools;

StepWork::StepWork(const emu::Machine &machine) {
  if (!machine.image().chip.memories || machine.coreTimes().empty())
    return;
  timestep = std::llround(machine.image().meta.dt * 1e12);
  cores.resize(machine.coreTimes().size());
}

void StepWork::step(const emu::Machine &machine, uint32_t number) {
  bool over = false;
  for (size_t c = 0; c < cores.size(); ++c) {
    const emu::CoreTimes &times = machine.coreTimes()[c];
    const int64_t work = times.soma + times.axonOut + times.axonIn + times.synapse;
    if (work > cores[c].longest) {
      cores[c].longest = work;
      cores[c].step = number;
    }
    cores[c].stepsOver += work > timestep;
    over |= work > timestep;
  }
  stepsOver += over;
}

size_t StepWork::busiest() const {
  return static_cast<size_t>(
      std::max_element(cores.begin(), cores.end(), [](const Core &a, const Core &b) { return a.longest < b.longest; }) -
      cores.begin());
}

Json StepWork::json(const image::Image &image) const {
  const size_t most = busiest();
  return {{"timestep_ps", timestep},
          {"cores_over", std::count_if(cores.begin(), cores.end(), [](const Core &core) { return core.stepsOver > 0; })},
          {"steps_over", stepsOver},
          {"longest_ps", cores[most].longest},
          {"longest_in", {{"step", cores[most].step}, {"chip", image.cores[most].chip}, {"core", image.cores[most].core}}}};
}

std::string StepWork::text(const image::Image &image) const {
  const Json all = json(image);
  return "work of cores over the time step on " + all["cores_over"].dump() + " of " + counted(cores.size(), "core") + ", in " +
         counted(stepsOver, "step") + "; the longest " + decimal(static_cast<double>(cores[busiest()].longest) * 1e-6) + " us of " +
         decimal(static_cast<double>(timestep) * 1e-6) + " us, in step " + all["longest_in"]["step"].dump() + " on core " +
         all["longest_in"]["core"].dump() + "\n";
}

void StepWork::addTo(Json &list) const {
  for (size_t c = 0; c < cores.size(); ++c) {
    list[c]["steps_over"] = cores[c].stepsOver;
    list[c]["longest_work_ps"] = cores[c].longest;
  }
}
