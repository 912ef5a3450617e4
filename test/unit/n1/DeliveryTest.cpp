// What a core does with a packet, and with one that it cannot use (docs/rtl/architecture.md, section 4).
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "N1Chip.h"
#include "ranvier/ISA/RandomProgram.h"
#include <cstdio>
#include <doctest/doctest.h>

using namespace ranvier;
using namespace ranvier::rtl;
using test::bitsFor;
using test::N1Chip;

namespace {
constexpr uint32_t last = 1u << 20;
constexpr uint32_t formatError = 2, unmappedError = 4;
uint32_t header(uint32_t count, uint32_t exponent = 0) { return count | exponent << 16; }
uint32_t synapse(uint32_t accumulator, uint32_t delay, int32_t weight) {
  return accumulator | delay << 16 | static_cast<uint32_t>(weight) << 22;
}

struct Delivery {
  const Geometry &g = test::n1Geometry();
  N1Chip chip;
  uint32_t firstHost = g.nodes() * g.neurons;
  std::vector<uint32_t> sums = std::vector<uint32_t>(g.slots * g.accumulators(), 0);
  uint32_t step = 0;

  explicit Delivery(uint32_t seed) : chip(seed) {
    for (uint32_t input = 0; input < g.hostInputs; ++input)
      chip.put(g.host(), Space::HostMask, input, 1u << input % g.nodes());
  }
  /// An axon of the node that host input `input` reaches, with its synapse memory from `at` on.
  void axon(uint32_t input, uint32_t at, const std::vector<uint32_t> &words) {
    const uint32_t node = input % g.nodes();
    chip.put(node, Space::AxonIn, firstHost + input, at | 1u << bitsFor(g.synapses));
    for (size_t i = 0; i < words.size(); ++i)
      chip.put(node, Space::Synapse, at + static_cast<uint32_t>(i), words[i]);
  }
  void add(uint32_t accumulator, uint32_t delay, uint32_t value) {
    sums[(step + delay) % g.slots * g.accumulators() + accumulator] += value;
  }
  void send(uint32_t input, uint32_t payload = 1) {
    ++step;
    chip.step({{input, payload}});
  }
  /// Errors since the last time, and the sums of node `node`.
  void check(uint32_t node, uint32_t errors, uint32_t busy) {
    CHECK(chip.csr(node, CsrErrors) == errors);
    CHECK(chip.csr(node, CsrBusyCycles) == busy);
    chip.put(node, Space::Csr, CsrErrors, 0);
    CHECK(chip.get(node, Space::Accumulator) == sums);
  }
};
} // namespace

TEST_CASE("a packet's synapses are added where and when they say, each after the one before it") {
  if (!test::haveN1())
    return;
  Delivery d(8);
  d.axon(5, 100,
         {header(4, 3), synapse(7, 2, -5), synapse(7, 2, 511), synapse(7, 2, 1), synapse(7, 3, 1), header(1) | last,
          synapse(63, 7, -512)});
  d.axon(9, 2041,
         {header(5, 15) | last, synapse(0, 1, 1), synapse(1, 1, 1), synapse(0, 1, 1), synapse(0, 1, -3), synapse(1, 1, 9)});
  for (const uint32_t payload : {1u, 3u, 0xFFFFFFFFu, 0x80000001u, 0x12345678u}) {
    d.send(5, payload);
    d.add(7, 2, (-5 + 511 + 1) * (payload << 3));
    d.add(7, 3, payload << 3);
    d.add(63, 7, static_cast<uint32_t>(-512) * payload);
    d.check(1, 0, 1 + 5 + 2);
    d.send(9, payload);
    d.add(0, 1, static_cast<uint32_t>(1 + 1 - 3) * (payload << 15));
    d.add(1, 1, 10 * (payload << 15));
    d.check(1, 0, 1 + 6);
  }
  CHECK(d.chip.csr(1, CsrPacketsIn) == 10);
  CHECK(d.chip.csr(1, CsrSynapses) == 50);
  for (const uint32_t node : {0u, 2u, 3u}) {
    CHECK(d.chip.csr(node, CsrPacketsIn) == 0);
    CHECK(d.chip.csr(node, CsrBusyCycles) == 0);
  }
}

TEST_CASE("what no core can have sets an error, is left out, and ends its step all the same") {
  if (!test::haveN1())
    return;
  const Geometry &g = test::n1Geometry();
  Delivery d(9);
  d.send(6); // The directory has nothing for it.
  d.check(2, unmappedError, 2);
  CHECK(d.chip.csr(2, CsrPacketsIn) == 1);
  // Synapses beside a good one.
  const uint32_t bad[] = {synapse(g.accumulators(), 1, 9), synapse(0x8000, 1, 9), synapse(0x1000 + 3, 1, 9), synapse(3, 0, 9),
                          synapse(3, g.slots, 9),          synapse(3, 32 + 1, 9), synapse(3, 16 + 2, 9)};
  for (const uint32_t word : bad) {
    CAPTURE(word);
    for (const bool first : {false, true}) {
      d.axon(6, 40, {header(2) | last, first ? word : synapse(3, 1, 9), first ? synapse(3, 1, 9) : word});
      d.send(6);
      d.add(3, 1, 9);
      d.check(2, formatError, 1 + 3);
    }
  }
  CHECK(d.chip.csr(2, CsrSynapses) == std::size(bad) * 2);
  // Headers: the rest of the packet is left out.
  for (uint32_t bit = 0; bit <= 11; ++bit) {
    CAPTURE(bit);
    const uint32_t word = bit == 0 ? header(0) | last : (header(1) | last | 1u << (20 + bit));
    d.axon(6, 60, {header(1), synapse(5, 1, 4), word, synapse(6, 1, 4)});
    d.send(6);
    d.add(5, 1, 4);
    d.check(2, formatError, 1 + 2 + 2);
    d.axon(6, 60, {word, synapse(6, 1, 4)});
    d.send(6);
    d.check(2, formatError, 1 + 2);
  }
  CHECK(d.chip.csr(2, CsrPacketsIn) == d.step);
}

TEST_CASE("random packets, many at a time, held up or not, leave the sums that they should") {
  if (!test::haveN1())
    return;
  const Geometry &g = test::n1Geometry();
  isa::RandomSource random(10);
  Delivery d(10);
  std::vector<std::vector<std::array<uint32_t, 3>>> axons(16); // accumulator, delay, factor
  uint32_t at = 0;
  for (uint32_t axon = 0; axon < axons.size(); ++axon) { // of node 3
    std::vector<uint32_t> words;
    for (uint32_t rows = 1 + random.below(3); rows; --rows) {
      const uint32_t count = 1 + random.below(20), exponent = random.below(16);
      words.push_back(header(count, exponent) | (rows == 1 ? last : 0));
      for (uint32_t i = 0; i < count; ++i) {
        const uint32_t accumulator = random.below(random.oneIn(2) ? 3 : g.accumulators()), delay = 1 + random.below(g.slots - 1);
        const auto weight = static_cast<int32_t>(random.below(1024)) - 512;
        words.push_back(synapse(accumulator, delay, weight));
        axons[axon].push_back({accumulator, delay, static_cast<uint32_t>(weight) << exponent});
      }
    }
    d.axon(4 * axon + 3, at, words);
    at += static_cast<uint32_t>(words.size());
  }
  REQUIRE(at <= g.synapses);
  for (const uint32_t stalls : {0u, 0u, 40u, 160u, 230u}) {
    ++d.step;
    std::vector<ModelInput> inputs;
    for (int i = 0; i < 25; ++i) {
      const uint32_t axon = random.below(16), payload = static_cast<uint32_t>(random.next());
      inputs.push_back({4 * axon + 3, payload});
      for (const auto &[accumulator, delay, factor] : axons[axon])
        d.add(accumulator, delay, factor * payload);
    }
    d.chip.step(inputs, stalls);
    CHECK(d.chip.csr(3, CsrErrors) == 0);
    CHECK(d.chip.get(3, Space::Accumulator) == d.sums);
  }
}

TEST_CASE("the host's spikes without a destination take no turn from the others, held up or not") {
  if (!test::haveN1())
    return;
  const Geometry &g = test::n1Geometry();
  isa::RandomSource random(18);
  Delivery d(18);
  d.axon(0, 10, {header(1) | last, synapse(4, 2, 1)});
  for (uint32_t input = 1; input < g.hostInputs; ++input)
    d.chip.put(g.host(), Space::HostMask, input, 0);
  uint32_t arrived = 0;
  for (const uint32_t stalls : {0u, 60u, 128u, 200u, 230u, 240u}) {
    ++d.step;
    std::vector<ModelInput> inputs;
    for (int i = 0; i < 60; ++i) {
      const bool some = random.oneIn(2);
      inputs.push_back({some ? 0 : 1 + random.below(g.hostInputs - 1), 3});
      d.add(4, 2, some ? 3 : 0);
      arrived += some;
    }
    const StepResult result = d.chip.step(inputs, stalls);
    std::printf("cycles of spikes without destination, stalls %u: %llu\n", stalls, static_cast<unsigned long long>(result.cycles));
    CHECK(d.chip.get(0, Space::Accumulator) == d.sums);
    CHECK(d.chip.csr(0, CsrPacketsIn) == arrived);
  }
}
