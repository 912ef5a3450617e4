// Valid images changed in their structure, with right checksums: whatever the validator lets through runs on both executors without
// touching foreign memory (the sanitizer build sees to that) and to the same result.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "CrossbarImage.h"
#include "Mutate.h"
#include "TestImage.h"
#include "ranvier/Emulator/Machine.h"
#include "ranvier/Emulator/Session.h"
#include "ranvier/Mapping/Mapping.h"
#include "support/TestNetworks.h"
#include <cstdlib>
#include <doctest/doctest.h>
#include <filesystem>
#include <map>

using namespace ranvier;
using namespace ranvier::image;
using test::Dice;

namespace {
ImageData emitted(const mapping::Network &network, const hw::Chip &chip) {
  auto mapping = mapping::partition(network, chip, {});
  REQUIRE_MESSAGE(bool(mapping), (mapping ? "" : mapping.error().str()));
  REQUIRE(bool(mapping::place(network, chip, *mapping, {})));
  auto data = mapping::emitImage(network, chip, *mapping, "{}");
  REQUIRE_MESSAGE(bool(data), (data ? "" : data.error().str()));
  return *std::move(data);
}

/// Integers and binary32, one core and many, plain and graded spikes, programmable or not, delay 0 or not.
std::vector<ImageData> originals() {
  std::vector<ImageData> result{test::intImage(), test::floatImage(), test::learningImage(), test::rewiredImage()};
  result.push_back(test::crossbarImage());
  result.push_back(test::crossbarImage(hw::Crossbar::Readout::Ideal, hw::Crossbar::Form::SlicedOffset, 1));
  for (uint64_t seed = 0; seed < 3; ++seed) {
    mapping::Network network = test::randomIntNetwork(seed);
    hw::Chip chip = test::tinyChip({.neurons = 20,
                                    .synapticMemoryBits = 1 << 20,
                                    .axonsIn = 400,
                                    .axonsOut = 400,
                                    .fanIn = 1000,
                                    .neuronConfigs = 8,
                                    .thresholdConfigs = 64,
                                    .programWords = 200,
                                    .tableWords = 64,
                                    .states = 4,
                                    .params = 8,
                                    .inputs = 4});
    result.push_back(emitted(network, chip));
    chip.gradedSpikes = true;
    chip.multicastTrees = seed == 1;
    for (isa::Program &program : network.programs)
      for (isa::Instruction &instruction : program.code)
        if (isa::disassemble(program, instruction).starts_with("spk "))
          instruction = *isa::assemble(program, "spkp r" + std::to_string(instruction.a) + ", r0");
    result.push_back(emitted(network, chip));
    hw::Chip floats = test::floatChip();
    floats.core.neurons = 30;
    result.push_back(emitted(test::randomFloatNetwork(seed), floats));
  }
  return result;
}

struct Setting {
  emu::Executor executor;
  unsigned threads;
  emu::Timing timing;
};

/// Every spike, payload and state word of a short run, as words. `refused`: the machine said that it cannot take the image.
struct Trace {
  std::vector<int64_t> words;
  unsigned refused = 0;
  bool operator==(const Trace &) const = default;
};

Trace run(const std::shared_ptr<const Image> &image, const Setting &setting) {
  constexpr uint32_t steps = 6;
  const auto &learning = image->meta.learning; // synapses that come and go are not timed
  const bool untimed =
      std::any_of(learning.begin(), learning.end(), [](const LearningMeta &each) { return !each.rewiring.empty(); });
  auto machine = emu::Machine::create(image, {.executor = setting.executor,
                                              .timing = untimed ? emu::Timing::Off : setting.timing,
                                              .threads = setting.threads,
                                              .costProfile = "",
                                              .workPerThread = 0,
                                              .mostSynapses = 1'000'000});
  if (!machine)
    return {{}, machine.error().code};
  const auto &populations = image->meta.populations;
  Trace trace;
  std::vector<emu::InputSpike> inputs;
  std::vector<int32_t> row;
  for (uint32_t step = 1; step <= steps; ++step) {
    inputs.clear();
    for (uint32_t p = 0; p < populations.size(); ++p)
      for (uint32_t n = 0; populations[p].input && n < populations[p].count; ++n)
        if (randomWord(77, n, step, p) % 3 == 0)
          inputs.push_back({step, p, n, emu::plainPayload(*image) + (image->chip.gradedSpikes && n % 2 ? 5 : 0)});
    (*machine)->step(inputs);
    for (uint32_t p = 0; p < populations.size(); ++p) {
      for (const uint32_t neuron : (*machine)->spikes(p))
        trace.words.push_back(int64_t(step) << 32 | neuron);
      for (const int32_t word : (*machine)->payloads(p))
        trace.words.push_back(word);
      row.resize(populations[p].count);
      for (uint32_t s = 0; !populations[p].input && s < image->meta.programs[populations[p].program].states.size(); ++s) {
        (*machine)->readState(p, s, row);
        trace.words.insert(trace.words.end(), row.begin(), row.end());
      }
    }
  }
  return trace;
}

/// What a run would take for delay slots and links; a mutant that is merely large is left out.
bool isSmall(const Image &image) {
  uint64_t words = 0;
  for (const CoreRecord &core : image.cores)
    words += uint64_t(core.delaySlots) * core.accumulatorCount;
  return words < (1 << 22);
}

struct Tally {
  unsigned refused = 0, accepted = 0, compiled = 0, large = 0, unlike = 0;
  std::map<std::string, unsigned> clauses;
};

void runAccepted(const std::shared_ptr<const Image> &image, bool compile, const Trace &original, Tally &tally) {
  const Trace first = run(image, {emu::Executor::Interp, 1, emu::Timing::Fast});
  CHECK((first.refused == 0 || first.refused == 7006 || first.refused == 7007 || first.refused == 7008));
  if (first.refused)
    return;
  tally.unlike += first.words != original.words;
  CHECK(run(image, {emu::Executor::Interp, 2, emu::Timing::Off}) == first);
#if RANVIER_HAVE_JIT
  if (compile) {
    ++tally.compiled;
    CHECK(run(image, {emu::Executor::Jit, 1, emu::Timing::Off}) == first);
    CHECK(run(image, {emu::Executor::Jit, 2, emu::Timing::Fast}) == first);
  }
#endif
  auto network = mapping::rebuildNetwork(*image);
  CHECK_MESSAGE(bool(network), (network ? "" : network.error().str()));
  CHECK(!describe(*image, true).empty());
}

class Folder {
public:
  Folder() {
    char name[] = "/tmp/ranvier-mutants-XXXXXX";
    REQUIRE(::mkdtemp(name));
    path = name;
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::string path;
};
} // namespace

TEST_CASE("images changed at random are refused or run: in bounds, and the same on every executor") {
  const char *wish = std::getenv("RANVIER_FUZZ_MUTANTS");
  const uint32_t mutants = wish ? static_cast<uint32_t>(std::atoi(wish)) : 3000;
  const Folder folder;
  const std::vector<ImageData> images = originals();
  std::vector<Trace> traces;
  for (const ImageData &data : images) {
    auto image = fromData(data);
    REQUIRE_MESSAGE(bool(image), (image ? "" : image.error().str()));
    traces.push_back(run(std::make_shared<const Image>(*std::move(image)), {emu::Executor::Interp, 1, emu::Timing::Fast}));
    REQUIRE(traces.back().refused == 0);
  }
  Tally tally;
  for (uint32_t i = 0; i < mutants; ++i) {
    Dice dice(0xB0B0000ull + i);
    ImageData data = images[i % images.size()];
    std::string story;
    for (int64_t edits = dice(1, 3); edits; --edits)
      story += test::mutate(data, dice) + "; ";
    INFO("mutant ", i, ": ", story);
    test::shrink(data);
    const std::string file = folder.path + "/mutant.rvi";
    const bool throughFile = i % 16 == 0;
    if (throughFile)
      REQUIRE(bool(write(data, file)));
    auto image = fromData(std::move(data));
    if (throughFile) { // The bytes of the file are judged like the tables in memory.
      auto opened = image::open(file);
      // A value that CBOR cannot carry, such as a NaN, is refused by the reader already.
      CHECK((bool(opened) == bool(image) || opened.error().code == 3008));
      if (!opened && !image && opened.error().code != 3008)
        CHECK(opened.error().hint == image.error().hint);
    }
    if (!image) {
      ++tally.refused;
      CHECK(image.error().code >= 3008);
      CHECK(image.error().code <= 3026);
      if (const size_t at = image.error().hint.find("clause "); at != std::string::npos)
        ++tally.clauses[image.error().hint.substr(at + 7)];
      continue;
    }
    ++tally.accepted;
    if (!isSmall(*image)) {
      ++tally.large;
      continue;
    }
    runAccepted(std::make_shared<const Image>(*std::move(image)), i % 5 == 0 || story.find("code") != std::string::npos,
                traces[i % images.size()], tally);
  }
  std::string clauses;
  for (const auto &[clause, count] : tally.clauses)
    clauses += " " + clause + ":" + std::to_string(count);
  MESSAGE(tally.refused, " refused, ", tally.accepted, " accepted (", tally.unlike, " with another result, ", tally.compiled,
          " also compiled, ", tally.large, " too large to run);", clauses);
  // The changes are neither all fatal nor all harmless, and they reach most of the clauses.
  CHECK(tally.accepted > mutants / 8);
  CHECK(tally.refused > mutants / 8);
  CHECK(tally.unlike > mutants / 40);
  CHECK(tally.large < mutants / 20);
  CHECK(tally.clauses.size() > 25);
}
