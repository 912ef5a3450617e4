//===- Keys.cpp - Who sends together, and by which keys -------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/Image/PopulationTables.h"
#include <algorithm>
#include <bit>
#include <numeric>

using namespace ranvier;
using namespace ranvier::image;

SourceBlocks::SourceBlocks(const std::vector<Source> &populations, std::span<const Slice> slices, uint32_t inputBlock)
    : original(static_cast<uint32_t>(populations.size())), sizeOf(populations.size()), coreOf(populations.size()),
      places(populations.size()) {
  for (size_t p = 0; p < populations.size(); ++p)
    places[p].resize(populations[p].count);
  for (const Slice &slice : slices) {
    std::vector<uint32_t> &sizes = sizeOf[slice.population], &cores = coreOf[slice.population];
    if (cores.empty() || cores.back() != slice.core) {
      cores.push_back(slice.core);
      sizes.push_back(0);
    }
    for (uint32_t n = slice.first; n < slice.first + slice.count; ++n)
      places[slice.population][n] = {static_cast<uint32_t>(sizes.size() - 1), sizes.back()++};
  }
  for (size_t p = 0; p < populations.size(); ++p)
    for (uint64_t n = 0; populations[p].input && n < populations[p].count; ++n) {
      if (n % inputBlock == 0) {
        coreOf[p].push_back(none);
        sizeOf[p].push_back(0);
      }
      places[p][n] = {static_cast<uint32_t>(n / inputBlock), sizeOf[p].back()++};
    }
}

static std::vector<SourceBlocks::Source> sourcesOf(const Meta &meta) {
  std::vector<SourceBlocks::Source> sources;
  for (const PopulationMeta &population : meta.populations)
    sources.push_back({population.count, population.input});
  return sources;
}
static std::vector<SourceBlocks::Slice> slicesOf(const Image &image) {
  std::vector<SourceBlocks::Slice> slices;
  for (uint32_t c = 0; c < image.cores.size(); ++c)
    for (const SliceRecord &slice : image.slices.subspan(image.cores[c].firstSlice, image.cores[c].sliceCount))
      slices.push_back({c, slice.population, slice.first, slice.count});
  return slices;
}
SourceBlocks::SourceBlocks(const Image &image)
    : SourceBlocks(sourcesOf(image.meta), slicesOf(image), std::max(1u, image.chip.core.neurons)) {
  extend(delayStages(image), standInputs(sendersOf(image), static_cast<uint32_t>(image.cores.size())));
}

uint32_t SourceBlocks::standInputs(const std::vector<bool> &sends, uint32_t firstCore) {
  for (uint32_t p = 0; p < original; ++p)
    for (uint32_t &core : coreOf[p])
      if (core == none && sends[p])
        core = firstCore++;
  return firstCore;
}

void SourceBlocks::extend(const std::vector<uint32_t> &stages, uint32_t firstCore) {
  if (std::all_of(stages.begin(), stages.end(), [](uint32_t count) { return count == 0; }))
    return;
  stageCount = stages;
  sizeOf.resize(2 * original);
  coreOf.resize(2 * original);
  for (uint32_t p = 0; p < original; ++p)
    for (const uint32_t size : stages[p] ? sizeOf[p] : std::vector<uint32_t>{}) {
      sizeOf[original + p].push_back(stages[p] * size);
      coreOf[original + p].push_back(firstCore++);
    }
}

/// Calls visit(population, synapse) for all of an image.
template <typename Visit> static void visitSynapses(const Image &image, Visit &&visit) {
  for (const CoreRecord &core : image.cores)
    for (const InAxonRecord &axon : image.inAxons.subspan(core.firstInAxon, core.inAxonCount))
      for (const RowRecord &row : image.rows.subspan(core.firstRow + axon.firstRow, axon.rowCount))
        for (uint64_t s = core.firstSynapse + row.firstSynapse, end = s + row.count; s < end; ++s)
          visit(axon.population, core.synapseKind == static_cast<uint32_t>(SynapseKind::Packed32)
                                     ? unpackSynapse(image.synapses32[s])
                                     : unpackSynapse(image.synapses64[s]));
}

std::vector<uint32_t> image::delayStages(const Image &image) {
  std::vector<uint32_t> stages(image.meta.populations.size(), 0);
  const uint32_t native = image.chip.memories ? image.chip.memories->nativeSteps : 0xFFFF;
  if (std::any_of(image.cores.begin(), image.cores.end(), [&](const CoreRecord &core) { return core.delaySlots > native + 1; }))
    visitSynapses(image, [&](uint32_t population, const Synapse &synapse) {
      stages[population] = std::max(stages[population], delayParts(std::max(1u, synapse.delay), native).stage);
    });
  return stages;
}

bool SourceBlocks::uniform(uint32_t population) const {
  const std::vector<uint32_t> &sizes = sizeOf[population];
  return !sizes.empty() && std::all_of(sizes.begin(), sizes.end() - 1, [&](uint32_t size) { return size == sizes[0]; }) &&
         sizes.back() <= sizes[0];
}

static unsigned bitsFor(uint64_t values) { return static_cast<unsigned>(std::bit_width(std::max<uint64_t>(1, values) - 1)); }

Result<Keys> image::assignKeys(const SourceBlocks &blocks, const std::vector<bool> &sends) {
  Keys keys;
  keys.zones.resize(blocks.populations());
  unsigned blockBits = 0, atomBits = 0;
  std::vector<uint32_t> order;
  for (uint32_t p = 0; p < blocks.populations(); ++p) {
    if (p < blocks.originals() ? !sends[p] : blocks.sizes(p).empty())
      continue;
    Keys::Zone &zone = keys.zones[p];
    zone.used = true;
    zone.blockBits = bitsFor(blocks.sizes(p).size());
    zone.atomBits = bitsFor(*std::max_element(blocks.sizes(p).begin(), blocks.sizes(p).end()));
    blockBits = std::max(blockBits, zone.blockBits);
    atomBits = std::max(atomBits, zone.atomBits);
    order.push_back(p);
  }
  if (bitsFor(order.size()) + blockBits + atomBits <= 32)
    for (const uint32_t p : order)
      keys.zones[p].blockBits = blockBits, keys.zones[p].atomBits = atomBits;
  else
    std::stable_sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
      const Keys::Zone &x = keys.zones[a], &y = keys.zones[b];
      return x.blockBits + x.atomBits > y.blockBits + y.atomBits;
    });
  uint64_t next = 0;
  for (const uint32_t p : order) {
    Keys::Zone &zone = keys.zones[p];
    const uint64_t size = uint64_t(1) << (zone.blockBits + zone.atomBits);
    if (next + size > uint64_t(1) << 32)
      return Error{.code = 3031,
                   .message = "the keys of all populations do not fit 32 bits",
                   .place = "population " + std::to_string(p),
                   .expected = "at most 2^32 keys",
                   .found = std::to_string(next + size) + " for it and those that are no smaller",
                   .hint = "use fewer or smaller populations",
                   .kind = ErrorKind::DoesNotFit};
    zone.base = static_cast<uint32_t>(next);
    next += size;
  }
  return keys;
}

std::vector<bool> image::sendersOf(const Image &image) {
  std::vector<bool> sends(image.meta.populations.size(), false);
  for (const InAxonRecord &axon : image.inAxons)
    sends[axon.population] = true;
  return sends;
}
