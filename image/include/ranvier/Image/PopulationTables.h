//===- PopulationTables.h - Rows, and the table that finds them -*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a core of a chip with `memories` is loaded with, byte for byte: a table that finds the synaptic rows of a packet's key, the
// rows, filters of sources without a row; and how many bytes of which memory all of it takes. docs/spec/population-tables.md is
// normative. Keys and formats are here; the tables of routers, which need the compressor, are in Mapping/MachineTables.h.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_IMAGE_POPULATIONTABLES_H
#define RANVIER_IMAGE_POPULATIONTABLES_H

#include "ranvier/HwModels/Chip.h"
#include "ranvier/Image/Image.h"
#include "ranvier/Support/Error.h"
#include <array>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace ranvier::image {

//===--- Words ------------------------------------------------------------===//

/// Fields of a core's synapse words, from bit 0: index, type, delay; the weight is bits 16 to 31.
struct SynapseFields {
  unsigned indexBits = 0, typeBits = 0, delayBits = 0;
  /// The narrowest that hold so many neurons, receptors a neuron and a delay [steps] of at least 1.
  static SynapseFields of(uint32_t neurons, uint32_t types, uint32_t longestDelay);
  unsigned bits() const { return indexBits + typeBits + delayBits; }
  /// Sums of the ring buffers.
  uint64_t sums() const { return uint64_t(1) << bits(); }
  bool operator==(const SynapseFields &) const = default;
};
/// Most bits of the fields below the weight.
constexpr unsigned mostFieldBits = 16;

/// A synapse of a row.
struct RowSynapse {
  uint32_t index = 0;  ///< Neuron on the core.
  uint32_t type = 0;   ///< Receptor.
  uint32_t delay = 1;  ///< [steps], 1 to 2^delayBits; the largest is stored as 0.
  uint32_t weight = 0; ///< Below 2^16.
  bool plastic = false;
  auto operator<=>(const RowSynapse &) const = default;
};
uint32_t packSynapse(const SynapseFields &fields, const RowSynapse &synapse);

/// Words before and between the parts of a row: plastic size, number of fixed synapses, number of plastic controls.
constexpr uint32_t rowHeaderWords = 3;
/// A plastic region starts with the history of its source: time of its last spike, then two traces of 16 bits, 0 where a rule has
/// fewer.
constexpr uint32_t plasticHistoryWords = 2;
/// Words of a row without its header.
uint32_t rowWords(uint64_t fixed, uint64_t plastic);
/// Header, plastic region, fixed words, controls, in the order given; filled with words of 0 to `words` (and the header). `traces`:
/// of the source, two of 16 bits, before its first spike.
std::vector<uint32_t> encodeRow(const SynapseFields &fields, std::span<const RowSynapse> synapses, uint32_t words,
                                uint32_t traces = 0);

/// An entry of the population table, three words.
struct TableEntry {
  uint32_t key = 0, mask = 0;
  uint32_t start = 0; ///< Below 2^15: of its words in the address list.
  bool extra = false; ///< The first of them is an ExtraInfo, and `count` does not count it.
  uint32_t count = 0; ///< Below 2^16: rows that a packet has here, at most.
  bool operator==(const TableEntry &) const = default;
};
/// Where a block of rows starts, and how long each is.
struct AddressWord {
  uint32_t words = 1;   ///< 1 to 256, of a row without its header. 1 for single ones.
  uint64_t address = 0; ///< [B] From the start of the rows, a multiple of 16; of single ones from the start of the direct words.
  bool single = false;
  bool operator==(const AddressWord &) const = default;
};
/// Of an entry for several blocks of keys: how a key gives the number of a row.
struct ExtraInfo {
  uint32_t coreMask = 0;    ///< Below 2^10.
  uint32_t filterWords = 0; ///< Below 2^6: of the filter of one block.
  uint32_t shift = 0;       ///< Below 2^5: bits of a key below the number of its block.
  uint32_t neurons = 0;     ///< Below 2^11: rows of a block.
  bool operator==(const ExtraInfo &) const = default;
};
constexpr uint32_t invalidAddress = 0xFFFFFFFFu;
std::array<uint32_t, 3> packEntry(const TableEntry &entry);
uint32_t packAddress(const AddressWord &address);
uint32_t packExtra(const ExtraInfo &extra);

//===--- Keys -------------------------------------------------------------===//

/// The neurons of a population that send together: those on one core, or up to core.neurons of an input. A neuron's place among
/// them is its atom.
class SourceBlocks {
public:
  struct Slice {
    uint32_t core = 0, population = 0, first = 0, count = 0;
  };
  struct Source {
    uint64_t count = 0;
    bool input = false;
  };
  /// Slices in the order of cores.
  SourceBlocks(const std::vector<Source> &populations, std::span<const Slice> slices, uint32_t inputBlock);
  /// With its extensions.
  explicit SourceBlocks(const Image &image);
  /// Gives each block of an input that sends [population] a core of its own, numbered from `firstCore`; returns the number after
  /// the last. Before extend().
  uint32_t standInputs(const std::vector<bool> &sends, uint32_t firstCore);
  /// Adds a population for each that has so many stages [population] of longer delays: the cores which send its spikes again, one a
  /// block, numbered from `firstCore`. Their atoms: those of the block once a stage.
  void extend(const std::vector<uint32_t> &stages, uint32_t firstCore);
  /// The extension of a population; only where it has stages.
  uint32_t extension(uint32_t population) const { return original + population; }
  /// 0: no delay is long.
  uint32_t stages(uint32_t population) const { return stageCount.empty() ? 0 : stageCount[population]; }
  /// Populations of the network, whose numbers come before those of extensions.
  uint32_t originals() const { return original; }
  /// Population and atom of what a source sends at a stage (0: itself).
  std::pair<uint32_t, uint32_t> sender(uint32_t population, uint64_t neuron, uint32_t stage) const {
    const Place place = places[population][neuron];
    return stage ? std::pair(extension(population), (stage - 1) * sizeOf[population][place.block] + place.atom)
                 : std::pair(population, place.atom);
  }
  /// [block] number of neurons.
  const std::vector<uint32_t> &sizes(uint32_t population) const { return sizeOf[population]; }
  /// [block] core that sends; none of inputs that send nothing.
  const std::vector<uint32_t> &cores(uint32_t population) const { return coreOf[population]; }
  uint32_t block(uint32_t population, uint64_t neuron) const { return places[population][neuron].block; }
  uint32_t atom(uint32_t population, uint64_t neuron) const { return places[population][neuron].atom; }
  uint32_t populations() const { return static_cast<uint32_t>(sizeOf.size()); }
  /// Whether all blocks but the last have as many neurons as the first, and the last no more.
  bool uniform(uint32_t population) const;

private:
  struct Place {
    uint32_t block = 0, atom = 0;
  };
  uint32_t original;
  std::vector<uint32_t> stageCount;
  std::vector<std::vector<uint32_t>> sizeOf, coreOf;
  std::vector<std::vector<Place>> places;
};

/// How a delay is made: so many stages by another core, then `rest` in the ring buffers.
struct DelayParts {
  uint32_t stage, rest;
};
constexpr DelayParts delayParts(uint32_t delay, uint32_t nativeSteps) {
  const uint32_t stage = (delay - 1) / nativeSteps;
  return {stage, delay - stage * nativeSteps};
}

/// Keys: population, block, atom, from the top. Populations that send nothing have none.
struct Keys {
  struct Zone {
    bool used = false;
    uint32_t base = 0;
    unsigned blockBits = 0, atomBits = 0;
  };
  std::vector<Zone> zones; ///< [population]
  uint32_t key(uint32_t population, uint32_t block, uint32_t atom) const {
    return zones[population].base | block << zones[population].atomBits | atom;
  }
  uint32_t blockMask(uint32_t population) const { return ~((1u << zones[population].atomBits) - 1); }
  uint32_t mask(uint32_t population) const {
    return ~static_cast<uint32_t>((uint64_t(1) << (zones[population].blockBits + zones[population].atomBits)) - 1);
  }
};
/// Fields of one width for all where they fit 32 bits, else each population's own, the widest first. `sends` [population], without
/// extensions, which all do. Errors:
/// RNV3031 (DoesNotFit: more than 32 bits).
Result<Keys> assignKeys(const SourceBlocks &blocks, const std::vector<bool> &sends);

//===--- What a core needs ------------------------------------------------===//

/// Rows of one projection and block on a core.
struct RowCount {
  uint32_t longest = 0; ///< Words without header.
  uint64_t rows = 0;    ///< That are not empty.
  bool plastic = false;
};
/// What decides the form of a core's tables; counted from an image, or before there is one.
struct CoreShape {
  struct Block {
    uint64_t sources = 0;                     ///< Atoms with a synapse on the core.
    std::map<uint32_t, RowCount> projections; ///< That have any from here.
  };
  uint32_t neurons = 0;
  uint32_t types = 1; ///< Receptors, the most that a neuron has.
  uint32_t longestDelay = 1;
  uint64_t neuronWords = 0;                              ///< States and parameters of all neurons.
  uint64_t inputWords = 0;                               ///< Receptors of all neurons.
  uint64_t plasticNeurons = 0;                           ///< That remember their spikes.
  uint64_t places = 0;                                   ///< For synapses that come and go.
  bool receives = true;                                  ///< false: synapse cores take in packets in its stead.
  bool feeds = false;                                    ///< A synapse core: hands over its sums by the tile's memory.
  std::map<std::pair<uint32_t, uint32_t>, Block> blocks; ///< By (population, block) of the source.
};
/// Whether the synapses of each projection are plastic. [projection]
std::vector<bool> plasticProjections(size_t projections, std::span<const LearningMeta> learning);
/// Of an image, [core].
std::vector<CoreShape> shapesOf(const Image &image, const SourceBlocks &blocks);

/// An entry of the population table with its rows, before it has bytes.
struct EntryPlan {
  uint32_t population = 0;
  uint32_t block = 0;       ///< The first.
  uint32_t blocks = 1;      ///< More than one: an entry with an ExtraInfo.
  uint32_t atoms = 0;       ///< Of the first block.
  uint64_t rows = 0;        ///< Of each matrix.
  uint32_t filterWords = 0; ///< Of all blocks.
  bool everySource = false; ///< No source lacks a row: the filter says nothing.
  struct Matrix {
    uint32_t projection = 0, words = 0;
    bool direct = false;
    uint64_t address = 0; ///< As AddressWord has it.
  };
  std::vector<Matrix> matrices; ///< By projection.
};
struct CorePlan {
  SynapseFields fields;
  std::vector<EntryPlan> entries; ///< By key.
  uint64_t rowBytes = 0, directBytes = 0;
  uint64_t addressWords = 0;
  uint32_t longestRow = 0;
};
CorePlan planCore(const CoreShape &shape, const SourceBlocks &blocks, const Keys &keys, const hw::Memories &memories);

/// One part of a memory [B].
struct MemoryPart {
  const char *name;
  uint64_t bytes;
};
/// What a core takes of its own data memory, and of the tile's.
struct MemoryUse {
  std::vector<MemoryPart> dtcm, sdram;
  uint32_t longestRow = 0; ///< Words without header.
  unsigned fieldBits = 0;  ///< Of index, receptor and delay in a synapse word.
  uint64_t dtcmBytes() const;
  uint64_t sdramBytes() const;
  bool operator==(const MemoryUse &other) const;
};
/// Bytes of the sums that a synapse core hands over in a step: one delay slot of its ring buffers, in the memory of the tile.
uint64_t handedBytes(const CoreShape &shape);
MemoryUse useOf(const CoreShape &shape, const CorePlan &plan, const hw::Memories &memories);

//===--- Bytes ------------------------------------------------------------===//

/// Regions of a core in the tile's memory, by their number in its region table.
enum TableRegion : unsigned { NeuronRegion, PopulationRegion, RowRegion, DirectRegion, FilterRegion, RegionCount };
/// Bytes of the region table: magic number, version, and 32 times address, checksum and words.
constexpr uint32_t regionTableBytes = 392;

struct CoreTables {
  SynapseFields fields;
  std::array<std::vector<uint32_t>, RegionCount> regions; ///< Words.
};
/// Stages of longer delays that each population needs [population].
std::vector<uint32_t> delayStages(const Image &image);
/// Errors: RNV3030 (Unsupported: a chip whose cores have no population tables).
Result<void> needsMemories(const hw::Chip &chip);
/// Tables of a core. Errors: RNV3030 (no chip with memories, weights that are no 16 bits, rules whose synapses or sources keep more
/// than a plastic region has room for), RNV3032 (DoesNotFit: beyond a field of
/// the formats).
Result<CoreTables> buildTables(const Image &image, uint32_t core, const SourceBlocks &blocks, const Keys &keys,
                               const CorePlan &plan);
/// Which populations have a synapse. [population]
std::vector<bool> sendersOf(const Image &image);
/// The core's block in the tile's memory: region table and regions, for a block that starts at this address.
std::vector<uint8_t> blockBytes(const CoreTables &tables, uint32_t address);
/// What the tables take, counted from their bytes.
MemoryUse measuredUse(const CoreTables &tables, const CoreShape &shape, const hw::Memories &memories);

//===--- Reading them back ------------------------------------------------===//

/// The fixed and plastic synapses of a row. Errors: RNV3033 (counts that do not fit its words).
Result<std::vector<RowSynapse>> decodeRow(const SynapseFields &fields, std::span<const uint32_t> row);
/// What a core does with a packet: nothing where the table has no entry or the filter stops it. `block`: bytes as blockBytes gives
/// them for that address. Shares no code with what wrote them. Errors: RNV3033 naming the offset of what is no such block.
Result<std::vector<RowSynapse>> synapsesOfPacket(std::span<const uint8_t> block, uint32_t address, const SynapseFields &fields,
                                                 uint32_t key);

} // namespace ranvier::image

#endif
