// Image tables: valid, equal to the network when read back, and every single change is found.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/HwModels/NativeForm.h"
#include "ranvier/Mapping/Mapping.h"
#include "support/TestNetworks.h"
#include <chrono>
#include <doctest/doctest.h>

using namespace ranvier;
using namespace ranvier::mapping;
using namespace ranvier::test;

static image::ImageData emitted(const Network &network, const hw::Chip &chip, uint64_t seed = 0) {
  auto mapping = partition(network, chip, {});
  REQUIRE_MESSAGE(bool(mapping), (mapping ? "" : mapping.error().str()));
  REQUIRE(bool(place(network, chip, *mapping, {.seed = seed})));
  auto data = emitImage(network, chip, *mapping, "{}");
  REQUIRE_MESSAGE(bool(data), (data ? "" : data.error().str()));
  return *std::move(data);
}

/// A view without validation: what rebuildNetwork must judge by itself.
static image::Image view(const image::ImageData &data) {
  image::Image image;
  image.meta = data.meta;
  image.cores = data.cores;
  image.slices = data.slices;
  image.params = data.params;
  image.paramWords = data.paramWords;
  image.stateWords = data.stateWords;
  image.inAxons = data.inAxons;
  image.rows = data.rows;
  image.synapses32 = data.synapses32;
  image.synapses64 = data.synapses64;
  image.outPtr = data.outPtr;
  image.outAxons = data.outAxons;
  return image;
}

static bool isFaithful(const Network &network, const image::ImageData &data) {
  auto rebuilt = rebuildNetwork(view(data));
  return rebuilt && compareNetworks(network, *rebuilt).empty();
}

static hw::Chip smallCores() { return tinyChip({.neurons = 16}); }

TEST_CASE("integer networks: the image is valid and holds the network") {
  for (uint64_t seed = 0; seed < 30; ++seed) {
    CAPTURE(seed);
    const Network network = randomIntNetwork(seed);
    image::ImageData data = emitted(network, smallCores(), seed);
    auto rebuilt = rebuildNetwork(view(data));
    REQUIRE_MESSAGE(bool(rebuilt), (rebuilt ? "" : rebuilt.error().str()));
    for (const std::string &line : compareNetworks(network, *rebuilt))
      FAIL_CHECK(line);
    for (const image::CoreRecord &core : data.cores)
      CHECK(core.synapseKind == static_cast<uint32_t>(image::SynapseKind::Packed32));
    auto opened = image::fromData(std::move(data));
    CHECK_MESSAGE(bool(opened), (opened ? "" : opened.error().str()));
  }
}

TEST_CASE("binary32 networks: same-step axons stand first and hold delay 0 only") {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    CAPTURE(seed);
    const Network network = randomFloatNetwork(seed);
    image::ImageData data = emitted(network, floatChip());
    CHECK(isFaithful(network, data));
    for (const image::CoreRecord &core : data.cores)
      for (uint32_t a = 0; a < core.inAxonCount; ++a) {
        const image::InAxonRecord &axon = data.inAxons[core.firstInAxon + a];
        if (a > 0 && a != core.sameStepAxonCount) {
          const image::InAxonRecord &before = data.inAxons[core.firstInAxon + a - 1];
          CHECK(std::tie(before.population, before.neuron) < std::tie(axon.population, axon.neuron));
        }
        for (uint32_t r = 0; r < axon.rowCount; ++r) {
          const image::RowRecord &row = data.rows[core.firstRow + axon.firstRow + r];
          CHECK(row.count > 0);
          for (uint32_t s = 0; s < row.count; ++s) {
            const image::Synapse synapse = image::unpackSynapse(data.synapses64[core.firstSynapse + row.firstSynapse + s]);
            CHECK((synapse.delay == 0) == (a < core.sameStepAxonCount));
          }
        }
      }
    auto opened = image::fromData(std::move(data));
    CHECK_MESSAGE(bool(opened), (opened ? "" : opened.error().str()));
  }
}

TEST_CASE("one message per neuron and destination core on chips") {
  const Network network = randomIntNetwork(4);
  const image::ImageData data = emitted(network, smallCores());
  for (size_t source = 0; source + 1 < data.outPtr.size(); ++source)
    for (uint64_t a = data.outPtr[source] + 1; a < data.outPtr[source + 1]; ++a)
      CHECK(data.outAxons[a - 1].core < data.outAxons[a].core);
  CHECK(data.outAxons.size() == data.inAxons.size());
}

TEST_CASE("wide words where the weight does not fit the packed one") {
  Network network = randomIntNetwork(2);
  const image::ImageData narrow = emitted(network, smallCores());
  CHECK(narrow.synapses64.empty());
  hw::Chip chip = smallCores();
  chip.weights.maxBits = 10;
  network.projections[0].weightBits = 11;
  for (const int32_t weight : {511, -512, 512, -513}) {
    network.projections[0].weights[0] = weight;
    const image::ImageData data = emitted(network, chip);
    CHECK(data.synapses64.empty() == (weight == 511 || weight == -512));
    CHECK(isFaithful(network, data));
  }
}

TEST_CASE("the same network and seed give the same tables") {
  const Network network = randomIntNetwork(9);
  const image::ImageData a = emitted(network, smallCores(), 3), b = emitted(network, smallCores(), 3);
  CHECK(a.synapses32 == b.synapses32);
  CHECK(a.outPtr == b.outPtr);
  CHECK(a.paramWords == b.paramWords);
  CHECK(a.meta.mapping == b.meta.mapping);
}

TEST_CASE("verify finds every single change of the image") {
  const Network network = randomIntNetwork(7);
  const image::ImageData data = emitted(network, smallCores());
  REQUIRE(isFaithful(network, data));
  Dice dice(5);
  for (int trial = 0; trial < 60; ++trial) {
    const auto at = [&](size_t size) { return static_cast<size_t>(dice(0, int64_t(size) - 1)); };
    image::ImageData bad = data;
    bad.synapses32[at(bad.synapses32.size())] ^= 1u << 22; // Weight.
    CHECK(!isFaithful(network, bad));
    bad = data;
    bad.synapses32[at(bad.synapses32.size())] ^= 1u << 16; // Delay.
    CHECK(!isFaithful(network, bad));
    bad = data;
    bad.paramWords[at(bad.paramWords.size())] ^= 1;
    CHECK(!isFaithful(network, bad));
    bad = data;
    bad.stateWords[at(bad.stateWords.size())] += 1;
    CHECK(!isFaithful(network, bad));
    bad = data;
    bad.rows[at(bad.rows.size())].count -= 1; // A synapse is missing.
    CHECK(!isFaithful(network, bad));
    bad = data;
    image::OutAxonRecord &out = bad.outAxons[at(bad.outAxons.size())]; // The message goes elsewhere.
    const uint32_t axons = bad.cores[out.core].inAxonCount;
    if (axons > 1) {
      out.axon = (out.axon + 1) % axons;
      CHECK(!isFaithful(network, bad));
    }
    bad = data; // A message is sent by the neighbour instead.
    const size_t source = 1 + at(bad.outPtr.size() - 2);
    if (bad.outPtr[source] != bad.outPtr[source - 1]) {
      --bad.outPtr[source];
      CHECK(!isFaithful(network, bad));
    }
    bad = data; // The target.
    const image::CoreRecord &core = bad.cores[at(bad.cores.size())];
    if (core.synapseCount && core.accumulatorCount > 1) {
      uint32_t &word = bad.synapses32[core.firstSynapse + at(core.synapseCount)];
      const uint32_t accumulator = word & 0xFFFF;
      word = (word & ~0xFFFFu) | (accumulator + 1) % core.accumulatorCount;
      CHECK(!isFaithful(network, bad));
    }
  }
}

TEST_CASE("verify finds changes of the tables of contents") {
  const Network network = randomIntNetwork(7);
  const image::ImageData data = emitted(network, smallCores());
  const auto changed = [&](auto &&change) {
    image::ImageData bad = data;
    change(bad);
    return !isFaithful(network, bad);
  };
  CHECK(changed([](image::ImageData &d) { ++d.meta.projections[0].weightExponent; }));
  CHECK(changed([](image::ImageData &d) { ++d.meta.projections[0].weightBits; }));
  CHECK(changed([](image::ImageData &d) { ++d.meta.projections[0].kernelWeights; }));
  CHECK(changed([](image::ImageData &d) { ++d.meta.populations[0].seed; }));
  CHECK(changed([](image::ImageData &d) { d.meta.populations[0].output = true; }));
  CHECK(changed([](image::ImageData &d) { d.meta.populations.back().stateScale[0].second = 2; }));
  CHECK(
      changed([](image::ImageData &d) { d.meta.populations.back().stateNames = {{d.meta.programs.back().states[0], "another"}}; }));
  CHECK(changed([](image::ImageData &d) { d.meta.populations.back().valueScale = 2; }));
  CHECK(changed([](image::ImageData &d) { ++d.meta.populations.back().depth; }));
  CHECK(changed([](image::ImageData &d) { d.meta.populations.back().configParams.push_back(0); }));
  CHECK(changed([](image::ImageData &d) { d.meta.populations.back().thresholdParams.push_back(0); }));
  CHECK(changed([](image::ImageData &d) { d.meta.populations[0].source = "poisson"; }));
  CHECK(changed([](image::ImageData &d) { d.meta.dt *= 2; }));
  CHECK(changed([](image::ImageData &d) { ++d.meta.seed; }));
  CHECK(changed([](image::ImageData &d) { d.meta.programs[d.meta.populations.back().program].code[0].imm ^= 1; }));
  CHECK(changed([](image::ImageData &d) { ++d.slices[0].first; }));
  CHECK(changed([](image::ImageData &d) { d.slices[0].program ^= 1; }));
}

TEST_CASE("what the image makes impossible is an error with a code") {
  const Network network = randomIntNetwork(7);
  image::ImageData data = emitted(network, smallCores());
  data.slices[0].count -= 1; // A neuron without a place.
  auto rebuilt = rebuildNetwork(view(data));
  REQUIRE(!rebuilt);
  CHECK(rebuilt.error().code == 6030);
}

TEST_CASE("differences are listed up to a number, with place, expected and found") {
  const Network network = randomIntNetwork(7);
  Network other = network;
  for (int32_t &weight : other.projections[0].weights)
    weight += 1;
  CHECK(compareNetworks(network, other, 3).size() <= 3);
  other = network;
  other.projections[0].weights[0] += 1;
  const auto lines = compareNetworks(network, other);
  REQUIRE(lines.size() == 1);
  CHECK(lines[0].find(network.projections[0].name) != std::string::npos);
  CHECK(lines[0].find("weight " + std::to_string(network.projections[0].weights[0])) != std::string::npos);
  CHECK(compareNetworks(network, network).empty());
}

TEST_CASE("10^7 synapses are emitted and read back") {
  const Network network = localNetwork(10, static_cast<uint32_t>(cases(20000, 20000)), 50);
  hw::Chip chip = tinyChip({.neurons = 1024, .axonsIn = 4096, .axonsOut = 4096});
  chip.tilesX = 8;
  chip.tilesY = 4;
  chip.coresPerTile = 4;
  auto mapping = partition(network, chip, {});
  REQUIRE(bool(mapping));
  const auto start = std::chrono::steady_clock::now();
  auto data = emitImage(network, chip, *mapping, "{}");
  REQUIRE(bool(data));
  MESSAGE("seconds: ", std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  CHECK(data->synapses32.size() == network.projections[0].targets.size() * 10);
  CHECK(isFaithful(network, *data));
}
