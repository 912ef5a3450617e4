//===- image.cpp - Speed of a compiled image ------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Steps and synaptic events per second of one .rvi file under random input. Usage:
//   bench-image IMAGE.rvi [--steps S] [--rate P]       P: firing probability per input neuron and step (default 0.1)
//===----------------------------------------------------------------------===//
#include "Common.h"
#include "ranvier/Emulator/Session.h"
#include "ranvier/Support/Random.h"
#include <iostream>

using namespace ranvier;

int main(int argc, char **argv) {
  std::string path;
  uint32_t steps = 2000;
  double rate = 0.1;
  for (int i = 1; i < argc; ++i) {
    const std::string option = argv[i];
    if (option == "--steps" && i + 1 < argc)
      steps = static_cast<uint32_t>(std::strtoul(argv[++i], nullptr, 10));
    else if (option == "--rate" && i + 1 < argc)
      rate = std::strtod(argv[++i], nullptr);
    else if (path.empty() && option.rfind("--", 0) != 0)
      path = option;
    else
      path.clear(), i = argc;
  }
  if (path.empty() || steps == 0) {
    std::cerr << "usage: bench-image IMAGE.rvi [--steps S] [--rate P]\n";
    return 2;
  }
  auto opened = image::open(path);
  if (!opened) {
    std::cerr << opened.error().str() << "\n";
    return 1;
  }
  const auto image = std::make_shared<const image::Image>(std::move(*opened));
  std::vector<emu::InputSpike> inputs;
  for (uint32_t t = 1; t <= steps; ++t)
    for (uint32_t p = 0; p < image->meta.populations.size(); ++p)
      if (const auto &population = image->meta.populations[p]; population.input && population.source.empty())
        for (uint32_t n = 0; n < population.count; ++n)
          if (uniformFromWord(randomWord(p + 1, n, t, 0)) < rate)
            inputs.push_back({t, p, n, emu::plainPayload(*image)});
  Json result;
  result["benchmark"] = "image";
  result["machine"] = bench::machineJson();
  result["network"] = image->meta.network;
  result["chip"] = image->chip.name;
  result["steps"] = steps;
  result["input_rate"] = rate;
  for (const auto executor : {emu::Executor::Jit, emu::Executor::Interp})
    for (const auto timing : {emu::Timing::Off, emu::Timing::Fast}) {
      emu::MachineOptions options;
      options.executor = executor;
      options.timing = timing;
      options.threads = 0;
      auto machine = emu::Machine::create(image, options);
      if (!machine) {
        std::cerr << machine.error().str() << "\n";
        return 1;
      }
      emu::StepCounts total;
      bool failed = false;
      const double time = bench::best(3, [&] {
        (*machine)->reset();
        auto run = emu::run(**machine, inputs, {.steps = steps});
        if (run)
          total = run->total;
        else
          failed = true;
      });
      if (failed)
        return 1;
      Json &entry = result[std::string(executor == emu::Executor::Jit ? "jit" : "interp") +
                           (timing == emu::Timing::Off ? "_timing_off" : "_timing_fast")];
      entry["steps_per_second"] = steps / time;
      entry["spikes_per_second"] = static_cast<double>(total.spikes) / time;
      if (timing == emu::Timing::Fast)
        entry["events_per_second"] = static_cast<double>(total.synapticEvents) / time;
      entry["threads"] = (*machine)->threads();
    }
  result["jit_over_interp"] =
      result["jit_timing_off"]["steps_per_second"].get<double>() / result["interp_timing_off"]["steps_per_second"].get<double>();
  std::cout << result.dump(2) << "\n";
  return 0;
}
