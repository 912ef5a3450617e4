//===- Chip.h - A chip as its YAML file describes it ------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A chip is data: topology, limits, number formats, native neuron form and the cost of every event, each number with its source.
// Nothing in C++ knows a chip by name.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_HWMODELS_CHIP_H
#define RANVIER_HWMODELS_CHIP_H

#include "ranvier/HwModels/Crossbar.h"
#include "ranvier/HwModels/CycleModel.h"
#include "ranvier/ISA/Program.h"
#include "ranvier/Support/Error.h"
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace ranvier::hw {

/// One cost of one event. An unknown cost has no value; reports then say "unknown" and leave it out of sums, naming it.
struct Cost {
  std::optional<int64_t> picoseconds; ///< Latency [ps].
  std::optional<double> joules;       ///< Energy [J].
  Provenance provenance = Provenance::Unknown;
  std::string source; ///< Author, year, table or page; or what it was fitted to.
  bool operator==(const Cost &) const = default;
};

/// Keys of CostProfile::events. The list is closed: an unknown key in YAML is an error.
/// soma_access: every mapped neuron, every step; soma_update: extra when the neuron is active (v != 0, input present, bias != 0);
/// soma_spike: extra when it fires; synapse_event: one synapse read for one arriving spike; synapse_event_dense, _sparse,
/// _convolution: the same for projections of that kind, instead of synapse_event; axon_in: one arriving message; axon_out: one
/// message sent; sums_transfer, sum_sent, sum_taken: of synapse cores, once each step on each side of a transfer, for each sum on
/// the synapse core, and for each on the core that takes it; crossbar_product, crossbar_row, crossbar_cell, crossbar_conversion,
/// crossbar_shift_add: of a macro, once each product, for each driven row, for as much conductance of driven cells as one fully
/// conducting cell has, for each conversion and for each addition behind one; hop_within_tile, hop_east_west, hop_north_south: one
/// message over one link; chip_hop: one message over a link between chips.
extern const std::vector<std::string> costEvents;

struct CostProfile {
  std::string name; ///< "published", "fitted", ...
  std::string description;
  std::map<std::string, Cost> events;
  std::optional<CycleModel> cycles; ///< Times are these; `events` have energies alone, and there is no barrier besides.
  /// Barrier latency by number of tiles that hold a mapped neuron: largest key <= tiles counts (step function), or linear
  /// interpolation between the keys if `interpolateBarrier`.
  std::map<uint32_t, int64_t> barrierPicoseconds;
  bool interpolateBarrier = false;
  Provenance barrierProvenance = Provenance::Unknown;
  std::string barrierSource;
  std::optional<double> staticWattsPerChip; ///< Reported on its own, never mixed into dynamic energy.
  std::string staticSource;
  Provenance staticProvenance = Provenance::Unknown;
  bool operator==(const CostProfile &) const = default;
};

/// Arithmetic of the fixed CUBA leaky integrate-and-fire unit, if the chip has one ("native: cuba_lif" in YAML). One step:
///   u = rz(u * (2^decayBits - du - currentDecayOffset)) + (input << inputShift), overflow as `currentOverflow`
///   v = rz(v * (2^decayBits - dv)) + u + bias, overflow as `voltageOverflow`; spike if v > vth << thresholdShift, then v = 0.
struct NativeCubaLif {
  unsigned decayBits = 12;         ///< Width of du and dv [bits].
  unsigned currentDecayOffset = 1; ///< Loihi: du = 0 still decays by 1/4096.
  unsigned inputShift = 6;
  unsigned stateBits = 24;  ///< Signed width of u and v.
  bool currentWraps = true; ///< u: one wrap into (-2^(n-1), 2^(n-1)]; else saturates at +-(2^(n-1)-1). v always saturates.
  unsigned thresholdBits = 17, thresholdShift = 6;
  unsigned biasMantissaBits = 13; ///< Signed.
  unsigned biasExponentBits = 3;
  std::string source;
  bool operator==(const NativeCubaLif &) const = default;
};

/// Limits of one core; 0 means unlimited.
struct CoreLimits {
  uint32_t neurons = 0;
  uint64_t synapticMemoryBits = 0; ///< In the chip's storage format, see SynapseStorage.
  uint32_t axonsIn = 0, axonsOut = 0;
  uint32_t fanIn = 0;            ///< Synapses onto one neuron.
  uint32_t neuronConfigs = 0;    ///< Distinct (du, dv, ...) tuples.
  uint32_t thresholdConfigs = 0; ///< Distinct thresholds.
  uint32_t programWords = 0;     ///< Microcode instructions over all programs of the core.
  uint32_t tableWords = 0;       ///< Words of look-up tables over all programs of the core.
  /// Of one neuron: state words, parameter words and receptors of its program.
  uint32_t states = 0, params = 0, inputs = 0;
  struct Excess {
    const char *what; ///< "state words", "parameter words" or "inputs".
    uint64_t limit, found;
  };
  /// The first of the three of which a program has more than a neuron.
  std::optional<Excess> slotsBeyond(uint64_t programStates, uint64_t programParams, uint64_t programInputs) const;
  bool operator==(const CoreLimits &) const = default;
};

/// Bits that the synapses of one axon take: ceil over chunks of `synapsesPerChunk`: each chunk
/// n * (weight + delay + tag + index bits unless dense, or `synapseBits`) + headerBits, rounded up to `wordBits`.
struct SynapseStorage {
  unsigned synapsesPerChunk = 64;
  unsigned headerBits = 10;
  unsigned wordBits = 64; ///< 0: storage is not modelled, every row takes 0 bits.
  unsigned tagBits = 0;
  unsigned synapseBits = 0; ///< Of every synapse, whatever its fields; 0: as many as the fields have.
  /// Synapses of procedural connectors are made by whoever loads the image, and the image holds the rule alone.
  bool procedural = false;
  std::string source;
  /// `weightBits` with sign, `delayBits` (0: no delay stored), `indexBits` (0: dense). 0 if wordBits is 0.
  uint64_t bits(uint64_t synapses, unsigned weightBits, unsigned delayBits, unsigned indexBits) const;
  /// The weights of a convolution stored once, in whole words. 0 if wordBits is 0.
  uint64_t kernelBits(uint64_t weights, unsigned weightBits) const;
  bool operator==(const SynapseStorage &) const = default;
};

struct Weights {
  unsigned minBits = 1, maxBits = 8; ///< Magnitude bits besides the sign (int profile).
  int minExponent = 0, maxExponent = 0;
  bool signModes = true; ///< Excitatory and inhibitory projections keep a bit that mixed ones spend on the sign.
  /// A core stores the weights of a convolution once (SynapseStorage::kernelBits), and its rows without any.
  bool sharedKernels = false;
  bool operator==(const Weights &) const = default;
};

/// Multicast router of a tile with a table of (key, mask, route), of which the first that matches counts.
struct Router {
  uint32_t tableEntries = 0;  ///< That a mapping may use; 0: the chip has no such table.
  unsigned keyBits = 32;      ///< Width of keys and masks.
  bool defaultRoutes = false; ///< A packet from a link that no entry matches leaves by the opposite one.
  bool operator==(const Router &) const = default;
};

enum class Topology : uint8_t { None, Mesh, Torus, TriangularTorus };

/// Directions in which a message leaves a tile; north is the larger y. The diagonal ones exist on triangular toruses only.
enum class Direction : uint8_t { East, NorthEast, North, West, SouthWest, South };
const char *toString(Direction direction);

/// Parts of the machine that do not work. A dead chip has no core and passes no message on; the router of a dead core still works;
/// a dead link carries nothing in its one direction. Each list is sorted, nothing occurs twice.
struct Faults {
  struct Core {
    uint32_t chip = 0, core = 0;
    auto operator<=>(const Core &) const = default;
  };
  struct Link {
    uint32_t chip = 0, x = 0, y = 0; ///< Of the tile that messages leave, on its chip.
    Direction direction = Direction::East;
    auto operator<=>(const Link &) const = default;
  };
  std::vector<uint32_t> chips;
  std::vector<Core> cores; ///< Those on dead chips may be named, too.
  std::vector<Link> links;
  size_t count() const { return chips.size() + cores.size() + links.size(); }
  bool empty() const { return count() == 0; }
  bool isDead(uint32_t chip) const;
  bool isDead(uint32_t chip, uint32_t core) const; ///< The core, or its chip.
  bool operator==(const Faults &) const = default;
};

/// Sums of what arrives at a receptor in a step, where they are narrower than a word: unsigned, saturating, in a unit that the
/// compiler chooses so that an estimate of the largest sum fits (docs/spec/target-semantics.md, clause S3).
struct RingBuffers {
  unsigned bits = 0;             ///< 0: sums are words, wide enough for whatever can arrive.
  unsigned spikesPerSecond = 30; ///< [1/s] Of a source, in the estimate.
  unsigned sigma = 5;            ///< Standard deviations above the mean.
  bool operator==(const RingBuffers &) const = default;
};

/// How a chip's synapses learn (docs/spec/plasticity.md).
struct Plasticity {
  bool learns = false;
  /// Events of a target neuron that a core remembers until a spike of the source asks for them, the oldest of which only says what
  /// came before; more are forgotten. 0: all.
  uint32_t postHistory = 0;
  unsigned traceBits = 16, traceFractionBits = 11; ///< Of a trace, sign included (int profile).
  unsigned tableEntries = 256;                     ///< Steps for which a function of time is tabulated (int profile).
  bool operator==(const Plasticity &) const = default;
};

/// Memories of a core and a tile whose cores find synaptic rows by a population table (docs/spec/population-tables.md), and what of
/// them such a core needs besides its rows.
struct Memories {
  uint32_t dtcmBytes = 65536;      ///< [B] Data memory of a core.
  uint32_t itcmBytes = 32768;      ///< [B] Instruction memory of a core.
  uint64_t sdramBytes = 134217728; ///< [B] That the cores of a tile share.
  uint32_t sdramBase = 0;          ///< Address of its first byte.
  uint32_t dtcmCodeBytes = 0;      ///< [B] Variables, stack and queues of the code.
  uint32_t itcmCodeBytes = 0;      ///< [B] The code.
  uint32_t rowWords = 256;         ///< Most words of a row behind its header.
  uint32_t spikeBuffer = 256;      ///< Packets that wait for their rows, a word each.
  uint32_t rowBuffers = 2;         ///< Rows in data memory at a time.
  uint32_t directBytes = 2048;     ///< [B] Most of data memory for rows of a single synapse that stay there; 0: none does.
  uint32_t historyBytes = 100;     ///< [B] Spikes that a neuron with plastic synapses remembers.
  uint32_t neuronWordBytes = 4;    ///< [B] Each state, parameter and input of a neuron.
  uint32_t nativeSteps = 16;       ///< [steps] Longest delay in the ring buffers; longer ones take a core that sends again.
  uint32_t delayStages = 0;        ///< Most blocks of so many steps that such a core waits.
  uint32_t allocationBytes = 8;    ///< [B] What an allocation of the tile's memory takes besides.
  bool operator==(const Memories &) const = default;
};

/// A machine whose cores follow a timer, whatever they have managed to do (docs/spec/real-time.md). Times in ps.
struct RealTime {
  uint32_t leastStepNs = 0;         ///< [ns] of the clock that a step takes at least, unless the run says otherwise.
  uint64_t tick = 0;                ///< Of an update, besides its neurons.
  uint64_t packet = 1;              ///< A core is interrupted by a packet.
  uint64_t lookup = 0;              ///< From a packet to the start of its row's read.
  uint64_t plasticSynapse = 0;      ///< Of a synapse that learns.
  uint64_t dmaStart = 0;            ///< Of a transfer, before the tile's memory serves it.
  uint64_t dmaWord = 0;             ///< Of the tile's memory, for each word.
  uint64_t inject = 0;              ///< From one packet that a router takes from a core to the next.
  uint64_t retry = 1000000;         ///< From one try to send to the next.
  uint64_t route = 1;               ///< Of a router, for each packet.
  uint64_t wait = 1;                ///< After which it drops a packet.
  uint64_t poll = 10000000;         ///< From one look of a monitor at what was dropped to the next.
  uint64_t monitor = 0;             ///< Of a monitor that takes in a dropped packet.
  uint32_t transmitQueue = 16;      ///< [packets] of a core.
  uint32_t reinjectionQueue = 4096; ///< [packets] of a monitor.
  bool reinjection = true;          ///< Dropped packets are sent again.
  bool dropLate = false;            ///< Packets that wait when an update begins are forgotten.
  bool operator==(const RealTime &) const = default;
};

struct Chip {
  std::string name, description, path; ///< path: where the YAML was read.
  isa::Profile profile = isa::Profile::Int;
  bool programmable = false;             ///< Takes any legal microcode; else only the native form.
  std::vector<std::string> forbiddenOps; ///< Mnemonics a programmable chip lacks.
  bool gradedSpikes = false;             ///< Spikes may carry a payload.
  bool placeDependentNumbers = false;    ///< Results depend on the mapping (device variation); reports say so.
  unsigned stateBits = 32;               ///< Signed width of a state word.
  unsigned fractionBits = 0;             ///< Of every value of a programme (15: s16.15); 0: each value has its own.
  RingBuffers ringBuffers;
  Plasticity plasticity;
  uint32_t minDelay = 1, maxDelay = 63; ///< [steps] from emission to effect; 0 allowed only on `reference`-like chips.
  Weights weights;
  CoreLimits core;
  bool coresModelled = true; ///< false: what the cores compute is not described; no network can be compiled for the chip.
  SynapseStorage storage;
  std::optional<NativeCubaLif> nativeCuba;
  std::optional<Memories> memories; ///< Absent: memories are not described in bytes.
  std::optional<RealTime> realTime; ///< Absent: a step takes as long as its work does.
  /// Synapses are cells of a macro in each core; absent: they are words in a memory.
  std::optional<Crossbar> crossbar;

  Topology topology = Topology::None;
  uint32_t tilesX = 1, tilesY = 1,
           coresPerTile = 1; ///< Tile id = x * tilesY + y (column-major); core id = tile * coresPerTile + k.
  uint32_t maxChips = 1;
  uint32_t chipsX = 1, chipsY = 1; ///< Arrangement of chips for distances between them.
  bool multicastTrees = false;     ///< false: one message per destination core.
  uint32_t linkBuffer = 16;        ///< Messages that wait at a link or a core, the one in service included (detailed timing).
  uint32_t chipLinkCost = 1;       ///< What placement counts a link between chips as [links inside a chip].
  uint32_t inputNeurons = 0;       ///< Neurons of all inputs of a network that the host can send spikes of; 0: any number.
  Router router;
  Faults faults;
  std::vector<std::string> unsupported;       ///< What the chip cannot do, in words, for `ranvier targets` and check.
  std::map<std::string, std::string> sources; ///< YAML key path -> source, every number of the file.
  std::map<std::string, Provenance> statuses; ///< The same key paths -> how far the number can be trusted.
  std::vector<CostProfile> costs;             ///< First one is the default.

  uint32_t coresPerChip() const { return tilesX * tilesY * coresPerTile; }
  /// Cores and chips of the whole machine that are not dead.
  uint64_t liveCores() const;
  /// Whether some way between two tiles may be closed. Never on a triangular torus, whose messages go around.
  bool closesWays() const {
    return (topology == Topology::Mesh || topology == Topology::Torus) && (!faults.chips.empty() || !faults.links.empty());
  }
  uint32_t liveChips() const;
  const CostProfile *findCosts(const std::string &name) const; ///< Empty name: the default. Null if absent.
  bool operator==(const Chip &) const = default;
};

/// Reads and checks a chip description. Errors: RNV2001.. with file, line, key, expected, found; unknown keys are errors.
Result<Chip> loadChip(const std::string &path);
/// From text; `path` only names it in messages. Text is refused beyond 1 MiB, a nesting of 12 or 100,000 values.
Result<Chip> parseChip(const std::string &text, const std::string &path);
/// Adds the faults of a file (docs/spec/chip-description.md, "Faults in a file of their own") to the chip's own; a part that both
/// name is dead once. Errors: as parseChip; RNV2014 (a part that the chip does not have), RNV2015 (named twice in the file),
/// RNV2016 (every core dead), RNV2017 (not described for this topology), RNV2018 (more than 8,192 parts).
Result<void> addFaults(Chip &chip, const std::string &path);
/// From text; `path` only names it in messages.
Result<void> addFaultsOf(Chip &chip, const std::string &text, const std::string &path);
/// `nameOrPath`: a shipped name ("loihi1") looked up in the chip folders, or a path that ends in .yaml/.yml.
/// Errors: RNV2002 listing the names that exist.
Result<Chip> findChip(const std::string &nameOrPath);
/// The same of a chip to compile networks for. Errors: also RNV2013 (its cores are not modelled).
Result<Chip> findTarget(const std::string &nameOrPath);
/// Shipped chips: name and path, sorted. Folders: $RANVIER_DATA/chips, else <prefix>/share/ranvier/chips beside the executable,
/// else the source tree's hw-models/chips.
std::vector<std::pair<std::string, std::string>> listChips();
/// The folder of a kind of shipped file ("chips", "models"): $RANVIER_DATA/<kind>, else <prefix>/share/ranvier/<kind>, else (for
/// programs in the build tree) that of the source tree. Errors: RNV2003.
Result<std::string> dataFolder(const std::string &kind);
/// The YAML text that describes the chip completely (defaults written out), for the image. parseChip(resolvedText(c), c.path) == c
/// for every chip that parseChip made; numbers of a chip made in C++ get the source "not stated".
std::string resolvedText(const Chip &chip);
/// The text of a description with these values for the cycles of its first cost profile, which all have this source (without quotes
/// or backslashes) and status. Nothing else of it changes, comments included. Errors: as parseChip; RNV2019 (that profile has no
/// cycles, or a number does not stand on a line of its own).
Result<std::string> withCycles(const std::string &text, const std::string &path, const CycleModel &model, const std::string &source,
                               Provenance status);
/// Path of every key the loader knows, sorted; `costs[]` is an element of the list of profiles, `number` what may stand for a
/// number.
std::vector<std::string> chipKeys();

} // namespace ranvier::hw

#endif
