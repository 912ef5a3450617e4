//===- DeliveryTest.cpp - Rows and runs against one addition a synapse ----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Delivery.h"
#include "isa/RandomProgram.h"
#include <doctest/doctest.h>
#include <map>
#include <tuple>

using namespace ranvier;
using test::RandomSource;

namespace {

/// Synapses of a row, sorted by (delay, accumulator). `kind` 0: spread at random, doubles among them; 1: a patch of a convolution;
/// 2: everything up to the last accumulator.
std::vector<image::Synapse> randomRow(RandomSource &random, unsigned kind, uint32_t accumulators, uint32_t slots) {
  std::vector<image::Synapse> row;
  const auto add = [&](uint32_t accumulator, uint32_t delay) { row.push_back({accumulator, delay, random.below(1024) - 512u}); };
  const uint32_t delay = random.below(slots);
  if (kind == 0)
    for (uint32_t i = 0, count = random.below(60); i < count; ++i)
      add(random.below(accumulators), random.oneIn(2) ? delay : random.below(slots));
  else if (kind == 1)
    for (uint32_t line = 0, first = random.below(accumulators), width = 1 + random.below(17); line < 9; ++line, first += 23)
      for (uint32_t x = 0; x < width && first + x < accumulators; ++x)
        add(first + x, line < 6 || slots == 1 ? delay : slots - 1);
  else
    for (uint32_t a = random.below(accumulators); a < accumulators; ++a)
      add(a, slots - 1);
  std::sort(row.begin(), row.end(),
            [](const auto &a, const auto &b) { return std::tuple(a.delay, a.accumulator) < std::tuple(b.delay, b.accumulator); });
  return row;
}

/// A core of random rows and the sums that its accumulators must hold.
struct Fixture {
  std::vector<image::InAxonRecord> axons;
  std::vector<image::RowRecord> rows;
  std::vector<uint32_t> packed;
  std::vector<uint64_t> wide;
  std::vector<int8_t> exponents = {0, 3, -2, 32, 0};
  emu::AlignedArray<int32_t> ring;
  emu::DeliveryCore core;
  std::vector<int32_t> payload;

  Fixture(RandomSource &random, bool isPacked, uint32_t slots, uint32_t accumulators) {
    for (uint32_t a = 0; a < 200; ++a) {
      const uint32_t rowCount = random.oneIn(4) ? random.below(4) : 1;
      axons.push_back({0, a, static_cast<uint32_t>(rows.size()), rowCount});
      for (uint32_t r = 0; r < rowCount; ++r) {
        const auto row = randomRow(random, random.below(3), accumulators, slots);
        const uint64_t first = isPacked ? packed.size() : wide.size();
        rows.push_back({first, static_cast<uint32_t>(row.size()), rowCount == 1 && random.oneIn(2) ? 0 : random.below(5)});
        for (const image::Synapse &synapse : row) {
          packed.push_back(image::packSynapse32(synapse.accumulator, synapse.delay, static_cast<int32_t>(synapse.weight)));
          wide.push_back(image::packSynapse64(synapse.accumulator, synapse.delay, synapse.weight));
        }
      }
      payload.push_back(random.oneIn(3) ? 1 : static_cast<int32_t>(random.next()));
    }
    core.axons = axons.data();
    core.rows = rows.data();
    (isPacked ? packed : std::vector<uint32_t>()).swap(packed);
    (isPacked ? std::vector<uint64_t>() : wide).swap(wide);
    core.synapses32 = isPacked ? packed.data() : nullptr;
    core.synapses64 = isPacked ? nullptr : wide.data();
    core.slots = slots;
    core.stride = static_cast<uint32_t>(emu::roundUp(accumulators, emu::padNeurons));
    ring = emu::AlignedArray<int32_t>(size_t(slots) * core.stride);
    core.ring = ring.data();
    emu::indexAxons(core, static_cast<uint32_t>(axons.size()), exponents, isa::Profile::Int);
  }

  std::vector<uint32_t> expected(std::span<const uint32_t> active, uint32_t step, bool graded, std::vector<uint32_t> sums) const {
    std::map<std::tuple<uint32_t, size_t>, uint32_t> shifted; // by projection and accumulator
    for (const uint32_t a : active)
      for (uint32_t r = axons[a].firstRow; r < axons[a].firstRow + axons[a].rowCount; ++r)
        for (uint64_t s = rows[r].firstSynapse; s < rows[r].firstSynapse + rows[r].count; ++s) {
          const image::Synapse synapse = core.synapses32 ? image::unpackSynapse(packed[s]) : image::unpackSynapse(wide[s]);
          const size_t at = size_t((step + synapse.delay) % core.slots) * core.stride + synapse.accumulator;
          const int exponent = exponents[rows[r].projection];
          const uint32_t value = synapse.weight * (graded ? static_cast<uint32_t>(payload[a]) : 1u);
          if (exponent < 0)
            shifted[{rows[r].projection, at}] += value;
          else
            sums[at] += exponent > 31 ? 0 : value << exponent;
        }
    for (const auto &[key, sum] : shifted)
      sums[std::get<1>(key)] += static_cast<uint32_t>(static_cast<int32_t>(sum) >> -exponents[std::get<0>(key)]);
    return sums;
  }
};

emu::ShiftScratch scratchFor(const Fixture &net) {
  emu::ShiftScratch shift;
  shift.entries = emu::AlignedArray<emu::ShiftScratch::Entry>(net.rows.size());
  shift.head.assign(net.exponents.size(), -1);
  shift.projections.reserve(net.exponents.size());
  shift.sums = emu::AlignedArray<uint32_t>(net.ring.size());
  shift.touched = emu::AlignedArray<uint8_t>(net.ring.size());
  shift.touchedList = emu::AlignedArray<uint32_t>(net.ring.size() + 1);
  return shift;
}

} // namespace

TEST_CASE("delivery adds what one addition a synapse adds, whatever form a row is kept in") {
  RandomSource random(2026);
  unsigned ofKind[4] = {};
  for (unsigned round = 0; round < 40; ++round) {
    const bool isPacked = round % 4 != 3;
    const uint32_t slots = 1 + random.below(isPacked ? 9 : 300), accumulators = 1 + random.below(400);
    Fixture net(random, isPacked, slots, accumulators);
    for (uint32_t a = 0; a < net.axons.size(); ++a)
      ++ofKind[static_cast<unsigned>(net.core.entries[a].kind)];
    emu::ShiftScratch shift = scratchFor(net);
    std::vector<uint32_t> slotOffset(slots), active;
    for (uint32_t step = 1; step < 6; ++step) {
      active.clear();
      for (uint32_t a = 0; a < net.axons.size(); ++a)
        if (step == 1 || random.oneIn(step * 2)) // all, or a few
          active.push_back(a);
      const std::vector<uint32_t> before(net.ring.data(), net.ring.data() + net.ring.size());
      const auto expected = net.expected(active, step, step % 2, before);
      const auto kind = isPacked ? image::SynapseKind::Packed32 : image::SynapseKind::Wide64;
      emu::selectDelivery(kind, isa::Profile::Int)(net.core, active, step, step % 2 ? net.payload.data() : nullptr,
                                                   net.exponents.data(), slotOffset.data(), shift);
      REQUIRE(std::equal(expected.begin(), expected.end(), net.ring.data(),
                         [](uint32_t a, int32_t b) { return a == static_cast<uint32_t>(b); }));
    }
  }
  for (const unsigned count : ofKind)
    CHECK(count > 100); // every way has been taken
}

TEST_CASE("runs: vectors and the plain loop add the same, and nothing beyond") {
  RandomSource random(7);
  for (unsigned round = 0; round < 500; ++round) {
    const uint32_t slots = 1 + random.below(63), accumulators = 1 + random.below(300);
    std::vector<uint32_t> row;
    for (const image::Synapse &synapse : randomRow(random, 1 + random.below(2), accumulators, slots))
      row.push_back(image::packSynapse32(synapse.accumulator, synapse.delay, static_cast<int32_t>(synapse.weight)));
    emu::RunStore store;
    const emu::RunStore::Place place = store.append(row);
    store.finish();
    CHECK(place.words <= row.size());
    if (!place.words)
      continue;
    const size_t words = size_t(slots) * accumulators;
    std::vector<uint32_t> start(words + emu::wordsBehindRuns);
    for (uint32_t &word : start)
      word = static_cast<uint32_t>(random.next());
    std::vector<uint32_t> slotOffset;
    for (uint32_t delay = 0; delay < slots; ++delay)
      slotOffset.push_back((delay + round) % slots * accumulators);
    for (const uint32_t factor : {1u, 0u, static_cast<uint32_t>(random.next())}) {
      std::vector<uint32_t> expected = start, plain = start, vectors = start;
      for (const uint32_t word : row) {
        const image::Synapse synapse = image::unpackSynapse(word);
        expected[slotOffset[synapse.delay] + synapse.accumulator] += synapse.weight * factor;
      }
      emu::addRunsPlain(store.data() + place.first, plain.data(), slotOffset.data(), factor);
      CHECK(plain == expected);
      if (const emu::AddRuns avx2 = emu::addRunsAvx2()) {
        avx2(store.data() + place.first, vectors.data(), slotOffset.data(), factor);
        CHECK(vectors == expected);
      }
    }
  }
}

TEST_CASE("runs are kept only where they are shorter than the row") {
  emu::RunStore store;
  std::vector<uint32_t> apart, together;
  for (uint32_t i = 0; i < 40; ++i) {
    apart.push_back(image::packSynapse32(i * 2, 1, 5));
    together.push_back(image::packSynapse32(i, 1, -5));
  }
  CHECK(store.append(apart).words == 0);
  const auto place = store.append(together);
  CHECK(place.first == 0);
  CHECK(place.words == 1 + 5 + 20);
}
