//===- FirstCome.h - Cores as servers in order of arrival -------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The network of `--timing fast` for chips that are described in cycles (docs/spec/timing-and-energy.md, section 8): a few
// operations a message. Links are as wide as one likes and every core takes in what comes first; of the network's buffers it is
// left that a sender has only so many packets under way. A core alone, to which only it and the host send, is exact.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_EMULATOR_LIB_FIRSTCOME_H
#define RANVIER_EMULATOR_LIB_FIRSTCOME_H

#include "CyclePackets.h"
#include <array>
#include <vector>

namespace ranvier::emu {

struct FirstComePlan {
  struct Stop {
    uint32_t core = 0;
    uint32_t way = 0; ///< [cycles] to it.
  };
  struct Route {
    static constexpr uint32_t noHost = std::numeric_limits<uint32_t>::max();
    uint32_t first = 0, count = 0; ///< Of `stops`, in the order of slots.
    uint32_t hostWay = noHost;     ///< [cycles] to the host, which takes a packet a cycle.
  };
  uint32_t cores = 0;
  bool alone = false;  ///< There is one core, at which the host's packets enter.
  uint32_t window = 1; ///< [packets] that a sender has under way at most: sent, and not taken in everywhere but for their way.
  std::vector<Stop> stops;
  std::vector<Route> routes;
};

class FirstCome {
public:
  /// Throws std::bad_alloc.
  explicit FirstCome(FirstComePlan plan);
  /// `senders`: cores, then the host. Returns the cycle in which the last work ends. Allocates nothing.
  int64_t run(std::span<const CycleSender> senders, std::span<const uint32_t> processing);
  std::span<const CycleOutcome> outcomes() const { return {results.data(), results.size()}; } ///< As `senders`.
  uint64_t bytes() const;

private:
  struct Sender {
    size_t next = 0;
    uint32_t slot = 0;                ///< `next` modulo the window.
    FirstComePlan::Route route = {};  ///< Of the next packet.
    const uint32_t *cycles = nullptr; ///< Likewise, by slot.
  };
  void prepare(uint32_t sender, const CycleSender &what, std::span<const uint32_t> processing);
  void setKey(uint32_t sender, uint64_t key);
  void schedule(uint32_t sender, int64_t time);
  struct Server {
    int64_t freeAt = 0, work = 0;
  };
  int64_t take(uint32_t core, int64_t time, uint32_t cycles);
  void runAlone(std::span<const CycleSender> senders, std::span<const uint32_t> processing);
  void runShared(std::span<const CycleSender> senders, std::span<const uint32_t> processing);

  FirstComePlan fixed;
  std::vector<Sender> states;
  std::vector<Server> servers;  ///< Cores, then the host.
  std::vector<int64_t> takenIn; ///< By sender, a ring of `window`: when a packet had left it.
  std::vector<CycleOutcome> results;
  /// A node is the lesser of its two children; leaf s is when sender s can send next, above, and s below.
  std::vector<uint64_t> tree;
  uint32_t leaves = 1;
};

} // namespace ranvier::emu

#endif
