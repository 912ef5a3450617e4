//===- KernelsTest.cpp - Kernels made for what slices have in common ------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#if RANVIER_HAVE_JIT
#include "TestNet.h"
#include <doctest/doctest.h>

using namespace ranvier;
using namespace ranvier::emutest;

/// Populations of one program, as many as `masks`: bit p of a mask says that parameter p has one value.
static Net populationsOf(const std::vector<uint32_t> &masks, uint32_t count) {
  Net net;
  net.programs.push_back(program(isa::Profile::Int, {"v"}, {"bias", "vth", "leak"}, {"in"},
                                 {"ld.state r0, v", "ld.input r1, in", "add r0, r0, r1", "ld.param r1, bias", "ld.param r2, leak",
                                  "sub r1, r1, r2", "add r0, r0, r1", "ld.param r1, vth", "lt r2, r1, r0", "li r3, 0",
                                  "sel r0, r3, r0, r2", "st.state r0, v", "spk r2"}));
  for (uint32_t p = 0; p < masks.size(); ++p) {
    Population population{.name = "p" + std::to_string(p), .count = count, .program = 0};
    const std::pair<const char *, int32_t> params[] = {{"bias", 9}, {"vth", 100}, {"leak", 2}};
    for (unsigned slot = 0; slot < 3; ++slot) {
      std::vector<int32_t> words;
      for (uint32_t n = 0; n < (masks[p] >> slot & 1 ? 1u : count); ++n)
        words.push_back(params[slot].second + static_cast<int32_t>((n * 7 + p) % 5));
      population.params[params[slot].first] = words;
    }
    net.populations.push_back(population);
    net.projections.push_back(
        {.name = "to" + std::to_string(p), .source = (p + 1) % static_cast<uint32_t>(masks.size()), .target = p});
    for (uint32_t n = 0; n < count; ++n)
      net.synapses.push_back({.projection = p, .source = n, .target = (n * 31 + p) % count, .delay = 1 + n % 3, .weight = 5});
  }
  return net;
}

TEST_CASE("parameters of one value are read once, whatever the mixture in slices of one program") {
  // Fewer mixtures than kernels that are made of one program, and more; several blocks, and a last one that is no full vector.
  for (const auto &masks :
       {std::vector<uint32_t>{7, 0, 5}, std::vector<uint32_t>{0, 1, 2, 3, 4, 5, 6, 7}, std::vector<uint32_t>{7, 3, 1, 5, 6, 2}}) {
    const Net net = populationsOf(masks, 2061);
    const auto image = build(net);
    auto options = interp();
    const auto expected = machine(image, options);
    options.executor = emu::Executor::Jit;
    const auto found = machine(image, options);
    options.timing = emu::Timing::Fast;
    const auto timed = machine(image, options);
    uint64_t spikes = 0;
    for (uint32_t t = 0; t < 40; ++t) {
      for (emu::Machine *m : {expected.get(), found.get(), timed.get()})
        m->step({});
      const StepSpikes all = spikesOf(*expected);
      REQUIRE(spikesOf(*found) == all);
      REQUIRE(spikesOf(*timed) == all);
      spikes += expected->counts().spikes;
    }
    CHECK(spikes > 1000);
  }
}
#endif
