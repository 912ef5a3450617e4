//===- Image.h - The hardware image in memory -------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a chip would be loaded with, as flat tables: the compiler's emitter fills ImageData, write() makes a .rvi file of it, open()
// maps one and hands out the same tables as spans, used in place. docs/spec/image-format.md is normative.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_IMAGE_IMAGE_H
#define RANVIER_IMAGE_IMAGE_H

#include "ranvier/HwModels/Chip.h"
#include "ranvier/ISA/Program.h"
#include "ranvier/Image/Connector.h"
#include "ranvier/Image/Learning.h"
#include "ranvier/Support/Error.h"
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace ranvier::image {

constexpr uint32_t none = 0xFFFFFFFFu;

//===--- Records: little endian, no padding, the bytes of the file --------===//

enum class SynapseKind : uint32_t {
  Packed32 = 0, ///< u32: accumulator 0-15, delay 16-21 [steps], weight 22-31 (signed).
  Wide64 = 1    ///< u64: accumulator 0-15, delay 16-31 [steps], weight 32-63 (int32 or binary32 bits).
};

/// One core. Its tables are the ranges [first, first + count) of the global tables; index fields of those are relative to the core.
struct CoreRecord {
  uint32_t chip, core;  ///< Physical place.
  uint32_t level;       ///< Topological level within a step (0 unless edges of delay 0 exist); see docs/spec/time.md.
  uint32_t synapseKind; ///< SynapseKind
  uint32_t firstSlice, sliceCount;
  uint32_t neuronCount;      ///< Sum over slices.
  uint32_t accumulatorCount; ///< Sum over slices of inputs * neurons; at most 65536.
  uint32_t delaySlots;       ///< Largest delay of the core's synapses + 1.
  uint32_t inAxonCount;
  uint32_t sameStepAxonCount;          ///< The first this many in-axons hold delay-0 synapses only; all others none.
  uint32_t feeds;                      ///< 0, or of a synapse core 1 + the index of the core whose sums it adds up (see below).
  uint64_t firstNeuron;                ///< Global neuron number of its first neuron.
  uint64_t firstInAxon;                ///< Into inAxons.
  uint64_t firstRow, rowCount;         ///< Into rows.
  uint64_t firstSynapse, synapseCount; ///< In words of synapseKind: into synapses32 or synapses64.
};

/// Where cores of a tile share a memory, the synapses of a core with neurons may lie on synapse cores beside it: they have no
/// slice, take in the messages of some sources each, and add up sums for the accumulators of that core, which takes these over in
/// the step in which they act. Sums saturate upwards only, so that adding them up in parts gives the same.

/// Part of a population on a core: neurons [first, first + count) of the population.
struct SliceRecord {
  uint32_t population; ///< Index into meta populations.
  uint32_t first, count;
  uint32_t neuronBase;      ///< Core-local number of its first neuron.
  uint32_t accumulatorBase; ///< Core-local; receptor r of neuron n is accumulatorBase + r * count + n.
  uint32_t program;
  uint64_t firstState; ///< Into stateWords: numStates arrays of `count` initial words.
  uint64_t firstParam; ///< Into params: numParams records.
};
struct ParamRecord {
  uint64_t offset;  ///< Into paramWords.
  uint32_t uniform; ///< 1: one word for all neurons of the slice; 0: `count` words.
  uint32_t reserved;
};

/// What a message selects at its destination. In-axons of a core are ordered: same-step ones first, then by source population,
/// source neuron. This order is the order of addition.
struct InAxonRecord {
  uint32_t population, neuron; ///< Source: population (or input) index of meta, neuron within it.
  uint32_t firstRow, rowCount; ///< Relative to the core's firstRow; one row per projection.
};
/// Synapses of one source neuron and one projection on this core, sorted by (delay, accumulator).
struct RowRecord {
  uint64_t firstSynapse; ///< Relative to the core's firstSynapse.
  uint32_t count;
  uint32_t projection; ///< Index into meta projections.
};
/// One message: destination core (index into cores) and in-axon number there.
struct OutAxonRecord {
  uint32_t core, axon;
};

/// On chips with crossbars, of each core that takes in messages: what its macro is programmed with. Ranges of the four tables
/// below. Synapses of the core say what its weights are to be, levels what they are.
struct CrossbarRecord {
  uint32_t core;                  ///< Index into cores.
  uint32_t rowCount;              ///< Rows in use.
  uint32_t columnCount;           ///< The core's accumulators.
  uint32_t rangeCount;            ///< 0, or one for each slice.
  uint64_t firstRow, firstColumn; ///< Into crossbarRows, crossbarColumns.
  uint64_t firstLevel;            ///< Into crossbarLevels: [row][column][cell of the weight].
  uint64_t firstRange;            ///< Into crossbarRanges.
};
/// A physical row, and what drives it: spikes of an in-axon, `delay` steps after they were emitted. Several rows may have the same
/// driver; their products add up.
struct CrossbarRowRecord {
  uint32_t row;
  uint32_t axon; ///< Core-local.
  uint32_t delay;
  uint32_t reserved;
};
/// The physical column of weights of an accumulator, and whether the digital side negates what it says.
struct CrossbarColumnRecord {
  uint32_t column;
  uint32_t flipped;
};
/// Of the converters of a slice [currents of a fully conducting cell].
struct CrossbarRangeRecord {
  double low, high;
};

constexpr uint32_t packSynapse32(uint32_t accumulator, uint32_t delay, int32_t weight) {
  return accumulator | delay << 16 | static_cast<uint32_t>(weight) << 22;
}
struct Synapse {
  uint32_t accumulator, delay;
  uint32_t weight; ///< int32 (sign extended) or binary32 bits.
};
constexpr Synapse unpackSynapse(uint32_t word) {
  return {word & 0xFFFFu, word >> 16 & 63u, static_cast<uint32_t>(static_cast<int32_t>(word) >> 22)};
}
constexpr Synapse unpackSynapse(uint64_t word) {
  return {static_cast<uint32_t>(word & 0xFFFFu), static_cast<uint32_t>(word >> 16 & 0xFFFFu), static_cast<uint32_t>(word >> 32)};
}
constexpr uint64_t packSynapse64(uint32_t accumulator, uint32_t delay, uint32_t weight) {
  return accumulator | static_cast<uint64_t>(delay) << 16 | static_cast<uint64_t>(weight) << 32;
}

//===--- Meta: small, kept as CBOR in the file ----------------------------===//

struct PopulationMeta {
  std::string name;
  std::vector<uint64_t> shape;
  uint64_t count = 0;
  bool input = false;  ///< Driven from outside or by `source`; has no slices. Its out-axons stand after all neurons'.
  bool output = false; ///< `eval` classifies by it.
  uint32_t level = 0;  ///< Topological level on delay-0 edges.
  uint32_t depth = 0;  ///< Steps by which the mapped network lags the network's own reading (0 on `reference`).
  uint32_t program = none;
  uint64_t seed = 0;
  uint64_t firstOut = 0; ///< Inputs: row of outPtr of neuron 0. Others: none (derived from the cores).
  /// Built-in source of an input population: "" (external), "poisson" {rate per step in `rates`}, "regular" {interval, phase},
  /// "list".
  std::string source;
  std::vector<double> rates; ///< poisson: probability per step, 1 or count values.
  std::vector<uint32_t> intervals,
      phases; ///< regular [steps]: fires when step >= phase and (step - phase) % interval == 0; 1 or count values.
  std::vector<std::pair<uint32_t, uint32_t>> list; ///< (step, neuron), sorted.
  /// Scale of recorded words to the network's own units, by state name: value = word * scale. Empty on f32.
  std::vector<std::pair<std::string, double>> stateScale;
  /// The network's own names of states that the program calls otherwise: (the program's, the network's).
  std::vector<std::pair<std::string, std::string>> stateNames;
  /// Scale of the values that spikes carry, as of states; 1 on f32 and where they carry none.
  double valueScale = 1;
  /// Parameter slots whose distinct tuples fill CoreLimits::neuronConfigs and ::thresholdConfigs of a core; empty: they use none.
  std::vector<uint32_t> configParams, thresholdParams;
  bool operator==(const PopulationMeta &) const = default;
};
struct ProjectionMeta {
  std::string name;
  uint32_t source = 0, target = 0; ///< Population indices.
  uint32_t receptor = 0;
  int32_t weightExponent = 0; ///< Sum of the projection, emission step and delay is shifted: << e, or >> -e (floor).
  uint32_t weightBits = 0;    ///< As the chip stores it, with sign.
  /// Weights of the convolution that the synapses come from, which a chip with shared kernels stores once a core
  /// (hw::SynapseStorage::kernelBits), its rows with weightBits 0. 0: no convolution.
  uint32_t kernelWeights = 0;
  /// Bits of a synapse's delay and of its target index as the chip's memory stores them (0: the same for all, dense). A row of n
  /// synapses takes hw::SynapseStorage::bits(n, weightBits, delayBits, indexBits); a core's rows add up to its use of
  /// CoreLimits::synapticMemoryBits.
  uint32_t delayBits = 0, indexBits = 0;
  bool operator==(const ProjectionMeta &) const = default;
};
/// What `run` records of a population unless told otherwise.
struct ProbeMeta {
  std::string name;
  uint32_t population = 0;
  std::vector<std::string> variables; ///< States of the population's program, or "spikes".
  bool operator==(const ProbeMeta &) const = default;
};
struct Meta {
  std::string network; ///< Name.
  double dt = 1e-3;    ///< [s]
  isa::Profile profile = isa::Profile::Int;
  uint64_t seed = 0;
  std::vector<PopulationMeta> populations;
  std::vector<ProjectionMeta> projections;
  std::vector<isa::Program> programs;
  std::vector<ProbeMeta> probes;
  std::vector<ConnectorMeta> connectors; ///< Projections that are expanded by whoever loads, by projection.
  std::vector<LearningMeta> learning;    ///< Projections whose synapses learn, by projection.
  std::string semantics;                 ///< JSON text: the semantics report (dt, reset, folding, assumptions, closing edges).
  std::string mapping;                   ///< JSON text: the mapping report (cores, limits, which binds).
  std::string provenance;                ///< JSON text: source hash, options, tool version. No time stamp.
  bool operator==(const Meta &) const = default;
};

//===--- The image --------------------------------------------------------===//

/// Owned tables, for building.
struct ImageData {
  Meta meta;
  std::string chipText;          ///< hw::resolvedText of the target.
  std::vector<CoreRecord> cores; ///< Sorted by (level, chip, core).
  std::vector<SliceRecord> slices;
  std::vector<ParamRecord> params;
  std::vector<int32_t> paramWords, stateWords;
  std::vector<InAxonRecord> inAxons;
  std::vector<RowRecord> rows;
  std::vector<uint32_t> synapses32;
  std::vector<uint64_t> synapses64;
  std::vector<uint64_t> outPtr; ///< [neurons + input neurons + 1] into outAxons: global neuron order, then inputs.
  std::vector<OutAxonRecord> outAxons;
  std::vector<CrossbarRecord> crossbars; ///< By core; none but on chips with crossbars.
  std::vector<CrossbarRowRecord> crossbarRows;
  std::vector<CrossbarColumnRecord> crossbarColumns;
  std::vector<uint8_t> crossbarLevels;
  std::vector<CrossbarRangeRecord> crossbarRanges;
};

/// Read-only image (a mapped file must not shrink while it is used): spans into a mapped file or into an ImageData it keeps alive.
struct Image {
  Meta meta;
  std::string chipText;
  hw::Chip chip; ///< Parsed from chipText.
  std::span<const CoreRecord> cores;
  std::span<const SliceRecord> slices;
  std::span<const ParamRecord> params;
  std::span<const int32_t> paramWords, stateWords;
  std::span<const InAxonRecord> inAxons;
  std::span<const RowRecord> rows;
  std::span<const uint32_t> synapses32;
  std::span<const uint64_t> synapses64;
  std::span<const uint64_t> outPtr;
  std::span<const OutAxonRecord> outAxons;
  std::span<const CrossbarRecord> crossbars;
  std::span<const CrossbarRowRecord> crossbarRows;
  std::span<const CrossbarColumnRecord> crossbarColumns;
  std::span<const uint8_t> crossbarLevels;
  std::span<const CrossbarRangeRecord> crossbarRanges;
  std::shared_ptr<const void> storage;
  std::string identity; ///< Of an opened file: a hash of header and section table, and so of all checksums. Else empty.
  /// Connectors of the file whose synapses were made while it was opened: they have rows, and `meta` does not name them (profile
  /// int; on f32 they stay in `meta`, and the emulator makes them).
  std::vector<ConnectorMeta> expanded;
};

/// Writes atomically; the same data gives the same bytes. Errors: RNV3001 (I/O). Does not validate.
Result<void> write(const ImageData &data, const std::string &path);
/// Maps, checks header, section table and checksums, then validate(). Errors: RNV3002.. with section and offset.
Result<Image> open(const std::string &path);
/// The same view without a file, validated likewise.
Result<Image> fromData(ImageData data);
/// Everything that makes an image safe and meaningful to run: every index in range, programs valid, rows sorted, in-axon order,
/// delays within the chip's and the core's, capacity within the chip's limits, places exist and are used once, out-axons name
/// in-axons of the right source. One pass over each table. Errors: RNV3010.. naming table, index, expected, found and, as the hint,
/// the clause of docs/spec/image-format.md.
Result<void> validate(const Image &image);
/// The same of tables that are not written yet.
Result<void> validate(const ImageData &data);
/// JSON text for `ranvier inspect`; `full` adds tables down to synapses.
std::string describe(const Image &image, bool full);

/// The core whose accumulators the synapses of a core name: itself, or the one that it feeds.
inline const CoreRecord &targetCore(const Image &image, const CoreRecord &core) {
  return core.feeds ? image.cores[core.feeds - 1] : core;
}
/// Whether a slice may run on the chip's fixed neuron unit: its program is the native form word for word, and parameters and
/// initial states are within their widths.
bool isNative(const Image &image, const SliceRecord &slice);
/// Whether the host is told of a population's spikes while the chip runs: it is an output, or probed for spikes.
bool hostHears(const Meta &meta, uint32_t population);

} // namespace ranvier::image

#endif
