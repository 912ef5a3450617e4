//===- Transport.h - What ranks say to each other ---------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A machine may be spread over ranks, each of which holds some of its cores. This is all that ranks need of whatever joins them:
// processes under MPI, or threads of one process. Every call but rank(), ranks() and leave() is collective: all ranks make the same
// calls in the same order, each from one thread.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_EMULATOR_TRANSPORT_H
#define RANVIER_EMULATOR_TRANSPORT_H

#include "ranvier/Support/Error.h"
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace ranvier::emu {

/// The collective calls return false if a rank has left: what they should have filled is then undefined. MPI never does: it ends
/// the job.
class Transport {
public:
  using Words = std::vector<uint32_t>;
  virtual ~Transport() = default;
  virtual unsigned rank() const = 0;
  virtual unsigned ranks() const = 0;
  /// All ranks are parts of this process, whose memory holds what all of them hold.
  virtual bool sharesMemory() const { return false; }
  /// in[r] becomes what rank r gave as its out[rank()]. Both have one entry for each rank.
  [[nodiscard]] virtual bool exchange(const std::vector<Words> &out, std::vector<Words> &in) = 0;
  /// Element by element over the ranks, the same on each afterwards. Sums wrap modulo 2^64.
  [[nodiscard]] virtual bool add(std::span<uint64_t> words) = 0;
  [[nodiscard]] virtual bool largest(std::span<int64_t> words) = 0;
  /// On rank 0 all[r] becomes what rank r gave; elsewhere `all` is left empty.
  [[nodiscard]] virtual bool gather(const Words &mine, std::vector<Words> &all) = 0;
  /// This rank makes no more calls and the others shall not wait for it.
  virtual void leave() noexcept = 0;

  /// All ranks know of the failure that this one ends with: none needs to be told.
  bool failureAgreed() const { return agreed; }

private:
  friend Result<void> agree(Transport &transport, Result<void> mine);
  bool agreed = false;
};

/// Code of the error that agree() gives to the ranks that did not fail themselves.
constexpr unsigned otherRankFailed = 7017;

/// Whether a part of the work succeeded on all ranks; collective. The lowest rank that failed gets its own error back, all others
/// RNV7017, which names that rank and has the kind of its error: so one of them speaks.
Result<void> agree(Transport &transport, Result<void> mine);

/// `count` ranks of this process, each to be used by a thread of its own. What they exchange is what they would over MPI.
std::vector<std::unique_ptr<Transport>> pretendRanks(unsigned count);

} // namespace ranvier::emu

#endif
