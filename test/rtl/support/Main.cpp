//===- Main.cpp - The main program of a bench -----------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// program [SEED [CYCLES]]: exit code 0 and a line of counts, or 1 and the first difference.
// Where the source runs beside its netlist, the bench is followed by as many cycles of random inputs, and a line before the last
// names the output bits that never changed.
//===----------------------------------------------------------------------===//
#include "Bench.h"
#include "Stimulus.h"
#include <cstdio>
#include <cstdlib>

double sc_time_stamp() { return 0; }

int main(int argc, char **argv) {
  bench::Options options;
  if (argc > 1)
    options.seed = std::strtoull(argv[1], nullptr, 0);
  if (argc > 2)
    options.cycles = std::strtoull(argv[2], nullptr, 0);
  try {
    bench::Report report;
#ifdef RANVIER_HAS_BENCH
    report = bench::runBench(options);
#endif
#ifdef RANVIER_INPUTS
    bench::Clock<DUT> clock(options.seed);
    report.cycles += bench::randomStimulus(clock, options).cycles;
    std::printf("steady:%s\n", bench::steadyOutputs().c_str());
#endif
    std::printf("ok: %llu cycles, %llu checks\n", static_cast<unsigned long long>(report.cycles),
                static_cast<unsigned long long>(report.checks));
    return 0;
  } catch (const bench::Failure &failure) {
    std::printf("seed %llu: %s\n", static_cast<unsigned long long>(options.seed), failure.what());
    return 1;
  }
}
