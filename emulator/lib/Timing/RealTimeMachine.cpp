//===- RealTimeMachine.cpp - Events of a machine in real time ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "RealTimeMachine.h"
#include "ranvier/Support/Error.h"
#include <bit>

namespace ranvier::emu {

namespace {
constexpr int64_t ever = std::numeric_limits<int64_t>::max();
/// Behind the ports of links and cores.
constexpr uint32_t hostPort = std::numeric_limits<uint32_t>::max() - 1, monitorPort = hostPort + 1;
/// `by` is not below 0, `time` may be: of before what rebase() counts from.
int64_t later(int64_t time, int64_t by) { return time > 0 && by > ever - time ? ever : time + by; }
} // namespace

RealTimeMachine::RealTimeMachine(RealTimePlan plan, int64_t longest) : fixed(std::move(plan)), longest(longest) {
  const size_t cores = fixed.tileOf.size();
  coreStates.resize(cores);
  injectors.resize(cores + 2 * size_t(fixed.tiles));
  linkStates.resize(fixed.links.size());
  routerStates.resize(fixed.tiles);
  coreCounts.resize(cores);
  works.resize(cores);
  linkOutcomes.resize(fixed.links.size());
  std::vector<uint32_t> next(fixed.tiles, 6);
  for (const uint32_t tile : fixed.tileOf)
    portOf.push_back(next[tile]++);
}

void RealTimeMachine::reset() {
  heap.clear();
  for (Core &core : coreStates)
    core = {};
  for (Injector &injector : injectors)
    injector = {};
  for (LinkState &link : linkStates)
    link = {};
  for (Router &router : routerStates)
    router = {};
  std::fill(coreCounts.begin(), coreCounts.end(), CoreProvenance());
  routerCounts = {};
  std::fill(works.begin(), works.end(), RealTimeWork());
  std::fill(linkOutcomes.begin(), linkOutcomes.end(), LinkOutcome());
  now = start = last = 0;
}

void RealTimeMachine::at(int64_t time, Kind kind, uint32_t index) {
  if (time == ever)
    return;
  heap.push_back({time, kind, index});
  std::push_heap(heap.begin(), heap.end());
}

RealTimeMachine::Packet RealTimeMachine::packetOf(uint32_t route, uint64_t message) const {
  const RealTimePlan::Route &entry = fixed.routes[route];
  return {entry.firstNode, static_cast<uint32_t>((uint64_t(1) << entry.count) - 1), message};
}

void RealTimeMachine::host(uint32_t tile, uint32_t route, uint64_t firstMessage) {
  now = start;
  put(static_cast<uint32_t>(coreStates.size()) + tile, packetOf(route, firstMessage));
}

int64_t RealTimeMachine::step(std::span<const std::span<const Send>> sends, std::span<const int64_t> trailing,
                              std::span<const uint32_t> routeOf, RowSink &sink) {
  std::fill(works.begin(), works.end(), RealTimeWork());
  std::fill(linkOutcomes.begin(), linkOutcomes.end(), LinkOutcome());
  for (uint32_t c = 0; c < coreStates.size(); ++c) {
    Update &update = coreStates[c].updates.grow();
    update.sends.assign(sends[c].begin(), sends[c].end());
    update.routes.clear();
    for (const Send &entry : sends[c])
      update.routes.push_back(routeOf[entry.message]);
    update.trailing = trailing[c];
  }
  last = start;
  at(start, Ticks, 0);
  const int64_t until = later(start, fixed.period);
  while (!heap.empty() && (fixed.lossless || heap.front().time < until)) {
    std::pop_heap(heap.begin(), heap.end());
    const Event event = heap.back();
    heap.pop_back();
    now = event.time;
    handle(event, sink);
  }
  const int64_t end = std::max(until, last), length = end - start;
  start = end;
  if (start >= longest)
    rebase();
  return length;
}

/// Counts time from a whole number of the monitors' looks before the next step.
void RealTimeMachine::rebase() {
  const int64_t by = start / fixed.poll * fixed.poll;
  const auto shift = [&](int64_t &time) { time -= time == ever ? 0 : by; };
  shift(start);
  for (Event &event : heap)
    shift(event.time);
  for (Core &core : coreStates)
    for (int64_t Core::*time : {&Core::interruptUntil, &Core::segmentEnd, &Core::dmaFree})
      shift(core.*time);
  for (Injector &injector : injectors)
    shift(injector.readyAt);
  for (LinkState &link : linkStates)
    for (uint32_t n = 0; n < link.arrived.size(); ++n)
      shift(link.arrived[n].second);
  for (Router &router : routerStates) {
    for (Request &request : router.requests)
      shift(request.time);
    for (int64_t Router::*time : {&Router::taken, &Router::dumpUntil, &Router::memoryFree})
      shift(router.*time);
    router.woken = -1; // what was woken before the step has been
  }
}

void RealTimeMachine::handle(const Event &event, RowSink &sink) {
  switch (static_cast<Kind>(event.kind)) {
  case LinkArrives: {
    LinkState &link = linkStates[event.index];
    const RealTimePlan::Link &place = fixed.links[event.index];
    link.moving = false;
    link.arrived.push({link.underWay, now});
    if (link.arrived.size() == 1)
      routerStates[place.to].requests.push_back({now, place.port, event.index});
    wakeSoon(place.to);
    wakeSoon(place.from);
    break;
  }
  case PacketTaken:
    packetTaken(event.index);
    wakeSoon(fixed.tileOf[event.index]);
    break;
  case ReadDone: {
    Core &core = coreStates[event.index];
    core.reading = false;
    core.ready.push(core.fetching);
    ++coreCounts[event.index].reads;
    at(now, Chooses, event.index);
    break;
  }
  case SegmentEnds:
    if (const int64_t end = coreStates[event.index].segmentEnd; end > now) // an interrupt held it up
      return at(end, SegmentEnds, event.index);
    segmentEnds(event.index, sink);
    break;
  case Ticks:
    tick();
    break;
  case Polls:
    poll(event.index);
    break;
  case Chooses:
    return choose(event.index, sink);
  case Asks:
    return ask(event.index);
  case Wakes:
    routerStates[event.index].woken = -1;
    return wake(event.index);
  }
  last = now; // what only looks is no work
}

//===--- Cores ------------------------------------------------------------===//

void RealTimeMachine::tick() {
  for (uint32_t c = 0; c < coreStates.size(); ++c) {
    Core &core = coreStates[c];
    CoreProvenance &counts = coreCounts[c];
    core.received = core.processed = 0;
    if (core.task == Task::Update || core.ticks) {
      ++counts.overruns;
      counts.mostTicksWaiting = std::max<uint64_t>(counts.mostTicksWaiting, core.ticks + 1);
    }
    ++core.ticks;
    at(now, Chooses, c);
  }
}

/// What a core does next, if it does nothing: an update before a row, a row before the start of a read.
void RealTimeMachine::choose(uint32_t index, RowSink &sink) {
  Core &core = coreStates[index];
  if (core.task != Task::None || now < core.interruptUntil)
    return;
  if (core.ticks) {
    beginUpdate(index);
  } else if (!core.ready.empty()) {
    core.working = core.ready.front();
    core.ready.pop();
    if (!core.reading && more(core) && 1 + core.ready.size() < fixed.rowBuffers) {
      takeNext(index);
      core.task = Task::RowLookup;
      run(index, fixed.lookup, &RealTimeWork::rows);
    } else {
      beginWork(index, sink);
    }
  } else if (!core.reading && more(core)) {
    takeNext(index);
    core.task = Task::Start;
    run(index, fixed.lookup, &RealTimeWork::rows);
  }
}

void RealTimeMachine::run(uint32_t index, int64_t duration, int64_t RealTimeWork::*share) {
  Core &core = coreStates[index];
  works[index].*share = later(works[index].*share, duration);
  core.segmentEnd = later(std::max(now, core.interruptUntil), duration);
  at(core.segmentEnd, SegmentEnds, index);
}

void RealTimeMachine::segmentEnds(uint32_t index, RowSink &sink) {
  Core &core = coreStates[index];
  switch (core.task) {
  case Task::None:
    RANVIER_ASSERT(false, "the end of no work");
    break;
  case Task::Update: {
    const Update &update = core.updates.front();
    if (core.nextSend < update.sends.size()) {
      if (injectors[index].queue.size() >= fixed.transmitQueue) {
        ++coreCounts[index].transmitFull;
        return run(index, fixed.retry, &RealTimeWork::stalled);
      }
      put(index, packetOf(update.routes[core.nextSend], update.sends[core.nextSend].arrival));
      ++core.nextSend;
      return nextSegment(index);
    }
    core.updates.pop();
    break;
  }
  case Task::Start:
    startRead(index);
    break;
  case Task::RowLookup:
    startRead(index);
    return beginWork(index, sink);
  case Task::RowWork:
    if (const uint32_t back = fixed.rows[fixed.rowPtr[core.working.message] + core.working.row].back)
      transfer(index, back, false);
    break;
  }
  core.task = Task::None;
  at(now, Chooses, index);
}

void RealTimeMachine::beginUpdate(uint32_t index) {
  Core &core = coreStates[index];
  CoreProvenance &counts = coreCounts[index];
  --core.ticks;
  ++core.step;
  counts.late += core.waiting.size();
  if (fixed.dropLate) {
    counts.droppedLate += core.waiting.size();
    core.waiting.clear();
  }
  core.task = Task::Update;
  core.nextSend = 0;
  nextSegment(index);
}

/// The work of an update up to its next packet, or to its end.
void RealTimeMachine::nextSegment(uint32_t index) {
  Core &core = coreStates[index];
  const Update &update = core.updates.front();
  int64_t duration = core.nextSend < update.sends.size() ? later(update.sends[core.nextSend].work, fixed.axonOut) : update.trailing;
  if (core.nextSend == 0)
    duration = later(duration, fixed.tick);
  run(index, duration, &RealTimeWork::update);
}

/// Takes the next row of the packet whose rows are read, or of the next packet.
void RealTimeMachine::takeNext(uint32_t index) {
  Core &core = coreStates[index];
  CoreProvenance &counts = coreCounts[index];
  if (core.nextRow == core.endRow) {
    core.message = core.waiting.front();
    core.waiting.pop();
    core.nextRow = 0;
    core.endRow = static_cast<uint32_t>(fixed.rowPtr[core.message + 1] - fixed.rowPtr[core.message]);
    ++counts.processed;
    counts.mostProcessed = std::max<uint64_t>(counts.mostProcessed, ++core.processed);
  }
  core.fetches = core.nextRow < core.endRow;
  if (core.fetches)
    core.fetching = {core.message, core.nextRow++};
}

void RealTimeMachine::startRead(uint32_t index) {
  Core &core = coreStates[index];
  if (!core.fetches)
    return;
  if (const uint32_t words = fixed.rows[fixed.rowPtr[core.fetching.message] + core.fetching.row].words) {
    core.reading = true;
    transfer(index, words, true);
  } else {
    core.ready.push(core.fetching);
  }
}

/// A core's transfers follow each other; the tile's memory serves its cores in the order in which they asked.
void RealTimeMachine::transfer(uint32_t index, uint32_t words, bool reads) {
  Core &core = coreStates[index];
  int64_t &memory = routerStates[fixed.tileOf[index]].memoryFree;
  const int64_t begin = std::max(later(std::max(now, core.dmaFree), fixed.dmaStart), memory);
  const bool beyond = fixed.dmaWord > (ever - begin) / words;
  memory = core.dmaFree = beyond ? ever : begin + words * fixed.dmaWord;
  if (reads)
    at(memory, ReadDone, index);
}

void RealTimeMachine::beginWork(uint32_t index, RowSink &sink) {
  Core &core = coreStates[index];
  core.task = Task::RowWork;
  coreCounts[index].saturated += sink.row(index, core.working.message, core.working.row, core.step);
  run(index, fixed.rows[fixed.rowPtr[core.working.message] + core.working.row].work, &RealTimeWork::rows);
}

/// A router gives the core a packet: the interrupt holds up whatever it does.
void RealTimeMachine::arrive(uint32_t index, uint64_t message) {
  Core &core = coreStates[index];
  core.taken = message;
  core.interruptUntil = later(now, fixed.packet);
  if (core.task != Task::None)
    core.segmentEnd = later(core.segmentEnd, fixed.packet);
  works[index].packets = later(works[index].packets, fixed.packet);
  at(core.interruptUntil, PacketTaken, index);
}

void RealTimeMachine::packetTaken(uint32_t index) {
  Core &core = coreStates[index];
  CoreProvenance &counts = coreCounts[index];
  ++counts.received;
  counts.mostReceived = std::max<uint64_t>(counts.mostReceived, ++core.received);
  if (!fixed.lossless && core.waiting.size() >= fixed.spikeBuffer) {
    ++counts.lost;
  } else {
    core.waiting.push(core.taken);
    counts.mostWaiting = std::max<uint64_t>(counts.mostWaiting, core.waiting.size());
  }
  at(now, Chooses, index);
}

//===--- Routers ----------------------------------------------------------===//

uint32_t RealTimeMachine::tileOfInjector(uint32_t injector) const {
  const uint32_t cores = static_cast<uint32_t>(coreStates.size());
  return injector < cores ? fixed.tileOf[injector] : (injector - cores) % fixed.tiles;
}

void RealTimeMachine::put(uint32_t index, const Packet &packet) {
  Injector &injector = injectors[index];
  injector.queue.push(packet);
  if (injector.queue.size() == 1)
    at(std::max(now, injector.readyAt), Asks, index);
}

/// Ports: links, cores, the host, the monitor.
void RealTimeMachine::ask(uint32_t index) {
  Injector &injector = injectors[index];
  if (injector.asked || injector.queue.empty())
    return;
  injector.asked = true;
  const uint32_t cores = static_cast<uint32_t>(coreStates.size()), tile = tileOfInjector(index);
  const uint32_t port = index < cores ? portOf[index] : index < cores + fixed.tiles ? hostPort : monitorPort;
  routerStates[tile].requests.push_back({now, port, static_cast<uint32_t>(fixed.links.size()) + index});
  wakeSoon(tile);
}

void RealTimeMachine::wakeSoon(uint32_t tile) {
  Router &router = routerStates[tile];
  if (router.woken == now)
    return;
  router.woken = now;
  at(now, Wakes, tile);
}

bool RealTimeMachine::isFree(uint32_t target) const {
  if (target >= fixed.links.size())
    return now >= coreStates[target - fixed.links.size()].interruptUntil;
  const LinkState &link = linkStates[target];
  return !link.moving && link.arrived.size() < fixed.linkBuffer;
}

void RealTimeMachine::send(const RealTimePlan::Node &node, const Packet &packet) {
  if (!node.children)
    return arrive(node.target - static_cast<uint32_t>(fixed.links.size()), packet.message + node.slot);
  LinkState &link = linkStates[node.target];
  link.moving = true;
  link.underWay = {node.firstChild, static_cast<uint32_t>((uint64_t(1) << node.children) - 1), packet.message};
  ++linkOutcomes[node.target].packets;
  at(later(now, fixed.links[node.target].hop), LinkArrives, node.target);
}

RealTimeMachine::Packet RealTimeMachine::take(const Request &request) {
  if (request.source < fixed.links.size()) {
    LinkState &link = linkStates[request.source];
    const RealTimePlan::Link &place = fixed.links[request.source];
    const auto [packet, since] = link.arrived.front();
    link.arrived.pop();
    linkOutcomes[request.source].waited = later(linkOutcomes[request.source].waited, now - since);
    ++routerCounts.external;
    if (!link.arrived.empty())
      routerStates[place.to].requests.push_back({now, place.port, request.source});
    wakeSoon(place.from);
    return packet;
  }
  const uint32_t index = request.source - static_cast<uint32_t>(fixed.links.size());
  Injector &injector = injectors[index];
  const Packet packet = injector.queue.front();
  injector.queue.pop();
  injector.asked = false;
  injector.readyAt = later(now, fixed.inject);
  ++routerCounts.local;
  if (index >= coreStates.size() + fixed.tiles)
    ++routerCounts.again;
  if (!injector.queue.empty())
    at(injector.readyAt, Asks, index);
  return packet;
}

/// Goes on with the packet that a router has, and takes the next when it is through.
void RealTimeMachine::wake(uint32_t tile) {
  Router &router = routerStates[tile];
  for (;;) {
    if (router.active) {
      const int64_t limit = later(router.taken, fixed.wait);
      for (uint32_t left = router.packet.branches; left; left &= left - 1) {
        const RealTimePlan::Node &node = fixed.nodes[router.packet.firstNode + static_cast<uint32_t>(std::countr_zero(left))];
        if (isFree(node.target)) {
          if (node.children)
            linkOutcomes[node.target].blocked = later(linkOutcomes[node.target].blocked, now - router.taken);
          router.packet.branches &= ~(left & -left);
          send(node, router.packet);
          last = now;
        }
      }
      if (router.packet.branches && now >= limit)
        drop(tile);
      const int64_t through = later(router.taken, fixed.route);
      if (router.packet.branches || now < through)
        return; // what it waits for wakes it: a link, a core, or the time set when it took the packet
      router.active = false;
    }
    if (router.requests.empty())
      return;
    const auto first = std::min_element(router.requests.begin(), router.requests.end(), [](const Request &a, const Request &b) {
      return std::pair(a.time, a.port) < std::pair(b.time, b.port);
    });
    const Request request = *first;
    router.requests.erase(first);
    router.packet = take(request);
    router.taken = now;
    router.active = true;
    last = now;
    if (fixed.route > 0)
      at(later(now, fixed.route), Wakes, tile);
    if (fixed.wait > 0 && fixed.wait != fixed.route)
      at(later(now, fixed.wait), Wakes, tile);
  }
}

/// The branches that are left go to the monitor, or nowhere.
void RealTimeMachine::drop(uint32_t tile) {
  Router &router = routerStates[tile];
  ++routerCounts.dropped;
  bool kept = false;
  if (fixed.reinjects && !fixed.lossless && now < router.dumpUntil) {
    ++routerCounts.missed;
  } else if (fixed.reinjects) {
    ++routerCounts.caught;
    router.dumpUntil = later(now, fixed.monitor);
    kept = fixed.lossless || router.dropped.size() < fixed.reinjectionQueue;
    if (kept)
      router.dropped.push(router.packet);
    else
      ++routerCounts.overflows;
    if (kept && !router.polls) {
      router.polls = true;
      at((now / fixed.poll + 1) * fixed.poll, Polls, tile);
    }
  }
  for (uint32_t left = router.packet.branches; !kept && left; left &= left - 1)
    routerCounts.lost += fixed.nodes[router.packet.firstNode + static_cast<uint32_t>(std::countr_zero(left))].arrivals;
  router.packet.branches = 0;
}

void RealTimeMachine::poll(uint32_t tile) {
  Router &router = routerStates[tile];
  router.polls = false;
  for (; !router.dropped.empty(); router.dropped.pop())
    put(static_cast<uint32_t>(coreStates.size()) + fixed.tiles + tile, router.dropped.front());
}

} // namespace ranvier::emu
