//===- FirstCome.cpp - Cores as servers in order of arrival ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "FirstCome.h"
#include "ranvier/Support/Error.h"
#include <bit>
#include <string>

namespace ranvier::emu {
namespace {
constexpr uint64_t never = ~uint64_t(0);
constexpr unsigned senderBits = 25; ///< A chip has at most 2^24 cores.
constexpr int64_t latest = (int64_t(1) << (63 - senderBits)) - 1;
/// [cycles] A place that comes free is filled in the next one, and what fills it is at the head one later.
constexpr int64_t toHead = 2;
} // namespace

FirstCome::FirstCome(FirstComePlan plan) : fixed(std::move(plan)) {
  RANVIER_ASSERT(fixed.window >= 1, "a sender that may send nothing");
  RANVIER_ASSERT(fixed.cores >> senderBits == 0, std::to_string(fixed.cores) + " cores");
  const size_t senders = fixed.cores + size_t(1);
  leaves = static_cast<uint32_t>(std::bit_ceil(senders));
  states.resize(senders);
  servers.resize(senders);
  takenIn.resize(senders * fixed.window);
  results.resize(senders);
  tree.assign(size_t(leaves) * 2, never);
}

uint64_t FirstCome::bytes() const {
  const auto of = [](const auto &list) { return uint64_t(list.size()) * sizeof(*list.data()); };
  return of(fixed.stops) + of(fixed.routes) + of(states) + of(servers) + of(takenIn) + of(results) + of(tree);
}

int64_t FirstCome::run(std::span<const CycleSender> senders, std::span<const uint32_t> processing) {
  std::fill(servers.begin(), servers.end(), Server());
  if (!fixed.alone)
    runShared(senders, processing);
  else
    runAlone(senders, processing);
  // The host has taken a packet in the cycle in which it comes.
  servers.back().freeAt -= servers.back().freeAt != 0;
  int64_t last = 0;
  for (uint32_t s = 0; s <= fixed.cores; ++s) {
    const int64_t sent = senders[s].sent;
    const auto [freeAt, work] = servers[s];
    results[s] = {0, sent, work, freeAt, std::clamp<int64_t>(freeAt - sent, 0, work)};
    last = std::max({last, sent, freeAt});
  }
  return last;
}

/// A packet is there at `time`; when it is taken in.
inline int64_t FirstCome::take(uint32_t core, int64_t time, uint32_t cycles) {
  Server &server = servers[core];
  const int64_t start = std::max(time, server.freeAt);
  server.freeAt = start + cycles;
  server.work += cycles;
  return start;
}

//===--- A core alone -----------------------------------------------------===//

namespace {
/// A queue of a sender's packets in front of the core.
class Queue {
public:
  Queue(const CycleSender &sender, int64_t *left, uint32_t window)
      : next(sender.packets.data()), end(next + sender.packets.size()), spacing(sender.spacing), entered(sender.first - 1),
        left(left), window(window), places(window) {
    advance();
  }
  bool empty() const { return next == end; }
  const CyclePacket &packet() const { return *next; }
  int64_t head() const { return headAt; } ///< From when on the packet is at the head.
  void pop(int64_t time) {
    popped = left[slot] = time;
    slot = slot + 1 == window ? 0 : slot + 1;
    places -= places != 0;
    ++next;
    advance();
  }

private:
  void advance() {
    if (next == end)
      return;
    entered += int64_t(next->place - place) * spacing;
    place = next->place;
    if (!places) // until then there is room
      entered = std::max(entered, left[slot] + 1);
    headAt = std::max(entered, popped) + 1;
  }
  const CyclePacket *next, *end;
  int64_t spacing, entered, headAt = 0, popped = -1;
  uint32_t place = 0;
  int64_t *left; ///< A ring of the window: when packets left.
  uint32_t window, places, slot = 0;
};
} // namespace

/// The core's own packets wait in one queue and the host's in another; of those at the heads the first to have come there is next,
/// or else that of the queue which was not served last.
void FirstCome::runAlone(std::span<const CycleSender> senders, std::span<const uint32_t> processing) {
  Queue own(senders[0], takenIn.data(), fixed.window), host(senders[1], takenIn.data() + fixed.window, fixed.window);
  Server core, hears;
  const auto serve = [&](Queue &from) {
    const FirstComePlan::Route &route = fixed.routes[from.packet().route];
    int64_t time = from.head();
    if (route.hostWay != route.noHost) {
      hears.freeAt = std::max(time, hears.freeAt) + 1;
      ++hears.work;
    }
    if (route.count) {
      const uint32_t cycles = processing[from.packet().arrival];
      time = std::max(time, core.freeAt);
      core.freeAt = time + cycles;
      core.work += cycles;
    }
    from.pop(time);
    return route.count != 0;
  };
  for (bool hostIsLast = false; !own.empty() && !host.empty();)
    if (hostIsLast ? host.head() < own.head() : host.head() <= own.head())
      hostIsLast = serve(host) || hostIsLast;
    else
      hostIsLast = !serve(own) && hostIsLast;
  while (!own.empty())
    serve(own);
  while (!host.empty())
    serve(host);
  servers[0] = core;
  servers[1] = hears;
}

//===--- Several cores ----------------------------------------------------===//

inline void FirstCome::setKey(uint32_t sender, uint64_t key) {
  uint32_t node = leaves + sender;
  tree[node] = key;
  for (; node > 1; node /= 2)
    tree[node / 2] = key = std::min(key, tree[node ^ 1]);
}
inline void FirstCome::schedule(uint32_t sender, int64_t time) {
  setKey(sender, static_cast<uint64_t>(std::min(time, latest)) << senderBits | sender);
}

/// What a sender needs for its next packet, found while others are served.
inline void FirstCome::prepare(uint32_t sender, const CycleSender &what, std::span<const uint32_t> processing) {
  Sender &state = states[sender];
  const CyclePacket &packet = what.packets[state.next];
  state.route = fixed.routes[packet.route];
  state.cycles = processing.data() + packet.arrival;
}

void FirstCome::runShared(std::span<const CycleSender> senders, std::span<const uint32_t> processing) {
  for (uint32_t s = 0; s <= fixed.cores; ++s) {
    states[s] = {};
    if (senders[s].packets.empty())
      continue;
    prepare(s, senders[s], processing);
    schedule(s, senders[s].first + int64_t(senders[s].packets[0].place) * senders[s].spacing);
  }
  while (tree[1] != never) {
    const auto s = static_cast<uint32_t>(tree[1] & ((1u << senderBits) - 1));
    const auto ready = static_cast<int64_t>(tree[1] >> senderBits);
    Sender &state = states[s];
    const FirstComePlan::Route &route = state.route;
    const FirstComePlan::Stop *stop = fixed.stops.data() + route.first;
    int64_t left = ready;
    for (uint32_t k = 0; k < route.count; ++k)
      left = std::max(left, take(stop[k].core, ready + stop[k].way, state.cycles[k]) - stop[k].way);
    if (route.hostWay != route.noHost)
      left = std::max(left, take(fixed.cores, ready + route.hostWay, 1) - route.hostWay);
    int64_t *ring = &takenIn[size_t(s) * fixed.window];
    ring[state.slot] = left;
    state.slot = state.slot + 1 == fixed.window ? 0 : state.slot + 1;
    const CycleSender &sender = senders[s];
    if (++state.next == sender.packets.size()) {
      setKey(s, never);
      continue;
    }
    const CyclePacket *packet = &sender.packets[state.next];
    const int64_t time = ready + int64_t(packet[0].place - packet[-1].place) * sender.spacing;
    schedule(s, state.next < fixed.window ? time : std::max(time, ring[state.slot] + toHead));
    prepare(s, sender, processing);
  }
}

} // namespace ranvier::emu
