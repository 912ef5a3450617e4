//===- Plan.cpp - The form of a core's tables, and their bytes ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From counts alone, so that the compiler knows what a mapping takes before any table exists.
//===----------------------------------------------------------------------===//
#include "ranvier/Image/PopulationTables.h"
#include <algorithm>
#include <numeric>

using namespace ranvier;
using namespace ranvier::image;

static uint32_t filterWords(uint32_t atoms) { return (atoms + 31) / 32; }

std::vector<bool> image::plasticProjections(size_t projections, std::span<const LearningMeta> learning) {
  std::vector<bool> plastic(projections, false);
  for (const LearningMeta &each : learning)
    plastic[each.projection] = each.changesWeights();
  return plastic;
}

namespace {
/// Counts the rows of a source on a core, stage by stage.
class RowCounter {
public:
  RowCounter(const Image &image, const CoreRecord &core, const SourceBlocks &blocks, CoreShape &shape)
      : image(image), core(core), blocks(blocks), shape(shape), native(image.chip.memories->nativeSteps),
        plastic(plasticProjections(image.meta.projections.size(), image.meta.learning)) {}
  void take(const InAxonRecord &axon) {
    uint64_t seen = 0; // Stages at which the source has any synapse; 64 of them at most, and itself.
    bool self = false;
    for (const RowRecord &row : image.rows.subspan(core.firstRow + axon.firstRow, axon.rowCount)) {
      counts.assign(1 + blocks.stages(axon.population), 0);
      for (uint64_t s = 0; s < row.count; ++s) {
        const DelayParts parts = delayParts(delay(core.firstSynapse + row.firstSynapse + s), native);
        ++counts[parts.stage];
        shape.longestDelay = std::max(shape.longestDelay, parts.rest);
      }
      for (uint32_t stage = 0; stage < counts.size(); ++stage) {
        if (!counts[stage])
          continue;
        CoreShape::Block &block =
            shape.blocks[{blocks.sender(axon.population, axon.neuron, stage).first, blocks.block(axon.population, axon.neuron)}];
        const bool before = stage ? seen >> (stage - 1) & 1 : self;
        block.sources += !before;
        (stage ? seen |= uint64_t(1) << (stage - 1) : self = true);
        RowCount &count = block.projections[row.projection];
        ++count.rows;
        count.plastic = plastic[row.projection];
        count.longest = std::max(count.longest, count.plastic ? rowWords(0, counts[stage]) : rowWords(counts[stage], 0));
      }
    }
  }

private:
  uint32_t delay(uint64_t at) const {
    return core.synapseKind == static_cast<uint32_t>(SynapseKind::Packed32) ? unpackSynapse(image.synapses32[at]).delay
                                                                            : unpackSynapse(image.synapses64[at]).delay;
  }
  const Image &image;
  const CoreRecord &core;
  const SourceBlocks &blocks;
  CoreShape &shape;
  const uint32_t native;
  const std::vector<bool> plastic;
  std::vector<uint64_t> counts;
};
} // namespace

std::vector<CoreShape> image::shapesOf(const Image &image, const SourceBlocks &blocks) {
  std::vector<CoreShape> shapes(image.cores.size());
  for (size_t c = 0; c < shapes.size(); ++c) {
    const CoreRecord &core = image.cores[c];
    CoreShape &shape = shapes[c];
    const CoreRecord &target = targetCore(image, core);
    shape.neurons = target.neuronCount;
    shape.feeds = core.feeds != 0;
    if (shape.feeds)
      shapes[core.feeds - 1].receives = false;
    for (const SliceRecord &slice : image.slices.subspan(target.firstSlice, target.sliceCount))
      shape.types = std::max(shape.types, static_cast<uint32_t>(image.meta.programs[slice.program].inputs.size()));
    for (const SliceRecord &slice : image.slices.subspan(core.firstSlice, core.sliceCount)) {
      const isa::Program &program = image.meta.programs[slice.program];
      shape.neuronWords += uint64_t(slice.count) * (program.states.size() + program.params.size());
      shape.inputWords += uint64_t(slice.count) * program.inputs.size();
      for (const LearningMeta &learning : image.meta.learning)
        if (learning.changesWeights() && image.meta.projections[learning.projection].target == slice.population) {
          shape.plasticNeurons += slice.count;
          break;
        }
      for (const LearningMeta &learning : image.meta.learning)
        for (const RewiringMeta &rewiring : learning.rewiring)
          if (image.meta.projections[learning.projection].target == slice.population)
            shape.places += uint64_t(slice.count) * rewiring.most;
    }
    RowCounter counter(image, core, blocks, shape);
    for (const InAxonRecord &axon : image.inAxons.subspan(core.firstInAxon, core.inAxonCount))
      counter.take(axon);
  }
  return shapes;
}

namespace {
class Planner {
public:
  Planner(const CoreShape &shape, const SourceBlocks &blocks, const Keys &keys, const hw::Memories &memories)
      : shape(shape), blocks(blocks), keys(keys), memories(memories) {}

  CorePlan run() {
    plan.fields = SynapseFields::of(shape.neurons, shape.types, shape.longestDelay);
    for (auto at = shape.blocks.begin(); at != shape.blocks.end();) {
      const uint32_t population = at->first.first;
      auto end = at;
      uint32_t count = 0;
      for (; end != shape.blocks.end() && end->first.first == population; ++end)
        ++count;
      if (oneEntry(population, count))
        addEntry(at, end, count);
      else
        for (auto each = at; each != end; ++each)
          addEntry(each, std::next(each), 1);
      at = end;
    }
    std::stable_sort(plan.entries.begin(), plan.entries.end(), [&](const EntryPlan &a, const EntryPlan &b) {
      return keys.key(a.population, a.block, 0) < keys.key(b.population, b.block, 0);
    });
    for (EntryPlan &entry : plan.entries)
      layOut(entry);
    return std::move(plan);
  }

private:
  using Place = std::map<std::pair<uint32_t, uint32_t>, CoreShape::Block>::const_iterator;

  /// One entry for all blocks of a population, where each has synapses here and the fields of an ExtraInfo are wide enough.
  bool oneEntry(uint32_t population, uint32_t count) const {
    const std::vector<uint32_t> &sizes = blocks.sizes(population);
    return count > 1 && count == sizes.size() && blocks.uniform(population) && keys.zones[population].blockBits <= 10 &&
           filterWords(sizes[0]) < 64 && sizes[0] < 2048;
  }

  void addEntry(Place first, Place last, uint32_t count) {
    EntryPlan entry;
    entry.population = first->first.first;
    entry.block = first->first.second;
    entry.blocks = count;
    const std::vector<uint32_t> &sizes = blocks.sizes(entry.population);
    entry.atoms = sizes[entry.block];
    uint64_t sources = 0, atoms = 0;
    std::map<uint32_t, RowCount> matrices;
    for (Place at = first; at != last; ++at) {
      sources += at->second.sources;
      atoms += sizes[at->first.second];
      for (const auto &[projection, count] : at->second.projections) {
        RowCount &sum = matrices[projection];
        sum.longest = std::max(sum.longest, count.longest);
        sum.rows += count.rows;
        sum.plastic |= count.plastic;
      }
    }
    entry.rows = atoms;
    entry.filterWords = count * filterWords(entry.atoms);
    entry.everySource = sources == atoms;
    for (const auto &[projection, rows] : matrices) {
      const bool single = count == 1 && rows.longest == 1 && !rows.plastic && rows.rows == atoms;
      entry.matrices.push_back({projection, rows.longest, single, 0});
    }
    plan.entries.push_back(std::move(entry));
  }

  /// Single rows stay in the core's own memory, in the order of keys, while there is room.
  void layOut(EntryPlan &entry) {
    plan.addressWords += entry.matrices.size() + (entry.blocks > 1);
    for (EntryPlan::Matrix &matrix : entry.matrices) {
      if (matrix.direct && plan.directBytes + 4 * entry.rows <= memories.directBytes) {
        matrix.address = plan.directBytes;
        plan.directBytes += 4 * entry.rows;
        continue;
      }
      matrix.direct = false;
      matrix.address = (plan.rowBytes + 15) / 16 * 16;
      plan.rowBytes = matrix.address + entry.rows * (rowHeaderWords + matrix.words) * 4;
      plan.longestRow = std::max(plan.longestRow, matrix.words);
    }
  }

  const CoreShape &shape;
  const SourceBlocks &blocks;
  const Keys &keys;
  const hw::Memories &memories;
  CorePlan plan;
};
} // namespace

CorePlan image::planCore(const CoreShape &shape, const SourceBlocks &blocks, const Keys &keys, const hw::Memories &memories) {
  return Planner(shape, blocks, keys, memories).run();
}

//===--- Bytes ------------------------------------------------------------===//

static uint64_t sum(const std::vector<MemoryPart> &parts) {
  return std::accumulate(parts.begin(), parts.end(), uint64_t(0),
                         [](uint64_t all, const MemoryPart &part) { return all + part.bytes; });
}
uint64_t MemoryUse::dtcmBytes() const { return sum(dtcm); }
uint64_t MemoryUse::sdramBytes() const { return sum(sdram); }
bool MemoryUse::operator==(const MemoryUse &other) const {
  const auto same = [](const std::vector<MemoryPart> &a, const std::vector<MemoryPart> &b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](const MemoryPart &x, const MemoryPart &y) { return std::string(x.name) == y.name && x.bytes == y.bytes; });
  };
  return longestRow == other.longestRow && fieldBits == other.fieldBits && same(dtcm, other.dtcm) && same(sdram, other.sdram);
}

uint64_t image::handedBytes(const CoreShape &shape) { return 2 * SynapseFields::of(shape.neurons, shape.types, 1).sums(); }

namespace {
/// What differs between a plan and the bytes made by it.
struct Sizes {
  unsigned fieldBits;
  uint64_t sums, tableBytes, filterBytes, filterRegion, directBytes, rowBytes, neuronBytes;
};
} // namespace

/// Of the table of a target's places: a source's population, core and neuron on the machine; an estimate.
constexpr uint64_t placeBytes = 4;

static MemoryUse partsOf(const Sizes &sizes, const CoreShape &shape, uint32_t longestRow, const hw::Memories &memories) {
  MemoryUse use;
  use.longestRow = longestRow;
  use.fieldBits = sizes.fieldBits;
  use.dtcm = {{"ring buffers", 2 * sizes.sums},
              {"neurons", memories.neuronWordBytes * (shape.neuronWords + shape.inputWords)},
              {"population table", sizes.tableBytes},
              {"filters", sizes.filterBytes},
              {"direct rows", sizes.directBytes},
              {"packets", shape.receives ? uint64_t(4) * memories.spikeBuffer : 0},
              {"row buffers", shape.receives ? uint64_t(4) * memories.rowBuffers * (memories.rowWords + rowHeaderWords) : 0},
              {"spike history", shape.plasticNeurons * memories.historyBytes},
              {"code", memories.dtcmCodeBytes}};
  use.sdram = {{"neurons", sizes.neuronBytes},
               {"population table", 8 + sizes.tableBytes},
               {"rows", sizes.rowBytes},
               {"direct rows", sizes.directBytes},
               {"filters", sizes.filterRegion},
               {"region table", regionTableBytes},
               {"allocation", memories.allocationBytes}};
  if (shape.places)
    use.sdram.push_back({"places", placeBytes * shape.places});
  if (shape.feeds) {
    use.sdram.push_back({"sums", handedBytes(shape)});
    use.sdram.push_back({"allocation of sums", memories.allocationBytes});
  }
  return use;
}

MemoryUse image::useOf(const CoreShape &shape, const CorePlan &plan, const hw::Memories &memories) {
  Sizes sizes{.fieldBits = plan.fields.bits(),
              .sums = plan.fields.sums(),
              .tableBytes = 12 * plan.entries.size() + 4 * plan.addressWords,
              .filterBytes = 4 * plan.entries.size(),
              .filterRegion = 4 + 16 * plan.entries.size(),
              .directBytes = plan.directBytes,
              .rowBytes = plan.rowBytes,
              .neuronBytes = 4 * shape.neuronWords};
  for (const EntryPlan &entry : plan.entries) {
    sizes.filterBytes += entry.everySource ? 0 : uint64_t(4) * entry.filterWords;
    sizes.filterRegion += uint64_t(4) * entry.filterWords;
  }
  return partsOf(sizes, shape, plan.longestRow, memories);
}

MemoryUse image::measuredUse(const CoreTables &tables, const CoreShape &shape, const hw::Memories &memories) {
  const auto bytes = [&](TableRegion region) { return uint64_t(4) * tables.regions[region].size(); };
  const std::vector<uint32_t> &table = tables.regions[PopulationRegion], &filters = tables.regions[FilterRegion];
  Sizes sizes{.fieldBits = tables.fields.bits(),
              .sums = tables.fields.sums(),
              .tableBytes = bytes(PopulationRegion) - 8,
              .filterBytes = 4 * filters[0],
              .filterRegion = bytes(FilterRegion),
              .directBytes = bytes(DirectRegion),
              .rowBytes = bytes(RowRegion),
              .neuronBytes = bytes(NeuronRegion)};
  for (uint32_t n = 0; n < filters[0]; ++n) {
    const uint32_t from = filters[4 + 4 * n],
                   to = n + 1 < filters[0] ? filters[8 + 4 * n] : static_cast<uint32_t>(4 * filters.size());
    sizes.filterBytes += filters[2 + 4 * n] & 2 ? 0 : to - from;
  }
  uint32_t longest = 0;
  for (uint32_t e = 0; e < table[0]; ++e) {
    const uint32_t word = table[4 + 3 * e], start = word & 0x7FFF, extra = word >> 15 & 1;
    for (uint32_t k = 0; k < word >> 16; ++k)
      if (const uint32_t address = table[2 + 3 * table[0] + start + extra + k]; !(address >> 31))
        longest = std::max(longest, (address & 0xFF) + 1);
  }
  return partsOf(sizes, shape, longest, memories);
}
