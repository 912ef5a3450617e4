//===- Barrier.h - Meeting point of the engine's threads --------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A step of a small network takes microseconds, less than a futex round trip, so waiting threads spin for a bounded time before
// they sleep. The bound keeps an idle machine (between two steps) from burning a processor.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_EMULATOR_LIB_BARRIER_H
#define RANVIER_EMULATOR_LIB_BARRIER_H

#include <atomic>
#include <cstdint>

namespace ranvier::emu {

class Barrier {
public:
  /// `spins`: polls before sleeping; 0 where there are more threads than processors.
  Barrier(unsigned threads, unsigned spins) : threads(threads), spins(spins) {}

  /// Returns in every thread once all have arrived; what any of them wrote before is visible to all afterwards.
  void arriveAndWait() {
    const uint32_t current = phase.load(std::memory_order_relaxed);
    if (arrived.fetch_add(1, std::memory_order_acq_rel) + 1 == threads) {
      arrived.store(0, std::memory_order_relaxed);
      phase.store(current + 1, std::memory_order_release);
      phase.notify_all();
      return;
    }
    for (unsigned i = 0; i < spins; ++i) {
      if (phase.load(std::memory_order_acquire) != current)
        return;
#if defined(__x86_64__)
      __builtin_ia32_pause();
#endif
    }
    while (phase.load(std::memory_order_acquire) == current)
      phase.wait(current, std::memory_order_acquire);
  }

  /// Counts as one thread that does not wait; never the last to arrive.
  void arrive() { arrived.fetch_add(1, std::memory_order_acq_rel); }

private:
  const unsigned threads, spins;
  std::atomic<uint32_t> arrived{0}, phase{0};
};

} // namespace ranvier::emu

#endif
