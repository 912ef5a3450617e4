//===- Machine.h - Runs a hardware image ------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RANVIER_EMULATOR_MACHINE_H
#define RANVIER_EMULATOR_MACHINE_H

#include "ranvier/Emulator/RealTime.h"
#include "ranvier/Image/Image.h"
#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace ranvier::emu {

enum class Executor : uint8_t { Interp, Jit };
/// Off: spikes only. Fast: times from counts. Detailed: every packet through links and buffers; the same counts and energies.
enum class Timing : uint8_t { Off, Fast, Detailed };

/// Kinds of projections that a cost profile may tell apart (docs/spec/timing-and-energy.md, section 2).
enum class SynapseClass : uint8_t { Dense, Sparse, Convolution };
constexpr unsigned numSynapseClasses = 3;
using SynapseClassCounts = std::array<uint64_t, numSynapseClasses>;

/// How an f32 machine keeps weights. I16: in units of the largest weight that leaves a population over 32,767, rounded to the
/// nearest (halves to even): the network runs as if these were its weights.
enum class WeightStorage : uint8_t { F32, I16 };

class Transport; // Transport.h

/// Which devices the macros of a chip with crossbars are.
struct DeviceOptions {
  std::optional<uint64_t> seed; ///< Of programming errors, read noise and drift; absent: the chip's.
  hw::CellFaults faults;
  bool operator==(const DeviceOptions &) const = default;
};

struct MachineOptions {
  Executor executor = Executor::Jit;
  Timing timing = Timing::Fast;
  unsigned threads = 1;    ///< 0: as many as the machine has.
  std::string costProfile; ///< Empty: the chip's default.
  /// A thread is used for each this much expected work of a step (neurons plus an estimate of events), at most one per core that
  /// has work in its level and one per processor, so that small networks do not pay for barriers. 0: exactly `threads`, whatever
  /// the machine has. Results never depend on it.
  uint32_t workPerThread = 16384;
  WeightStorage weights = WeightStorage::F32;
  /// All cores of an f32 image keep synapses by delay segments (docs/rationale/engine.md), whatever their size. Results never
  /// depend on it.
  bool segments = false;
  /// On a chip with a timer, timing detailed (docs/spec/real-time.md): a tick waits until all is done, and nothing is lost or late.
  /// Otherwise a spike is what the machine makes of it.
  bool lossless = false;
  uint32_t timeScale = 0;    ///< Of such a chip's clock to the network's time; 0: as the chip has it.
  uint64_t mostSynapses = 0; ///< That connectors of the image may make; 0: as many as memory holds. For images from strangers.
  DeviceOptions device;      ///< Only of chips with crossbars may it say anything.
  /// The ranks that share the machine, this one among them; null: it is whole. Every rank opens the same image with the same
  /// options but `threads`. Create, reset, step, save and collect are collective then.
  std::shared_ptr<Transport> ranks;
};

/// What a rank has said to others since it was made. Spikes count once for each rank that they go to, bytes without what a
/// transport adds: those of spikes and, on a chip that counts cycles, of times.
struct RankTraffic {
  uint64_t exchanges = 0, spikesSent = 0, spikesReceived = 0, bytesSent = 0, bytesReceived = 0;
};
/// Bytes that a machine holds (of this rank), by what they are for.
struct MachineMemory {
  uint64_t synapses = 0; ///< And what leads to them: rows, segments, messages.
  uint64_t neurons = 0;  ///< State, parameters, accumulators, flags.
  uint64_t messages = 0; ///< Which core's axon a spike goes to, and which rank; what times in cycles need of messages.
  uint64_t image = 0;    ///< Of the image's tables, those that are used in place: mapped, not allocated.
  uint64_t total() const { return synapses + neurons + messages + image; }
};

/// One external spike of an input population. Several plain ones of one neuron in one step act once (a spike is a flag); graded
/// values (payload other than plain; chips with graded spikes only) are added up, and a plain one among them adds one.
struct InputSpike {
  uint32_t step; ///< 1-based emission step.
  uint32_t population, neuron;
  int32_t payload; ///< 1, or binary32 bits of 1.0f on f32 images; graded inputs carry a value.
};

/// What macros do, for their cost. Conversions, additions and rows count once each slice.
struct CrossbarCounts {
  uint64_t products = 0, rows = 0, conversions = 0, shiftAdds = 0;
  uint64_t conductance = 0; ///< Of the cells of driven rows as programmed [2^-16 fully conducting cells], rounded by row.
  CrossbarCounts &operator+=(const CrossbarCounts &other);
  bool operator==(const CrossbarCounts &) const = default;
};

/// Counts of one step, summed over cores: all integers, so no order can change them. A message and the synaptic events it causes
/// are counted in the step that emits it. With timing off only `spikes` is counted. docs/spec/timing-and-energy.md defines each.
struct StepCounts {
  uint64_t somaAccesses = 0, somaUpdates = 0, spikes = 0, synapticEvents = 0, messages = 0, inputMessages = 0, arrivals = 0;
  uint64_t hopsWithinTile = 0, hopsEastWest = 0, hopsNorthSouth = 0, chipHops = 0;
  SynapseClassCounts eventsByClass = {}; ///< `synapticEvents` by kind of the projection.
  CrossbarCounts crossbar;               ///< In the step in which spikes act.
  int64_t picoseconds = 0;               ///< Time of the step, barrier included; unknown costs left out.
  StepCounts &operator+=(const StepCounts &other);
};

/// Joules by part: counts times constants of the cost profile. A part whose constant is unknown is listed in `unknown`.
struct Energy {
  double soma = 0, synapse = 0, network = 0; ///< [J]; network: axon out, axon in and hops.
  /// [J] Parts of `synapse`: cells, drivers, converters, additions behind them, and the rest of each product.
  double array = 0, drivers = 0, converters = 0, shiftAdds = 0, products = 0;
  double macros() const { return array + drivers + converters + shiftAdds + products; }
  double total() const { return soma + synapse + network; }
  std::vector<std::string> unknown;
};

struct RunResult;    // Session.h
struct MachineState; // Checkpoint.h
/// How a core spent a step [ps]. Its two halves work side by side: one updates neurons and sends (`soma`, `axonOut`, `stalled`),
/// the other takes in messages and processes them (`axonIn`, `synapse`).
struct CoreTimes {
  int64_t soma = 0, axonOut = 0;
  int64_t stalled = 0; ///< A packet could not leave (timing detailed).
  int64_t axonIn = 0, synapse = 0;
  int64_t idle = 0; ///< Neither half works; the barrier included.
  CoreTimes &operator+=(const CoreTimes &other);
};

/// A link of the machine: the tile on its chip from which it leads.
struct LinkPlace {
  uint32_t chip = 0, x = 0, y = 0;
  hw::Direction direction = hw::Direction::East;
};
/// What a link did in a step (timing detailed).
struct LinkTimes {
  uint64_t packets = 0;
  int64_t busy = 0;    ///< [ps] serving.
  int64_t waited = 0;  ///< [ps] that packets lay in its buffer before service, summed.
  int64_t blocked = 0; ///< [ps] in which a served packet could not go on.
  LinkTimes &operator+=(const LinkTimes &other);
};

/// A synapse that learns.
struct LearnedSynapse {
  uint32_t source, target; ///< Neurons of their populations.
  uint32_t delay;          ///< [steps]
  int32_t weight;          ///< Stored word: times LearningMeta::weightScale, or binary32.
  bool operator==(const LearnedSynapse &) const = default;
};

/// What a run hands out after each step. Spikes are sorted by (population, neuron).
struct StepView {
  uint32_t step;
  const StepCounts &counts;
  const RunResult &soFar; ///< Of the run, this step included.
};

class Machine {
public:
  /// Loads (and JIT-compiles). Allocates everything a step needs. The image must be valid (image::validate).
  /// Errors: RNV7001 (unknown cost profile), 7002 (executor not in this build), 7003 (memory), 7004 (source), 7005 (weight exponent
  /// on f32), 7006 (detailed timing on a triangular torus without a timer), 7007 (core too large), 7008 (too many tiles), 7015
  /// (detailed timing without links, or on a torus with buffers of one message), 7016 (detailed timing on several ranks), 7017
  /// (another rank failed), 7042 (lossless or a time scale without a timer, or detailed in real time with procedural
  /// connectors or synapse cores), 7043 (length of
  /// a step), 7041 (16-bit weights of synapses that learn), 7044 (detailed timing, or fast on several ranks, of synapses that come
  /// and go), 7045 (synapse cores on ranks), 7060 (devices of a chip without crossbars), 7061 (a macro that cannot be programmed),
  /// 7062 (detailed timing of macros), 7100 (JIT).
  static Result<std::unique_ptr<Machine>> create(std::shared_ptr<const image::Image> image, const MachineOptions &options);
  virtual ~Machine() = default;

  /// All state, accumulators and pending spikes to their initial values; step counter to 0.
  virtual void reset() = 0;
  /// Runs one step. `inputs`: external spikes whose step is the new step number (others are our bug).
  /// Does not allocate; on several ranks what holds spikes for the others grows to what a step needs, and on a chip with a timer
  /// (timing detailed) what holds packets under way.
  virtual void step(std::span<const InputSpike> inputs) = 0;
  virtual uint32_t currentStep() const = 0;
  /// Everything that changes from step to step. Of the step just run only that remains which acts later: not its spikes or counts.
  /// On several ranks the whole on rank 0, whatever each holds on the others. Not of a chip with a timer with timing detailed.
  virtual void save(MachineState &out) = 0;
  /// As the machine was that saved it, one of the same image; on an error nothing has changed. Errors: RNV7036 (also of a chip
  /// with a timer with timing detailed).
  virtual Result<void> restore(const MachineState &state) = 0;
  /// Of the step just run. On several ranks: of all of them, but with timing off of this one only, which needs no words with the
  /// others then.
  virtual const StepCounts &counts() const = 0;
  /// Energy of any counts under this machine's cost profile.
  virtual Energy energy(const StepCounts &counts) const = 0;

  /// Spikes a population emitted in the step just run: neuron numbers ascending. Also for input populations. On several ranks those
  /// of this rank's neurons, and of inputs on every rank; likewise readState.
  virtual std::span<const uint32_t> spikes(uint32_t population) = 0;
  /// Payload words of those spikes, same order; empty if the population emits none.
  virtual std::span<const int32_t> payloads(uint32_t population) = 0;
  /// State words after the step (after reset), [count]; `state`: slot number. Copies into `out`.
  virtual void readState(uint32_t population, uint32_t state, std::span<int32_t> out) const = 0;
  /// Synapses of a projection that learns (index into Meta::learning), sorted by source, target, delay, weight, as they are after
  /// the step. Where the chip's history ends (plasticity.post_history) they stay as the last spike of the source left them; else
  /// they have seen every event that has reached them. On several ranks those of this one.
  virtual std::vector<LearnedSynapse> learned(size_t learning) = 0;
  virtual const image::Image &image() const = 0;
  virtual Executor executor() const = 0;
  /// Threads a step really uses, the caller's included.
  virtual unsigned threads() const = 0;
  /// Synapses it holds, those that connectors of the image made included.
  virtual uint64_t synapses() const = 0;
  /// The profile that times and energies are taken from; null if the chip has none or timing is off.
  virtual const hw::CostProfile *costProfile() const = 0;
  /// Events of the profile without a latency ("barrier" included): `picoseconds` leaves them out.
  virtual std::vector<std::string> unknownTimes() const = 0;
  /// Of the step just run, by core (index into the image's cores); empty with timing off.
  virtual std::span<const CoreTimes> coreTimes() const = 0;
  /// Of the macros of this rank since the start or the last reset, by core; empty on chips without, and with timing off.
  virtual std::span<const CrossbarCounts> crossbarCounts() const = 0;
  /// Time of the barrier that ends each step [ps]; 0 with timing off.
  virtual int64_t barrierTime() const = 0;
  /// The links that some route uses, and what they did in the step just run; empty but for timing detailed.
  virtual std::span<const LinkPlace> links() const = 0;
  virtual std::span<const LinkTimes> linkTimes() const = 0;
  /// Since the start or the last reset, on a chip with a timer. On several ranks: of this one's cores, the others being zero, and
  /// of routers on rank 0 alone.
  virtual RealTimeCounts realTime() const = 0;
  /// By core: its rank; all 0 where the machine is whole.
  virtual std::vector<uint32_t> ranksOfCores() const = 0;
  virtual RankTraffic traffic() const = 0;
  virtual MachineMemory memory() const = 0;
  /// Steps that may pass between two exchanges of spikes; 1 where the machine is whole.
  virtual uint32_t exchangeInterval() const = 0;
  /// Another rank has left the run: what this one has computed since means nothing.
  virtual bool ranksLost() const = 0;
};

} // namespace ranvier::emu

#endif
