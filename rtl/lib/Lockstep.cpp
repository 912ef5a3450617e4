//===- Lockstep.cpp - Emulator and RTL side by side -----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/Rtl/Lockstep.h"
#include "Expected.h"
#include "ranvier/Support/Random.h"
#include <algorithm>
#include <cstdio>

namespace ranvier::rtl {
namespace {
/// Memories that a run must not change, besides parameters.
constexpr Space fixedSpaces[] = {Space::AxonIn,  Space::Synapse, Space::Param, Space::AxonOut,
                                 Space::Program, Space::Table,   Space::Slice, Space::HostMask};
constexpr uint64_t mostLoadChecks = 1 << 16; ///< Words read back through the bus.

std::string hex(uint32_t word) {
  char text[32];
  std::snprintf(text, sizeof text, "%d (0x%08X)", static_cast<int32_t>(word), word);
  return text;
}

bool isHole(Space space, uint32_t address) { return space == Space::Slice && address % sliceStride >= sliceWords; }

/// What a node, space and address of memory hold that are compared in one go.
struct Run {
  uint32_t node;
  Space space;
  uint32_t first, count;
};

class LockstepRun final : public Lockstep {
public:
  LockstepRun(std::shared_ptr<const image::Image> image, LoadedImage loaded, const LockstepOptions &options)
      : image(std::move(image)), loadedImage(std::move(loaded)), options(options), g(loadedImage.memories.geometry),
        expected(*this->image, loadedImage) {}

  Result<void> start(const std::string &modelPath) {
    emu::MachineOptions how;
    how.executor = options.executor;
    RANVIER_TRY(reference, emu::Machine::create(image, how));
    RANVIER_TRY(chip, Model::open(modelPath, g, static_cast<uint32_t>(options.seed)));
    load();
    if (options.checkLoad)
      RANVIER_CHECK(checkLoad());
    for (const PlacedSlice &placed : loadedImage.slices)
      if (!backDoor)
        listRuns(placed);
    if (backDoor)
      for (uint32_t node = 0; node < g.nodes(); ++node)
        for (const Space space : {Space::State, Space::Accumulator})
          runs.push_back({node, space, 0, g.wordsOf(space, false)});
    return {};
  }

  std::optional<Divergence> loaded() override { return loadDivergence; }
  Result<std::optional<Divergence>> step(std::span<const emu::InputSpike> inputs) override;
  Result<std::optional<Divergence>> finish() override;
  void watch(const ConfigWrite &word) override { watched = word; }
  std::optional<uint64_t> watchedChange() const override { return result.watchedChange; }
  const LockstepTotals &totals() const override { return sums; }
  const LoadedImage &layout() const override { return loadedImage; }
  bool hasBackDoor() const override { return backDoor; }
  emu::Machine &machine() override { return *reference; }
  Model &model() override { return *chip; }

  std::span<const uint32_t> spikes(uint32_t population) override {
    gather(population);
    return spikeNeurons;
  }
  std::span<const int32_t> payloads(uint32_t population) override {
    gather(population);
    return spikePayloads;
  }
  void readState(uint32_t population, uint32_t state, std::span<int32_t> out) override;

private:
  void load();
  Result<void> checkLoad();
  void listRuns(const PlacedSlice &placed);
  Result<void> fetch(const Run &run, std::vector<uint32_t> &words);
  Result<std::optional<Divergence>> compare();
  Result<void> compareRegisters();
  Result<void> compareRuns(const std::vector<Run> &list, const Memories &right, Divergence::Kind kind);
  void compareSpikes();
  void gather(uint32_t population);
  void explainHang();

  /// Counts a difference and keeps the first.
  Divergence *differs(Divergence::Kind kind) {
    if (first) {
      ++first->more;
      return nullptr;
    }
    first = Divergence{.kind = kind, .step = sums.steps, .cyclesOfStep = result.cycles};
    return &*first;
  }
  void wordDiffers(Divergence::Kind kind, const ConfigWrite &word, uint32_t right, uint32_t found) {
    if (Divergence *out = differs(kind)) {
      expected.describe(word, *out);
      out->expected = hex(right);
      out->found = hex(found);
    }
  }

  std::shared_ptr<const image::Image> image;
  LoadedImage loadedImage;
  LockstepOptions options;
  const Geometry &g;
  Expected expected;
  std::unique_ptr<emu::Machine> reference;
  std::unique_ptr<Model> chip;
  bool backDoor = false;
  std::vector<Run> runs; ///< State words and accumulators that are compared after each step.
  LockstepTotals sums;
  StepResult result;
  std::optional<Divergence> first, loadDivergence;
  std::optional<ConfigWrite> watched;
  std::vector<uint32_t> buffer, spikeNeurons;
  std::vector<int32_t> spikePayloads;
};

//===--- Loading ----------------------------------------------------------===//

void LockstepRun::load() {
  backDoor = true;
  for (uint32_t node = 0; node <= g.nodes(); ++node)
    for (unsigned s = 0; s < numSpaces; ++s) {
      const auto &words = loadedImage.memories.of(node, Space(s));
      if (words.empty() || Space(s) == Space::Csr)
        continue;
      uint32_t there = 0;
      backDoor = backDoor && chip->peek(node, Space(s), 0, std::span(&there, 1));
    }
  loadMemories(*chip, loadedImage.memories, options.loadThroughBus);
}

/// Reads words back through the bus, all of them or, where they are many, some of each memory; and the other way round writes
/// the complement of some through the bus and looks whether the back door shows it.
Result<void> LockstepRun::checkLoad() {
  std::vector<ConfigWrite> all = configWrites(loadedImage.memories);
  const uint64_t every = all.size() / mostLoadChecks + 1;
  std::vector<ConfigWrite> sample;
  for (size_t i = options.seed % every; i < all.size(); i += every)
    sample.push_back(all[i]);
  const auto note = [&](const ConfigWrite &right, uint32_t found, const std::string &how) {
    if (loadDivergence)
      return;
    Divergence out{.kind = Divergence::Kind::Load};
    expected.describe(right, out);
    out.what += how;
    out.expected = hex(right.word);
    out.found = hex(found);
    loadDivergence = out;
  };
  std::vector<ConfigWrite> found = sample;
  RANVIER_CHECK(chip->read(found));
  for (size_t i = 0; i < sample.size(); ++i)
    if (found[i].word != sample[i].word)
      note(sample[i], found[i].word, ", read through the bus");
  sums.loadChecked += sample.size();
  // Some of each memory: its first, its last and one between.
  std::vector<ConfigWrite> probes;
  for (uint32_t node = 0; node <= g.nodes(); ++node)
    for (const Space space : {Space::AxonIn, Space::Synapse, Space::State, Space::Param, Space::AxonOut, Space::Program,
                              Space::Table, Space::Slice, Space::Accumulator, Space::HostMask}) {
      const auto &words = loadedImage.memories.of(node, space);
      if (words.empty())
        continue;
      const uint32_t last = static_cast<uint32_t>(words.size()) - 1;
      for (const uint32_t address : {0u, last / 2, last})
        if (!isHole(space, address))
          probes.push_back({node, space, address, words[address]});
    }
  std::vector<ConfigWrite> changed = probes;
  for (ConfigWrite &write : changed)
    write.word ^= 1; // the lowest bit: every word has it
  chip->write(changed);
  for (const ConfigWrite &write : changed) {
    uint32_t word = 0;
    if (chip->peek(write.node, write.space, write.address, std::span(&word, 1)) && word != write.word)
      note(write, word, ", written through the bus");
  }
  chip->write(probes);
  sums.loadChecked += probes.size();
  return {};
}

//===--- A step -----------------------------------------------------------===//

void LockstepRun::listRuns(const PlacedSlice &placed) {
  const image::SliceRecord &slice = image->slices[placed.slice];
  const isa::Program &program = image->meta.programs[slice.program];
  for (uint32_t s = 0; s < program.states.size(); ++s)
    runs.push_back({placed.node, Space::State, g.wordOf(s, slice.neuronBase), slice.count});
  const uint32_t sumsOfSlice = static_cast<uint32_t>(program.inputs.size()) * slice.count;
  for (uint32_t bank = 0; bank < g.slots && sumsOfSlice; ++bank)
    runs.push_back({placed.node, Space::Accumulator, bank * g.accumulators() + slice.accumulatorBase, sumsOfSlice});
}

Result<std::optional<Divergence>> LockstepRun::step(std::span<const emu::InputSpike> inputs) {
  reference->step(inputs);
  expected.take(*reference);
  ++sums.steps;
  std::vector<ModelInput> given;
  for (const GlobalSpike &spike : expected.inputs())
    given.push_back({loadedImage.sourceOf[spike.global] - loadedImage.firstHostSource, static_cast<uint32_t>(spike.payload)});
  StepOptions how{.stallSeed = options.seed, .stallsOf256 = options.stallsOf256, .watch = watched};
  const uint64_t open = 256 - options.stallsOf256;
  how.cycleLimit = 16384 + 16 * (expected.cycleBound() + given.size()) * 256 * 256 / (open * open);
  result = chip->step(given, how);
  watched.reset();
  std::sort(result.outputs.begin(), result.outputs.end(), [](const ModelOutput &a, const ModelOutput &b) {
    return std::tie(a.source, a.payload) < std::tie(b.source, b.payload);
  });
  sums.spikes += expected.spikes().size();
  sums.inputSpikes += given.size();
  sums.events += expected.eventsOfStep();
  sums.cycles += result.cycles;
  sums.longestStep = std::max(sums.longestStep, result.cycles);
  return compare();
}

/// Words of the RTL, by the back door or the bus.
Result<void> LockstepRun::fetch(const Run &run, std::vector<uint32_t> &words) {
  words.resize(run.count);
  if (chip->peek(run.node, run.space, run.first, words))
    return {};
  std::vector<ConfigWrite> reads;
  for (uint32_t i = 0; i < run.count; ++i)
    if (!isHole(run.space, run.first + i))
      reads.push_back({run.node, run.space, run.first + i, 0});
  RANVIER_CHECK(chip->read(reads));
  std::fill(words.begin(), words.end(), 0);
  for (const ConfigWrite &read : reads)
    words[read.address - run.first] = read.word;
  return {};
}

Result<void> LockstepRun::compareRuns(const std::vector<Run> &list, const Memories &right, Divergence::Kind kind) {
  for (const Run &run : list) {
    RANVIER_CHECK(fetch(run, buffer));
    const uint32_t *wanted = right.of(run.node, run.space).data() + run.first;
    sums.registers += run.count;
    if (std::equal(buffer.begin(), buffer.end(), wanted))
      continue;
    const Divergence::Kind which = kind != Divergence::Kind::State ? kind
                                   : run.space == Space::State     ? Divergence::Kind::State
                                                                   : Divergence::Kind::Accumulator;
    for (uint32_t i = 0; i < run.count; ++i)
      if (buffer[i] != wanted[i] && !isHole(run.space, run.first + i))
        wordDiffers(which, {run.node, run.space, run.first + i, wanted[i]}, wanted[i], buffer[i]);
  }
  return {};
}

void LockstepRun::compareSpikes() {
  std::vector<std::pair<uint32_t, uint32_t>> right; // source, payload
  for (const GlobalSpike &spike : expected.spikes())
    right.emplace_back(loadedImage.sourceOf[spike.global], static_cast<uint32_t>(spike.payload));
  std::sort(right.begin(), right.end());
  const auto report = [&](uint32_t source, const std::string &wanted, const std::string &found, std::optional<uint64_t> cycle) {
    Divergence *out = differs(Divergence::Kind::Spike);
    if (!out)
      return;
    out->what = "spike";
    out->node = std::min(source / g.neurons, g.host());
    out->cycle = cycle;
    out->expected = wanted;
    out->found = found;
    if (const auto neuron = expected.neuronOf(source)) {
      out->population = neuron->population;
      out->neuron = neuron->neuron;
      Divergence place;
      expected.describe({source / g.neurons, Space::State, source % g.neurons, 0}, place);
      out->chip = place.chip;
      out->core = place.core;
      out->causes = place.causes;
    } else {
      out->what = "spike of source " + std::to_string(source) + ", which is no neuron";
    }
  };
  size_t i = 0, k = 0;
  const auto &found = result.outputs;
  while (i < right.size() || k < found.size()) {
    if (k == found.size() || (i < right.size() && right[i].first < found[k].source)) {
      report(right[i].first, "a spike of value " + std::to_string(static_cast<int32_t>(right[i].second)), "none", std::nullopt);
      ++i;
    } else if (i == right.size() || found[k].source < right[i].first) {
      report(found[k].source, "none", "a spike of value " + std::to_string(static_cast<int32_t>(found[k].payload)), found[k].cycle);
      ++k;
    } else {
      if (right[i].second != found[k].payload)
        report(right[i].first, "value " + std::to_string(static_cast<int32_t>(right[i].second)),
               "value " + std::to_string(static_cast<int32_t>(found[k].payload)), found[k].cycle);
      ++i;
      ++k;
    }
  }
}

Result<void> LockstepRun::compareRegisters() {
  std::vector<ConfigWrite> right;
  for (uint32_t node = 0; node < g.nodes(); ++node)
    for (const Csr csr : {CsrErrors, CsrSpikes, CsrPacketsOut, CsrPacketsIn, CsrSynapses})
      right.push_back({node, Space::Csr, csr, expected.memories().of(node, Space::Csr)[csr]});
  right.push_back({g.host(), Space::Csr, HostCsrStep, expected.step()});
  std::vector<ConfigWrite> found = right;
  RANVIER_CHECK(chip->read(found));
  sums.registers += right.size();
  // Counters follow from what an error says.
  for (const bool errors : {true, false})
    for (size_t i = 0; i < right.size(); ++i)
      if (found[i].word != right[i].word && errors == (right[i].node != g.host() && right[i].address == CsrErrors))
        wordDiffers(errors ? Divergence::Kind::Error : Divergence::Kind::Counter, right[i], right[i].word, found[i].word);
  for (size_t i = 0; first && i < found.size(); ++i)
    if (found[i].node != g.host() && found[i].address == CsrErrors && found[i].word)
      first->errors.push_back("node " + std::to_string(found[i].node) + ":" + (found[i].word & 1 ? " illegal" : "") +
                              (found[i].word & 2 ? " format" : "") + (found[i].word & 4 ? " unmapped" : "") +
                              (found[i].word > 7 ? " and unknown bits" : ""));
  return {};
}

Result<std::optional<Divergence>> LockstepRun::compare() {
  first.reset();
  if (!result.finished) {
    explainHang();
    return first;
  }
  // Registers are read last: what differs in them comes from what differs before.
  RANVIER_CHECK(compareRuns(runs, expected.memories(), Divergence::Kind::State));
  compareSpikes();
  RANVIER_CHECK(compareRegisters());
  return first;
}

/// A step that does not end: which core has not done its part, as far as can be seen.
void LockstepRun::explainHang() {
  const std::string why = chip->failure();
  compareSpikes();
  std::optional<Divergence> missing = std::exchange(first, std::nullopt);
  if (backDoor)
    for (const Run &run : runs)
      if (!first) {
        [[maybe_unused]] const auto ignored = compareRuns({run}, expected.memories(), Divergence::Kind::State);
      }
  Divergence out = first ? *first : missing ? *missing : Divergence{.node = g.host(), .what = "end of the step"};
  if (first || missing) {
    out.what += first || missing ? " (the first that is not as it should be when the step is given up)" : "";
  } else {
    out.expected = "idle_o within " + std::to_string(expected.cycleBound()) + " cycles";
    out.found = "the chip is busy; " + std::to_string(result.inputsTaken) + " of " + std::to_string(expected.inputs().size()) +
                " input spikes taken";
  }
  if (!why.empty())
    out.found += "; " + why;
  out.kind = Divergence::Kind::Hang;
  out.step = sums.steps;
  first = out;
}

Result<std::optional<Divergence>> LockstepRun::finish() {
  first.reset();
  std::vector<Run> list;
  for (uint32_t node = 0; node <= g.nodes(); ++node)
    for (const Space space : fixedSpaces)
      if (const uint32_t count = g.wordsOf(space, node == g.host()))
        if (uint32_t word = 0; backDoor || node == g.host() || chip->peek(node, space, 0, std::span(&word, 1)))
          list.push_back({node, space, 0, count});
  RANVIER_CHECK(compareRuns(list, loadedImage.memories, Divergence::Kind::Memory));
  return first;
}

//===--- What the RTL did -------------------------------------------------===//

void LockstepRun::gather(uint32_t population) {
  std::vector<std::pair<uint32_t, int32_t>> list;
  if (image->meta.populations[population].input) {
    for (const GlobalSpike &spike : expected.inputs())
      if (spike.population == population)
        list.emplace_back(spike.neuron, spike.payload);
  } else {
    for (const ModelOutput &output : result.outputs)
      if (const auto neuron = expected.neuronOf(output.source); neuron && neuron->population == population)
        list.emplace_back(neuron->neuron, static_cast<int32_t>(output.payload));
  }
  std::sort(list.begin(), list.end());
  spikeNeurons.clear();
  spikePayloads.clear();
  for (const auto &[neuron, payload] : list) {
    spikeNeurons.push_back(neuron);
    spikePayloads.push_back(payload);
  }
}

void LockstepRun::readState(uint32_t population, uint32_t state, std::span<int32_t> out) {
  for (const PlacedSlice &placed : loadedImage.slices) {
    const image::SliceRecord &slice = image->slices[placed.slice];
    if (slice.population != population)
      continue;
    [[maybe_unused]] const auto read = fetch({placed.node, Space::State, g.wordOf(state, slice.neuronBase), slice.count}, buffer);
    std::copy(buffer.begin(), buffer.end(), reinterpret_cast<uint32_t *>(out.data()) + slice.first);
  }
}
} // namespace

const char *toString(Divergence::Kind kind) {
  switch (kind) {
  case Divergence::Kind::Load:
    return "load";
  case Divergence::Kind::Hang:
    return "hang";
  case Divergence::Kind::Error:
    return "error";
  case Divergence::Kind::State:
    return "state";
  case Divergence::Kind::Spike:
    return "spike";
  case Divergence::Kind::Accumulator:
    return "accumulator";
  case Divergence::Kind::Counter:
    return "counter";
  case Divergence::Kind::Memory:
    return "memory";
  }
  return "?";
}

bool alike(const Divergence &a, const Divergence &b) { return a.kind == b.kind; }

Result<std::unique_ptr<Lockstep>> Lockstep::create(std::shared_ptr<const image::Image> image, const std::string &model,
                                                   const LockstepOptions &options) {
  RANVIER_TRY(LoadedImage loaded, loadImage(*image, options.grid, options.loader));
  auto out = std::make_unique<LockstepRun>(std::move(image), std::move(loaded), options);
  RANVIER_CHECK(out->start(model));
  return std::unique_ptr<Lockstep>(std::move(out));
}

std::vector<emu::InputSpike> randomInputs(const image::Image &image, uint64_t seed, uint32_t step, double probability) {
  std::vector<emu::InputSpike> out;
  const auto threshold = static_cast<uint64_t>(probability * 0x1p32);
  uint32_t number = 0;
  for (uint32_t p = 0; p < image.meta.populations.size(); ++p) {
    const image::PopulationMeta &population = image.meta.populations[p];
    if (!population.input)
      continue;
    for (uint32_t n = 0; n < population.count; ++n, ++number)
      if (population.source.empty() && randomWord(seed, number, step, 0) < threshold)
        out.push_back({step, p, n, emu::plainPayload(image)});
  }
  return out;
}

} // namespace ranvier::rtl
