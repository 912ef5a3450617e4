//===- Common.h - What the benchmarks share ---------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RANVIER_BENCH_COMMON_H
#define RANVIER_BENCH_COMMON_H

#include "ranvier/Support/Json.h"
#include <chrono>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>

namespace ranvier::bench {

inline double seconds() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

/// Processor, processors and load, so that a figure can be judged.
inline Json machineJson() {
  Json machine;
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);)
    if (line.rfind("model name", 0) == 0) {
      machine["processor"] = line.substr(line.find(':') + 2);
      break;
    }
  machine["processors"] = std::thread::hardware_concurrency();
  std::ifstream load("/proc/loadavg");
  double average = 0;
  if (load >> average)
    machine["load_at_start"] = average;
  return machine;
}

/// Wall times of `passes` runs: the least of them, as the least disturbed.
template <typename Work> double best(unsigned passes, Work work) {
  double least = 1e300;
  for (unsigned i = 0; i < passes; ++i) {
    const double start = seconds();
    work();
    least = std::min(least, seconds() - start);
  }
  return least;
}

} // namespace ranvier::bench

#endif
