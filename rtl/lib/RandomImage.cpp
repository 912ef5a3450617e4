//===- RandomImage.cpp - Constrained-random networks for the RTL ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/Rtl/RandomImage.h"
#include "ranvier/Emulator/Session.h"
#include "ranvier/HwModels/NativeForm.h"
#include "ranvier/ISA/RandomProgram.h"
#include <algorithm>
#include <bit>
#include <numeric>

namespace ranvier::rtl {
namespace {
using isa::edgeWord;
using isa::RandomSource;

/// Low to high, both included.
int64_t between(RandomSource &random, int64_t low, int64_t high) {
  return low + static_cast<int64_t>(random.next() % static_cast<uint64_t>(high - low + 1));
}

/// Streams of one seed that do not depend on each other.
RandomSource stream(uint64_t seed, uint64_t purpose) { return RandomSource(RandomSource(seed ^ purpose << 56).next()); }

/// A slice before it has its place in the tables.
struct Part {
  uint32_t population, first, count;
};
struct Core {
  uint32_t number = 0; ///< On the chip.
  std::vector<Part> parts;
  uint32_t neurons = 0;
  uint64_t words = 0; ///< Of synapse memory.
  std::vector<uint32_t> accumulatorBase;
};

class Maker {
public:
  Maker(uint64_t seed, const hw::Chip &chip, const Geometry &geometry) : random(stream(seed, 1)), chip(chip), g(geometry) {
    image::Meta &meta = data.meta;
    meta.network = "random-" + std::to_string(seed);
    meta.profile = isa::Profile::Int;
    meta.seed = seed;
    meta.semantics = meta.mapping = meta.provenance = "{}";
    data.chipText = hw::resolvedText(chip);
  }

  image::ImageData make() {
    makePrograms();
    makePopulations();
    scatter();
    makeSlices();
    makeProjections();
    makeAxons();
    return std::move(data);
  }

private:
  /// Together they fit one core, so that any slice may lie anywhere.
  void makePrograms() {
    auto &programs = data.meta.programs;
    const uint32_t count = 1 + random.below(4);
    uint32_t words = g.programWords, tables = g.tableWords;
    for (uint32_t i = 0; i < count; ++i) {
      if (random.oneIn(3)) {
        isa::Program native = hw::nativeCubaProgram(*chip.nativeCuba);
        if (std::find(programs.begin(), programs.end(), native) == programs.end() && native.code.size() <= words) {
          words -= static_cast<uint32_t>(native.code.size());
          programs.push_back(std::move(native));
        }
        continue;
      }
      // The generator goes beyond the length asked for by what loads and stores at least.
      const uint32_t beyond = 4 + g.states, most = words > beyond ? words - beyond : 0;
      if (most < 4 || tables < 4)
        break;
      const uint32_t length = random.oneIn(10) ? most : std::min<uint32_t>(most, random.oneIn(3) ? 120 : 36);
      isa::Program program = isa::randomProgram(random, isa::Profile::Int, length, {g.states, g.params, g.inputs, tables / 2});
      program.name += std::to_string(i);
      words -= static_cast<uint32_t>(program.code.size());
      for (const auto &table : program.tables)
        tables -= static_cast<uint32_t>(table.size());
      programs.push_back(std::move(program));
    }
    if (programs.empty())
      programs.push_back(hw::nativeCubaProgram(*chip.nativeCuba));
  }

  image::PopulationMeta &addPopulation(const std::string &name, uint64_t count) {
    image::PopulationMeta &population = data.meta.populations.emplace_back();
    population.name = name;
    population.shape = {count};
    population.count = count;
    population.seed = random.next();
    return population;
  }

  void makePopulations() {
    for (uint32_t i = 0, count = 1 + random.below(2); i < count; ++i)
      addPopulation("in" + std::to_string(i), 1 + random.below(random.oneIn(8) ? std::min(g.hostInputs / 2, 600u) : 40)).input =
          true;
    uint64_t room = static_cast<uint64_t>(g.nodes()) * g.neurons;
    for (uint32_t i = 0, count = 2 + random.below(5); i < count && room; ++i) {
      const uint64_t neurons = std::min<uint64_t>(room, 1 + random.below(random.oneIn(6) ? g.neurons : 50));
      room -= neurons;
      addPopulation("p" + std::to_string(i), neurons).program = random.below(static_cast<uint32_t>(data.meta.programs.size()));
    }
    data.meta.populations.back().output = true;
  }

  /// Puts pieces of populations onto nodes.
  void scatter() {
    std::vector<Core> all;
    for (uint32_t x = 0; x < g.grid.columns; ++x)
      for (uint32_t y = 0; y < g.grid.rows; ++y)
        all.emplace_back().number = x * chip.tilesY + y; // as the loader numbers them
    // In crumbs now and then, so that a spike goes everywhere.
    const bool crumbs = random.oneIn(4);
    for (uint32_t p = 0; p < data.meta.populations.size(); ++p) {
      const image::PopulationMeta &population = data.meta.populations[p];
      for (uint32_t first = 0; !population.input && first < population.count;) {
        const auto left = static_cast<uint32_t>(population.count) - first;
        Core &core = all[random.below(static_cast<uint32_t>(all.size()))];
        const uint32_t piece = std::min({left, g.neurons - core.neurons,
                                         crumbs            ? 1 + random.below(3)
                                         : random.oneIn(2) ? left
                                                           : 1 + random.below(left)});
        if (!piece)
          continue;
        core.parts.push_back({p, first, piece});
        core.neurons += piece;
        first += piece;
      }
    }
    for (Core &core : all)
      if (core.neurons)
        cores.push_back(std::move(core));
  }

  void makeSlices() {
    uint64_t neurons = 0;
    for (Core &core : cores) {
      image::CoreRecord &record = data.cores.emplace_back();
      record.core = core.number;
      record.firstSlice = static_cast<uint32_t>(data.slices.size());
      record.sliceCount = static_cast<uint32_t>(core.parts.size());
      record.neuronCount = core.neurons;
      record.firstNeuron = neurons;
      neurons += core.neurons;
      uint32_t base = 0;
      for (const Part &part : core.parts) {
        const isa::Program &program = programOf(part.population);
        core.accumulatorBase.push_back(record.accumulatorCount);
        data.slices.push_back({part.population, part.first, part.count, base, record.accumulatorCount,
                               data.meta.populations[part.population].program, data.stateWords.size(), data.params.size()});
        base += part.count;
        record.accumulatorCount += part.count * static_cast<uint32_t>(program.inputs.size());
        fillSlice(part, isNative(program));
      }
    }
    for (image::PopulationMeta &population : data.meta.populations)
      if (population.input) {
        population.firstOut = neurons;
        neurons += population.count;
      }
    data.outPtr.assign(neurons + 1, 0);
  }

  const isa::Program &programOf(uint32_t population) const { return data.meta.programs[data.meta.populations[population].program]; }
  bool isNative(const isa::Program &program) const { return program == hw::nativeCubaProgram(*chip.nativeCuba); }

  /// A word as a program may meet it; of the native form mostly within the widths that the fast path has.
  int32_t stateWord(bool native) {
    if (!native || random.oneIn(2000))
      return static_cast<int32_t>(edgeWord(random, isa::Profile::Int));
    const int64_t most = (int64_t(1) << (chip.nativeCuba->stateBits - 1)) - 1;
    return static_cast<int32_t>(random.oneIn(4) ? random.oneIn(2) ? most : -most : between(random, -3000, 3000));
  }
  int32_t paramWord(bool native, uint32_t slot) {
    if (!native || random.oneIn(5000))
      return static_cast<int32_t>(edgeWord(random, isa::Profile::Int));
    const hw::NativeCubaLif &form = *chip.nativeCuba;
    const int64_t decays = (int64_t(1) << form.decayBits) - 1, thresholds = (int64_t(1) << form.thresholdBits) - 1;
    const int64_t biases = ((int64_t(1) << (form.biasMantissaBits - 1)) - 1) << ((1u << form.biasExponentBits) - 1);
    if (slot == hw::NativeDu || slot == hw::NativeDv)
      return static_cast<int32_t>(random.oneIn(5) ? random.oneIn(2) ? decays : 0 : between(random, 0, decays));
    if (slot == hw::NativeVth)
      return static_cast<int32_t>(random.oneIn(8) ? thresholds : between(random, 0, 800));
    return static_cast<int32_t>(random.oneIn(20) ? random.oneIn(2) ? biases : -biases : between(random, -200, 4000));
  }

  void fillSlice(const Part &part, bool native) {
    const isa::Program &program = programOf(part.population);
    for (size_t s = 0; s < program.states.size(); ++s) {
      const bool alike = random.oneIn(2);
      const int32_t word = stateWord(native);
      for (uint32_t n = 0; n < part.count; ++n)
        data.stateWords.push_back(alike ? word : stateWord(native));
    }
    for (uint32_t slot = 0; slot < program.params.size(); ++slot) {
      const bool uniform = random.oneIn(2);
      data.params.push_back({data.paramWords.size(), uniform, 0});
      for (uint32_t n = 0; n < (uniform ? 1 : part.count); ++n)
        data.paramWords.push_back(paramWord(native, slot));
    }
  }

  /// How the synapses of a projection are drawn.
  struct Draw {
    double density = 1;
    uint32_t most = 1; ///< Synapses of a pair.
    uint32_t minDelay = 1, maxDelay = 1;
    int64_t minWeight = 0, maxWeight = 0;
  };
  Draw drawProjection() {
    Draw draw;
    draw.density = random.oneIn(3) ? 1.0 : random.oneIn(3) ? 0.05 : 0.3;
    draw.most = random.oneIn(3) ? 4 : 1;
    const uint32_t longest = chip.maxDelay;
    draw.minDelay = random.oneIn(3) ? chip.minDelay : static_cast<uint32_t>(between(random, chip.minDelay, longest));
    draw.maxDelay = random.oneIn(3)   ? draw.minDelay
                    : random.oneIn(2) ? longest
                                      : static_cast<uint32_t>(between(random, draw.minDelay, longest));
    const int64_t bound = int64_t(1) << chip.weights.maxBits;
    draw.minWeight = random.oneIn(4) ? -bound : -std::min<int64_t>(bound, 40);
    draw.maxWeight = random.oneIn(4) ? bound - 1 : std::min<int64_t>(bound - 1, 100);
    return draw;
  }

  void makeProjections() {
    const auto populations = static_cast<uint32_t>(data.meta.populations.size());
    uint32_t inputs = 0;
    while (data.meta.populations[inputs].input)
      ++inputs;
    for (uint32_t target = inputs; target < populations; ++target)
      for (uint32_t k = 0, count = 1 + random.below(3); k < count; ++k) {
        image::ProjectionMeta projection;
        projection.source = k == 0 ? random.below(inputs) : random.below(populations);
        projection.target = target;
        projection.receptor = random.below(static_cast<uint32_t>(programOf(target).inputs.size()));
        projection.weightExponent = static_cast<int32_t>(
            random.oneIn(3) ? between(random, chip.weights.minExponent, chip.weights.maxExponent) : chip.weights.minExponent);
        projection.weightBits = chip.weights.maxBits + 1;
        projection.indexBits = std::max(1u, static_cast<uint32_t>(std::bit_width(g.neurons - 1)));
        const Draw draw = drawProjection();
        projection.delayBits = static_cast<uint32_t>(std::bit_width(draw.maxDelay - chip.minDelay));
        projection.name = std::to_string(data.meta.projections.size());
        data.meta.projections.push_back(projection);
        draws.push_back(draw);
      }
  }

  /// Accumulator, delay and weight of what one source sends to one core by one projection, sorted; empty where nothing does.
  std::vector<uint32_t> drawRow(const Core &core, const image::ProjectionMeta &projection, const Draw &draw) {
    std::vector<uint32_t> words;
    for (size_t s = 0; s < core.parts.size(); ++s)
      if (core.parts[s].population == projection.target)
        for (uint32_t n = 0; n < core.parts[s].count; ++n) {
          const uint32_t accumulator = core.accumulatorBase[s] + projection.receptor * core.parts[s].count + n;
          const uint32_t copies = random.next() % 1000 < draw.density * 1000 ? 1 + random.below(draw.most) : 0;
          const auto delay = static_cast<uint32_t>(between(random, draw.minDelay, draw.maxDelay));
          for (uint32_t c = 0; c < copies; ++c) // Of one delay more often than not: the second waits for the first one's sum.
            words.push_back(image::packSynapse32(
                accumulator, c % 2 ? static_cast<uint32_t>(between(random, draw.minDelay, draw.maxDelay)) : delay,
                static_cast<int32_t>(random.oneIn(10) ? random.oneIn(2) ? draw.minWeight : draw.maxWeight
                                                      : between(random, draw.minWeight, draw.maxWeight))));
        }
    std::stable_sort(words.begin(), words.end(), [](uint32_t a, uint32_t b) { return (a & 0x3FFFFFu) < (b & 0x3FFFFFu); });
    return words;
  }

  void makeAxons() {
    std::vector<std::vector<image::OutAxonRecord>> outs(data.outPtr.size() - 1);
    for (uint32_t c = 0; c < cores.size(); ++c) {
      image::CoreRecord &record = data.cores[c];
      record.firstInAxon = data.inAxons.size();
      record.firstRow = data.rows.size();
      record.firstSynapse = data.synapses32.size();
      uint32_t longest = 0;
      for (uint32_t p = 0; p < data.meta.populations.size(); ++p)
        for (uint32_t n = 0; n < data.meta.populations[p].count; ++n)
          if (addAxon(c, p, n, longest))
            outs[rowOf(p, n)].push_back({c, record.inAxonCount++});
      record.rowCount = data.rows.size() - record.firstRow;
      record.synapseCount = data.synapses32.size() - record.firstSynapse;
      record.delaySlots = longest + 1;
    }
    for (size_t row = 0; row < outs.size(); ++row) {
      data.outAxons.insert(data.outAxons.end(), outs[row].begin(), outs[row].end());
      data.outPtr[row + 1] = data.outAxons.size();
    }
  }

  /// False if the neuron sends nothing to the core.
  bool addAxon(uint32_t c, uint32_t population, uint32_t neuron, uint32_t &longest) {
    const image::CoreRecord &record = data.cores[c];
    image::InAxonRecord axon{population, neuron, static_cast<uint32_t>(data.rows.size() - record.firstRow), 0};
    for (uint32_t e = 0; e < draws.size(); ++e) {
      const image::ProjectionMeta &projection = data.meta.projections[e];
      if (projection.source != population)
        continue;
      const std::vector<uint32_t> words = drawRow(cores[c], projection, draws[e]);
      if (words.empty() || cores[c].words + words.size() + 1 > g.synapses)
        continue; // The core is full.
      cores[c].words += words.size() + 1;
      longest = std::max(longest, image::unpackSynapse(words.back()).delay);
      data.rows.push_back({data.synapses32.size() - record.firstSynapse, static_cast<uint32_t>(words.size()), e});
      data.synapses32.insert(data.synapses32.end(), words.begin(), words.end());
      ++axon.rowCount;
    }
    if (axon.rowCount)
      data.inAxons.push_back(axon);
    return axon.rowCount != 0;
  }

  /// Row of outPtr.
  uint64_t rowOf(uint32_t population, uint32_t neuron) const {
    if (data.meta.populations[population].input)
      return data.meta.populations[population].firstOut + neuron;
    for (const image::CoreRecord &core : data.cores)
      for (uint32_t s = core.firstSlice; s < core.firstSlice + core.sliceCount; ++s)
        if (const image::SliceRecord &slice = data.slices[s]; slice.population == population && neuron - slice.first < slice.count)
          return core.firstNeuron + slice.neuronBase + (neuron - slice.first);
    RANVIER_ASSERT(false, "neuron " + std::to_string(neuron) + " is nowhere");
    return 0;
  }

  RandomSource random;
  const hw::Chip &chip;
  const Geometry &g;
  image::ImageData data;
  std::vector<Core> cores;
  std::vector<Draw> draws; ///< By projection.
};
} // namespace

Result<image::ImageData> randomImage(uint64_t seed, const hw::Chip &chip, Grid grid) {
  RANVIER_TRY(const Geometry geometry, geometryOf(chip, grid));
  return Maker(seed, chip, geometry).make();
}

std::vector<emu::InputSpike> randomSpikes(uint64_t seed, const image::Image &image, uint32_t steps) {
  RandomSource random = stream(seed, 2);
  std::vector<emu::InputSpike> out;
  const auto value = [&] {
    switch (random.below(4)) {
    case 0:
      return static_cast<int32_t>(edgeWord(random, isa::Profile::Int));
    case 1:
      return static_cast<int32_t>(between(random, -20, 20));
    default:
      return emu::plainPayload(image);
    }
  };
  for (uint32_t step = 1; step <= steps; ++step) {
    const uint32_t ofFour = random.oneIn(6) ? 0 : random.oneIn(6) ? 4 : 1; // a quarter, as cosim without this
    for (uint32_t p = 0; p < image.meta.populations.size(); ++p)
      for (uint32_t n = 0; image.meta.populations[p].input && n < image.meta.populations[p].count; ++n)
        if (random.below(4) < ofFour)
          out.push_back({step, p, n, value()});
  }
  return out;
}

Result<CosimJob> randomCase(uint64_t seed, const hw::Chip &chip, const RandomCaseOptions &options) {
  RandomSource random = stream(seed, 3);
  CosimJob job;
  // The whole chip costs most and shows little that four nodes do not: a case in sixteen.
  const Grid grids[] = {{1, 1}, {2, 1}, {1, 2}, {2, 2}, {2, 2}};
  Grid grid = random.oneIn(16) ? Grid{chip.tilesX, chip.tilesY} : random.pick(grids);
  grid = {std::min(grid.columns, chip.tilesX), std::min(grid.rows, chip.tilesY)};
  const uint32_t steps = 12 + random.below(29), stalls = random.oneIn(2) ? 0 : 20 + random.below(211);
  job.lockstep.grid = options.grid.value_or(grid);
  job.lockstep.seed = seed;
  job.lockstep.stallsOf256 = options.stallsOf256.value_or(stalls);
  job.lockstep.loadThroughBus = random.oneIn(8);
  job.lockstep.loader.fastPath = !random.oneIn(4);
  job.steps = options.steps.value_or(steps);
  RANVIER_TRY(image::ImageData data, randomImage(seed, chip, job.lockstep.grid));
  RANVIER_TRY(image::Image image, image::fromData(std::move(data)));
  job.image = std::make_shared<const image::Image>(std::move(image));
  job.inputs = randomSpikes(seed, *job.image, job.steps);
  return job;
}

} // namespace ranvier::rtl
