//===- Timeline.cpp - A run as trace events -------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Timeline.h"
#include "Common.h"
#include "ranvier/Support/Text.h"
#include <algorithm>
#include <cstdio>
#include <set>

using namespace ranvier;
using namespace ranvier::tools;

namespace {
/// The format's unit is the microsecond; six decimals keep every picosecond.
std::string microseconds(int64_t picoseconds) {
  char text[40];
  std::snprintf(text, sizeof text, "%lld.%06lld", static_cast<long long>(picoseconds / 1000000),
                static_cast<long long>(picoseconds % 1000000));
  return text;
}

/// Two tracks a core: its halves work side by side, and slices of one track must not overlap.
uint64_t track(const image::CoreRecord &core, bool receives) { return uint64_t(core.core) * 2 + receives; }

constexpr uint64_t slicesOfCore = 7;
} // namespace

Result<Timeline> Timeline::create(const std::string &path, const emu::Machine &machine, uint32_t steps) {
  const uint64_t cores = machine.image().cores.size();
  if (!machine.costProfile())
    return pointlessOption("--timeline", "the chip's description states no times");
  if (cores && uint64_t(steps) > mostSlices / slicesOfCore / cores)
    return Error{.code = 8037,
                 .message = "a timeline of so many steps",
                 .file = path,
                 .expected = "at most " + std::to_string(mostSlices / slicesOfCore / cores) + " steps of " + counted(cores, "core"),
                 .found = std::to_string(steps),
                 .hint = "trace a shorter run; --report has the sums of a long one"};
  RANVIER_TRY(AtomicFile file, AtomicFile::create(path));
  Timeline timeline(std::move(file));
  timeline.text = "{\"displayTimeUnit\":\"ns\",\"traceEvents\":[";
  RANVIER_CHECK(timeline.names(machine));
  return timeline;
}

/// Processes are chips; a core has a thread for each of its halves.
Result<void> Timeline::names(const emu::Machine &machine) {
  const auto name = [&](const char *what, uint32_t chip, uint64_t thread, const std::string &value) {
    text += std::string(first ? "\n" : ",\n") + "{\"ph\":\"M\",\"name\":\"" + what + "\",\"pid\":" + std::to_string(chip) +
            ",\"tid\":" + std::to_string(thread) + ",\"args\":{\"name\":\"" + value + "\"}}";
    first = false;
  };
  std::set<uint32_t> chips;
  for (const image::CoreRecord &core : machine.image().cores)
    if (chips.insert(core.chip).second)
      name("process_name", core.chip, 0, "chip " + std::to_string(core.chip));
  for (const image::CoreRecord &core : machine.image().cores)
    for (const bool receives : {false, true})
      name("thread_name", core.chip, track(core, receives),
           "core " + std::to_string(core.core) + (receives ? ", messages in" : ", neurons and messages out"));
  return flush();
}

void Timeline::add(const Slice &slice, const image::CoreRecord &core) {
  text += ",\n{\"ph\":\"X\",\"name\":\"";
  text += slice.name;
  text += "\",\"pid\":" + std::to_string(core.chip) + ",\"tid\":" + std::to_string(track(core, slice.receives)) +
          ",\"ts\":" + microseconds(slice.start) + ",\"dur\":" + microseconds(slice.length) +
          ",\"args\":{\"step\":" + std::to_string(number) + "}}";
}

Result<void> Timeline::step(const emu::Machine &machine) {
  ++number;
  const auto &cores = machine.image().cores;
  const int64_t length = machine.counts().picoseconds;
  if (length > INT64_MAX - now)
    return Error{.code = 8037,
                 .message = "a timeline of so long a time",
                 .place = "step " + std::to_string(number),
                 .expected = "at most 2^63 ps since the start of the run",
                 .found = std::to_string(length) + " ps more"};
  slices.clear();
  const int64_t barrier = machine.barrierTime();
  for (uint32_t c = 0; c < cores.size(); ++c) {
    const emu::CoreTimes &times = machine.coreTimes()[c];
    for (const bool receives : {false, true}) {
      int64_t at = now;
      const auto put = [&](const char *name, int64_t time) {
        if (time > 0)
          slices.push_back({at, time, c, receives, name});
        at += time;
      };
      if (receives) {
        put("axon in", times.axonIn);
        put("synapse", times.synapse);
      } else {
        put("soma", times.soma);
        put("axon out", times.axonOut);
        put("stalled", times.stalled);
      }
      at = now + length - barrier;
      put("barrier", barrier);
    }
  }
  now += length;
  std::stable_sort(slices.begin(), slices.end(), [](const Slice &a, const Slice &b) { return a.start < b.start; });
  for (const Slice &slice : slices)
    add(slice, cores[slice.core]);
  return text.size() > (1u << 20) ? flush() : Result<void>();
}

Result<void> Timeline::flush() {
  RANVIER_CHECK(file.write(std::string_view(text)));
  text.clear();
  return {};
}

Result<void> Timeline::finish() {
  text += "\n]}\n";
  RANVIER_CHECK(flush());
  return file.commit();
}
