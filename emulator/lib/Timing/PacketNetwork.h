//===- PacketNetwork.h - Packets through links and buffers ------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The network of `--timing detailed` (docs/spec/timing-and-energy.md, section 4), which knows neither images nor machines: cores
// send packets one after another, links serve them one at a time out of bounded buffers, receiving cores are serial servers.
// Integer picoseconds from the start of the step, ending at the greatest number; the same answer in every run. A step allocates
// nothing.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_EMULATOR_LIB_PACKETNETWORK_H
#define RANVIER_EMULATOR_LIB_PACKETNETWORK_H

#include "../Engine/Aligned.h"
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace ranvier::emu {

/// What does not change from step to step.
struct NetworkPlan {
  static constexpr uint32_t noRing = std::numeric_limits<uint32_t>::max();
  /// Routes are trees: a node is a link, or the arrival at a core. The children of a node lie side by side.
  struct Node {
    uint32_t target = 0;     ///< Link number, or `links.size()` + core number.
    uint32_t firstChild = 0; ///< Into `nodes`; meaningless without children.
    uint32_t children = 0;   ///< 0: an arrival.
    uint32_t slot = 0;       ///< Of an arrival: which of the message's processing times.
  };
  /// The first nodes of a route.
  struct Route {
    uint32_t firstNode = 0, count = 0;
  };
  struct Link {
    int64_t latency = 0; ///< [ps] a packet occupies it.
    uint32_t ring =
        noRing; ///< Closed line of links that it is part of; a packet that enters one leaves a place of its buffer free.
  };
  uint32_t cores = 0;
  uint32_t buffer = 1; ///< [packets] at a link, the one it serves included, and at a core; at least 1, with rings at least 2.
  int64_t axonOut = 0; ///< [ps] of a core for each packet that it sends.
  std::vector<Link> links;
  std::vector<Node> nodes;
  std::vector<Route> routes;
};

/// Packets of one neuron: work of the core, then `count` times axonOut and a packet.
struct Send {
  int64_t work = 0;     ///< [ps] since the last packet.
  uint64_t message = 0; ///< Packet k takes route routeOf[message + k].
  uint64_t arrival = 0; ///< ... and its arrivals the processing times from processing[arrival + k] on.
  uint32_t count = 0;
};

/// What a core did in a step [ps].
struct CoreOutcome {
  int64_t sent = 0;            ///< End of its last work, waiting included.
  int64_t stalled = 0;         ///< Time in which a packet of its could not leave.
  int64_t processedUntil = 0;  ///< End of the last arrival's processing; 0 without any.
  int64_t processingAfter = 0; ///< Processing after `sent`.
};

/// What a link did in a step.
struct LinkOutcome {
  uint64_t packets = 0; ///< Served; busy for `packets` times its latency.
  int64_t waited = 0;   ///< [ps] that packets lay in its buffer before they were served, summed.
  int64_t blocked = 0;  ///< [ps] in which it held a packet that could not go on.
};

class PacketNetwork {
public:
  /// Throws std::bad_alloc.
  explicit PacketNetwork(NetworkPlan plan);

  /// Starts a step: every core idle, no packet anywhere.
  void begin();
  /// A message of the host, there at the start of the step. All before run(), once begin() was called.
  void receive(uint32_t core, int64_t processing);
  /// Sends everything. `sends`: by core; `trailing`: by core, work [ps] after the last packet; `routeOf`: see Send; `processing`:
  /// [ps]. Returns the end of the last work or processing.
  int64_t run(std::span<const std::span<const Send>> sends, std::span<const int64_t> trailing, std::span<const uint32_t> routeOf,
              std::span<const int64_t> processing);

  std::span<const CoreOutcome> cores() const { return {coreOutcomes.data(), coreOutcomes.size()}; }
  std::span<const LinkOutcome> links() const { return {linkOutcomes.data(), linkOutcomes.size()}; }
  const NetworkPlan &plan() const { return fixed; }

private:
  static constexpr uint32_t nothing = std::numeric_limits<uint32_t>::max();
  using Key = unsigned __int128; ///< Time, then port: what comes first in the step.
  static constexpr Key never = ~Key(0);

  struct Packet {
    uint64_t arrival;
    int64_t entered;
    uint32_t node; ///< The link at which it lies.
  };
  /// A sending core or a link: whoever may hold a packet that does not go on. Ports are numbered cores first, then links.
  struct Port {
    int64_t readySince = 0; ///< When the packet that it holds was ready to go on.
    int64_t heldUntil = 0;
    uint32_t missing = 0; ///< Copies that no link has taken yet.
    bool holding = false; ///< Its next event is that the packet goes.
  };
  struct LinkState {
    uint32_t head = 0, count = 0;
    uint32_t firstWaiter = nothing, lastWaiter = nothing;
  };
  struct Waiter {
    uint64_t arrival;
    uint32_t port, node, next;
  };
  struct Sender {
    const Send *next = nullptr, *end = nullptr;
    uint32_t packet = 0; ///< Of *next.
    int64_t trailing = 0;
    bool finished = true;
  };
  struct Receiver {
    int64_t freeAt = 0;
    uint32_t oldest = 0; ///< Of its last `buffer` ends of processing, a ring.
  };

  void schedule(uint32_t port, int64_t time);
  void clear(uint32_t port);
  void setKey(uint32_t port, Key key);
  void ready(uint32_t port, int64_t time);
  void goOn(uint32_t port, int64_t time, uint32_t firstNode, uint32_t count, uint64_t arrival);
  int64_t arrive(uint32_t core, int64_t time, int64_t processing);
  bool hasRoom(uint32_t link, uint32_t port) const;
  void wait(uint32_t port, uint32_t node, uint64_t arrival);
  void enter(uint32_t node, uint64_t arrival, int64_t time);
  void serve(uint32_t link, int64_t time);
  void release(uint32_t port, int64_t time);
  void releaseOne(uint32_t port, int64_t time);
  void grant(uint32_t link, int64_t time);
  void nextPacket(uint32_t core, int64_t time);
  Packet &packetAt(uint32_t link, uint32_t place) { return places[size_t(link) * stride + (place & (stride - 1))]; }

  NetworkPlan fixed;
  uint32_t stride = 1;    ///< Places of a buffer, rounded up to a power of two.
  uint32_t leaves = 1;    ///< Of `tree`, a power of two.
  AlignedArray<Key> tree; ///< [2 * leaves] A node is the least of its two children; leaf p is port p's next event.
  AlignedArray<Port> ports;
  AlignedArray<LinkState> linkStates;
  AlignedArray<Packet> places;
  std::vector<Waiter> waiters;
  uint32_t freeWaiter = nothing;
  AlignedArray<Sender> senders;
  AlignedArray<Receiver> receivers;
  AlignedArray<int64_t> ends; ///< [cores][buffer]
  AlignedArray<CoreOutcome> coreOutcomes;
  AlignedArray<LinkOutcome> linkOutcomes;
  std::vector<uint32_t> released; ///< Work list of release().
  std::span<const uint32_t> routes;
  std::span<const int64_t> processingTimes;
  int64_t last = 0;
};

} // namespace ranvier::emu

#endif
