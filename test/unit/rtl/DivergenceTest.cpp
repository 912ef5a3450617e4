// What lockstep says of chips that are broken in known ways.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "RtlImages.h"
#include "StubModel.h"
#include "ranvier/HwModels/NativeForm.h"
#include "ranvier/Rtl/Cosim.h"
#include "support/TestNetworks.h"
#include <algorithm>
#include <doctest/doctest.h>

using namespace ranvier;
using namespace ranvier::rtl;
using test::Fault;

namespace {
/// Inputs "in" [2] reach "p" [20] with large delays; nothing happens before step 5.
std::shared_ptr<const image::Image> quiet() {
  mapping::Network network;
  network.name = "quiet";
  network.programs = {hw::nativeCubaProgram(*test::n1Chip().nativeCuba)};
  const uint32_t in = test::addPopulation(network, "in", 2, -1), p = test::addPopulation(network, "p", 20, 0);
  network.populations[p].params = {{4000}, {300}, {200}, {0}};
  std::vector<test::Edge> edges;
  for (uint32_t n = 0; n < 20; ++n)
    edges.push_back({n % 2, n, 50, 15});
  test::addProjection(network, in, p, 0, 0, edges);
  network.projections.back().weightBits = 10;
  return test::toImage(test::n1Image(network));
}

LockstepOptions optionsOf(Fault fault) { return {.grid = {1, 1}, .seed = uint64_t(fault)}; }

/// The first divergence within three steps without input.
std::optional<Divergence> firstOf(Fault fault, LockstepOptions options) {
  options.seed = uint64_t(fault);
  auto run = Lockstep::create(quiet(), RANVIER_STUB_MODEL, options);
  REQUIRE_MESSAGE(bool(run), (run ? "" : run.error().str()));
  if ((*run)->loaded())
    return (*run)->loaded();
  for (int step = 0; step < 3; ++step) {
    auto wrong = (*run)->step({});
    REQUIRE(bool(wrong));
    if (*wrong)
      return *wrong;
  }
  auto wrong = (*run)->finish();
  REQUIRE(bool(wrong));
  return *wrong;
}
} // namespace

TEST_CASE("a chip without a fault is equal, with a back door and without") {
  CHECK(!firstOf(Fault::None, optionsOf(Fault::None)));
  CHECK(!firstOf(Fault::HasNoBackDoor, optionsOf(Fault::HasNoBackDoor)));
  LockstepOptions bus = optionsOf(Fault::None);
  bus.loadThroughBus = true;
  CHECK(!firstOf(Fault::None, bus));
}

TEST_CASE("each fault is named with its kind and place") {
  const struct {
    Fault fault;
    Divergence::Kind kind;
    uint32_t step;
    const char *what, *expected, *found;
    int neuron; // -1: of none
  } cases[] = {
      {Fault::LosesAWrite, Divergence::Kind::Load, 0, "parameter 'dv', read through the bus", "300 (0x0000012C)", "0 (0x00000000)",
       5},
      {Fault::Hangs, Divergence::Kind::Hang, 1, "end of the step", "idle_o within", "it stopped", -1},
      {Fault::SpikesTooMuch, Divergence::Kind::Spike, 1, "spike", "none", "a spike of value 1", 3},
      {Fault::SpikesFromNowhere, Divergence::Kind::Spike, 1, "spike of source 255, which is no neuron", "none",
       "a spike of value 1", -1},
      {Fault::ReportsAnError, Divergence::Kind::Error, 1, "register ERRORS", "0 (0x00000000)", "2 (0x00000002)", -1},
      {Fault::CountsWrongly, Divergence::Kind::Counter, 1, "register SYNAPSES", "0 (0x00000000)", "9 (0x00000009)", -1},
      {Fault::WritesAState, Divergence::Kind::State, 1, "state 'v'", "0 (0x00000000)", "77 (0x0000004D)", 3},
      {Fault::WritesAnAccumulator, Divergence::Kind::Accumulator, 1, "sum of input 'i' for step 3", "0 (0x00000000)",
       "5 (0x00000005)", 4},
      {Fault::WritesASynapse, Divergence::Kind::Memory, 3, "word 16000 of SYNAPSE", "0 (0x00000000)", "1 (0x00000001)", -1},
      {Fault::WritesFarAway, Divergence::Kind::State, 1, "word 1992 of STATE", "0 (0x00000000)", "1 (0x00000001)", -1},
  };
  for (const auto &[fault, kind, step, what, expected, found, neuron] : cases) {
    CAPTURE(what);
    const auto wrong = firstOf(fault, optionsOf(fault));
    REQUIRE(bool(wrong));
    CHECK(std::string(toString(wrong->kind)) == toString(kind));
    CHECK(wrong->step == step);
    CHECK(wrong->what == what);
    CHECK(wrong->expected.starts_with(expected));
    CHECK(wrong->found.find(found) != std::string::npos);
    CHECK((wrong->neuron ? int(*wrong->neuron) : -1) == neuron);
    if (neuron >= 0) {
      CHECK(wrong->population == 1u);
      CHECK(wrong->chip == 0u);
      CHECK(wrong->core == 0u);
    }
  }
}

TEST_CASE("a spike that does not come is missed, with those that led to it") {
  const auto image = quiet();
  auto run = Lockstep::create(image, RANVIER_STUB_MODEL, optionsOf(Fault::None));
  REQUIRE(bool(run));
  const std::vector<emu::InputSpike> now = {{1, 0, 1, 1}};
  auto wrong = (*run)->step(now);
  REQUIRE(bool(wrong));
  REQUIRE(bool(*wrong)); // its synapses are to be in the accumulators at once
  CHECK(std::string(toString((*wrong)->kind)) == "accumulator");
  CHECK((*wrong)->what == "sum of input 'i' for step 16");
  CHECK((*wrong)->neuron == 1u);
  CHECK((*wrong)->expected == "50 (0x00000032)");
  CHECK((*wrong)->more == 9 + 2); // nine more neurons, two counters
  REQUIRE((*wrong)->causes.size() == 1);
  const CausingSpike &cause = (*wrong)->causes[0];
  CHECK(cause.step == 1);
  CHECK(cause.population == 0);
  CHECK(cause.neuron == 1);
  CHECK(cause.weight == 50);
  CHECK(cause.delay == 15);
}

TEST_CASE("a bus that does not answer, a model of another kind and a file that is none are errors") {
  auto run = Lockstep::create(quiet(), RANVIER_STUB_MODEL, optionsOf(Fault::DoesNotAnswer));
  REQUIRE(!run);
  CHECK(run.error().code == 7525);
  run = Lockstep::create(quiet(), RANVIER_OLD_STUB_MODEL, optionsOf(Fault::None));
  REQUIRE(!run);
  CHECK(run.error().code == 7524);
  run = Lockstep::create(quiet(), RANVIER_SOURCE_DIR "/README.md", optionsOf(Fault::None));
  REQUIRE(!run);
  CHECK(run.error().code == 7524);
  LockstepOptions other = optionsOf(Fault::None);
  other.grid = {2, 1};
  run = Lockstep::create(quiet(), RANVIER_STUB_MODEL, other);
  REQUIRE(!run);
  CHECK(run.error().code == 7524);
}

TEST_CASE("random inputs are a quarter of all and follow the seed alone") {
  const auto image = test::toImage(test::n1Image(test::nativeN1Network(1, 60)));
  size_t spikes = 0, different = 0;
  for (uint32_t step = 1; step <= 100; ++step) {
    const auto inputs = randomInputs(*image, 5, step), again = randomInputs(*image, 5, step), other = randomInputs(*image, 6, step);
    const auto same = [](const emu::InputSpike &a, const emu::InputSpike &b) {
      return a.step == b.step && a.population == b.population && a.neuron == b.neuron;
    };
    spikes += inputs.size();
    CHECK(std::all_of(inputs.begin(), inputs.end(), [&](const auto &spike) { return spike.step == step; }));
    CHECK(std::equal(inputs.begin(), inputs.end(), again.begin(), again.end(), same));
    different += !std::equal(inputs.begin(), inputs.end(), other.begin(), other.end(), same);
  }
  CHECK(double(spikes) / (31 * 100) > 0.22);
  CHECK(double(spikes) / (31 * 100) < 0.28);
  CHECK(different > 90);
}
