// ranvier-replay's library: weight truncation, network construction, the shipped cases, and what it refuses.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "../tools/ranvier-replay/Replay.h"
#include <doctest/doctest.h>
#include <filesystem>

using namespace ranvier;
using namespace ranvier::tools;
using formats::GoldenCase;
using formats::GoldenConnection;

static std::vector<int32_t> truncated(const std::string &mode, int bits, std::vector<int64_t> weights) {
  GoldenConnection connection;
  connection.signMode = mode;
  connection.weightBits = bits;
  connection.weights = std::move(weights);
  auto result = truncatedWeights(connection);
  REQUIRE(bool(result));
  return *result;
}

TEST_CASE("weights are clipped and cut as Lava does") {
  using Words = std::vector<int32_t>;
  CHECK(truncated("MIXED", 8, {-300, -256, -3, -1, 0, 1, 3, 255, 999}) == Words{-256, -256, -4, -2, 0, 0, 2, 254, 254});
  CHECK(truncated("EXCITATORY", 8, {-5, 0, 3, 255, 300}) == Words{0, 0, 3, 255, 255});
  CHECK(truncated("INHIBITORY", 8, {5, 0, -3, -255, -300}) == Words{0, 0, -3, -255, -255});
  CHECK(truncated("EXCITATORY", 6, {3, 4, 255}) == Words{0, 4, 252});
  CHECK(truncated("INHIBITORY", 6, {-3, -4, -255}) == Words{0, -4, -252});
  CHECK(truncated("MIXED", 6, {-1, -9, 7, 8, 255}) == Words{-8, -16, 0, 8, 248});
  CHECK(truncated("MIXED", 1, {-1, 127, -256}) == Words{-256, 0, -256});
  CHECK(truncated("MIXED", 0, {-1, 127, -256}) == Words{-512, 0, -512});
  CHECK(truncated("EXCITATORY", 0, {255}) == Words{0});
  // AUTO: excitatory when nothing is negative, inhibitory when nothing is positive.
  CHECK(truncated("AUTO", 8, {0, 3}) == Words{0, 3});
  CHECK(truncated("AUTO", 8, {0, -3}) == Words{0, -3});
  CHECK(truncated("AUTO", 8, {3, -3}) == Words{2, -4});
  CHECK(truncated("AUTO", 8, {0, 0}) == Words{0, 0});
  CHECK(truncated("AUTO", 8, {INT64_MIN, INT64_MAX}) == Words{-256, 254});
}

/// 2 inputs, one group of 3, one dense connection; nothing expected.
static GoldenCase smallCase() {
  GoldenCase golden;
  golden.path = "case.h5";
  golden.name = "small";
  golden.steps = 4;
  golden.inputs.push_back({"in", 2, {1, 0, 1, 1, 0, 0, 0, 1}});
  formats::GoldenGroup group;
  group.name = "g";
  group.model = "LIF";
  group.count = 3;
  group.du = 4095;
  group.dv = 4095;
  group.vth = 100;
  group.biasMantissa = {0, 5, -7};
  group.biasExponent = {0, 3, -1};
  golden.groups.push_back(group);
  GoldenConnection connection;
  connection.name = "00";
  connection.source = "in";
  connection.target = "g";
  connection.kind = "dense";
  connection.signMode = "AUTO";
  connection.weights = {200, 60, 0, 0, 8, 4};
  golden.connections.push_back(connection);
  return golden;
}

TEST_CASE("a case becomes a network: biases, delays, order") {
  GoldenCase golden = smallCase();
  golden.connections[0].kind = "delay";
  golden.connections[0].delays = {0, 62, 1, 1, 1, 1};
  auto network = buildNetwork(golden);
  REQUIRE_MESSAGE(bool(network), (network ? "" : network.error().str()));
  CHECK(network->populations[0].input);
  CHECK(network->populations[1].params[3] == std::vector<int32_t>{0, 40, -4});
  const mapping::Projection &projection = network->projections[0];
  CHECK(projection.delay(0) == 1);
  CHECK(projection.delay(projection.rowPtr[1]) == 63);
}

TEST_CASE("a weight of -512, which no synapse holds, becomes two of -256") {
  GoldenCase golden = smallCase();
  golden.connections[0].signMode = "MIXED";
  golden.connections[0].weightBits = 0;
  golden.connections[0].weights = {200, -60, 0, 0, 8, -4};
  auto network = buildNetwork(golden);
  REQUIRE_MESSAGE(bool(network), (network ? "" : network.error().str()));
  const mapping::Projection &projection = network->projections[0];
  CHECK(projection.weights == std::vector<int32_t>{-256, -256, -256, -256});
  CHECK(projection.targets == std::vector<uint32_t>{0, 0, 2, 2});
  CHECK(projection.rowPtr == std::vector<uint64_t>{0, 0, 4});
  CHECK(!projection.dense);
  auto chip = hw::findChip("loihi1");
  REQUIRE(bool(chip));
  auto result = replay(golden, *chip, {.executor = emu::Executor::Interp});
  REQUIRE_MESSAGE(bool(result), (result ? "" : result.error().str()));
  CHECK(result->computed[0].u[6] == -512 * 64); // Input 1 fires in step 2.
}

TEST_CASE("each refusal has its code and names the place") {
  const auto code = [](auto &&change) {
    GoldenCase golden = smallCase();
    change(golden);
    auto network = buildNetwork(golden);
    REQUIRE(!network);
    CHECK(network.error().file == "case.h5");
    CHECK(!network.error().place.empty());
    return network.error().code;
  };
  CHECK(code([](GoldenCase &g) { g.groups[0].model = "RF"; }) == 8081);
  CHECK(code([](GoldenCase &g) { g.connections[0].kind = "sparse"; }) == 8081);
  CHECK(code([](GoldenCase &g) { g.connections[0].messageBits = 8; }) == 8081);
  CHECK(code([](GoldenCase &g) { g.connections[0].source = "x"; }) == 8082);
  CHECK(code([](GoldenCase &g) { g.connections[0].target = "in"; }) == 8082);
  CHECK(code([](GoldenCase &g) { g.connections[0].weights.pop_back(); }) == 8082);
  CHECK(code([](GoldenCase &g) { g.groups[0].du = 4096; }) == 8082);
  CHECK(code([](GoldenCase &g) { g.groups[0].vth = -1; }) == 8082);
  CHECK(code([](GoldenCase &g) { g.groups[0].name = "in"; }) == 8082);
  CHECK(code([](GoldenCase &g) { g.groups[0].biasExponent[1] = 30; }) == 8082);
  CHECK(code([](GoldenCase &g) { g.connections[0].signMode = "NULL"; }) == 8083);
  CHECK(code([](GoldenCase &g) { g.connections[0].weightBits = 9; }) == 8084);
}

TEST_CASE("a small case by hand: the spike of step 1 acts in step 2") {
  const GoldenCase golden = smallCase();
  auto chip = hw::findChip("loihi1");
  REQUIRE(bool(chip));
  auto result = replay(golden, *chip, {.executor = emu::Executor::Interp});
  REQUIRE_MESSAGE(bool(result), (result ? "" : result.error().str()));
  CHECK(result->comparedCells == 0);
  const formats::GoldenResult &g = result->computed[0];
  // du = dv = 4095: u is the input of the step alone; v loses all but 1/4096. Input 0 fires in steps 1 and 2, input 1 in 2 and 4.
  CHECK(g.u == std::vector<int32_t>{0, 0, 0, 12800, 0, 512, 16640, 0, 768, 0, 0, 0});
  CHECK(g.v == std::vector<int32_t>{0, 40, -4, 0, 40, 508, 0, 40, 764, 0, 40, -4});
  CHECK(g.s == std::vector<uint8_t>{0, 0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0});
}

TEST_CASE("a chip without the arithmetic is refused") {
  auto chip = hw::findChip("reference");
  REQUIRE(bool(chip));
  auto result = replay(smallCase(), *chip, {});
  REQUIRE(!result);
  CHECK(result.error().code == 8085);
  CHECK(result.error().kind == ErrorKind::CannotRun);
}

TEST_CASE("the shipped cases pass; one flipped value fails and is named") {
  auto chip = hw::findChip("loihi1");
  REQUIRE(bool(chip));
  for (const char *name : {"p01_single_layer", "p02_two_layer_delays", "p03_recurrent32"}) {
    CAPTURE(name);
    auto golden = formats::readGoldenCase(std::string(RANVIER_SOURCE_DIR "/test/golden/loihi/") + name + ".h5");
    REQUIRE_MESSAGE(bool(golden), (golden ? "" : golden.error().str()));
    std::vector<emu::Executor> executors{emu::Executor::Interp};
#if RANVIER_HAVE_JIT
    executors.push_back(emu::Executor::Jit);
#endif
    for (const auto executor : executors) {
      auto result = replay(*golden, *chip, {.executor = executor});
      REQUIRE_MESSAGE(bool(result), (result ? "" : result.error().str()));
      CHECK(result->steps == golden->steps);
      CHECK(result->comparedCells >= uint64_t(golden->steps) * golden->groups[0].count * 3);
      CHECK(!result->difference);
    }
    formats::GoldenGroup &group = golden->groups.back();
    group.s[size_t(41) * group.count + 2] ^= 1;
    auto flipped = replay(*golden, *chip, {.executor = executors.back()});
    REQUIRE(bool(flipped));
    REQUIRE(bool(flipped->difference));
    CHECK(flipped->difference->step == 42);
    CHECK(flipped->difference->neuron == 2);
    CHECK(flipped->difference->group == group.name);
    CHECK(flipped->difference->what == "s");
    group.s[size_t(41) * group.count + 2] ^= 1;
    group.u.back() += 1;
    flipped = replay(*golden, *chip, {.executor = executors.back()});
    REQUIRE(bool(flipped));
    REQUIRE(bool(flipped->difference));
    CHECK(flipped->difference->step == golden->steps);
    CHECK(flipped->difference->what == "u");
  }
}
