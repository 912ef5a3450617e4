//===- SegmentsTest.cpp - Shared weights against a weight a synapse -------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Segments.h"
#include "isa/RandomProgram.h"
#include <bit>
#include <doctest/doctest.h>

using namespace ranvier;
using test::RandomSource;

namespace {

constexpr uint32_t accumulators = 50;

float randomWeight(RandomSource &random) {
  return random.oneIn(8) ? -0.0f : static_cast<float>(random.below(2000)) * 0.37f - 300.0f;
}

/// Rows with several delays, one weight an axon; some rows are empty.
emu::SegmentStore randomStore(RandomSource &random) {
  emu::SegmentStore store;
  store.axons = 1 + random.below(30);
  std::vector<uint16_t> targets;
  std::vector<float> weights;
  for (uint32_t a = 0; a < store.axons; ++a) {
    store.firstSynapse.push_back(targets.size());
    store.firstSegment.push_back(static_cast<uint32_t>(store.segments.size()));
    const float weight = randomWeight(random);
    for (uint32_t s = 0, segments = random.below(4); s < segments; ++s) {
      const uint32_t count = random.below(40);
      store.segments.push_back(emu::SegmentStore::word(s ? random.below(4) : 1 + random.below(3), count));
      for (uint32_t i = 0; i < count; ++i) {
        targets.push_back(static_cast<uint16_t>(random.below(accumulators)));
        weights.push_back(weight);
      }
    }
  }
  store.firstSynapse.push_back(targets.size());
  store.firstSegment.push_back(static_cast<uint32_t>(store.segments.size()));
  store.targets = emu::MappedArray<uint16_t>(targets.size());
  store.weights = emu::MappedArray<float>(weights.size());
  std::copy(targets.begin(), targets.end(), store.targets.data());
  std::copy(weights.begin(), weights.end(), store.weights.data());
  return store;
}

/// Bits of the accumulators after each of some steps in which every axon may have sent.
std::vector<uint32_t> run(const emu::SegmentStore &store, RandomSource random, bool graded) {
  emu::PendingList pending;
  pending.entries = emu::MappedArray<emu::Pending>(size_t(store.axons) * 32);
  std::vector<emu::Stretch> batch(emu::stretchBatch);
  std::vector<uint32_t> found;
  std::vector<float> sums(accumulators);
  std::vector<int32_t> payload(store.axons);
  for (uint32_t step = 1; step < 30; ++step) {
    std::vector<uint32_t> axons;
    for (uint32_t a = 0; a < store.axons && step < 15; ++a)
      if (random.oneIn(3)) {
        axons.push_back(a);
        payload[a] = std::bit_cast<int32_t>(random.oneIn(2) ? 1.0f : randomWeight(random));
      }
    emu::enqueue(store, axons, step - 1, graded ? payload.data() : nullptr, pending);
    emu::deliverDue(store, step, pending, sums.data(), batch.data());
    for (const float sum : sums)
      found.push_back(std::bit_cast<uint32_t>(sum));
  }
  CHECK(pending.count == 0);
  return found;
}

} // namespace

TEST_CASE("one weight an axon gives the bits that a weight a synapse gives") {
  RandomSource random(3);
  for (unsigned round = 0; round < 200; ++round) {
    emu::SegmentStore store = randomStore(random);
    const RandomSource spikes(round);
    const auto plain = run(store, spikes, false), graded = run(store, spikes, true);
    const uint64_t synapses = store.targets.size();
    emu::shareWeights(store);
    CHECK(store.isShared() == (synapses != 0));
    CHECK(store.weights.size() == 0);
    CHECK(run(store, spikes, false) == plain);
    CHECK(run(store, spikes, true) == graded);
  }
}

TEST_CASE("weights are not shared where one has other bits") {
  RandomSource random(4);
  emu::SegmentStore store = randomStore(random);
  while (store.targets.size() < 2 || store.firstSynapse[1] < 2)
    store = randomStore(random);
  store.weights[0] = 0.0f;
  store.weights[1] = -0.0f;
  const auto expected = run(store, RandomSource(1), true);
  emu::shareWeights(store);
  CHECK(!store.isShared());
  CHECK(store.weights.size() == store.targets.size());
  CHECK(run(store, RandomSource(1), true) == expected);
}
