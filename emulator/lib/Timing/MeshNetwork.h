//===- MeshNetwork.h - A mesh of routers, cycle by cycle --------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The network of `--timing detailed` for chips that are described in cycles (docs/spec/timing-and-energy.md, section 8): routers
// with a queue at each input, XY multicast trees, round robin at each output, back-pressure; cores that take one packet in after
// the other. Every cycle in which something can move is run, and only those: what a router does depends on what happened to it and
// its neighbours before. Between steps there are no packets, but turns stay as they are. Integer cycles from the start of the step;
// the same answer in every run; a step allocates nothing.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_EMULATOR_LIB_MESHNETWORK_H
#define RANVIER_EMULATOR_LIB_MESHNETWORK_H

#include "../Engine/Aligned.h"
#include "CyclePackets.h"
#include <array>
#include <vector>

namespace ranvier::emu {

/// What does not change from step to step. Nodes are numbered x * rows + y; the host sends into node 0 from the west and takes what
/// leaves it to the south.
struct MeshPlan {
  static constexpr uint32_t none = std::numeric_limits<uint32_t>::max(), toHost = none - 1;
  enum Port : unsigned { East, West, North, South, Core, NumPorts };
  /// A packet at a router on its way, a route's first stands at the router where it enters.
  struct Hop {
    std::array<uint32_t, Core> next = {none, none, none, none}; ///< By output; `toHost` for the host.
    uint32_t slot = none;                                       ///< Of the core here, if it is a destination.
  };
  uint32_t columns = 1, rows = 1;
  uint32_t buffer = 1; ///< [packets] that a router's input holds.
  uint32_t hop = 1;    ///< [cycles] from one router to the next.
  std::vector<Hop> hops;
  uint32_t nodes() const { return columns * rows; }
  /// The sender that stands for the host; core n's stands at n.
  uint32_t host() const { return nodes(); }
};

/// A link: what comes in by an input of a router.
struct MeshLinkOutcome {
  uint64_t packets = 0;
  int64_t waited = 0;  ///< [cycles] that packets lay behind others, summed.
  int64_t blocked = 0; ///< [cycles] that packets at the head could not go on, summed.
};

class MeshNetwork {
public:
  /// Throws std::bad_alloc.
  explicit MeshNetwork(MeshPlan plan);
  /// Sends everything. `senders`: by node, then the host's; routes of packets are hops of the plan. Returns the cycle in which the
  /// last processing ends, or the host takes its last packet.
  int64_t run(std::span<const CycleSender> senders, std::span<const uint32_t> processing);
  std::span<const CycleOutcome> outcomes() const { return {results.data(), results.size()}; } ///< As `senders`.
  /// By node and input.
  const MeshLinkOutcome &link(uint32_t node, unsigned port) const { return links[node * MeshPlan::NumPorts + port]; }
  /// The router and the input to which an output of a router leads.
  std::pair<uint32_t, unsigned> behind(uint32_t node, unsigned output) const;
  const MeshPlan &plan() const { return fixed; }
  /// All turns as after a reset of the chip: the first input.
  void reset() { std::fill(turn.begin(), turn.end(), uint8_t(0)); }
  /// By node: bits 3 * o to 3 * o + 2 are the input that output o serves first, as the hardware keeps them (n1_router.sv, next_q).
  std::vector<uint32_t> turns() const;
  /// Whether turns() can have been so: a word for each node, inputs below NumPorts, no more bits.
  bool canBeTurns(std::span<const uint32_t> words) const;
  /// Of words that can be.
  void setTurns(std::span<const uint32_t> words);
  uint64_t bytes() const;

private:
  static constexpr unsigned NumPorts = MeshPlan::NumPorts;
  struct Flit {
    uint64_t arrival;
    int64_t there; ///< From when on it can be at the head.
    uint32_t hop;
  };
  struct Queue {
    uint32_t head = 0, count = 0;
    uint32_t pending = 0; ///< Outputs by which a copy of the head has still to leave.
    int64_t headSince = 0;
  };
  struct Sender {
    size_t next = 0;
    int64_t due = 0;      ///< When its next packet can go.
    bool waiting = false; ///< It could have gone before.
    bool finished = false;
  };
  struct Move {
    uint32_t node;
    uint8_t input, output;
  };
  struct Wake {
    int64_t time;
    uint32_t who; ///< A node, or nodes() + a sender.
    bool operator>(const Wake &other) const { return time > other.time; }
  };

  void begin(std::span<const CycleSender> senders);
  void wake(uint32_t who, int64_t time);
  void nextCycle();
  void look(uint32_t node);
  void lookAtSender(uint32_t sender);
  void apply(const Move &move, std::span<const uint32_t> processing);
  void send(uint32_t sender);
  void finishSender(uint32_t sender);
  void push(uint32_t queue, const Flit &flit);
  void pop(uint32_t queue);
  void setHead(uint32_t queue);
  void deliver(uint32_t node, int64_t cycles);
  uint32_t queueOf(uint32_t sender) const {
    return sender == fixed.host() ? unsigned(MeshPlan::West) : sender * NumPorts + MeshPlan::Core;
  }
  uint32_t queueBehind(uint32_t node, unsigned output) const;
  Flit &flit(uint32_t queue, uint32_t place) { return flits[size_t(queue) * stride + (place & (stride - 1))]; }

  MeshPlan fixed;
  uint32_t stride = 1; ///< Places of a queue, rounded up to a power of two.
  std::vector<Flit> flits;
  std::vector<Queue> queues;   ///< By node and input.
  std::vector<uint8_t> turn;   ///< By node and output: the input that it serves first. Goes on from step to step.
  std::vector<int64_t> freeAt; ///< By node: when its core can take another packet.
  std::vector<uint8_t> wanted; ///< By hop: outputs.
  std::vector<Sender> states;
  std::vector<CycleOutcome> results;
  std::vector<MeshLinkOutcome> links;
  std::span<const CycleSender> given;
  int64_t now = 0, last = 0;
  std::vector<uint32_t> soon, current; ///< Who looks again in the next cycle, and in this one.
  std::vector<int64_t> wokenFor;       ///< By who: the latest cycle for which it is in one of them.
  std::vector<Wake> later;             ///< A heap.
  std::vector<Move> moves;
  std::vector<uint32_t> sending;
};

} // namespace ranvier::emu

#endif
