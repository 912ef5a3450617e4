//===- MeshNetwork.cpp - A mesh of routers, cycle by cycle ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A cycle has two halves, as registers have it: everyone who may act looks at what stood at its start, then all that was decided
// happens. Who acted, or could not, looks again when something it looks at has changed.
//===----------------------------------------------------------------------===//
#include "MeshNetwork.h"
#include "ranvier/Support/Error.h"
#include <bit>

namespace ranvier::emu {
namespace {

/// The first input from `first` on, round about, that is in a set.
constexpr auto makeChoices() {
  std::array<std::array<uint8_t, 32>, MeshPlan::NumPorts> table = {};
  for (unsigned first = 0; first < MeshPlan::NumPorts; ++first)
    for (unsigned set = 1; set < 32; ++set) {
      unsigned at = first;
      while (!(set >> at & 1))
        at = (at + 1) % MeshPlan::NumPorts;
      table[first][set] = static_cast<uint8_t>(at);
    }
  return table;
}
constexpr auto choices = makeChoices();
} // namespace

std::pair<uint32_t, unsigned> MeshNetwork::behind(uint32_t node, unsigned output) const {
  switch (output) {
  case MeshPlan::East:
    return {node + fixed.rows, MeshPlan::West};
  case MeshPlan::West:
    return {node - fixed.rows, MeshPlan::East};
  case MeshPlan::North:
    return {node + 1, MeshPlan::South};
  default:
    return {node - 1, MeshPlan::North};
  }
}

inline uint32_t MeshNetwork::queueBehind(uint32_t node, unsigned output) const {
  const auto [to, input] = behind(node, output);
  return to * NumPorts + input;
}

MeshNetwork::MeshNetwork(MeshPlan plan) : fixed(std::move(plan)) {
  RANVIER_ASSERT(fixed.buffer >= 1 && fixed.hop >= 1, "queues of a place at least, hops of a cycle at least");
  const size_t nodes = fixed.nodes();
  stride = std::bit_ceil(fixed.buffer);
  flits.resize(nodes * NumPorts * stride);
  queues.resize(nodes * NumPorts);
  turn.resize(nodes * NumPorts);
  freeAt.resize(nodes);
  for (const MeshPlan::Hop &hop : fixed.hops) {
    unsigned mask = hop.slot != MeshPlan::none ? 1u << MeshPlan::Core : 0;
    for (unsigned o = 0; o < MeshPlan::Core; ++o)
      mask |= unsigned(hop.next[o] != MeshPlan::none) << o;
    RANVIER_ASSERT(mask, "a packet that goes nowhere");
    wanted.push_back(static_cast<uint8_t>(mask));
  }
  states.resize(nodes + 1);
  results.resize(nodes + 1);
  links.resize(nodes * NumPorts);
  wokenFor.resize(2 * nodes + 1);
  soon.reserve(2 * nodes + 1);
  current.reserve(2 * nodes + 1);
  later.reserve((NumPorts + 2) * nodes + 1); // a core's end of processing, heads on their way, senders
  moves.reserve(nodes * NumPorts);
  sending.reserve(nodes + 1);
}

uint64_t MeshNetwork::bytes() const {
  const auto of = [](const auto &list) { return uint64_t(list.capacity()) * sizeof(*list.data()); };
  return of(fixed.hops) + of(flits) + of(queues) + of(turn) + of(freeAt) + of(wanted) + of(states) + of(results) + of(links) +
         of(wokenFor) + of(soon) + of(current) + of(later) + of(moves) + of(sending);
}

std::vector<uint32_t> MeshNetwork::turns() const {
  std::vector<uint32_t> words(fixed.nodes());
  for (size_t k = 0; k < turn.size(); ++k)
    words[k / NumPorts] |= uint32_t(turn[k]) << 3 * (k % NumPorts);
  return words;
}

bool MeshNetwork::canBeTurns(std::span<const uint32_t> words) const {
  if (words.size() != fixed.nodes())
    return false;
  for (const uint32_t word : words) {
    for (unsigned o = 0; o < NumPorts; ++o)
      if ((word >> 3 * o & 7) >= NumPorts)
        return false;
    if (word >> 3 * NumPorts)
      return false;
  }
  return true;
}

void MeshNetwork::setTurns(std::span<const uint32_t> words) {
  for (size_t k = 0; k < turn.size(); ++k)
    turn[k] = static_cast<uint8_t>(words[k / NumPorts] >> 3 * (k % NumPorts) & 7);
}

void MeshNetwork::begin(std::span<const CycleSender> senders) {
  given = senders;
  std::fill(queues.begin(), queues.end(), Queue());
  std::fill(freeAt.begin(), freeAt.end(), 0);
  std::fill(links.begin(), links.end(), MeshLinkOutcome());
  std::fill(wokenFor.begin(), wokenFor.end(), -1);
  std::fill(results.begin(), results.end(), CycleOutcome());
  now = -1;
  last = 0;
  for (uint32_t s = 0; s <= fixed.host(); ++s) {
    states[s] = {};
    if (senders[s].packets.empty()) {
      finishSender(s);
      continue;
    }
    // It lies in the queue a cycle before it is at its head.
    states[s].due = senders[s].first - 1 + int64_t(senders[s].packets[0].place) * senders[s].spacing;
    wake(fixed.nodes() + s, states[s].due);
  }
}

int64_t MeshNetwork::run(std::span<const CycleSender> senders, std::span<const uint32_t> processing) {
  begin(senders);
  while (!soon.empty() || !later.empty()) {
    nextCycle();
    moves.clear();
    sending.clear();
    for (const uint32_t who : current)
      who < fixed.nodes() ? look(who) : lookAtSender(who - fixed.nodes());
    for (const Move &move : moves)
      apply(move, processing);
    for (const uint32_t sender : sending)
      send(sender);
  }
  return std::max(last, results[fixed.host()].processedUntil);
}

//===--- Who looks when ---------------------------------------------------===//

/// `time` is later than now.
void MeshNetwork::wake(uint32_t who, int64_t time) {
  if (time != now + 1) {
    later.push_back({time, who});
    std::push_heap(later.begin(), later.end(), std::greater<>());
  } else if (wokenFor[who] != time) {
    wokenFor[who] = time;
    soon.push_back(who);
  }
}

void MeshNetwork::nextCycle() {
  current.clear();
  std::swap(current, soon);
  now = current.empty() ? later.front().time : now + 1;
  for (; !later.empty() && later.front().time == now; later.pop_back()) {
    if (const uint32_t who = later.front().who; wokenFor[who] != now) {
      wokenFor[who] = now;
      current.push_back(who);
    }
    std::pop_heap(later.begin(), later.end(), std::greater<>());
  }
}

//===--- First half: decide -----------------------------------------------===//

void MeshNetwork::look(uint32_t node) {
  const Queue *inputs = &queues[size_t(node) * NumPorts];
  std::array<uint8_t, NumPorts> asks = {}; // by output: inputs
  for (unsigned i = 0; i < NumPorts; ++i)
    if (inputs[i].headSince <= now)
      for (uint32_t set = inputs[i].pending; set; set &= set - 1)
        asks[static_cast<unsigned>(std::countr_zero(set))] |= uint8_t(1u << i);
  for (unsigned o = 0; o < NumPorts; ++o) {
    if (!asks[o])
      continue;
    uint8_t &first = turn[size_t(node) * NumPorts + o];
    const uint8_t chosen = choices[first][asks[o]];
    const bool toHost = o == MeshPlan::South && node == 0; // it always takes
    const bool taken = o == MeshPlan::Core ? freeAt[node] <= now : toHost || queues[queueBehind(node, o)].count < fixed.buffer;
    first = taken ? uint8_t(chosen + 1u == NumPorts ? 0 : chosen + 1) : chosen; // who waits is served next
    if (taken)
      moves.push_back({node, chosen, uint8_t(o)});
  }
}

void MeshNetwork::lookAtSender(uint32_t sender) {
  Sender &state = states[sender];
  if (state.finished || state.due > now) // woken by its queue before its time
    return;
  state.waiting = queues[queueOf(sender)].count >= fixed.buffer;
  if (!state.waiting)
    sending.push_back(sender);
}

//===--- Second half: do --------------------------------------------------===//

void MeshNetwork::apply(const Move &move, std::span<const uint32_t> processing) {
  const uint32_t from = move.node * NumPorts + move.input;
  const Flit &flit = this->flit(from, queues[from].head);
  const MeshPlan::Hop &hop = fixed.hops[flit.hop];
  if (move.output == MeshPlan::Core)
    deliver(move.node, processing[flit.arrival + hop.slot]);
  else if (hop.next[move.output] == MeshPlan::toHost)
    results[fixed.host()].processedUntil = now;
  else
    push(queueBehind(move.node, move.output), {flit.arrival, now + fixed.hop, hop.next[move.output]});
  wake(move.node, now + 1); // others may want the output
  if (!(queues[from].pending &= ~(1u << move.output)))
    pop(from);
}

void MeshNetwork::deliver(uint32_t node, int64_t cycles) {
  freeAt[node] = now + cycles;
  last = std::max(last, freeAt[node]);
  CycleOutcome &outcome = results[node];
  outcome.work = outcome.work + cycles;
  outcome.processedUntil = freeAt[node];
  if (states[node].finished)
    outcome.processingAfter = outcome.processingAfter + std::max<int64_t>(0, freeAt[node] - std::max(now, outcome.sent));
  wake(node, freeAt[node]);
}

void MeshNetwork::send(uint32_t sender) {
  Sender &state = states[sender];
  const CycleSender &what = given[sender];
  const CyclePacket &packet = what.packets[state.next];
  results[sender].stalled += now - state.due;
  push(queueOf(sender), {packet.arrival, now + 1, packet.route});
  if (++state.next == what.packets.size())
    return finishSender(sender);
  // Spikes between that have no destination take their time, too.
  state.due = now + int64_t(what.packets[state.next].place - packet.place) * what.spacing;
  wake(fixed.nodes() + sender, state.due);
}

void MeshNetwork::finishSender(uint32_t sender) {
  Sender &state = states[sender];
  state.finished = true;
  CycleOutcome &outcome = results[sender];
  outcome.sent = std::max(now, given[sender].sent + outcome.stalled);
  last = std::max(last, outcome.sent);
  if (sender != fixed.host()) // what it has taken in so far it processes without a pause
    outcome.processingAfter = std::max<int64_t>(0, freeAt[sender] - outcome.sent);
}

void MeshNetwork::push(uint32_t queue, const Flit &flit) {
  Queue &at = queues[queue];
  this->flit(queue, at.head + at.count) = flit;
  if (++at.count == 1)
    setHead(queue);
}

void MeshNetwork::pop(uint32_t queue) {
  Queue &at = queues[queue];
  const uint32_t node = queue / NumPorts;
  const unsigned port = queue % NumPorts;
  MeshLinkOutcome &link = links[queue];
  ++link.packets;
  link.blocked += now - at.headSince;
  link.waited += at.headSince - flit(queue, at.head).there;
  if (at.count == fixed.buffer) { // there is room from the next cycle on
    const bool fromHost = node == 0 && port == MeshPlan::West;
    if (port == MeshPlan::Core || fromHost) {
      const uint32_t sender = fromHost ? fixed.host() : node;
      if (states[sender].waiting)
        wake(fixed.nodes() + sender, now + 1);
    } else {
      wake(behind(node, port).first, now + 1);
    }
  }
  ++at.head;
  if (--at.count)
    setHead(queue);
}

void MeshNetwork::setHead(uint32_t queue) {
  Queue &at = queues[queue];
  const Flit &head = flit(queue, at.head);
  at.pending = wanted[head.hop];
  at.headSince = std::max(now + 1, head.there);
  wake(queue / NumPorts, at.headSince);
}

} // namespace ranvier::emu
