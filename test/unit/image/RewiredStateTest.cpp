// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Synapses that come and go in a small image: what is certain happens, and a state with any word changed is refused or is a state.
#include "TestImage.h"
#include "ranvier/Emulator/Checkpoint.h"
#include "ranvier/Emulator/Machine.h"
#include <climits>
#include <doctest/doctest.h>

using namespace ranvier;
using namespace ranvier::image;

namespace {
std::unique_ptr<emu::Machine> machineOf(ImageData data) {
  auto image = fromData(std::move(data));
  REQUIRE_MESSAGE(bool(image), (image ? "" : image.error().str()));
  auto machine =
      emu::Machine::create(std::make_shared<const Image>(*std::move(image)),
                           {.executor = emu::Executor::Interp, .timing = emu::Timing::Off, .threads = 1, .costProfile = ""});
  REQUIRE_MESSAGE(bool(machine), (machine ? "" : machine.error().str()));
  return *std::move(machine);
}

/// (source, target) of the synapses of "b_a".
std::vector<std::pair<uint32_t, uint32_t>> pairsOf(emu::Machine &machine) {
  std::vector<std::pair<uint32_t, uint32_t>> out;
  for (const auto &synapse : machine.learned(0))
    out.emplace_back(synapse.source, synapse.target);
  return out;
}

void run(emu::Machine &machine, int steps) {
  for (int step = 0; step < steps; ++step)
    machine.step({});
}
} // namespace

TEST_CASE("what a rewiring is certain of happens, and what is impossible does not") {
  using Pairs = std::vector<std::pair<uint32_t, uint32_t>>;
  const auto with = [](uint64_t formation, uint64_t elimination, bool last) {
    ImageData data = test::rewiredImage();
    RewiringMeta &rewiring = data.meta.learning[0].rewiring[0];
    rewiring.formation = {formation, formation};
    rewiring.elimination = {elimination, elimination};
    rewiring.attempts = 64;
    rewiring.last = last;
    return data;
  };
  const auto after = [&](ImageData data, int steps) {
    const auto machine = machineOf(std::move(data));
    run(*machine, steps);
    return pairsOf(*machine);
  };
  const Pairs start = {{0, 1}, {1, 0}}, all = {{0, 0}, {0, 1}, {1, 0}, {1, 1}};
  CHECK(after(with(certain, certain, false), 0) == start);
  CHECK(after(with(0, 0, false), 20) == start);
  CHECK(after(with(certain, 0, false), 20) == all);
  CHECK(after(with(0, certain, false), 20).empty());
  CHECK(after(with(certain, 0, true), 20) == start); // nobody has spiked
  ImageData every = with(0, certain, false);
  every.meta.learning[0].rewiring[0].every = 30;
  CHECK(after(every, 29) == start);
  CHECK(after(every, 30).empty());
}

TEST_CASE("elimination looks at the interval of the weight") {
  const auto left = [](int32_t bound) { // weights are 1.0
    ImageData data = test::rewiredImage();
    RewiringMeta &rewiring = data.meta.learning[0].rewiring[0];
    rewiring.formation = {0, 0};
    rewiring.bounds = {bound};
    rewiring.elimination = {certain, 0};
    rewiring.attempts = 64;
    const auto machine = machineOf(std::move(data));
    run(*machine, 20);
    return pairsOf(*machine).size();
  };
  CHECK(left(0x3F800000) == 2); // an interval begins at its bound
  CHECK(left(0x3F800001) == 0);
  CHECK(left(0x3F7FFFFF) == 2);
}

TEST_CASE("a state of synapses that come and go comes back, or is refused") {
  const auto machine = machineOf(test::rewiredImage());
  run(*machine, 9);
  emu::MachineState state, again;
  machine->save(state);
  REQUIRE(machine->restore(state));
  machine->save(again);
  CHECK(again == state);
  REQUIRE(state.learned.size() == 1);
  unsigned refused = 0, taken = 0;
  for (size_t word = 0; word < state.learned[0].words.size(); ++word)
    for (const int32_t value : {INT_MIN, -2, -1, 0, 1, 2, 3, 9, 10, 65535, INT_MAX}) {
      emu::MachineState changed = state;
      changed.learned[0].words[word] = value;
      if (!machine->restore(changed)) {
        ++refused;
        continue;
      }
      ++taken;
      machine->save(again);
      CHECK(again == changed);
      run(*machine, 3);
    }
  CHECK(refused > 100);
  CHECK(taken > state.learned[0].words.size());
  emu::MachineState shorter = state;
  shorter.learned[0].words.pop_back();
  CHECK(!machine->restore(shorter));
}
