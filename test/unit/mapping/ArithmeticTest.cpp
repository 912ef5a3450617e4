// Networks that are already integer must consist of the chip's own numbers [I1..I5].
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/HwModels/NativeForm.h"
#include "ranvier/Mapping/Mapping.h"
#include <doctest/doctest.h>

using namespace ranvier;
using namespace ranvier::mapping;

namespace {
hw::Chip unitChip() {
  hw::Chip chip;
  chip.name = "made";
  chip.stateBits = 24;
  chip.weights = {1, 8, -8, 7, true, false};
  chip.nativeCuba = hw::NativeCubaLif();
  return chip;
}
/// Two neurons of the unit behind one input.
Network unitNetwork(const hw::Chip &chip) {
  Network network;
  network.programs = {hw::nativeCubaProgram(*chip.nativeCuba)};
  network.populations.resize(2);
  network.populations[0].name = "in";
  network.populations[0].count = 2;
  network.populations[0].input = true;
  Population &neurons = network.populations[1];
  neurons.name = "p";
  neurons.count = 2;
  neurons.program = 0;
  neurons.params = {{100}, {200}, {300}, {0}};
  neurons.init = {{0}, {0}};
  Projection projection;
  projection.name = "w";
  projection.source = 0;
  projection.target = 1;
  projection.rowPtr = {0, 2, 4};
  projection.targets = {0, 1, 0, 1};
  projection.weights = {1, 2, 3, 255};
  projection.delays = {1};
  network.projections = {projection};
  return network;
}
unsigned codeOf(const Network &network, const hw::Chip &chip) {
  auto checked = checkArithmetic(network, chip);
  return checked ? 0 : checked.error().code;
}
/// The code with other words in one parameter slot.
unsigned withParam(uint32_t slot, int32_t word) {
  const hw::Chip chip = unitChip();
  Network network = unitNetwork(chip);
  network.populations[1].params[slot] = {0, word};
  return codeOf(network, chip);
}
unsigned withWeights(Words weights, const hw::Chip &chip, int exponent = 0) {
  Network network = unitNetwork(unitChip());
  network.projections[0].weights = std::move(weights);
  network.projections[0].weightExponent = exponent;
  return codeOf(network, chip);
}
} // namespace

TEST_CASE("a chip without microcode takes its unit's instructions only [I1]") {
  const hw::Chip chip = unitChip();
  CHECK(codeOf(unitNetwork(chip), chip) == 0);
  Network other = unitNetwork(chip);
  other.programs[0].code.pop_back();
  auto refused = checkArithmetic(other, chip);
  REQUIRE(!refused);
  CHECK(refused.error().code == 6031);
  CHECK(refused.error().kind == ErrorKind::CannotRun);
  CHECK(refused.error().place.find("'p'") != std::string::npos);
  hw::Chip programmable = chip;
  programmable.programmable = true;
  CHECK(codeOf(other, programmable) == 0);
  // The unit of another chip is another program.
  hw::Chip wider = chip;
  wider.nativeCuba->inputShift = 7;
  CHECK(codeOf(unitNetwork(chip), wider) == 6031);
}

TEST_CASE("instructions that a chip lacks, and values in events [I2]") {
  hw::Chip chip = unitChip();
  chip.programmable = true;
  chip.forbiddenOps = {"mulsh"};
  auto refused = checkArithmetic(unitNetwork(chip), chip);
  REQUIRE(!refused);
  CHECK(refused.error().code == 6032);
  CHECK(refused.error().message.find("'mulsh'") != std::string::npos);
  chip.forbiddenOps = {};
  Network graded = unitNetwork(chip);
  graded.programs[0].code.pop_back();
  auto spike = isa::assemble(graded.programs[0], "spkp r2, r1");
  REQUIRE(bool(spike));
  graded.programs[0].code.push_back(*spike);
  CHECK(codeOf(graded, chip) == 6032);
  chip.gradedSpikes = true;
  CHECK(codeOf(graded, chip) == 0);
}

TEST_CASE("every word of the unit at its limit and one beyond [I3]") {
  CHECK(withParam(hw::NativeDu, 4095) == 0);
  CHECK(withParam(hw::NativeDu, 4096) == 6033);
  CHECK(withParam(hw::NativeDu, -1) == 6033);
  CHECK(withParam(hw::NativeDv, 4095) == 0);
  CHECK(withParam(hw::NativeDv, 4096) == 6033);
  CHECK(withParam(hw::NativeVth, 131071) == 0);
  CHECK(withParam(hw::NativeVth, 131072) == 6033);
  CHECK(withParam(hw::NativeVth, -1) == 6033);
  for (int32_t bias : {0, 1, -1, 4095, -4096, 4096, 8190, 4095 << 7, -4096 * 128})
    CHECK(withParam(hw::NativeBias, bias) == 0);
  for (int32_t bias : {4097, -4097, 8191, (4095 << 7) + 1, 4096 << 7, -4097 * 128})
    CHECK(withParam(hw::NativeBias, bias) == 6033);
}

TEST_CASE("initial values fit the state words [I4]") {
  hw::Chip chip = unitChip();
  for (const auto &[word, code] : {std::pair{(1 << 23) - 1, 0u}, {-(1 << 23), 0u}, {1 << 23, 6033u}, {-(1 << 23) - 1, 6033u}}) {
    Network network = unitNetwork(chip);
    network.populations[1].init[1] = {0, word};
    CHECK(codeOf(network, chip) == code);
  }
}

TEST_CASE("weights in any sign mode that holds them, exponents in the chip's range [I5]") {
  const hw::Chip chip = unitChip();
  CHECK(withWeights({0, 1, 254, 255}, chip) == 0);
  CHECK(withWeights({0, -1, -254, -255}, chip) == 0);
  CHECK(withWeights({-256, 2, 0, 254}, chip) == 0);
  CHECK(withWeights({-256, 0, 0, 0}, chip) == 0); // as a mixed projection
  CHECK(withWeights({-255, 2, 0, 254}, chip) == 6034);
  CHECK(withWeights({-2, 255, 0, 0}, chip) == 6034);
  CHECK(withWeights({0, 0, 0, 256}, chip) == 6034);
  CHECK(withWeights({0, 0, 0, -257}, chip) == 6034);
  CHECK(withWeights({1, 2, 3, 4}, chip, 7) == 0);
  CHECK(withWeights({1, 2, 3, 4}, chip, 8) == 6034);
  CHECK(withWeights({1, 2, 3, 4}, chip, -8) == 0);
  CHECK(withWeights({1, 2, 3, 4}, chip, -9) == 6034);
  hw::Chip narrow = chip; // 4 bits: multiples of 16, of 32 with both signs
  narrow.weights.maxBits = 4;
  CHECK(withWeights({16, 240, 0, 0}, narrow) == 0);
  CHECK(withWeights({8, 240, 0, 0}, narrow) == 6034);
  CHECK(withWeights({-256, 224, 32, 0}, narrow) == 0);
  CHECK(withWeights({-256, 240, 32, 0}, narrow) == 6034);
  hw::Chip plain = chip;
  plain.weights.signModes = false;
  CHECK(withWeights({-255, 255, 1, 0}, plain) == 0);
  CHECK(withWeights({-256, 255, 1, 0}, plain) == 6034);
}
