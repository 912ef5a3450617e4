//===- SideBySide.h - Two independent pieces of work ------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RANVIER_LIB_MAPPING_SIDEBYSIDE_H
#define RANVIER_LIB_MAPPING_SIDEBYSIDE_H

#include <algorithm>
#include <thread>

namespace ranvier::mapping::detail {

/// Threads that an option asks for; 0: as many as the machine has processors.
inline unsigned threadsFor(unsigned asked) { return asked ? asked : std::max(1u, std::thread::hardware_concurrency()); }

/// Does two things that share nothing they write: `there` in a thread of its own, or else after `here`.
template <typename Here, typename There> void sideBySide(bool inThreads, Here &&here, There &&there) {
  if (!inThreads) {
    here();
    there();
    return;
  }
  std::thread other([&] { there(); });
  here();
  other.join();
}

} // namespace ranvier::mapping::detail

#endif
