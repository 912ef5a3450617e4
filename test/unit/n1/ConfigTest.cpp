// The configuration bus: every word of every space, what lies outside, registers and errors (docs/rtl/architecture.md, section 6).
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "N1Chip.h"
#include "ranvier/ISA/RandomProgram.h"
#include <algorithm>
#include <doctest/doctest.h>

using namespace ranvier;
using namespace ranvier::rtl;
using test::bitsFor;
using test::N1Chip;

namespace {
constexpr Space coreSpaces[] = {Space::AxonIn,  Space::Synapse, Space::State, Space::Param,      Space::AxonOut,
                                Space::Program, Space::Table,   Space::Slice, Space::Accumulator};

/// Bits of a word that the chip keeps.
uint32_t kept(Space space, uint32_t address) {
  const Geometry &g = test::n1Geometry();
  const auto low = [](uint32_t bits) { return (uint32_t(1) << bits) - 1; };
  const uint32_t neuron = bitsFor(g.neurons), program = bitsFor(g.programWords);
  switch (space) {
  case Space::AxonIn:
    return low(bitsFor(g.synapses) + 1);
  case Space::AxonOut:
  case Space::HostMask:
    return low(g.maskBits());
  case Space::Slice:
    return address % sliceStride == 0   ? low(2 * neuron + 2 + bitsFor(g.inputs + 1))
           : address % sliceStride == 1 ? low(bitsFor(g.accumulators()) + 2 * program + 1)
                                        : ~0u;
  default:
    return ~0u;
  }
}
bool isHole(Space space, uint32_t address) { return space == Space::Slice && address % sliceStride >= sliceWords; }

std::vector<ConfigWrite> everyWord() {
  const Geometry &g = test::n1Geometry();
  std::vector<ConfigWrite> out;
  for (uint32_t node = 0; node < g.nodes(); ++node)
    for (const Space space : coreSpaces)
      for (uint32_t address = 0; address < g.wordsOf(space, false); ++address)
        if (!isHole(space, address))
          out.push_back({node, space, address, 0});
  for (uint32_t address = 0; address < g.hostInputs; ++address)
    out.push_back({g.host(), Space::HostMask, address, 0});
  return out;
}
void shuffle(std::vector<ConfigWrite> &words, isa::RandomSource &random) {
  for (size_t i = words.size(); i > 1; --i)
    std::swap(words[i - 1], words[random.below(static_cast<uint32_t>(i))]);
}
} // namespace

TEST_CASE("every word of every memory keeps what was written to it, and nothing else") {
  if (!test::haveN1())
    return;
  isa::RandomSource random(1);
  N1Chip chip(1);
  std::vector<ConfigWrite> words = everyWord();
  for (int round = 0; round < 2; ++round) {
    shuffle(words, random);
    for (ConfigWrite &word : words)
      word.word = static_cast<uint32_t>(random.next());
    chip.write(words);
    std::vector<ConfigWrite> found = words;
    shuffle(found, random);
    std::vector<ConfigWrite> right = found;
    REQUIRE(bool(chip.model->read(found)));
    uint64_t wrong = 0;
    for (size_t i = 0; i < found.size(); ++i)
      wrong += found[i].word != (right[i].word & kept(right[i].space, right[i].address));
    CHECK(wrong == 0);
  }
  for (uint32_t node = 0; node < test::n1Host; ++node)
    CHECK(chip.csr(node, CsrErrors) == 0);
}

TEST_CASE("what lies outside a space reads 0, takes nothing and sets the error of its node alone") {
  if (!test::haveN1())
    return;
  const Geometry &g = test::n1Geometry();
  N1Chip chip(2);
  std::vector<ConfigWrite> words = everyWord();
  for (ConfigWrite &word : words)
    word.word = ~0u;
  chip.write(words);
  std::vector<ConfigWrite> outside;
  for (const Space space : coreSpaces)
    for (uint32_t address = 0x8000; address >= g.wordsOf(space, false); address /= 2)
      outside.push_back({0, space, address + (address != g.wordsOf(space, false) ? 0 : 1), 0});
  for (uint32_t hole = sliceWords; hole < sliceStride; ++hole)
    outside.push_back({0, Space::Slice, sliceStride + hole, 0});
  for (uint32_t space = unsigned(Space::HostMask); space < 16; ++space)
    outside.push_back({0, Space(space), 0, 0});
  for (const Space space : coreSpaces)
    outside.push_back({0, space, g.wordsOf(space, false), 0});
  for (uint32_t address = 8; address < 0x10000; address *= 2)
    outside.push_back({0, Space::Csr, address, 0});
  uint32_t turn = 0;
  for (ConfigWrite access : outside) {
    CAPTURE(unsigned(access.space));
    CAPTURE(access.address);
    access.node = turn++ % g.nodes();
    CHECK(chip.get(access.node, access.space, access.address) == 0);
    for (const bool written : {false, true}) {
      if (written)
        chip.put(access.node, access.space, access.address, 0);
      for (uint32_t node = 0; node < g.nodes(); ++node)
        CHECK(chip.csr(node, CsrErrors) == (node == access.node ? 2 : 0));
      chip.put(access.node, Space::Csr, CsrErrors, 0);
    }
  }
  // Nodes that are not there, and the host's other spaces and registers.
  for (const uint32_t node : {g.host() + 1, g.host() + 4, 128u, 255u})
    for (const Space space : {Space::State, Space::Csr, Space::HostMask}) {
      CHECK(chip.get(node, space, 0) == 0);
      chip.put(node, space, 0, 0);
    }
  for (uint32_t space = 0; space < 16; ++space)
    for (const uint32_t address : {0u, 2u, 3u, g.hostInputs, 0x8000u})
      if ((Space(space) != Space::HostMask && Space(space) != Space::Csr) || (address > 1 && Space(space) == Space::Csr) ||
          address >= g.hostInputs) {
        CHECK(chip.get(g.host(), Space(space), address) == 0);
        chip.put(g.host(), Space(space), address, 0);
      }
  std::vector<ConfigWrite> found = words;
  REQUIRE(bool(chip.model->read(found)));
  uint64_t wrong = 0;
  for (const ConfigWrite &word : found)
    wrong += word.word != kept(word.space, word.address);
  CHECK(wrong == 0);
  for (uint32_t node = 0; node < g.nodes(); ++node)
    for (uint32_t csr = 0; csr < CsrUpdateCycles; ++csr)
      CHECK(chip.get(node, Space::Csr, csr) == 0);
}

TEST_CASE("registers keep what is written to them where they can be written") {
  if (!test::haveN1())
    return;
  const Geometry &g = test::n1Geometry();
  isa::RandomSource random(3);
  N1Chip chip(3);
  CHECK(chip.get(g.host(), Space::Csr, HostCsrStep) == 0);
  CHECK(chip.get(g.host(), Space::Csr, HostCsrCycles) == 0);
  const uint32_t widths[] = {bitsFor(g.neurons) + 1, 3, 32, 32, 32, 32, 0, 0};
  for (int round = 0; round < 6; ++round) {
    std::vector<ConfigWrite> words;
    for (uint32_t node = 0; node < g.nodes(); ++node)
      for (uint32_t csr = 0; csr < numCsrs; ++csr)
        words.push_back({node, Space::Csr, csr, static_cast<uint32_t>(random.next())});
    words.push_back({g.host(), Space::Csr, HostCsrStep, static_cast<uint32_t>(random.next())});
    words.push_back({g.host(), Space::Csr, HostCsrCycles, static_cast<uint32_t>(random.next())});
    shuffle(words, random);
    chip.write(words);
    std::vector<ConfigWrite> found = words;
    REQUIRE(bool(chip.model->read(found)));
    for (size_t i = 0; i < words.size(); ++i) {
      CAPTURE(words[i].node);
      CAPTURE(words[i].address);
      const uint32_t width = words[i].node == g.host() ? (words[i].address == HostCsrStep ? 32 : 0) : widths[words[i].address];
      CHECK(found[i].word == (width == 32 ? words[i].word : words[i].word & ((uint32_t(1) << width) - 1)));
    }
  }
  chip.put(g.host(), Space::Csr, HostCsrStep, 0xFFFFFFFF);
  for (uint32_t node = 0; node < g.nodes(); ++node)
    chip.write({{node, Space::Csr, CsrSlices, 0}, {node, Space::Csr, CsrErrors, 7}});
  const uint64_t cycles = chip.step().cycles;
  CHECK(chip.get(g.host(), Space::Csr, HostCsrStep) == 0);
  CHECK(chip.get(g.host(), Space::Csr, HostCsrCycles) == cycles + 1);
  CHECK(cycles + 1 == 6); // Update phases without slices, and two.
  for (uint32_t node = 0; node < g.nodes(); ++node) {
    CHECK(chip.csr(node, CsrErrors) == 7);
    CHECK(chip.csr(node, CsrUpdateCycles) == 4);
    CHECK(chip.csr(node, CsrBusyCycles) == 0);
  }
}

TEST_CASE("models in one thread have nothing in common, whichever of them goes first") {
  if (!test::haveN1())
    return;
  const uint32_t node = 1, address = 3;
  auto first = std::make_unique<N1Chip>(1), second = std::make_unique<N1Chip>(2), third = std::make_unique<N1Chip>(3);
  first->put(node, Space::Table, address, 11);
  second->put(node, Space::Table, address, 22);
  third.reset(); // made last
  CHECK(second->step().cycles == first->step().cycles);
  CHECK(first->get(node, Space::Table, address) == 11);
  first.reset();
  second->step();
  CHECK(second->get(node, Space::Table, address) == 22);
  second.reset();
}
