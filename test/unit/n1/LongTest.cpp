// Counters at the carries of every bit, and steps as long as they can be.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "N1Chip.h"
#include <doctest/doctest.h>

using namespace ranvier;
using namespace ranvier::rtl;
using isa::Opcode;
using test::N1Chip;

TEST_CASE("counters count over every carry") {
  if (!test::haveN1())
    return;
  const Geometry &g = test::n1Geometry();
  N1Chip chip(15);
  // Neuron 2 of each node spikes once a step, to its own node, where it has one synapse.
  for (uint32_t node = 0; node < g.nodes(); ++node) {
    chip.putProgram(node, 5, {isa::encode({.op = Opcode::Li, .dst = 9, .imm = 1}), isa::encode({.op = Opcode::Spk, .a = 9})});
    chip.putSlice(node, 0, {.base = 2, .count = 1, .start = 5, .length = 2});
    chip.write({{node, Space::Csr, CsrSlices, 1},
                {node, Space::AxonOut, 2, 1u << node},
                {node, Space::AxonIn, node * g.neurons + 2, 70 | 1u << test::bitsFor(g.synapses)},
                {node, Space::Synapse, 70, 1 | 1u << 20},
                {node, Space::Synapse, 71, 7 | 1u << 16 | 3u << 22}});
  }
  for (uint32_t bit = 0; bit <= 32; ++bit) {
    CAPTURE(bit);
    const auto before = static_cast<uint32_t>((uint64_t(1) << bit) - 1);
    for (uint32_t node = 0; node < g.nodes(); ++node)
      for (const Csr csr : {CsrSpikes, CsrPacketsOut, CsrPacketsIn, CsrSynapses})
        chip.put(node, Space::Csr, csr, before);
    chip.put(g.host(), Space::Csr, HostCsrStep, before);
    chip.step();
    for (uint32_t node = 0; node < g.nodes(); ++node)
      for (const Csr csr : {CsrSpikes, CsrPacketsOut, CsrPacketsIn, CsrSynapses})
        CHECK(chip.csr(node, csr) == before + 1);
    CHECK(chip.get(g.host(), Space::Csr, HostCsrStep) == before + 1);
  }
}

TEST_CASE("a row of 63,488 synapses, five times, and an update of 264,000 cycles beside it") {
  if (!test::haveN1())
    return;
  const Geometry &g = test::n1Geometry();
  N1Chip chip(16);
  // A row longer than the memory goes round in it: its synapses are read again and again, its header as one of them.
  const uint32_t count = 0xF800, header = count | 1u << 20; // Also a synapse that no core has: delay 16.
  std::vector<ConfigWrite> words;
  for (uint32_t i = 0; i < g.synapses; ++i)
    words.push_back({1, Space::Synapse, i, i == 9 ? header : (i % g.accumulators()) | (1 + i % 5) << 16 | (i % 3) << 22});
  chip.write(words);
  chip.put(1, Space::AxonIn, g.nodes() * g.neurons + 1, 9 | 1u << test::bitsFor(g.synapses));
  chip.put(g.host(), Space::HostMask, 1, 2);
  std::vector<uint32_t> right(g.slots * g.accumulators(), 0);
  uint32_t added = 0;
  for (uint32_t n = 0; n < count; ++n) {
    const uint32_t i = (10 + n) % g.synapses;
    if (i == 9)
      continue;
    ++added;
    right[(1 + 1 + i % 5) % g.slots * g.accumulators() + i % g.accumulators()] += 5 * (i % 3);
  }
  const uint32_t length = g.programWords - 2;
  for (uint32_t slice = 0; slice < g.neurons; ++slice)
    chip.putSlice(2, slice, {.base = 0, .count = g.neurons, .inputs = 2, .start = 0, .length = length});
  chip.putProgram(2, 0, std::vector<uint64_t>(length, isa::encode({.op = Opcode::Li, .dst = 1, .imm = 1})));
  chip.put(2, Space::Csr, CsrSlices, g.neurons);
  const StepResult result = chip.step(std::vector<ModelInput>(5, ModelInput{1, 1}), 0, 400000);
  CHECK(chip.csr(1, CsrErrors) == 2);
  CHECK(chip.csr(1, CsrPacketsIn) == 5);
  CHECK(chip.csr(1, CsrSynapses) == 5 * added);
  CHECK(chip.csr(1, CsrBusyCycles) == 5 * (2 + count));
  CHECK(chip.get(1, Space::Accumulator) == right);
  CHECK(chip.csr(2, CsrUpdateCycles) == 4 + g.neurons * (5 + 8 * g.neurons / 8 * (2 + length)));
  CHECK(chip.get(g.host(), Space::Csr, HostCsrCycles) == result.cycles + 1);
  CHECK(result.cycles > 5 * count);
}
