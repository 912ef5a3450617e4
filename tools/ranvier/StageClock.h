//===- StageClock.h - Seconds of each stage of a command --------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Wall time for reports on the screen. It never goes into a file that is compared with another.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_TOOLS_STAGECLOCK_H
#define RANVIER_TOOLS_STAGECLOCK_H

#include "ranvier/Support/Json.h"
#include <chrono>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

namespace ranvier::tools {

class StageClock {
public:
  /// Ends the stage before. A name that comes again adds up.
  void begin(const std::string &stage) {
    end();
    current = stage;
  }
  void end() {
    const auto now = std::chrono::steady_clock::now();
    const double seconds = std::chrono::duration<double>(now - since).count();
    since = now;
    if (current.empty())
      return;
    for (auto &[name, sum] : stages)
      if (name == current) {
        sum += seconds;
        current.clear();
        return;
      }
    stages.emplace_back(std::exchange(current, {}), seconds);
  }
  /// {"read": 0.01, ..., "total": 1.2} [s], in the order of the stages.
  Json json() const {
    Json out = Json::object();
    for (const auto &[name, seconds] : stages)
      out[name] = seconds;
    out["total"] = total();
    return out;
  }
  /// "1.20 (read 0.01, quantise 0.20)".
  std::string text() const {
    std::string out;
    for (const auto &[name, seconds] : stages)
      out += (out.empty() ? "" : ", ") + name + " " + number(seconds);
    return number(total()) + " (" + out + ")";
  }

private:
  static std::string number(double seconds) {
    char text[32];
    std::snprintf(text, sizeof text, "%.2f", seconds);
    return text;
  }
  double total() const {
    double sum = 0;
    for (const auto &[name, seconds] : stages)
      sum += seconds;
    return sum;
  }
  std::string current;
  std::chrono::steady_clock::time_point since = std::chrono::steady_clock::now();
  std::vector<std::pair<std::string, double>> stages;
};

} // namespace ranvier::tools

#endif
