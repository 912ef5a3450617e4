// Emulator and RTL side by side.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/Rtl/Lockstep.h"
#include "RtlImages.h"
#include "support/TestNetworks.h"
#include <cstdlib>
#include <doctest/doctest.h>

using namespace ranvier;
using namespace ranvier::rtl;

namespace {
/// The tools that make models; without them there is nothing to compare.
bool haveVerilator() {
  // Under sanitizers: the models are not what is looked into, and the other tests run what drives them.
  const char *mode = std::getenv("RANVIER_TEST_MODE");
  return (!mode || std::string(mode) != "brief") && std::system("verilator --version > /dev/null 2>&1") == 0;
}

std::string modelOf(const image::Image &image, Grid grid) {
  auto geometry = geometryOf(image.chip, grid);
  REQUIRE_MESSAGE(bool(geometry), (geometry ? "" : geometry.error().str()));
  auto sources = shippedSources();
  REQUIRE_MESSAGE(bool(sources), (sources ? "" : sources.error().str()));
  auto model = buildModel(*sources, *geometry, {});
  REQUIRE_MESSAGE(bool(model), (model ? "" : model.error().str()));
  return model->path;
}

/// Runs until something differs; its text, or nothing. A grid of 1x1 stands for the smallest.
std::string compare(const std::shared_ptr<const image::Image> &image, LockstepOptions options, uint32_t steps,
                    LockstepTotals &totals) {
  if (options.grid == Grid())
    options.grid = smallestGrid(*image);
  auto lockstep = Lockstep::create(image, modelOf(*image, options.grid), options);
  REQUIRE_MESSAGE(bool(lockstep), (lockstep ? "" : lockstep.error().str()));
  const auto text = [](const Divergence &d) {
    return std::string(toString(d.kind)) + " " + d.what + " step " + std::to_string(d.step) + " node " + std::to_string(d.node) +
           " neuron " + std::to_string(d.neuron.value_or(9999)) + " expected " + d.expected + " found " + d.found + " and " +
           std::to_string(d.more) + " more";
  };
  if (const auto wrong = (*lockstep)->loaded())
    return text(*wrong);
  CHECK((*lockstep)->hasBackDoor());
  for (uint32_t step = 1; step <= steps; ++step) {
    auto wrong = (*lockstep)->step(randomInputs(*image, options.seed, step));
    REQUIRE_MESSAGE(bool(wrong), (wrong ? "" : wrong.error().str()));
    totals = (*lockstep)->totals();
    if (*wrong)
      return text(**wrong);
  }
  auto wrong = (*lockstep)->finish();
  REQUIRE(bool(wrong));
  totals = (*lockstep)->totals();
  return *wrong ? text(**wrong) : "";
}
} // namespace

TEST_CASE("a network of the native form runs alike in the fast path, in the engine and under stalls") {
  if (!haveVerilator())
    return;
  const auto image = test::toImage(test::n1Image(test::nativeN1Network(1, 60)));
  for (const bool fast : {true, false})
    for (const uint32_t stalls : {0u, 90u})
      for (const bool bus : {false, true}) {
        CAPTURE(fast);
        CAPTURE(stalls);
        CAPTURE(bus);
        LockstepTotals totals;
        CHECK(compare(image, {.loader = {.fastPath = fast}, .loadThroughBus = bus, .seed = 3, .stallsOf256 = stalls}, 40, totals) ==
              "");
        CHECK(totals.spikes > 10);
        MESSAGE(totals.spikes, " spikes, ", totals.events, " events, ", totals.registers, " registers, ", totals.cycles, " cycles");
      }
}

TEST_CASE("random networks of every kind of program on one core") {
  if (!haveVerilator())
    return;
  uint64_t spikes = 0;
  for (uint64_t seed = 1; seed <= test::cases(12, 100); ++seed)
    for (const uint32_t stalls : {0u, 60u}) {
      CAPTURE(seed);
      CAPTURE(stalls);
      const auto image = test::toImage(test::n1Image(test::randomN1Network(seed)));
      LockstepTotals totals;
      CHECK(compare(image, {.seed = seed, .stallsOf256 = stalls}, 40, totals) == "");
      spikes += totals.spikes;
    }
  CHECK(spikes > 1000);
}

TEST_CASE("random networks over a mesh, with stalls and without") {
  if (!haveVerilator())
    return;
  uint64_t spikes = 0, images = 0;
  for (uint64_t seed = 20; seed < test::cases(28, 120); ++seed) {
    const auto image = test::toImage(test::n1Image(test::randomN1Network(seed), 48));
    MESSAGE(smallestGrid(*image).str());
    if (const Grid needs = smallestGrid(*image); needs.columns > 2 || needs.rows > 2 || image->cores.size() < 2)
      continue;
    ++images;
    for (const uint32_t stalls : {0u, 60u, 220u}) {
      CAPTURE(seed);
      CAPTURE(stalls);
      LockstepTotals totals;
      CHECK(compare(image, {.grid = {2, 2}, .seed = seed, .stallsOf256 = stalls}, 30, totals) == "");
      spikes += totals.spikes;
    }
  }
  CHECK(images > 2);
  CHECK(spikes > 1000);
}
