//===- PacketNetwork.cpp - Packets through links and buffers --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Every port (sending core or link) has at most one event to come, so the events are a tournament over ports and a step is a walk
// from event to event. Receiving cores need none: what they take in is served in the order in which it asks to enter, so that the
// time at which it enters and is done is known at once.
//===----------------------------------------------------------------------===//
#include "PacketNetwork.h"
#include "ranvier/Support/Error.h"
#include <algorithm>
#include <bit>
#include <set>

namespace ranvier::emu {
namespace {
/// Sum of two times; ends at the greatest number.
inline int64_t later(int64_t time, int64_t by) {
  int64_t sum;
  return __builtin_add_overflow(time, by, &sum) ? INT64_MAX : sum;
}
} // namespace

PacketNetwork::PacketNetwork(NetworkPlan plan) : fixed(std::move(plan)) {
  const uint32_t links = static_cast<uint32_t>(fixed.links.size()), count = fixed.cores + links;
  RANVIER_ASSERT(fixed.buffer >= 1, "a buffer without a place");
  stride = std::bit_ceil(fixed.buffer);
  leaves = std::bit_ceil(std::max(count, 1u));
  tree = AlignedArray<Key>(size_t(leaves) * 2);
  tree.fill(never);
  ports = AlignedArray<Port>(count);
  linkStates = AlignedArray<LinkState>(links);
  linkStates.fill({});
  places = AlignedArray<Packet>(size_t(links) * stride);
  senders = AlignedArray<Sender>(fixed.cores);
  receivers = AlignedArray<Receiver>(fixed.cores);
  ends = AlignedArray<int64_t>(size_t(fixed.cores) * fixed.buffer);
  coreOutcomes = AlignedArray<CoreOutcome>(fixed.cores);
  linkOutcomes = AlignedArray<LinkOutcome>(links);
  // A port waits for a link with one packet at a time: as many records as pairs of a port and a link that follows it.
  std::set<std::pair<uint32_t, uint32_t>> pairs;
  for (const NetworkPlan::Node &node : fixed.nodes)
    for (uint32_t k = 0; k < node.children; ++k)
      if (const uint32_t to = fixed.nodes[node.firstChild + k].target; to < links) {
        RANVIER_ASSERT(fixed.links[to].ring == NetworkPlan::noRing || fixed.buffer >= 2, "a ring needs buffers of two places");
        pairs.emplace(node.target, to);
      }
  uint32_t widest = 1; // copies that a core sends at once
  for (const NetworkPlan::Route &route : fixed.routes)
    widest = std::max(widest, route.count);
  waiters.resize(pairs.size() + size_t(widest) * fixed.cores);
  for (uint32_t w = 0; w < waiters.size(); ++w)
    waiters[w].next = w + 1 < waiters.size() ? w + 1 : nothing;
  freeWaiter = waiters.empty() ? nothing : 0;
  released.reserve(count);
}

void PacketNetwork::begin() {
  // At the end of a step no packet is left anywhere, so that ports and links are as at the start.
  coreOutcomes.fill({});
  receivers.fill({});
  ends.fill(0);
  linkOutcomes.fill({});
  last = 0;
}

//===--- Events -----------------------------------------------------------===//

void PacketNetwork::setKey(uint32_t port, Key key) {
  size_t at = leaves + port;
  tree[at] = key;
  while (at > 1) {
    at /= 2;
    const Key least = std::min(tree[2 * at], tree[2 * at + 1]);
    if (tree[at] == least)
      return;
    tree[at] = least;
  }
}

void PacketNetwork::schedule(uint32_t port, int64_t time) { setKey(port, Key(static_cast<uint64_t>(time)) << 32 | port); }
void PacketNetwork::clear(uint32_t port) { setKey(port, never); }

int64_t PacketNetwork::run(std::span<const std::span<const Send>> sends, std::span<const int64_t> trailing,
                           std::span<const uint32_t> routeOf, std::span<const int64_t> processing) {
  routes = routeOf;
  processingTimes = processing;
  for (uint32_t c = 0; c < fixed.cores; ++c) {
    senders[c] = {sends[c].data(), sends[c].data() + sends[c].size(), 0, trailing[c], false};
    nextPacket(c, 0);
  }
  while (tree[1] != never) {
    const auto port = static_cast<uint32_t>(tree[1]);
    const auto time = static_cast<int64_t>(static_cast<uint64_t>(tree[1] >> 32));
    if (ports[port].holding)
      release(port, time);
    else
      ready(port, time);
  }
  return last;
}

//===--- Senders and receivers --------------------------------------------===//

/// The core works towards its next packet, or ends.
void PacketNetwork::nextPacket(uint32_t core, int64_t time) {
  Sender &sender = senders[core];
  int64_t work = fixed.axonOut;
  if (sender.next != sender.end && sender.packet == sender.next->count) {
    ++sender.next;
    sender.packet = 0;
    if (sender.next + 1 < sender.end) { // its routes and times are somewhere in tables of all out-axons
      __builtin_prefetch(&routes[sender.next[1].message]);
      __builtin_prefetch(&processingTimes[sender.next[1].arrival]);
    }
  }
  if (sender.next == sender.end) {
    CoreOutcome &outcome = coreOutcomes[core];
    outcome.sent = later(time, sender.trailing);
    // What it has taken in so far it processes without a pause.
    outcome.processingAfter = std::max<int64_t>(0, receivers[core].freeAt - outcome.sent);
    last = std::max(last, outcome.sent);
    sender.finished = true;
    clear(core);
    return;
  }
  if (sender.packet == 0)
    work = later(work, sender.next->work);
  schedule(core, later(time, work));
}

void PacketNetwork::receive(uint32_t core, int64_t processing) {
  // Not through the buffer: the host waits.
  Receiver &receiver = receivers[core];
  receiver.freeAt = later(receiver.freeAt, processing);
  coreOutcomes[core].processedUntil = receiver.freeAt;
  last = std::max(last, receiver.freeAt);
}

/// Takes a packet in that asks at `time`; returns when there is a place for it.
int64_t PacketNetwork::arrive(uint32_t core, int64_t time, int64_t processing) {
  Receiver &receiver = receivers[core];
  int64_t &slot = ends[size_t(core) * fixed.buffer + receiver.oldest];
  const int64_t entered = std::max(time, slot); // the packet `buffer` before this one has left by then
  const int64_t start = std::max(time, receiver.freeAt);
  receiver.freeAt = slot = later(start, processing);
  if (++receiver.oldest == fixed.buffer)
    receiver.oldest = 0;
  CoreOutcome &outcome = coreOutcomes[core];
  outcome.processedUntil = receiver.freeAt;
  if (senders[core].finished)
    outcome.processingAfter = later(outcome.processingAfter, std::max<int64_t>(0, receiver.freeAt - std::max(start, outcome.sent)));
  last = std::max(last, receiver.freeAt);
  return entered;
}

//===--- Links ------------------------------------------------------------===//

/// The packet that the port holds asks for what comes next.
void PacketNetwork::ready(uint32_t port, int64_t time) {
  if (port < fixed.cores) {
    const Sender &sender = senders[port];
    const NetworkPlan::Route &route = fixed.routes[routes[sender.next->message + sender.packet]];
    goOn(port, time, route.firstNode, route.count, sender.next->arrival + sender.packet);
  } else {
    const uint32_t link = port - fixed.cores;
    const Packet &packet = packetAt(link, linkStates[link].head);
    const NetworkPlan::Node &node = fixed.nodes[packet.node];
    goOn(port, time, node.firstChild, node.children, packet.arrival);
  }
}

void PacketNetwork::goOn(uint32_t port, int64_t time, uint32_t firstNode, uint32_t count, uint64_t arrival) {
  const uint32_t links = static_cast<uint32_t>(fixed.links.size());
  Port &state = ports[port];
  state.readySince = state.heldUntil = time;
  for (uint32_t n = firstNode; n < firstNode + count; ++n) {
    const NetworkPlan::Node &node = fixed.nodes[n];
    if (node.target >= links)
      state.heldUntil = std::max(state.heldUntil, arrive(node.target - links, time, processingTimes[arrival + node.slot]));
    else if (hasRoom(node.target, port))
      enter(n, arrival, time);
    else
      wait(port, n, arrival);
  }
  if (state.missing)
    clear(port);
  else if (state.heldUntil == time)
    release(port, time);
  else {
    state.holding = true;
    schedule(port, state.heldUntil);
  }
}

/// A packet that enters a ring leaves a place free, so that those on the ring can always move on.
bool PacketNetwork::hasRoom(uint32_t link, uint32_t port) const {
  const uint32_t ring = fixed.links[link].ring;
  const bool enters = ring != NetworkPlan::noRing && (port < fixed.cores || fixed.links[port - fixed.cores].ring != ring);
  return linkStates[link].count + enters < fixed.buffer;
}

void PacketNetwork::wait(uint32_t port, uint32_t node, uint64_t arrival) {
  LinkState &link = linkStates[fixed.nodes[node].target];
  const uint32_t record = freeWaiter;
  freeWaiter = waiters[record].next;
  waiters[record] = {arrival, port, node, nothing};
  if (link.lastWaiter == nothing)
    link.firstWaiter = record;
  else
    waiters[link.lastWaiter].next = record;
  link.lastWaiter = record;
  ++ports[port].missing;
}

void PacketNetwork::enter(uint32_t node, uint64_t arrival, int64_t time) {
  const uint32_t link = fixed.nodes[node].target;
  LinkState &state = linkStates[link];
  packetAt(link, state.head + state.count) = {arrival, time, node};
  if (++state.count == 1)
    serve(link, time);
}

void PacketNetwork::serve(uint32_t link, int64_t time) {
  LinkOutcome &outcome = linkOutcomes[link];
  ++outcome.packets;
  outcome.waited = later(outcome.waited, time - packetAt(link, linkStates[link].head).entered);
  schedule(fixed.cores + link, later(time, fixed.links[link].latency));
}

/// The port's packet has gone on. A place that comes free may let another port's packet go, and so forth: in the order granted.
void PacketNetwork::release(uint32_t port, int64_t time) {
  releaseOne(port, time);
  for (size_t next = 0; next < released.size(); ++next)
    releaseOne(released[next], time);
  released.clear();
}

void PacketNetwork::releaseOne(uint32_t port, int64_t time) {
  Port &state = ports[port];
  const int64_t held = time - state.readySince;
  state.holding = false;
  if (port < fixed.cores) {
    coreOutcomes[port].stalled = later(coreOutcomes[port].stalled, held);
    ++senders[port].packet;
    nextPacket(port, time);
    return;
  }
  const uint32_t link = port - fixed.cores;
  LinkState &at = linkStates[link];
  linkOutcomes[link].blocked = later(linkOutcomes[link].blocked, held);
  at.head = (at.head + 1) & (stride - 1);
  if (--at.count)
    serve(link, time);
  else
    clear(port);
  if (at.firstWaiter != nothing)
    grant(link, time);
}

/// One place has come free: it goes to the first that waits for it and may have it.
void PacketNetwork::grant(uint32_t link, int64_t time) {
  LinkState &state = linkStates[link];
  uint32_t before = nothing, record = state.firstWaiter;
  while (record != nothing && !hasRoom(link, waiters[record].port)) {
    before = record;
    record = waiters[record].next;
  }
  if (record == nothing)
    return;
  const Waiter waiter = waiters[record];
  (before == nothing ? state.firstWaiter : waiters[before].next) = waiter.next;
  if (state.lastWaiter == record)
    state.lastWaiter = before;
  waiters[record].next = freeWaiter;
  freeWaiter = record;
  enter(waiter.node, waiter.arrival, time);
  Port &port = ports[waiter.port];
  if (--port.missing)
    return;
  if (port.heldUntil > time) {
    port.holding = true;
    schedule(waiter.port, port.heldUntil);
  } else {
    released.push_back(waiter.port);
  }
}

} // namespace ranvier::emu
