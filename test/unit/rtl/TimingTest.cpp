// Networks that time the RTL, and what is said of an RTL that does other things than the emulator. The RTL itself:
// test/e2e/test_calibrate.py. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/Rtl/Timing.h"
#include "RtlImages.h"
#include <doctest/doctest.h>
#include <set>

using namespace ranvier;
using namespace ranvier::rtl;

TEST_CASE("random traffic is legal, a function of its seed, and of the kind that it is said to be") {
  const hw::Chip chip = test::n1Chip();
  std::set<std::string> grids;
  for (unsigned kind = 0; kind < 3; ++kind) {
    uint64_t spikes = 0, neurons = 0;
    std::set<std::vector<uint32_t>> different;
    for (uint64_t seed = 1; seed <= 12; ++seed) {
      auto run = randomTraffic(chip, kind, seed), again = randomTraffic(chip, kind, seed);
      REQUIRE_MESSAGE(run, (run ? "" : run.error().str()));
      REQUIRE(again);
      CHECK(std::equal(run->image->synapses32.begin(), run->image->synapses32.end(), again->image->synapses32.begin(),
                       again->image->synapses32.end()));
      CHECK(run->inputs.size() == again->inputs.size());
      different.insert(std::vector<uint32_t>(run->image->synapses32.begin(), run->image->synapses32.end()));
      grids.insert(run->grid.str());
      CHECK((kind == 0) == (run->grid == Grid{1, 1}));
      auto machine = emu::Machine::create(run->image, {.executor = emu::Executor::Interp});
      REQUIRE(machine);
      auto input = run->inputs.begin();
      for (uint32_t step = 1; step <= run->steps; ++step) {
        const auto first = input;
        while (input != run->inputs.end() && input->step == step)
          ++input;
        (*machine)->step({first, input});
        spikes += (*machine)->counts().spikes;
        neurons += (*machine)->counts().somaAccesses;
      }
      CHECK(input == run->inputs.end());
    }
    CHECK(different.size() == 12);
    const double rate = double(spikes) / double(neurons);
    CHECK(rate > (kind == 2 ? 0.15 : kind == 1 ? 0.002 : 0.05));
    CHECK(rate < (kind == 1 ? 0.03 : 0.6));
  }
  CHECK(grids == std::set<std::string>{"1x1", "2x2", "4x4"});
}

TEST_CASE("times of an RTL that does other things than the emulator are refused") {
  auto run = randomTraffic(test::n1Chip(), 0, 1);
  REQUIRE(run);
  auto steps = timeSteps(*run, RANVIER_STUB_MODEL); // nothing spikes there
  REQUIRE(!steps);
  CHECK(steps.error().code == 7526);
  CHECK(steps.error().place == "step " + std::to_string(run->steps));
  CHECK(steps.error().found == "0");
}
