//===- Geometry.cpp - What the RTL of a mesh chip holds -------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/Rtl/Geometry.h"
#include <bit>
#include <charconv>

namespace ranvier::rtl {
namespace {
constexpr std::array<std::string_view, numSpaces> spaceNames = {"AXON_IN", "SYNAPSE", "STATE", "PARAM",       "AXON_OUT", "CSR",
                                                                "PROGRAM", "TABLE",   "SLICE", "ACCUMULATOR", "HOST_MASK"};
constexpr std::array<std::string_view, numCsrs> csrNames = {"SLICES",     "ERRORS",   "SPIKES",        "PACKETS_OUT",
                                                            "PACKETS_IN", "SYNAPSES", "UPDATE_CYCLES", "BUSY_CYCLES"};

/// The widths of the formats in docs/rtl/architecture.md, which no chip description can change.
constexpr uint32_t mostNodes = 31;         // a mask and the host in one word of the bus
constexpr uint32_t mostNeurons = 256;      // slice word 0: neuron_base, count
constexpr uint32_t mostStates = 8;         // state word: slot
constexpr uint32_t mostParams = 16;        // parameter word: slot
constexpr uint32_t mostInputs = 2;         // slice word 1: accumulator_base
constexpr uint32_t mostDelay = 63;         // synapse word
constexpr uint32_t mostSynapses = 1 << 14; // directory: address
constexpr uint32_t mostProgram = 512;      // slice word 1: program start and length
constexpr uint32_t mostTable = 1 << 16;    // immediate of lut
constexpr uint32_t mostHostInputs = 4096;  // in_index_i
constexpr uint32_t mostAddresses = 1 << 16;
constexpr uint32_t weightBits = 9;    // synapse word, besides the sign
constexpr uint32_t mostExponent = 15; // header word

/// Collects the first thing that the RTL cannot be.
class Demands {
public:
  explicit Demands(const hw::Chip &chip) : chip(chip) {}
  void need(bool holds, const std::string &key, const std::string &expected, const std::string &found) {
    if (holds || failure)
      return;
    failure = Error{.code = 7501,
                    .message = "the RTL cannot be '" + chip.name + "'",
                    .file = chip.path,
                    .place = "key '" + key + "'",
                    .expected = expected,
                    .found = found,
                    .hint = "docs/rtl/architecture.md gives the formats that set these limits",
                    .kind = ErrorKind::Unsupported};
  }
  void range(uint64_t value, uint64_t least, uint64_t most, const std::string &key, const std::string &unlimited = "unlimited") {
    need(value >= least && value <= most, key, std::to_string(least) + " to " + std::to_string(most),
         value == 0 ? unlimited : std::to_string(value));
  }
  /// Depth of a memory that is addressed by concatenation.
  void depth(uint64_t value, uint64_t least, uint64_t most, const std::string &key) {
    need(std::has_single_bit(value) && value >= least && value <= most, key,
         "a power of two from " + std::to_string(least) + " to " + std::to_string(most),
         value == 0 ? "unlimited" : std::to_string(value));
  }
  std::optional<Error> failure;

private:
  const hw::Chip &chip;
};

const char *kindOf(hw::Topology topology) {
  switch (topology) {
  case hw::Topology::None:
    return "none";
  case hw::Topology::Mesh:
    return "mesh";
  case hw::Topology::Torus:
    return "torus";
  case hw::Topology::TriangularTorus:
    return "triangular_torus";
  }
  return "another";
}

void demandMesh(const hw::Chip &chip, Demands &demands) {
  demands.need(chip.topology == hw::Topology::Mesh, "topology.kind", "mesh", kindOf(chip.topology));
  demands.need(chip.multicastTrees, "topology.multicast_trees", "true", "false");
  demands.need(chip.coresPerTile == 1, "topology.cores_per_tile", "1", std::to_string(chip.coresPerTile));
  demands.need(chip.maxChips == 1, "topology.max_chips", "1", std::to_string(chip.maxChips));
  demands.range(chip.linkBuffer, 2, 256, "topology.link_buffer");
  demands.depth(chip.inputNeurons, 2, mostHostInputs, "topology.input_neurons");
}

void demandNumbers(const hw::Chip &chip, Demands &demands) {
  demands.need(!chip.crossbar, "crossbar", "none: synapses are words", "macros of resistive memory");
  demands.need(chip.profile == isa::Profile::Int, "arithmetic.profile", "int", "f32");
  demands.need(chip.minDelay >= 1, "delays.min_steps", "at least 1", std::to_string(chip.minDelay));
  demands.range(chip.maxDelay, 1, mostDelay, "delays.max_steps");
  demands.need(chip.weights.maxBits <= weightBits, "weights.max_bits", "at most " + std::to_string(weightBits),
               std::to_string(chip.weights.maxBits));
  demands.need(chip.weights.minExponent >= 0, "weights.min_exponent", "at least 0", std::to_string(chip.weights.minExponent));
  demands.need(chip.weights.maxExponent <= int(mostExponent), "weights.max_exponent", "at most " + std::to_string(mostExponent),
               std::to_string(chip.weights.maxExponent));
  demands.need(!chip.weights.sharedKernels, "weights.shared_kernels", "false", "true");
  demands.need(!chip.storage.procedural, "storage.procedural", "false", "true");
  demands.need(chip.nativeCuba.has_value(), "native.form", "cuba_lif", "none");
  if (!chip.nativeCuba)
    return;
  const hw::NativeCubaLif &native = *chip.nativeCuba;
  demands.need(!native.currentWraps, "native.current_wraps", "false", "true");
  demands.range(native.decayBits, 1, 16, "native.decay_bits", "0");
  demands.range(native.stateBits, 2, 31, "native.state_bits", "0");
  demands.need(native.inputShift <= 31, "native.input_shift", "at most 31", std::to_string(native.inputShift));
  demands.need(native.thresholdBits + native.thresholdShift <= 31, "native.threshold_shift",
               "at most 31 bits of threshold and shift", std::to_string(native.thresholdBits + native.thresholdShift));
  demands.range(native.thresholdBits, 1, 31, "native.threshold_bits", "0");
  demands.range(native.biasMantissaBits + (1u << native.biasExponentBits) - 1, 1, 31, "native.bias_mantissa_bits", "0");
}

void demandMemories(const hw::Chip &chip, Demands &demands) {
  demands.depth(chip.core.neurons, 8, mostNeurons, "core.neurons"); // eight lanes
  demands.depth(chip.core.states, 4, mostStates, "core.states");    // two banks of at least two
  demands.depth(chip.core.params, 8, mostParams, "core.params");    // four banks of at least two
  demands.depth(chip.core.inputs, 1, mostInputs, "core.inputs");
  demands.depth(chip.core.synapticMemoryBits / 32, 2, mostSynapses, "core.synaptic_memory_bits");
  demands.depth(chip.core.programWords, 2, mostProgram, "core.program_words");
  demands.depth(chip.core.tableWords, 2, mostTable, "core.table_words");
  demands.need(chip.storage.wordBits == 32 && chip.storage.synapseBits == 32 && chip.storage.headerBits == 32,
               "storage.synapse_bits", "words, headers and synapses of 32 bits",
               std::to_string(chip.storage.wordBits) + ", " + std::to_string(chip.storage.headerBits) + " and " +
                   std::to_string(chip.storage.synapseBits) + " bits");
}
} // namespace

std::string_view nameOf(Space space) { return spaceNames[size_t(space)]; }
std::string_view nameOf(Csr csr) { return csrNames[csr]; }

uint32_t Geometry::sourceBits() const { return std::bit_width(sources() - 1); }

uint32_t Geometry::wordsOf(Space space, bool host) const {
  if (host)
    return space == Space::HostMask ? hostInputs * maskWords() : space == Space::Csr ? 2 : 0;
  switch (space) {
  case Space::AxonIn:
    return sources();
  case Space::Synapse:
    return synapses;
  case Space::State:
    return states * neurons;
  case Space::Param:
    return params * neurons;
  case Space::AxonOut:
    return neurons * maskWords();
  case Space::Csr:
    return numCsrs;
  case Space::Program:
    return 2 * programWords;
  case Space::Table:
    return tableWords;
  case Space::Slice:
    return sliceStride * slices();
  case Space::Accumulator:
    return slots * accumulators();
  case Space::HostMask:
    return 0;
  }
  return 0;
}

Result<Geometry> geometryOf(const hw::Chip &chip, Grid grid) {
  Demands demands(chip);
  demandMesh(chip, demands);
  demandNumbers(chip, demands);
  demandMemories(chip, demands);
  if (demands.failure)
    return *demands.failure;
  Geometry out;
  for (const char c : chip.name) // It stands in comments of generated files.
    out.chip += (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' || c == '.' ? c : '_';
  out.grid = grid;
  out.linkBuffer = chip.linkBuffer;
  out.neurons = chip.core.neurons;
  out.states = chip.core.states;
  out.params = chip.core.params;
  out.inputs = chip.core.inputs;
  out.maxDelay = chip.maxDelay;
  out.maxExponent = static_cast<uint32_t>(chip.weights.maxExponent);
  out.slots = std::bit_ceil(chip.maxDelay + 1);
  out.synapses = static_cast<uint32_t>(chip.core.synapticMemoryBits / 32);
  out.programWords = chip.core.programWords;
  out.tableWords = chip.core.tableWords;
  out.hostInputs = chip.inputNeurons;
  out.native = *chip.nativeCuba;
  const auto wrong = [&](const std::string &expected) {
    return Error{.code = 7502,
                 .message = "'" + chip.name + "' has no such grid",
                 .place = "grid",
                 .expected = expected,
                 .found = grid.str(),
                 .kind = ErrorKind::Usage};
  };
  if (!grid.columns || !grid.rows || grid.columns > chip.tilesX || grid.rows > chip.tilesY)
    return wrong("1x1 to " + Grid{chip.tilesX, chip.tilesY}.str());
  if (out.nodes() > mostNodes)
    return wrong("at most " + std::to_string(mostNodes) + " nodes");
  for (const Space space : {Space::AxonIn, Space::AxonOut, Space::Accumulator, Space::HostMask})
    if (out.wordsOf(space, space == Space::HostMask) > mostAddresses)
      return wrong("at most " + std::to_string(mostAddresses) + " words of " + std::string(nameOf(space)));
  return out;
}

Result<Grid> parseGrid(const std::string &text) {
  Grid grid;
  const char *end = text.data() + text.size();
  const auto [middle, first] = std::from_chars(text.data(), end, grid.columns);
  if (first == std::errc() && middle != end && *middle == 'x') {
    const auto [last, second] = std::from_chars(middle + 1, end, grid.rows);
    if (second == std::errc() && last == end && grid.columns && grid.rows)
      return grid;
  }
  return Error{.code = 7503,
               .message = "a grid is columns x rows",
               .place = "option --grid",
               .expected = "two numbers, like 2x3",
               .found = "'" + text + "'",
               .kind = ErrorKind::Usage};
}

} // namespace ranvier::rtl
