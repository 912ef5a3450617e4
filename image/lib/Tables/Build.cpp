//===- Build.cpp - The bytes of a core's tables ---------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/Image/PopulationTables.h"
#include <algorithm>
#include <numeric>

using namespace ranvier;
using namespace ranvier::image;

namespace {

class Builder {
public:
  Builder(const Image &image, uint32_t number, const SourceBlocks &blocks, const Keys &keys, const CorePlan &plan)
      : image(image), core(image.cores[number]), number(number), blocks(blocks), keys(keys), plan(plan) {}
  Result<CoreTables> run();

private:
  Error beyond(const std::string &what, uint64_t most, uint64_t found) const;
  Result<void> checkFields() const;
  void makeNeurons();
  void makeTable();
  void makeFilters();
  Result<void> makeRows();
  Result<void> fillRow(const RowRecord &row, const InAxonRecord &axon, uint32_t stage);
  RowSynapse synapse(uint64_t at) const;
  Result<void> readRules();
  uint32_t traces(uint32_t projection) const;

  const Image &image;
  const CoreRecord &core;
  const uint32_t number;
  const SourceBlocks &blocks;
  const Keys &keys;
  const CorePlan &plan;
  CoreTables tables;
  std::vector<std::pair<uint32_t, uint32_t>> targetOf;     ///< [accumulator] index and type.
  std::map<std::pair<uint32_t, uint32_t>, size_t> entryOf; ///< By population (or extension) and block.
  std::vector<RowSynapse> buffer;
  std::vector<const LearningMeta *> rules; ///< [projection], null: fixed.
};

} // namespace

Error Builder::beyond(const std::string &what, uint64_t most, uint64_t found) const {
  return Error{.code = 3032,
               .message = "the tables of a core do not fit their format: " + what,
               .place = "core " + std::to_string(number) + " (chip " + std::to_string(core.chip) + ", core " +
                        std::to_string(core.core) + ")",
               .expected = "at most " + std::to_string(most),
               .found = std::to_string(found),
               .hint = "give the core fewer neurons or sources",
               .kind = ErrorKind::DoesNotFit};
}

Result<void> Builder::checkFields() const {
  if (plan.fields.bits() > mostFieldBits)
    return beyond("bits of index, receptor and delay", mostFieldBits, plan.fields.bits());
  if (plan.addressWords > 0x7FFF)
    return beyond("words of the address list", 0x7FFF, plan.addressWords);
  if (const uint64_t most = ((1u << 23) - 2) * uint64_t(16); plan.rowBytes > most)
    return beyond("bytes of rows", most, plan.rowBytes);
  if (plan.longestRow > 256)
    return beyond("words of a row", 256, plan.longestRow);
  return {};
}

/// Neuron by neuron, slices in their order: states, then parameters.
void Builder::makeNeurons() {
  std::vector<uint32_t> &words = tables.regions[NeuronRegion];
  for (const SliceRecord &slice : image.slices.subspan(core.firstSlice, core.sliceCount)) {
    const isa::Program &program = image.meta.programs[slice.program];
    for (uint32_t n = 0; n < slice.count; ++n) {
      for (size_t s = 0; s < program.states.size(); ++s)
        words.push_back(static_cast<uint32_t>(image.stateWords[slice.firstState + s * slice.count + n]));
      for (size_t p = 0; p < program.params.size(); ++p) {
        const ParamRecord &param = image.params[slice.firstParam + p];
        words.push_back(static_cast<uint32_t>(image.paramWords[param.offset + (param.uniform ? 0 : n)]));
      }
    }
  }
  const CoreRecord &target = targetCore(image, core);
  for (const SliceRecord &slice : image.slices.subspan(target.firstSlice, target.sliceCount)) {
    const isa::Program &program = image.meta.programs[slice.program];
    for (size_t r = 0; r < program.inputs.size(); ++r)
      for (uint32_t n = 0; n < slice.count; ++n)
        targetOf[slice.accumulatorBase + r * slice.count + n] = {slice.neuronBase + n, static_cast<uint32_t>(r)};
  }
}

void Builder::makeTable() {
  std::vector<uint32_t> &words = tables.regions[PopulationRegion], list;
  words = {static_cast<uint32_t>(plan.entries.size()), static_cast<uint32_t>(plan.addressWords)};
  for (const EntryPlan &entry : plan.entries) {
    const bool extra = entry.blocks > 1;
    const auto packed = packEntry({.key = keys.key(entry.population, entry.block, 0),
                                   .mask = extra ? keys.mask(entry.population) : keys.blockMask(entry.population),
                                   .start = static_cast<uint32_t>(list.size()),
                                   .extra = extra,
                                   .count = static_cast<uint32_t>(entry.matrices.size())});
    words.insert(words.end(), packed.begin(), packed.end());
    if (extra)
      list.push_back(packExtra({.coreMask = (1u << keys.zones[entry.population].blockBits) - 1,
                                .filterWords = entry.filterWords / entry.blocks,
                                .shift = keys.zones[entry.population].atomBits,
                                .neurons = entry.atoms}));
    for (const EntryPlan::Matrix &matrix : entry.matrices)
      list.push_back(packAddress({matrix.words, matrix.address, matrix.direct}));
  }
  words.insert(words.end(), list.begin(), list.end());
}

/// Number of filters; of each: key, flags and rows, shift and size of a block, offset of its bits [B]; then the bits.
void Builder::makeFilters() {
  std::vector<uint32_t> &words = tables.regions[FilterRegion];
  words = {static_cast<uint32_t>(plan.entries.size())};
  uint32_t offset = static_cast<uint32_t>(4 + 16 * plan.entries.size());
  for (const EntryPlan &entry : plan.entries) {
    const bool extra = entry.blocks > 1;
    words.insert(words.end(), {keys.key(entry.population, entry.block, 0),
                               uint32_t(entry.everySource) << 1 | static_cast<uint32_t>(entry.rows) << 2,
                               extra ? keys.zones[entry.population].atomBits | entry.atoms << 5 : 0, offset});
    offset += 4 * entry.filterWords;
  }
  words.resize(offset / 4, 0);
}

RowSynapse Builder::synapse(uint64_t at) const {
  const bool packed = core.synapseKind == static_cast<uint32_t>(SynapseKind::Packed32);
  const Synapse from =
      packed ? unpackSynapse(image.synapses32[core.firstSynapse + at]) : unpackSynapse(image.synapses64[core.firstSynapse + at]);
  const auto [index, type] = targetOf[from.accumulator];
  return {.index = index, .type = type, .delay = from.delay, .weight = from.weight};
}

/// What a source remembers of itself before its first spike.
uint32_t Builder::traces(uint32_t projection) const {
  uint32_t word = 0;
  if (const LearningMeta *rule = rules[projection])
    for (size_t k = 0; k < rule->init[1].size(); ++k)
      word |= (static_cast<uint32_t>(rule->init[1][k]) & 0xFFFF) << 16 * k;
  return word;
}

/// Plastic regions have room for two traces of a source and a weight of each synapse.
Result<void> Builder::readRules() {
  rules.assign(image.meta.projections.size(), nullptr);
  for (const LearningMeta &rule : image.meta.learning) {
    if (!rule.rewiring.empty())
      return Error{.code = 3030,
                   .message = "rows of synapses that come and go have no format",
                   .place = "projection '" + image.meta.projections[rule.projection].name + "'",
                   .expected = "a network without snn.rewiring",
                   .found = "a rewiring",
                   .kind = ErrorKind::Unsupported};
    rules[rule.projection] = &rule;
    if (!rule.init[0].empty() || rule.init[1].size() > 2)
      return Error{.code = 3030,
                   .message = "a rule whose rows have no format",
                   .place = "projection '" + image.meta.projections[rule.projection].name + "'",
                   .expected = "at most 2 traces of a source, and nothing but its weight for a synapse",
                   .found = std::to_string(rule.init[1].size()) + " traces and " + std::to_string(rule.init[0].size()) +
                            " more words of a synapse",
                   .kind = ErrorKind::Unsupported};
  }
  return {};
}

/// The synapses of a row that act at a stage, sorted by delay as they are: they stand together.
Result<void> Builder::fillRow(const RowRecord &row, const InAxonRecord &axon, uint32_t stage) {
  const auto [population, atom] = blocks.sender(axon.population, axon.neuron, stage);
  const uint32_t block = blocks.block(axon.population, axon.neuron);
  buffer.clear();
  for (uint64_t s = 0; s < row.count; ++s) {
    RowSynapse one = synapse(row.firstSynapse + s);
    const DelayParts parts = delayParts(one.delay, image.chip.memories->nativeSteps);
    if (parts.stage != stage)
      continue;
    one.delay = parts.rest;
    one.plastic = rules[row.projection] != nullptr;
    buffer.push_back(one);
    if (one.weight >> 16)
      return Error{.code = 3030,
                   .message = "a weight that is no word of a row",
                   .place = "projection '" + image.meta.projections[row.projection].name + "'",
                   .expected = "0..65535",
                   .found = std::to_string(static_cast<int32_t>(one.weight))};
  }
  if (buffer.empty())
    return {};
  const size_t e = entryOf.at({population, block});
  const EntryPlan &entry = plan.entries[e];
  const uint32_t among = block - entry.block, perBlock = entry.filterWords / entry.blocks;
  std::vector<uint32_t> &filters = tables.regions[FilterRegion];
  filters[filters[4 + 4 * e] / 4 + among * perBlock + atom / 32] |= 1u << atom % 32;
  const uint64_t number = uint64_t(among) * entry.atoms + atom;
  const auto matrix = std::find_if(entry.matrices.begin(), entry.matrices.end(),
                                   [&](const EntryPlan::Matrix &one) { return one.projection == row.projection; });
  if (matrix->direct) {
    tables.regions[DirectRegion][matrix->address / 4 + number] = packSynapse(plan.fields, buffer[0]);
    return {};
  }
  const std::vector<uint32_t> words = encodeRow(plan.fields, buffer, matrix->words, traces(row.projection));
  std::copy(words.begin(), words.end(),
            tables.regions[RowRegion].begin() + static_cast<ptrdiff_t>(matrix->address / 4 + number * words.size()));
  return {};
}

Result<void> Builder::makeRows() {
  for (size_t e = 0; e < plan.entries.size(); ++e)
    for (uint32_t k = 0; k < plan.entries[e].blocks; ++k)
      entryOf[{plan.entries[e].population, plan.entries[e].block + k}] = e;
  tables.regions[RowRegion].assign(plan.rowBytes / 4, 0);
  tables.regions[DirectRegion].assign(plan.directBytes / 4, 0);
  for (const InAxonRecord &axon : image.inAxons.subspan(core.firstInAxon, core.inAxonCount))
    for (const RowRecord &row : image.rows.subspan(core.firstRow + axon.firstRow, axon.rowCount))
      for (uint32_t stage = 0; stage <= blocks.stages(axon.population); ++stage)
        RANVIER_CHECK(fillRow(row, axon, stage));
  return {};
}

Result<CoreTables> Builder::run() {
  RANVIER_CHECK(needsMemories(image.chip));
  RANVIER_CHECK(checkFields());
  RANVIER_CHECK(readRules());
  tables.fields = plan.fields;
  targetOf.resize(core.accumulatorCount);
  makeNeurons();
  makeTable();
  makeFilters();
  RANVIER_CHECK(makeRows());
  return std::move(tables);
}

Result<void> image::needsMemories(const hw::Chip &chip) {
  if (!chip.memories)
    return Error{.code = 3030,
                 .message = "chip '" + chip.name + "' is not described as one whose cores have population tables",
                 .place = "chip",
                 .expected = "a section 'memories'",
                 .found = "none",
                 .kind = ErrorKind::Unsupported};
  return {};
}

Result<CoreTables> image::buildTables(const Image &image, uint32_t core, const SourceBlocks &blocks, const Keys &keys,
                                      const CorePlan &plan) {
  return Builder(image, core, blocks, keys, plan).run();
}

std::vector<uint8_t> image::blockBytes(const CoreTables &tables, uint32_t address) {
  std::vector<uint32_t> words{0xAD130AD6u, 0x00010000u};
  words.resize(regionTableBytes / 4, 0);
  for (size_t region = 0; region < tables.regions.size(); ++region) {
    const std::vector<uint32_t> &from = tables.regions[region];
    if (from.empty())
      continue;
    words[2 + 3 * region] = address + static_cast<uint32_t>(4 * words.size());
    words[3 + 3 * region] = std::accumulate(from.begin(), from.end(), 0u);
    words[4 + 3 * region] = static_cast<uint32_t>(from.size());
    words.insert(words.end(), from.begin(), from.end());
  }
  std::vector<uint8_t> bytes;
  bytes.reserve(4 * words.size());
  for (const uint32_t word : words)
    for (unsigned shift = 0; shift < 32; shift += 8)
      bytes.push_back(static_cast<uint8_t>(word >> shift));
  return bytes;
}
