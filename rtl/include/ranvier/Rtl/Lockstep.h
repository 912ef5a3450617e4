//===- Lockstep.h - Emulator and RTL side by side ---------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Both run the same image; after each step everything that the architecture can show is compared: spikes with their values as a
// set, state words, delay accumulators, counters, error registers; at the end all memories that a run must not change.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_RTL_LOCKSTEP_H
#define RANVIER_RTL_LOCKSTEP_H

#include "ranvier/Emulator/Machine.h"
#include "ranvier/Rtl/Model.h"

namespace ranvier::rtl {

struct LockstepOptions {
  Grid grid;
  LoaderOptions loader;
  bool loadThroughBus = false; ///< Else through the back door where there is one, checked against the bus.
  uint64_t seed = 1;           ///< Of stalls and of what is undefined after power-up.
  uint32_t stallsOf256 = 0;    ///< Each handshake is held up in so many of 256 cycles; at most 230.
  emu::Executor executor = emu::Executor::Interp;
  bool checkLoad = true; ///< Compare back door and bus after loading.
};

/// A spike that reaches an accumulator.
struct CausingSpike {
  uint32_t step = 0; ///< In which it was emitted.
  uint32_t population = 0, neuron = 0;
  int32_t payload = 1;
  uint32_t delay = 0; ///< [steps]
  int32_t weight = 0, exponent = 0;
  uint32_t receptor = 0;
};

/// The first thing that differs.
struct Divergence {
  enum class Kind : uint8_t { Load, Hang, Error, State, Spike, Accumulator, Counter, Memory };
  Kind kind = Kind::State;
  uint32_t step = 0;                  ///< 0: before the first.
  std::optional<uint64_t> cycle = {}; ///< Of the step, from 1, where it is known.
  uint64_t cyclesOfStep = 0;
  uint32_t node = 0;                            ///< Of the grid; Geometry::host() the host.
  std::optional<uint32_t> chip = {}, core = {}; ///< Of the image.
  std::optional<uint32_t> population = {}, neuron = {};
  std::string what;                     ///< "state 'v'", "spike", "sum of input 'i' for step 12", "register SPIKES", ...
  std::string expected, found;          ///< As the emulator has it, as the RTL.
  std::optional<ConfigWrite> word = {}; ///< Where a word of a memory differs.
  uint64_t more = 0;                    ///< Words and spikes of the step that differ, too.
  std::vector<std::string> errors;      ///< What the cores' error registers say: "node 3: format".
  std::vector<CausingSpike> causes;     ///< What the neuron or the accumulator received.
};
const char *toString(Divergence::Kind kind);
/// Two divergences are the same fault as far as one can say: kind and what, not where or when.
bool alike(const Divergence &a, const Divergence &b);

/// What has been compared so far.
struct LockstepTotals {
  uint32_t steps = 0;
  uint64_t spikes = 0, inputSpikes = 0; ///< Of neurons; from the host.
  uint64_t events = 0;                  ///< Synaptic.
  uint64_t registers = 0;               ///< Words compared.
  uint64_t cycles = 0, longestStep = 0; ///< Of the RTL.
  uint64_t loadChecked = 0;             ///< Words read back after loading.
};

class Lockstep {
public:
  /// Loads both. `model` is a shared object of buildModel for this geometry. Errors: those of Machine::create, loadImage and
  /// Model::open, RNV7525.
  static Result<std::unique_ptr<Lockstep>> create(std::shared_ptr<const image::Image> image, const std::string &model,
                                                  const LockstepOptions &options);
  virtual ~Lockstep() = default;
  /// What loading showed; nothing if all words arrived.
  virtual std::optional<Divergence> loaded() = 0;
  /// One step of both. `inputs`: as Machine::step. After a divergence nothing more may be run. Errors: RNV7525.
  virtual Result<std::optional<Divergence>> step(std::span<const emu::InputSpike> inputs) = 0;
  /// Compares what a run must not change: tables, parameters, programs. Errors: RNV7525.
  virtual Result<std::optional<Divergence>> finish() = 0;
  /// In the next step: when this word changes (Divergence::cycle).
  virtual void watch(const ConfigWrite &word) = 0;
  virtual std::optional<uint64_t> watchedChange() const = 0;

  virtual const LockstepTotals &totals() const = 0;
  virtual const LoadedImage &layout() const = 0;
  virtual bool hasBackDoor() const = 0;
  virtual emu::Machine &machine() = 0;
  virtual Model &model() = 0;
  // What the RTL did in the step just run.
  virtual std::span<const uint32_t> spikes(uint32_t population) = 0; ///< Neuron numbers ascending; of inputs: what it was given.
  virtual std::span<const int32_t> payloads(uint32_t population) = 0;
  virtual void readState(uint32_t population, uint32_t state, std::span<int32_t> out) = 0;
};

/// Random spikes of external input neurons in a step: each fires with this probability, by (seed, number, step) alone.
std::vector<emu::InputSpike> randomInputs(const image::Image &image, uint64_t seed, uint32_t step, double probability = 0.25);

} // namespace ranvier::rtl

#endif
