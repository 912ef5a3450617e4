// Every set of destinations from every node at once, over a mesh held up or not (docs/rtl/architecture.md, sections 2 and 3).
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "N1Chip.h"
#include "ranvier/ISA/RandomProgram.h"
#include <algorithm>
#include <cstdio>
#include <doctest/doctest.h>

using namespace ranvier;
using namespace ranvier::rtl;
using isa::Opcode;
using test::N1Chip;

namespace {
/// Each source has one synapse of weight 1 at each node, for a word of its own.
uint32_t accumulatorOf(uint32_t source) { return source % test::n1Geometry().accumulators(); }
uint32_t delayOf(uint32_t source) { return 1 + source / test::n1Geometry().accumulators(); }

void connect(N1Chip &chip) {
  const Geometry &g = test::n1Geometry();
  std::vector<ConfigWrite> writes;
  for (uint32_t node = 0; node < g.nodes(); ++node)
    for (uint32_t source = 0; source < g.sources(); ++source) {
      writes.push_back({node, Space::AxonIn, source, 2 * source | 1u << test::bitsFor(g.synapses)});
      writes.push_back({node, Space::Synapse, 2 * source, 1 | 1u << 20});
      writes.push_back({node, Space::Synapse, 2 * source + 1, accumulatorOf(source) | delayOf(source) << 16 | 1u << 22});
    }
  chip.write(writes);
  for (uint32_t node = 0; node < g.nodes(); ++node) { // Every neuron spikes with its parameter as the value.
    chip.putSlice(node, 0, {.base = 0, .count = g.neurons, .length = 3});
    chip.put(node, Space::Csr, CsrSlices, 1);
    chip.putProgram(node, 0,
                    {isa::encode({.op = Opcode::Li, .dst = 0, .imm = 1}), isa::encode({.op = Opcode::LdParam, .dst = 1, .imm = 0}),
                     isa::encode({.op = Opcode::Spkp, .a = 0, .b = 1})});
  }
}
} // namespace

TEST_CASE("a spike reaches each node of its mask once and no other, by every branch of the tree") {
  if (!test::haveN1())
    return;
  const Geometry &g = test::n1Geometry();
  const uint32_t masks = 1u << g.maskBits();
  REQUIRE(masks == g.neurons); // All of them, one a neuron.
  isa::RandomSource random(11);
  N1Chip chip(11);
  connect(chip);
  std::vector<std::vector<uint32_t>> sums(g.nodes(), std::vector<uint32_t>(g.slots * g.accumulators(), 0));
  uint32_t step = 0;
  std::vector<uint32_t> packetsIn(g.nodes(), 0), packetsOut(g.nodes(), 0);
  for (const uint32_t stalls : {0u, 0u, 30u, 90u, 160u, 220u}) {
    CAPTURE(stalls);
    ++step;
    std::vector<ModelInput> inputs;
    std::vector<std::pair<uint32_t, uint32_t>> heard; // source, value
    const auto send = [&](uint32_t source, uint32_t mask, uint32_t value) {
      for (uint32_t node = 0; node < g.nodes(); ++node)
        if (mask >> node & 1) {
          sums[node][(step + delayOf(source)) % g.slots * g.accumulators() + accumulatorOf(source)] += value;
          ++packetsIn[node];
        }
      if (mask >> g.nodes() & 1)
        heard.emplace_back(source, value);
    };
    for (uint32_t node = 0; node < g.nodes(); ++node)
      for (uint32_t neuron = 0; neuron < g.neurons; ++neuron) {
        const uint32_t mask = (neuron + 5 * step + 3 * node) % masks, value = static_cast<uint32_t>(random.next());
        chip.write({{node, Space::AxonOut, neuron, mask}, {node, Space::Param, neuron, value}});
        packetsOut[node] += mask != 0;
        send(node * g.neurons + neuron, mask, value);
      }
    for (uint32_t input = 0; input < g.hostInputs; ++input) {
      const uint32_t mask = random.below(masks), value = static_cast<uint32_t>(random.next());
      chip.put(g.host(), Space::HostMask, input, mask);
      inputs.push_back({input, value});
      send(g.nodes() * g.neurons + input, mask, value);
    }
    StepResult result = chip.step(inputs, stalls);
    std::printf("cycles multicast %u: %llu\n", step, static_cast<unsigned long long>(result.cycles));
    std::vector<std::pair<uint32_t, uint32_t>> found;
    for (const ModelOutput &output : result.outputs)
      found.emplace_back(output.source, output.payload);
    std::sort(found.begin(), found.end());
    std::sort(heard.begin(), heard.end());
    CHECK(found == heard);
    for (uint32_t node = 0; node < g.nodes(); ++node) {
      CAPTURE(node);
      CHECK(chip.get(node, Space::Accumulator) == sums[node]);
      CHECK(chip.csr(node, CsrErrors) == 0);
      CHECK(chip.csr(node, CsrSpikes) == step * g.neurons);
      CHECK(chip.csr(node, CsrPacketsIn) == packetsIn[node]);
      CHECK(chip.csr(node, CsrPacketsOut) == packetsOut[node]);
      CHECK(chip.csr(node, CsrSynapses) == packetsIn[node]);
    }
  }
}
