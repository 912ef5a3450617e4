//===- TestNetworks.h - Random networks and small chips ---------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RANVIER_TEST_SUPPORT_TESTNETWORKS_H
#define RANVIER_TEST_SUPPORT_TESTNETWORKS_H

#include "ranvier/HwModels/Chip.h"
#include "ranvier/Mapping/Network.h"
#include "ranvier/Support/Random.h"
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace ranvier::test {

/// Numbers named by (seed, draw): a test prints its seed and can be repeated.
class Dice {
public:
  explicit Dice(uint64_t seed) : seed(seed) {}
  /// Uniform in [least, most].
  int64_t operator()(int64_t least, int64_t most) {
    return least + static_cast<int64_t>(next() % static_cast<uint64_t>(most - least + 1));
  }
  bool chance(double probability) { return uniformFromWord(static_cast<uint32_t>(next() >> 32)) < probability; }

private:
  uint64_t next() {
    const auto words = threefry2x32({static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32)}, {draw++, 0});
    return uint64_t(words[0]) << 32 | words[1];
  }
  uint64_t seed;
  uint32_t draw = 0;
};

/// How many cases a test takes: more in `scripts/test --long`, fewer under sanitizers otherwise, which take ten times as long.
inline uint64_t cases(uint64_t usually, uint64_t longRun) {
  const char *text = std::getenv("RANVIER_TEST_MODE");
  const std::string_view mode = text ? text : "";
  return mode == "long" ? longRun : mode == "brief" ? (usually + 3) / 4 : usually;
}

/// An integer mesh chip with a CUBA unit, 2 x 2 tiles of 2 cores and 4 chips; limits as given.
hw::Chip tinyChip(const hw::CoreLimits &limits);
/// A binary32 chip without limits or topology, delays from 0.
hw::Chip floatChip();
/// Two-input integer program ("two_input"): i and j drive v with different gains, threshold vth; payload-free.
isa::Program twoInputProgram();
/// Binary32 leaky integrator with reset to 0 ("lif_f32"): states v; params leak, vth; inputs i, j.
isa::Program floatProgram();

/// Adds a population that runs `program` (index) with every parameter and state word 0 (to be overwritten), or an input.
uint32_t addPopulation(mapping::Network &network, const std::string &name, uint64_t count, int32_t program);
/// Adds a projection from a list of (source, target, weight, delay) in any order.
struct Edge {
  uint32_t source, target;
  int32_t weight;
  uint16_t delay;
};
void addProjection(mapping::Network &network, uint32_t source, uint32_t target, uint32_t receptor, int exponent,
                   std::vector<Edge> edges);

/// Several populations of native and two-input neurons, recurrent, delays 1..63, exponents -8..7, two inputs.
/// `nativeOnly`: nothing but the CUBA unit, for chips that are not programmable.
mapping::Network randomIntNetwork(uint64_t seed, bool nativeOnly = false);
/// Binary32 layers with edges of delay 0 and later ones, two receptors, skip and feedback connections.
mapping::Network randomFloatNetwork(uint64_t seed);
/// Input -> `layers` populations of `width`, each neuron with `fanIn` sources near its own position: what a large layered network
/// looks like to the mapper.
mapping::Network localNetwork(uint32_t layers, uint32_t width, uint32_t fanIn);

} // namespace ranvier::test

#endif
