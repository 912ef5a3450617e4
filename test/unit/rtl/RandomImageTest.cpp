// Constrained-random networks: legal, the same for a seed, and with what they are made for.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/Rtl/RandomImage.h"
#include "RtlImages.h"
#include "ranvier/Emulator/Session.h"
#include "support/TestNetworks.h"
#include <doctest/doctest.h>
#include <set>

using namespace ranvier;
using namespace ranvier::rtl;

namespace {
CosimJob caseOf(uint64_t seed, const RandomCaseOptions &options = {}) {
  auto job = randomCase(seed, test::n1Chip(), options);
  REQUIRE_MESSAGE(bool(job), (job ? "" : job.error().str()));
  return *std::move(job);
}
} // namespace

TEST_CASE("random cases are legal images that their grid holds") {
  for (uint64_t seed = 1; seed <= test::cases(60, 1000); ++seed) {
    CAPTURE(seed);
    const CosimJob job = caseOf(seed); // fromData has validated it
    CHECK(bool(emu::checkInputs(*job.image, job.inputs, 1)));
    const auto loaded = loadImage(*job.image, job.lockstep.grid, job.lockstep.loader);
    CHECK_MESSAGE(bool(loaded), (loaded ? "" : loaded.error().str()));
    CHECK((job.steps >= 12 && job.steps <= 40));
    CHECK(job.lockstep.stallsOf256 <= 230);
  }
}

TEST_CASE("a seed is a case") {
  const CosimJob a = caseOf(7), b = caseOf(7), c = caseOf(8);
  const auto words = [](const CosimJob &job) {
    return std::vector<uint32_t>(job.image->synapses32.begin(), job.image->synapses32.end());
  };
  CHECK(words(a) == words(b));
  CHECK(a.image->meta == b.image->meta);
  CHECK(a.inputs.size() == b.inputs.size());
  CHECK(a.lockstep.grid == b.lockstep.grid);
  CHECK(words(a) != words(c));
  const CosimJob told = caseOf(7, {.grid = Grid{2, 1}, .steps = 5, .stallsOf256 = 9});
  CHECK(told.lockstep.grid == Grid{2, 1});
  CHECK(told.steps == 5);
  CHECK(told.lockstep.stallsOf256 == 9);
}

TEST_CASE("random networks reach the ends of what the chip has") {
  std::set<uint32_t> delays, exponents, grids, weights;
  bool full = false, repeats = false, graded = false, native = false, engine = false, split = false;
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    const CosimJob job = caseOf(seed);
    grids.insert(job.lockstep.grid.columns * 10 + job.lockstep.grid.rows);
    for (const uint32_t word : job.image->synapses32) {
      const image::Synapse synapse = image::unpackSynapse(word);
      delays.insert(synapse.delay);
      weights.insert(synapse.weight);
    }
    for (const image::RowRecord &row : job.image->rows)
      exponents.insert(static_cast<uint32_t>(job.image->meta.projections[row.projection].weightExponent));
    for (const image::CoreRecord &core : job.image->cores) {
      full |= core.neuronCount == job.image->chip.core.neurons;
      for (uint64_t i = core.firstSynapse + 1; i < core.firstSynapse + core.synapseCount; ++i)
        repeats |= (job.image->synapses32[i] & 0x3FFFFF) == (job.image->synapses32[i - 1] & 0x3FFFFF);
      split |= core.sliceCount > 1;
    }
    for (const isa::Program &program : job.image->meta.programs)
      (program.name.starts_with("random") ? engine : native) = true;
    for (const emu::InputSpike &spike : job.inputs)
      graded |= spike.payload == INT32_MIN || spike.payload == INT32_MAX;
  }
  CHECK(delays.size() == 15);
  CHECK(exponents.size() == 8);
  CHECK((weights.count(static_cast<uint32_t>(-512)) && weights.count(511)));
  CHECK((grids.count(11) && grids.count(21) && grids.count(12) && grids.count(22) && grids.count(44)));
  CHECK(full);
  CHECK(repeats);
  CHECK(graded);
  CHECK((native && engine));
  CHECK(split);
}

TEST_CASE("a chip that the RTL cannot be has no random cases") {
  hw::Chip chip = test::n1Chip();
  chip.multicastTrees = false;
  const auto job = randomCase(1, chip, {});
  REQUIRE(!job);
  CHECK(job.error().code == 7501);
  const auto grid = randomCase(1, test::n1Chip(), {.grid = Grid{5, 1}});
  REQUIRE(!grid);
  CHECK(grid.error().code == 7502);
}
