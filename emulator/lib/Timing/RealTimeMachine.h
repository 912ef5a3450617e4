//===- RealTimeMachine.h - Events of a machine in real time -----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A machine whose cores update their neurons when a timer says so and take in packets meanwhile (docs/spec/real-time.md), which
// knows neither images nor chips: packets cross routers and links, wait in a queue, have their rows read from the tile's memory
// into a core's few buffers and are processed, or are late or lost. One thread, integer picoseconds, events in a stated order: the
// same answer in every run. What waits at the end of a step is there at the start of the next.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_EMULATOR_LIB_REALTIMEMACHINE_H
#define RANVIER_EMULATOR_LIB_REALTIMEMACHINE_H

#include "PacketNetwork.h"
#include "ranvier/Emulator/RealTime.h"
#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

namespace ranvier::emu {

/// What does not change from step to step. Times in ps, none below 0.
struct RealTimePlan {
  int64_t period = 1;   ///< From one tick of the timer to the next.
  int64_t tick = 0;     ///< Of the timer's event, besides its neurons.
  int64_t axonOut = 0;  ///< Of a core for each packet that it sends.
  int64_t packet = 1;   ///< Of a core that takes in a packet; at least 1.
  int64_t lookup = 0;   ///< Of a core from a packet to the start of its row's read.
  int64_t dmaStart = 0; ///< Of a read or write, before the tile's memory serves it.
  int64_t dmaWord = 0;  ///< Of the tile's memory for each word.
  int64_t inject = 0;   ///< From one packet that a router takes from a core to the core's next.
  int64_t retry = 1;    ///< After which a core tries again to send; at least 1.
  int64_t route = 1;    ///< Of a router for each packet; at least 1.
  int64_t wait = 0;     ///< After which a router drops a packet.
  int64_t poll = 1;     ///< From one look of the monitor at what was dropped to the next; at least 1.
  int64_t monitor = 0;  ///< Of the monitor that takes in a dropped packet.
  uint32_t spikeBuffer = 1, rowBuffers = 1, transmitQueue = 1, linkBuffer = 1, reinjectionQueue = 1; ///< At least 1 each.
  bool dropLate = false;                                                                             ///< A tick empties the queue.
  bool reinjects = true; ///< Dropped packets are sent again.
  bool lossless = false; ///< Queues end nowhere, and a tick waits until all is done.
  /// A branch of a route: over a link to more of them, or to a core. Children lie side by side.
  struct Node {
    uint32_t target = 0;                   ///< Link number, or `links.size()` + core number.
    uint32_t firstChild = 0, children = 0; ///< None: a core.
    uint32_t slot = 0;                     ///< Of a core: which of the packet's messages.
    uint32_t arrivals = 1;                 ///< Cores behind it.
  };
  struct Route {
    uint32_t firstNode = 0, count = 0; ///< At most 32 branches.
  };
  struct Link {
    uint32_t from = 0, to = 0; ///< Tiles.
    uint32_t port = 0;         ///< Of its end, by which ties are decided; below 6.
    int64_t hop = 0;           ///< [ps] a packet occupies it.
  };
  /// A row of a message.
  struct Row {
    uint32_t words = 0; ///< To be read; 0: it lies in the core's own memory.
    uint32_t back = 0;  ///< To be written when it is done.
    int64_t work = 0;
  };
  uint32_t tiles = 1;
  std::vector<uint32_t> tileOf; ///< [cores]
  std::vector<Link> links;
  std::vector<Node> nodes;
  std::vector<Route> routes;
  std::vector<uint64_t> rowPtr; ///< [messages + 1] into `rows`.
  std::vector<Row> rows;
};

/// A queue without an end that keeps its memory.
template <typename T> class Ring {
public:
  bool empty() const { return count == 0; }
  uint32_t size() const { return count; }
  T &front() { return places[first]; }
  T &operator[](uint32_t n) { return places[(first + n) & (places.size() - 1)]; }
  /// The place that a push takes, with what was there before.
  T &grow() {
    if (count == places.size()) {
      std::rotate(places.begin(), places.begin() + first, places.end());
      first = 0;
      places.resize(std::max<size_t>(4, 2 * places.size()));
    }
    return places[(first + count++) & (places.size() - 1)];
  }
  void push(const T &value) { grow() = value; }
  void pop() {
    first = static_cast<uint32_t>((first + 1) & (places.size() - 1));
    --count;
  }
  void clear() { first = count = 0; }

private:
  std::vector<T> places; ///< A power of two of them.
  uint32_t first = 0, count = 0;
};

/// Whom a row goes to when it is worked on.
class RowSink {
public:
  virtual ~RowSink() = default;
  /// Row `row` (of its message) acts as if it had been sent in `step`. Returns how many sums it saturates.
  virtual uint64_t row(uint32_t core, uint64_t message, uint32_t row, uint32_t step) = 0;
};

/// How a core spent its time [ps], by what began in the step.
struct RealTimeWork {
  int64_t update = 0, stalled = 0, packets = 0, rows = 0;
};

class RealTimeMachine {
public:
  /// `longest`: time [ps] after which it counts from a later moment, so that a run may be of any length. Nothing depends on it.
  explicit RealTimeMachine(RealTimePlan plan, int64_t longest = int64_t(1) << 61);
  void reset();
  /// A packet of the host, which is at the router of a tile at the next tick.
  void host(uint32_t tile, uint32_t route, uint64_t firstMessage);
  /// Runs from a tick to just before the next. `sends`, `trailing`: the update that the tick asks of each core [cores], with
  /// Send::message an index of `routeOf` and Send::arrival the first message; one packet each. Returns the length of the step.
  int64_t step(std::span<const std::span<const Send>> sends, std::span<const int64_t> trailing, std::span<const uint32_t> routeOf,
               RowSink &sink);
  const RealTimePlan &plan() const { return fixed; }
  /// Since the last reset.
  std::span<const CoreProvenance> cores() const { return coreCounts; }
  const RouterProvenance &routers() const { return routerCounts; }
  /// Of the last step.
  std::span<const RealTimeWork> work() const { return works; }
  std::span<const LinkOutcome> links() const { return linkOutcomes; }
  /// Nothing is under way.
  bool isQuiet() const { return heap.empty(); }

private:
  enum Kind : uint32_t { LinkArrives, PacketTaken, ReadDone, SegmentEnds, Ticks, Polls, Chooses, Asks, Wakes };
  struct Event {
    int64_t time;
    uint32_t kind, index;
    bool operator<(const Event &o) const { // of a heap whose top is the first
      return time != o.time ? time > o.time : kind != o.kind ? kind > o.kind : index > o.index;
    }
  };
  struct Packet {
    uint32_t firstNode = 0, branches = 0; ///< Bit n: node firstNode + n.
    uint64_t message = 0;
  };
  struct Update {
    std::vector<Send> sends;
    std::vector<uint32_t> routes;
    int64_t trailing = 0;
  };
  struct Fetched {
    uint64_t message = 0;
    uint32_t row = 0;
  };
  enum class Task : uint8_t { None, Update, Start, RowLookup, RowWork };
  struct Core {
    Ring<uint64_t> waiting;
    Ring<Update> updates; ///< The one under way first.
    Ring<Fetched> ready;
    Fetched fetching, working;
    int64_t interruptUntil = 0, segmentEnd = 0, dmaFree = 0;
    uint64_t message = 0; ///< Whose rows are read.
    uint32_t nextRow = 0, endRow = 0, nextSend = 0, step = 0, ticks = 0, received = 0, processed = 0;
    uint64_t taken = 0; ///< The message that the interrupt brings.
    Task task = Task::None;
    bool reading = false, fetches = false;
  };
  /// Who gives a router one packet after another: cores, then the hosts of all tiles, then their monitors.
  struct Injector {
    Ring<Packet> queue;
    int64_t readyAt = 0;
    bool asked = false;
  };
  struct LinkState {
    Ring<std::pair<Packet, int64_t>> arrived; ///< And when.
    Packet underWay;
    bool moving = false;
  };
  struct Request {
    int64_t time;
    uint32_t port, source; ///< Link, or links.size() + injector.
  };
  struct Router {
    std::vector<Request> requests;
    Packet packet;
    int64_t taken = 0;
    bool active = false;
    Ring<Packet> dropped; ///< For the monitor's next look.
    int64_t dumpUntil = 0;
    bool polls = false;
    int64_t memoryFree = 0;
    int64_t woken = -1; ///< When it is woken next, if that is now.
  };

  void at(int64_t time, Kind kind, uint32_t index);
  void handle(const Event &event, RowSink &sink);
  void rebase();
  // Cores.
  void tick();
  void choose(uint32_t core, RowSink &sink);
  void run(uint32_t core, int64_t duration, int64_t RealTimeWork::*share);
  void segmentEnds(uint32_t core, RowSink &sink);
  void beginUpdate(uint32_t core);
  void nextSegment(uint32_t core);
  bool more(const Core &core) const { return core.nextRow < core.endRow || !core.waiting.empty(); }
  void takeNext(uint32_t core);
  void startRead(uint32_t core);
  void beginWork(uint32_t core, RowSink &sink);
  void transfer(uint32_t core, uint32_t words, bool reads);
  void arrive(uint32_t core, uint64_t message);
  void packetTaken(uint32_t core);
  // Routers.
  void put(uint32_t injector, const Packet &packet);
  void ask(uint32_t injector);
  uint32_t tileOfInjector(uint32_t injector) const;
  void wake(uint32_t tile);
  void wakeSoon(uint32_t tile);
  bool isFree(uint32_t target) const;
  void send(const RealTimePlan::Node &node, const Packet &packet);
  void drop(uint32_t tile);
  void poll(uint32_t tile);
  Packet take(const Request &request);
  Packet packetOf(uint32_t route, uint64_t message) const;

  RealTimePlan fixed;
  std::vector<uint32_t> portOf; ///< [cores] at its router.
  std::vector<Event> heap;
  std::vector<Core> coreStates;
  std::vector<Injector> injectors;
  std::vector<LinkState> linkStates;
  std::vector<Router> routerStates;
  std::vector<CoreProvenance> coreCounts;
  RouterProvenance routerCounts;
  std::vector<RealTimeWork> works;
  std::vector<LinkOutcome> linkOutcomes;
  int64_t now = 0, start = 0, last = 0; ///< `start`: of the next step.
  int64_t longest;
};

} // namespace ranvier::emu

#endif
