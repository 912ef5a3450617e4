// Random networks on emulator and chip at once, and the cycles that the manual gives for them.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "N1Chip.h"
#include "ranvier/Rtl/RandomImage.h"
#include <cstdio>
#include <cstdlib>
#include <doctest/doctest.h>

using namespace ranvier;
using namespace ranvier::rtl;

namespace {
/// What UPDATE_CYCLES and BUSY_CYCLES of each node must be after a step.
std::vector<std::pair<uint64_t, uint64_t>> cyclesOf(const image::Image &image, Lockstep &run, const Geometry &g) {
  const LoadedImage &layout = run.layout();
  std::vector<std::pair<uint64_t, uint64_t>> out(g.nodes(), {4, 0});
  for (const PlacedSlice &placed : layout.slices) {
    const image::SliceRecord &slice = image.slices[placed.slice];
    const isa::Program &program = image.meta.programs[slice.program];
    out[placed.node].first +=
        placed.fast ? 4 + slice.count : 5 + 8 * ((slice.count + 7) / 8) * uint64_t(program.inputs.size() + program.code.size());
  }
  std::vector<std::vector<bool>> fired(image.meta.populations.size());
  for (uint32_t p = 0; p < image.meta.populations.size(); ++p) {
    fired[p].resize(image.meta.populations[p].count);
    for (const uint32_t neuron : run.spikes(p))
      fired[p][neuron] = true;
  }
  for (uint32_t c = 0; c < image.cores.size(); ++c) {
    const image::CoreRecord &core = image.cores[c];
    for (uint32_t a = 0; a < core.inAxonCount; ++a) {
      const image::InAxonRecord &axon = image.inAxons[core.firstInAxon + a];
      if (!fired[axon.population][axon.neuron])
        continue;
      uint64_t &busy = out[layout.nodeOfCore[c]].second;
      busy += 1;
      for (uint32_t r = 0; r < axon.rowCount; ++r)
        busy += 1 + image.rows[core.firstRow + axon.firstRow + r].count;
    }
  }
  return out;
}

std::string text(const Divergence &d) {
  return std::string(toString(d.kind)) + " " + d.what + " step " + std::to_string(d.step) + " node " + std::to_string(d.node) +
         " expected " + d.expected + " found " + d.found + " and " + std::to_string(d.more) + " more";
}

/// A whole case; what differs, or nothing. Prints the cycles of its steps.
std::string runCase(const CosimJob &job, LockstepTotals &totals) {
  const Geometry &g = test::n1Geometry();
  auto made = Lockstep::create(job.image, test::n1Model(), job.lockstep);
  if (!made)
    return made.error().str();
  Lockstep &run = **made;
  if (const auto wrong = run.loaded())
    return text(*wrong);
  std::string cycles;
  size_t next = 0;
  for (uint32_t step = 1; step <= job.steps; ++step) {
    const size_t from = next;
    while (next < job.inputs.size() && job.inputs[next].step == step)
      ++next;
    const uint64_t before = run.totals().cycles;
    auto wrong = run.step(std::span(job.inputs).subspan(from, next - from));
    if (!wrong)
      return wrong.error().str();
    if (*wrong)
      return text(**wrong);
    const uint64_t took = run.totals().cycles - before;
    cycles += " " + std::to_string(took);
    const auto right = cyclesOf(*job.image, run, g);
    std::vector<ConfigWrite> reads = {{g.host(), Space::Csr, HostCsrCycles, 0}};
    for (uint32_t node = 0; node < g.nodes(); ++node)
      for (const Csr csr : {CsrUpdateCycles, CsrBusyCycles})
        reads.push_back({node, Space::Csr, csr, 0});
    if (auto answered = run.model().read(reads); !answered)
      return answered.error().str();
    for (size_t i = 0; i < reads.size(); ++i)
      if (const uint64_t wanted = i == 0  ? took + 1
                                  : i % 2 ? right[(i - 1) / 2].first
                                          : right[(i - 1) / 2].second;
          reads[i].word != wanted)
        return (i ? std::string(nameOf(Csr(reads[i].address))) : "CYCLES") + " of node " + std::to_string(reads[i].node) +
               ", step " + std::to_string(step) + ": expected " + std::to_string(wanted) + ", found " +
               std::to_string(reads[i].word);
  }
  auto wrong = run.finish();
  if (!wrong)
    return wrong.error().str();
  totals = run.totals();
  std::printf("cycles of seed %llu:%s\n", static_cast<unsigned long long>(job.lockstep.seed), cycles.c_str());
  return *wrong ? text(**wrong) : "";
}

uint64_t cases() {
  const char *mode = std::getenv("RANVIER_TEST_MODE");
  return mode && std::string(mode) == "long" ? 60 : 12;
}
} // namespace

TEST_CASE("random networks run as in the emulator, in the cycles that the manual gives") {
  if (!test::haveN1())
    return;
  uint64_t spikes = 0, events = 0, cycles = 0;
  for (uint64_t seed = 1; seed <= cases(); ++seed) {
    CAPTURE(seed);
    RandomCaseOptions options{.grid = test::n1Grid, .steps = 10 + static_cast<uint32_t>(seed % 3) * 4};
    options.stallsOf256 = seed % 2 ? 0 : static_cast<uint32_t>(20 + seed * 37 % 200);
    auto job = randomCase(seed, test::n1Small(), options);
    REQUIRE_MESSAGE(bool(job), (job ? "" : job.error().str()));
    LockstepTotals totals;
    CHECK(runCase(*job, totals) == "");
    spikes += totals.spikes;
    events += totals.events;
    cycles += totals.cycles;
  }
  MESSAGE(spikes, " spikes, ", events, " events, ", cycles, " cycles");
  CHECK(spikes > 1000);
  CHECK(events > 10000);
}
