//===- EngineMachine.h - The machine that runs an image ---------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Private to emulator/lib/Engine: what Machine.cpp, which runs steps, and Results.cpp, which counts what they cost and says what
// came of them, share.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_EMULATOR_LIB_ENGINEMACHINE_H
#define RANVIER_EMULATOR_LIB_ENGINEMACHINE_H

#include "Activity.h"
#include "Barrier.h"
#include "Snapshot.h"
#include "State.h"
#include "ranvier/Emulator/Jit.h"
#include "ranvier/Emulator/Machine.h"
#if RANVIER_HAVE_JIT
#include "Kernels.h"
#endif
#include <array>
#include <atomic>
#include <thread>

namespace ranvier::emu {

class EngineMachine final : public Machine {
public:
  EngineMachine(std::shared_ptr<const image::Image> image, const MachineOptions &options) {
    engine.image = std::move(image);
    engine.options = options;
  }
  ~EngineMachine() override;
  Result<void> start();

  void reset() override;
  void step(std::span<const InputSpike> inputs) override;
  uint32_t currentStep() const override { return now; }
  void save(MachineState &out) override;
  Result<void> restore(const MachineState &state) override;
  const StepCounts &counts() const override { return total; }
  Energy energy(const StepCounts &counts) const override {
    Energy sum = engine.costs.energy(counts);
    if (engine.timed &&
        std::any_of(engine.cores.begin(), engine.cores.end(), [](const CoreState &core) { return !core.feeders.empty(); }))
      sum.unknown.push_back("sums_transfer"); // no profile counts it
    return sum;
  }
  std::span<const uint32_t> spikes(uint32_t population) override;
  std::span<const int32_t> payloads(uint32_t population) override;
  void readState(uint32_t population, uint32_t state, std::span<int32_t> out) const override;
  std::vector<LearnedSynapse> learned(size_t learning) override;
  const image::Image &image() const override { return *engine.image; }
  Executor executor() const override { return engine.options.executor; }
  unsigned threads() const override { return static_cast<unsigned>(engine.threads.size()); }
  uint64_t synapses() const override {
    uint64_t sum = 0;
    for (uint32_t c = 0; c < engine.cores.size(); ++c)
      if (engine.holds(c))
        sum += engine.cores[c].segments ? engine.cores[c].segments->firstSynapse.back() : engine.cores[c].record->synapseCount;
    return sum;
  }
  const hw::CostProfile *costProfile() const override { return engine.timed ? engine.profile : nullptr; }
  std::vector<std::string> unknownTimes() const override {
    return engine.timed ? engine.costs.unknownTimes() : std::vector<std::string>();
  }
  std::span<const CoreTimes> coreTimes() const override { return {engine.coreTimes.data(), engine.coreTimes.size()}; }
  std::span<const CrossbarCounts> crossbarCounts() const override { return engine.crossbarCounts; }
  int64_t barrierTime() const override { return engine.timed ? engine.costs.barrier() : 0; }
  std::span<const LinkPlace> links() const override {
    return engine.detailed   ? engine.detailed->links()
           : engine.realTime ? engine.realTime->links()
           : engine.cycles   ? engine.cycles->links()
                             : std::span<const LinkPlace>();
  }
  std::span<const LinkTimes> linkTimes() const override {
    return engine.detailed   ? engine.detailed->linkTimes()
           : engine.realTime ? engine.realTime->linkTimes()
           : engine.cycles   ? engine.cycles->linkTimes()
                             : std::span<const LinkTimes>();
  }
  RealTimeCounts realTime() const override;
  std::vector<uint32_t> ranksOfCores() const override {
    return engine.ranks ? engine.ranks->owners() : std::vector<uint32_t>(engine.cores.size(), 0);
  }
  RankTraffic traffic() const override { return engine.ranks ? engine.ranks->sent() : RankTraffic(); }
  MachineMemory memory() const override { return memoryOf(engine); }
  uint32_t exchangeInterval() const override { return engine.window - 1; }
  bool ranksLost() const override { return engine.ranks && engine.ranks->othersLeft(); }

private:
  Engine engine;
#if RANVIER_HAVE_JIT
  std::unique_ptr<Jit> jit;
#endif
  uint32_t now = 0;
  uint32_t complete = 0; ///< Emission step up to which the marks on this rank are those of all ranks.
  uint32_t taken = 0;    ///< Emission step up to which cores have taken in what is marked.
  StepCounts total;
  std::array<uint64_t, ChipGrid::NumLinkKinds> mostOverLink = {}; ///< Messages of the step over one link, by its kind.
  AlignedArray<uint64_t> rankLinkLoad;                            ///< [links] likewise over each, where there are ranks to add up.
  std::unique_ptr<Barrier> barrier;
  std::vector<std::thread> workers;
  bool stopping = false; ///< Written before a barrier, read after it.

  Result<void> makeKernels();
  Result<void> startWorkers();
  // Inputs.
  void takeExternal(std::span<const InputSpike> spikes);
  void addInput(InputState &input, uint32_t neuron, int32_t payload);
  void runSource(InputState &input);
  void emitInputs(InputState &input);
  // Cores.
  void workerLoop(unsigned thread);
  template <bool Shared, bool Timed> void runLevels(ThreadState &thread);
  void runLevels(ThreadState &thread);
  void takeIn(CoreState &core, ThreadState &thread, uint32_t from, uint32_t to);
  void takeWithFeeders(CoreState &core, ThreadState &thread, uint32_t from, uint32_t to);
  void deliver(CoreState &core, ThreadState &thread);
  void deliverSameStep(CoreState &core, ThreadState &thread);
  void multiply(CoreState &core, ThreadState &thread);
  template <bool Timed> void updateCore(uint32_t core, ThreadState &thread, Emission &emission);
  template <bool Timed> void updateSlice(CoreState &core, SliceState &slice, ThreadState &thread, Emission &emission);
  void runBlock(CoreState &core, SliceState &slice, ThreadState &thread, uint32_t first, uint32_t count, int32_t *slot);
  void noteActivity(const SliceState &slice, ThreadState &thread, uint32_t count);
  void takeSpikes(const SliceState &slice, uint32_t first, uint32_t count, Emission &emission) const;
  template <bool Timed> void fetchMessages(uint64_t neuron) const;
  template <bool Timed> void fetchFirst(const Emission &emission) const;
  template <bool Shared, bool Timed> void emitCore(const Emission &emission, ThreadState &thread);
  template <bool Shared, bool Timed> void emit(CoreState &core, const SliceState &slice, ThreadState &thread, uint32_t neuron);
  template <bool Shared, bool Timed> void mark(ThreadState &thread, uint32_t step, uint64_t row, bool graded, int32_t value);
  void meetRanks();
  // Accounting.
  void settleCore(const Emission &emission, ThreadState &thread);
  void settleStep();
  void countHops();
  void discountAbsent();
  int64_t settleLinks();
  int64_t settleCycles(std::span<CoreTimes> times);
  void gather(uint32_t population);
};

} // namespace ranvier::emu

#endif
