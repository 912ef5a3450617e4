//===- Loader.cpp - From an image to the memories of the RTL --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/Rtl/Loader.h"
#include <algorithm>
#include <bit>
#include <map>

namespace ranvier::rtl {
namespace {
constexpr uint32_t headerLast = 1u << 20;

/// $clog2
uint32_t bitsOf(uint32_t count) { return static_cast<uint32_t>(std::bit_width(count - 1)); }

/// Fields of a word, from its lowest bit on.
struct Packer {
  uint32_t word = 0, used = 0;
  void add(uint32_t value, uint32_t bits) {
    RANVIER_ASSERT(used + bits <= 32 && value >> bits == 0, std::to_string(value) + " in " + std::to_string(bits) + " bits");
    word |= value << used;
    used += bits;
  }
};

const int32_t *paramWords(const image::Image &image, const image::SliceRecord &slice, uint32_t param, bool &uniform) {
  const image::ParamRecord &record = image.params[slice.firstParam + param];
  uniform = record.uniform != 0;
  return image.paramWords.data() + record.offset;
}

std::string placeOf(const image::CoreRecord &core) {
  return "chip " + std::to_string(core.chip) + ", core " + std::to_string(core.core);
}

class Loader {
public:
  Loader(const image::Image &image, const LoaderOptions &options, LoadedImage &out)
      : image(image), options(options), out(out), g(out.memories.geometry) {}

  Result<void> run() {
    RANVIER_CHECK(placeCores());
    RANVIER_CHECK(numberSources());
    for (uint32_t c = 0; c < image.cores.size(); ++c) {
      RANVIER_CHECK(loadAxons(c));
      RANVIER_CHECK(loadPrograms(c));
      RANVIER_CHECK(loadSlices(c));
    }
    loadMasks();
    return {};
  }

private:
  Error lacks(const std::string &place, const std::string &expected, const std::string &found) const {
    return {.code = 7513,
            .message = "the image uses what the RTL does not have",
            .place = place,
            .expected = expected,
            .found = found,
            .kind = ErrorKind::CannotRun};
  }
  Error tooSmall(const image::CoreRecord &core, const std::string &memory, uint64_t holds, uint64_t needs) const {
    return {.code = 7511,
            .message = "a memory of the RTL is too small for the image",
            .place = placeOf(core) + ", " + memory,
            .expected = "at most " + std::to_string(holds),
            .found = std::to_string(needs),
            .kind = ErrorKind::DoesNotFit};
  }

  Result<void> placeCores() {
    if (!image.meta.connectors.empty())
      return lacks("projection '" + image.meta.projections[image.meta.connectors.front().projection].name + "'", "synapses",
                   "a rule");
    for (const image::CoreRecord &core : image.cores) {
      const uint32_t x = core.core / image.chip.tilesY, y = core.core % image.chip.tilesY; // one core a tile: geometryOf
      if (core.chip != 0 || x >= g.grid.columns || y >= g.grid.rows)
        return Error{.code = 7510,
                     .message = "a core of the image lies outside the grid",
                     .place = placeOf(core),
                     .expected = "a tile of " + g.grid.str(),
                     .found = "chip " + std::to_string(core.chip) + ", column " + std::to_string(x) + ", row " + std::to_string(y),
                     .kind = ErrorKind::DoesNotFit};
      if (core.level != 0 || core.sameStepAxonCount != 0)
        return lacks(placeOf(core), "delays of at least a step", "edges of delay 0");
      if (core.synapseKind != uint32_t(image::SynapseKind::Packed32) && core.synapseCount)
        return lacks(placeOf(core), "synapses of 32 bits", "synapses of 64 bits");
      if (core.neuronCount > g.neurons)
        return tooSmall(core, "neurons", g.neurons, core.neuronCount);
      if (core.accumulatorCount > g.accumulators())
        return tooSmall(core, "accumulators", g.accumulators(), core.accumulatorCount);
      if (core.delaySlots > g.slots)
        return tooSmall(core, "delay slots", g.slots, core.delaySlots);
      out.nodeOfCore.push_back(g.nodeOf(x, y));
    }
    return {};
  }

  Result<void> numberSources() {
    for (const image::CoreRecord &core : image.cores)
      out.neurons = std::max(out.neurons, core.firstNeuron + core.neuronCount);
    const uint64_t inputs = image.outPtr.size() - 1 - out.neurons;
    if (inputs > g.hostInputs)
      return Error{.code = 7512,
                   .message = "the host addresses fewer input neurons than the network has",
                   .place = "network '" + image.meta.network + "'",
                   .expected = "at most " + std::to_string(g.hostInputs),
                   .found = std::to_string(inputs),
                   .kind = ErrorKind::DoesNotFit};
    out.firstHostSource = g.nodes() * g.neurons;
    out.sourceOf.resize(image.outPtr.size() - 1);
    for (uint32_t c = 0; c < image.cores.size(); ++c)
      for (uint32_t n = 0; n < image.cores[c].neuronCount; ++n)
        out.sourceOf[image.cores[c].firstNeuron + n] = out.nodeOfCore[c] * g.neurons + n;
    for (uint64_t i = 0; i < inputs; ++i)
      out.sourceOf[out.neurons + i] = out.firstHostSource + static_cast<uint32_t>(i);
    // Which source an in-axon stands for: where its population's neurons lie.
    for (uint32_t p = 0; p < image.meta.populations.size(); ++p)
      if (image.meta.populations[p].input)
        ranges[p].push_back({0, static_cast<uint32_t>(image.meta.populations[p].count), image.meta.populations[p].firstOut});
    for (const image::CoreRecord &core : image.cores)
      for (uint32_t s = core.firstSlice; s < core.firstSlice + core.sliceCount; ++s) {
        const image::SliceRecord &slice = image.slices[s];
        ranges[slice.population].push_back({slice.first, slice.count, core.firstNeuron + slice.neuronBase});
      }
    return {};
  }

  uint32_t sourceOf(uint32_t population, uint32_t neuron) const {
    for (const Range &range : ranges.at(population))
      if (neuron - range.first < range.count)
        return out.sourceOf[range.global + (neuron - range.first)];
    RANVIER_ASSERT(false, "neuron " + std::to_string(neuron) + " is nowhere");
    return 0;
  }

  Result<void> loadAxons(uint32_t c) {
    const image::CoreRecord &core = image.cores[c];
    const uint64_t needs = core.rowCount + core.synapseCount;
    if (needs > g.synapses)
      return tooSmall(core, "synapse memory (words of headers and synapses)", g.synapses, needs);
    auto &directory = out.memories.of(out.nodeOfCore[c], Space::AxonIn);
    auto &memory = out.memories.of(out.nodeOfCore[c], Space::Synapse);
    uint32_t at = 0;
    for (uint32_t a = 0; a < core.inAxonCount; ++a) {
      const image::InAxonRecord &axon = image.inAxons[core.firstInAxon + a];
      directory[sourceOf(axon.population, axon.neuron)] = g.synapses | at; // the valid bit lies above the address
      for (uint32_t r = 0; r < axon.rowCount; ++r) {
        const image::RowRecord &row = image.rows[core.firstRow + axon.firstRow + r];
        const int exponent = image.meta.projections[row.projection].weightExponent;
        if (exponent < 0 || exponent > 15)
          return lacks("projection '" + image.meta.projections[row.projection].name + "'", "weight exponents from 0 to 15",
                       std::to_string(exponent));
        memory[at++] = row.count | uint32_t(exponent) << 16 | (r + 1 == axon.rowCount ? headerLast : 0);
        for (uint32_t s = 0; s < row.count; ++s)
          memory[at++] = image.synapses32[core.firstSynapse + row.firstSynapse + s];
      }
    }
    return {};
  }

  /// Programs of a core one after the other, tables likewise; each once.
  Result<void> loadPrograms(uint32_t c) {
    const image::CoreRecord &core = image.cores[c];
    auto &code = out.memories.of(out.nodeOfCore[c], Space::Program);
    auto &tables = out.memories.of(out.nodeOfCore[c], Space::Table);
    placed.clear();
    uint32_t instructions = 0, words = 0;
    for (uint32_t s = core.firstSlice; s < core.firstSlice + core.sliceCount; ++s) {
      const uint32_t index = image.slices[s].program;
      if (placed.count(index))
        continue;
      const isa::Program &program = image.meta.programs[index];
      const std::string place = "program '" + program.name + "'";
      if (program.states.size() > g.states)
        return lacks(place, "at most " + std::to_string(g.states) + " states", std::to_string(program.states.size()));
      if (program.params.size() > g.params)
        return lacks(place, "at most " + std::to_string(g.params) + " parameters", std::to_string(program.params.size()));
      if (program.inputs.size() > g.inputs)
        return lacks(place, "at most " + std::to_string(g.inputs) + " inputs", std::to_string(program.inputs.size()));
      std::vector<uint32_t> bases;
      uint64_t needs = words;
      for (const auto &table : program.tables)
        needs += table.size();
      if (needs > g.tableWords)
        return tooSmall(core, "table words", g.tableWords, needs);
      if (instructions + program.code.size() > g.programWords)
        return tooSmall(core, "instructions", g.programWords, instructions + program.code.size());
      for (const auto &table : program.tables) {
        bases.push_back(words);
        for (const int32_t word : table)
          tables[words++] = static_cast<uint32_t>(word);
      }
      placed[index] = instructions;
      for (isa::Instruction instruction : program.code) {
        if (instruction.op == isa::Opcode::Lut) // The engine finds a table by its place, not by its number.
          instruction.imm = bases[instruction.imm] | (static_cast<uint32_t>(program.tables[instruction.imm].size()) - 1) << 16;
        const uint64_t word = isa::encode(instruction);
        code[2 * instructions] = static_cast<uint32_t>(word);
        code[2 * instructions + 1] = static_cast<uint32_t>(word >> 32);
        ++instructions;
      }
    }
    return {};
  }

  Result<void> loadSlices(uint32_t c) {
    const image::CoreRecord &core = image.cores[c];
    const uint32_t node = out.nodeOfCore[c];
    auto &table = out.memories.of(node, Space::Slice);
    for (uint32_t k = 0; k < core.sliceCount; ++k) {
      const image::SliceRecord &slice = image.slices[core.firstSlice + k];
      const isa::Program &program = image.meta.programs[slice.program];
      const bool fast = options.fastPath && image::isNative(image, slice);
      const uint64_t seed = image.meta.populations[slice.population].seed;
      uint32_t *entry = &table[sliceStride * k];
      Packer first, second; // Widths follow the chip; docs/rtl/architecture.md gives them for the shipped one.
      first.add(slice.neuronBase, bitsOf(g.neurons));
      first.add(slice.count, bitsOf(g.neurons) + 1);
      first.add(static_cast<uint32_t>(program.inputs.size()), bitsOf(g.inputs + 1));
      first.add(fast, 1);
      second.add(slice.accumulatorBase, bitsOf(g.accumulators()));
      second.add(placed.at(slice.program), bitsOf(g.programWords));
      second.add(static_cast<uint32_t>(program.code.size()), bitsOf(g.programWords) + 1);
      entry[0] = first.word;
      entry[1] = second.word;
      entry[2] = static_cast<uint32_t>(seed);
      entry[3] = static_cast<uint32_t>(seed >> 32);
      entry[4] = slice.first;
      for (uint32_t p = 0; p < program.params.size(); ++p) {
        bool uniform = false;
        const int32_t *words = paramWords(image, slice, p, uniform);
        for (uint32_t n = 0; n < slice.count; ++n)
          out.memories.of(node, Space::Param)[g.wordOf(p, slice.neuronBase + n)] = static_cast<uint32_t>(words[uniform ? 0 : n]);
      }
      for (uint32_t s = 0; s < program.states.size(); ++s)
        for (uint32_t n = 0; n < slice.count; ++n)
          out.memories.of(node, Space::State)[g.wordOf(s, slice.neuronBase + n)] =
              static_cast<uint32_t>(image.stateWords[slice.firstState + uint64_t(s) * slice.count + n]);
      out.slices.push_back({core.firstSlice + k, node, fast});
    }
    out.memories.of(node, Space::Csr)[CsrSlices] = core.sliceCount;
    return {};
  }

  /// Whether the host gets the spikes of a population.
  bool observed(uint32_t population) const {
    return options.hostSpikes == HostSpikes::All || image::hostHears(image.meta, population);
  }

  void loadMasks() {
    const auto setBit = [&](std::vector<uint32_t> &masks, uint32_t entry, uint32_t node) {
      masks[entry * g.maskWords() + node / 32] |= 1u << node % 32;
    };
    const auto setNodes = [&](std::vector<uint32_t> &masks, uint32_t entry, uint64_t global) {
      for (uint64_t o = image.outPtr[global]; o < image.outPtr[global + 1]; ++o)
        setBit(masks, entry, out.nodeOfCore[image.outAxons[o].core]);
    };
    for (uint32_t c = 0; c < image.cores.size(); ++c) {
      auto &masks = out.memories.of(out.nodeOfCore[c], Space::AxonOut);
      for (uint32_t n = 0; n < image.cores[c].neuronCount; ++n)
        setNodes(masks, n, image.cores[c].firstNeuron + n);
      for (uint32_t k = 0; k < image.cores[c].sliceCount; ++k) {
        const image::SliceRecord &slice = image.slices[image.cores[c].firstSlice + k];
        for (uint32_t n = 0; n < slice.count && observed(slice.population); ++n)
          setBit(masks, slice.neuronBase + n, g.host());
      }
    }
    auto &host = out.memories.of(g.host(), Space::HostMask);
    for (uint64_t global = out.neurons; global + 1 < image.outPtr.size(); ++global)
      setNodes(host, static_cast<uint32_t>(global - out.neurons), global);
  }

  struct Range { // Neurons [first, first + count) of a population stand at `global` of Image::outPtr.
    uint32_t first, count;
    uint64_t global;
  };
  const image::Image &image;
  const LoaderOptions &options;
  LoadedImage &out;
  const Geometry &g;
  std::map<uint32_t, std::vector<Range>> ranges; ///< By population.
  std::map<uint32_t, uint32_t> placed;           ///< Of the core: program -> first instruction.
};
} // namespace

Memories::Memories(const Geometry &geometry) : geometry(geometry), words((geometry.nodes() + 1) * numSpaces) {
  for (uint32_t node = 0; node <= geometry.nodes(); ++node)
    for (unsigned s = 0; s < numSpaces; ++s)
      of(node, Space(s)).assign(geometry.wordsOf(Space(s), node == geometry.host()), 0);
}

Grid smallestGrid(const image::Image &image) {
  Grid grid;
  for (const image::CoreRecord &core : image.cores) {
    const uint32_t tile = core.core / std::max(image.chip.coresPerTile, 1u);
    grid.columns = std::max(grid.columns, tile / image.chip.tilesY + 1);
    grid.rows = std::max(grid.rows, tile % image.chip.tilesY + 1);
  }
  return grid;
}

Result<LoadedImage> loadImage(const image::Image &image, Grid grid, const LoaderOptions &options) {
  RANVIER_TRY(const Geometry geometry, geometryOf(image.chip, grid));
  LoadedImage out{.memories = Memories(geometry)};
  RANVIER_CHECK(Loader(image, options, out).run());
  return out;
}

std::vector<ConfigWrite> configWrites(const Memories &memories, const std::function<bool(uint32_t node, Space space)> &wanted) {
  const Geometry &g = memories.geometry;
  std::vector<ConfigWrite> out;
  for (uint32_t node = 0; node <= g.nodes(); ++node)
    for (unsigned s = 0; s < numSpaces; ++s) {
      if (wanted && !wanted(node, Space(s)))
        continue;
      const auto &words = memories.of(node, Space(s));
      for (uint32_t address = 0; address < words.size(); ++address) {
        const bool hole = Space(s) == Space::Slice && address % sliceStride >= sliceWords;
        const bool readOnly =
            Space(s) == Space::Csr && address >= (node == g.host() ? uint32_t(HostCsrCycles) : uint32_t(CsrUpdateCycles));
        if (!hole && !readOnly)
          out.push_back({node, Space(s), address, words[address]});
      }
    }
  return out;
}

} // namespace ranvier::rtl
