//===- PacketNetworkTest.cpp - Packets against queueing theory ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The packet network alone: cases worked out by hand, an M/D/1 queue, and a second, plain implementation of section 4 of
// docs/spec/timing-and-energy.md, which shares nothing with the first and keeps every receiver as a server with events of its own.
//===----------------------------------------------------------------------===//
#include "../../../emulator/lib/Timing/PacketNetwork.h"
#include "ranvier/Support/Random.h"
#include <cmath>
#include <deque>
#include <doctest/doctest.h>
#include <list>
#include <map>
#include <string>

using namespace ranvier;
using emu::CoreOutcome;
using emu::LinkOutcome;
using emu::NetworkPlan;
using emu::Send;

namespace {

/// Everything that a step needs, and its outcome.
struct Step {
  NetworkPlan plan;
  std::vector<std::vector<Send>> sends; ///< [cores]
  std::vector<int64_t> trailing;        ///< [cores]
  std::vector<uint32_t> routeOf;
  std::vector<int64_t> processing;
  std::vector<std::pair<uint32_t, int64_t>> host; ///< (core, processing)
};
struct Outcome {
  int64_t end = 0;
  std::vector<CoreOutcome> cores;
  std::vector<LinkOutcome> links;
};

Outcome outcomeOf(emu::PacketNetwork &network, const Step &step) {
  network.begin();
  for (const auto &[core, time] : step.host)
    network.receive(core, time);
  std::vector<std::span<const Send>> sends(step.sends.begin(), step.sends.end());
  Outcome out;
  out.end = network.run(sends, step.trailing, step.routeOf, step.processing);
  out.cores.assign(network.cores().begin(), network.cores().end());
  out.links.assign(network.links().begin(), network.links().end());
  return out;
}
Outcome run(const Step &step) {
  emu::PacketNetwork network(step.plan);
  return outcomeOf(network, step);
}

//===--- Building ---------------------------------------------------------===//

/// A step of `cores` cores and links of the given latencies.
Step empty(uint32_t cores, std::vector<int64_t> latencies, uint32_t buffer) {
  Step step;
  step.plan.cores = cores;
  step.plan.buffer = buffer;
  for (const int64_t latency : latencies)
    step.plan.links.push_back({latency, NetworkPlan::noRing});
  step.sends.resize(cores);
  step.trailing.assign(cores, 0);
  return step;
}
/// A route over links one after another to a core.
uint32_t chain(Step &step, const std::vector<uint32_t> &links, uint32_t core) {
  const uint32_t first = static_cast<uint32_t>(step.plan.nodes.size()), count = static_cast<uint32_t>(links.size());
  for (uint32_t k = 0; k < count; ++k)
    step.plan.nodes.push_back({links[k], first + k + 1, 1, 0});
  step.plan.nodes.push_back({static_cast<uint32_t>(step.plan.links.size()) + core, 0, 0, 0});
  step.plan.routes.push_back({first, 1});
  return static_cast<uint32_t>(step.plan.routes.size() - 1);
}
/// One more packet of a core.
void send(Step &step, uint32_t core, int64_t work, uint32_t route, std::vector<int64_t> processing) {
  step.sends[core].push_back({work, step.routeOf.size(), step.processing.size(), 1});
  step.routeOf.push_back(route);
  step.processing.insert(step.processing.end(), processing.begin(), processing.end());
}

//===--- The plain implementation -----------------------------------------===//

class Plain {
public:
  explicit Plain(const Step &step) : step(step), links(step.plan.links.size()), cores(step.plan.cores) {}

  Outcome run() {
    result.links.resize(links.size());
    result.cores.resize(cores.size());
    for (const auto &[core, time] : step.host) {
      cores[core].busyUntil += time;
      cores[core].intervals.emplace_back(cores[core].busyUntil - time, cores[core].busyUntil);
    }
    for (uint32_t c = 0; c < cores.size(); ++c) {
      for (const Send &entry : step.sends[c])
        for (uint32_t k = 0; k < entry.count; ++k)
          cores[c].packets.push_back(
              {step.plan.axonOut + (k ? 0 : entry.work), step.routeOf[entry.message + k], entry.arrival + k});
      nextOf(c, 0);
    }
    while (!events.empty()) { // the first event by (time, port); ends of processing before all others of their time
      auto first = events.begin();
      for (auto at = events.begin(); at != events.end(); ++at)
        if (std::tie(at->time, at->port) < std::tie(first->time, first->port))
          first = at;
      const Event event = *first;
      events.erase(first);
      now = event.time;
      if (event.port < 0)
        processed(static_cast<uint32_t>(-event.port - 1));
      else if (event.isRelease)
        release(static_cast<uint32_t>(event.port));
      else
        ready(static_cast<uint32_t>(event.port));
    }
    for (uint32_t c = 0; c < cores.size(); ++c) {
      CoreOutcome &out = result.cores[c];
      out.sent = cores[c].sent;
      for (const auto &[from, to] : cores[c].intervals) {
        out.processedUntil = std::max(out.processedUntil, to);
        out.processingAfter += std::max<int64_t>(0, to - std::max(from, out.sent));
      }
      result.end = std::max({result.end, out.sent, out.processedUntil});
    }
    return result;
  }

private:
  struct Event {
    int64_t time;
    int64_t port; ///< Cores, then links; -1 - c: core c has processed a packet.
    bool isRelease;
  };
  struct Copy {
    uint32_t node;
    uint64_t arrival;
    int64_t entered = 0;
  };
  struct Request {
    uint32_t port;
    Copy copy;
  };
  struct LinkState {
    std::deque<Copy> queue;
    std::list<Request> waiting;
  };
  struct Generated {
    int64_t work;
    uint32_t route;
    uint64_t arrival;
  };
  struct CoreState {
    std::vector<Generated> packets;
    size_t next = 0;
    int64_t sent = 0, busyUntil = 0;
    std::deque<int64_t> inside; ///< Ends of processing of what is in the buffer.
    std::list<std::pair<uint32_t, int64_t>> waiting;
    std::vector<std::pair<int64_t, int64_t>> intervals;
  };

  void nextOf(uint32_t c, int64_t time) {
    CoreState &core = cores[c];
    if (core.next == core.packets.size())
      core.sent = time + step.trailing[c];
    else
      events.push_back({time + core.packets[core.next].work, c, false});
  }
  void ready(uint32_t port) {
    readySince[port] = now;
    std::vector<Copy> copies;
    if (port < cores.size()) {
      const Generated &packet = cores[port].packets[cores[port].next];
      const auto &route = step.plan.routes[packet.route];
      for (uint32_t k = 0; k < route.count; ++k)
        copies.push_back({route.firstNode + k, packet.arrival});
    } else {
      const Copy &head = links[port - cores.size()].queue.front();
      const auto &node = step.plan.nodes[head.node];
      for (uint32_t k = 0; k < node.children; ++k)
        copies.push_back({node.firstChild + k, head.arrival});
    }
    missing[port] = static_cast<int>(copies.size());
    for (const Copy &copy : copies) {
      const uint32_t target = step.plan.nodes[copy.node].target;
      if (target >= links.size())
        arrive(port, target - static_cast<uint32_t>(links.size()), copy);
      else if (mayEnter(port, target))
        enter(copy, target), taken(port);
      else
        links[target].waiting.push_back({port, copy});
    }
    if (missing[port] == 0)
      release(port);
  }
  bool mayEnter(uint32_t port, uint32_t link) const {
    const uint32_t ring = step.plan.links[link].ring;
    size_t needed = 1;
    if (ring != NetworkPlan::noRing && (port < cores.size() || step.plan.links[port - cores.size()].ring != ring))
      needed = 2;
    return links[link].queue.size() + needed <= step.plan.buffer;
  }
  void taken(uint32_t port) { --missing[port]; }
  /// The service of a core is fixed by the order in which packets ask; their places in its buffer come free one by one.
  void arrive(uint32_t port, uint32_t c, const Copy &copy) {
    CoreState &core = cores[c];
    const int64_t start = std::max(now, core.busyUntil);
    core.busyUntil = start + step.processing[copy.arrival + step.plan.nodes[copy.node].slot];
    core.intervals.emplace_back(start, core.busyUntil);
    if (core.inside.size() < step.plan.buffer && core.waiting.empty()) {
      core.inside.push_back(core.busyUntil);
      events.push_back({core.busyUntil, -1 - int64_t(c), false});
      taken(port);
    } else {
      core.waiting.emplace_back(port, core.busyUntil);
    }
  }
  void processed(uint32_t c) {
    CoreState &core = cores[c];
    core.inside.pop_front();
    if (core.waiting.empty())
      return;
    const auto [port, end] = core.waiting.front();
    core.waiting.pop_front();
    core.inside.push_back(end);
    events.push_back({end, -1 - int64_t(c), false});
    taken(port);
    if (missing[port] == 0)
      events.push_back({now, port, true});
  }
  void enter(Copy copy, uint32_t link) {
    copy.entered = now;
    links[link].queue.push_back(copy);
    if (links[link].queue.size() == 1)
      serve(link);
  }
  void serve(uint32_t link) {
    ++result.links[link].packets;
    result.links[link].waited += now - links[link].queue.front().entered;
    events.push_back({now + step.plan.links[link].latency, int64_t(cores.size()) + link, false});
  }
  void release(uint32_t port) {
    std::deque<uint32_t> work = {port};
    for (; !work.empty(); work.pop_front()) {
      const uint32_t at = work.front();
      const int64_t held = now - readySince[at];
      if (at < cores.size()) {
        result.cores[at].stalled += held;
        ++cores[at].next;
        nextOf(at, now);
        continue;
      }
      const uint32_t link = at - static_cast<uint32_t>(cores.size());
      LinkState &state = links[link];
      result.links[link].blocked += held;
      state.queue.pop_front();
      if (!state.queue.empty())
        serve(link);
      for (auto request = state.waiting.begin(); request != state.waiting.end(); ++request)
        if (mayEnter(request->port, link)) {
          enter(request->copy, link);
          const uint32_t granted = request->port;
          state.waiting.erase(request);
          taken(granted);
          if (missing[granted] == 0)
            work.push_back(granted);
          break;
        }
    }
  }

  const Step &step;
  std::vector<LinkState> links;
  std::vector<CoreState> cores;
  std::vector<Event> events;
  std::map<uint32_t, int64_t> readySince;
  std::map<uint32_t, int> missing;
  int64_t now = 0;
  Outcome result;
};

//===--- Grids ------------------------------------------------------------===//

/// A step of random traffic over a grid of one core a tile: routes X, then Y; trees of several destinations where asked.
Step randomStep(uint64_t seed, uint32_t width, uint32_t height, bool torus, bool trees, uint32_t buffer, uint32_t packets,
                bool coarse) {
  uint32_t drawn = 0;
  const auto draw = [&](uint32_t below) { return randomWord(seed, 0, 0, drawn++) % below; };
  const auto tick = [&](uint32_t most) { return int64_t(draw(most + 1)) * (coarse ? 1000 : 1); }; // coarse: many ties
  Step step = empty(width * height, {}, buffer);
  step.plan.axonOut = tick(3);
  const int64_t horizontal = tick(5), vertical = tick(5);
  for (uint32_t x = 0; x < width; ++x)
    for (uint32_t y = 0; y < height; ++y)
      for (uint32_t d = 0; d < 4; ++d)
        step.plan.links.push_back({d < 2 ? horizontal : vertical, torus ? (d < 2 ? y : x) * 4 + d : NetworkPlan::noRing});
  const auto steps = [&](uint32_t from, uint32_t to, uint32_t size) {
    int64_t by = int64_t(to) - from;
    if (torus) {
      by = (by + size) % size;
      by = 2 * by <= size ? by : by - size;
    }
    return by;
  };
  struct Tree {
    std::map<uint32_t, Tree> links;
    std::vector<std::pair<uint32_t, uint32_t>> arrivals;
  };
  const auto add = [&](const auto &self, const Tree &tree) -> std::pair<uint32_t, uint32_t> {
    const auto first = static_cast<uint32_t>(step.plan.nodes.size());
    const auto count = static_cast<uint32_t>(tree.links.size() + tree.arrivals.size());
    step.plan.nodes.resize(first + count);
    uint32_t at = first;
    for (const auto &[link, below] : tree.links) {
      const auto [child, children] = self(self, below);
      step.plan.nodes[at++] = {link, child, children, 0};
    }
    for (const auto &[core, slot] : tree.arrivals)
      step.plan.nodes[at++] = {static_cast<uint32_t>(step.plan.links.size()) + core, 0, 0, slot};
    return {first, count};
  };
  for (uint32_t p = 0; p < packets; ++p) {
    const uint32_t from = draw(width * height);
    Tree tree;
    const uint32_t copies = trees ? 1 + draw(4) : 1;
    std::vector<int64_t> processing;
    for (uint32_t k = 0; k < copies; ++k) {
      const uint32_t to = draw(3) ? draw(width * height) : 0; // core 0 is a hot spot
      uint32_t x = from / height, y = from % height;
      Tree *at = &tree;
      for (int64_t by = steps(x, to / height, width); by; by += by > 0 ? -1 : 1) {
        at = &at->links[(x * height + y) * 4 + (by > 0 ? 0 : 1)];
        x = (x + width + (by > 0 ? 1 : -1)) % width;
      }
      for (int64_t by = steps(y, to % height, height); by; by += by > 0 ? -1 : 1) {
        at = &at->links[(x * height + y) * 4 + (by > 0 ? 2 : 3)];
        y = (y + height + (by > 0 ? 1 : -1)) % height;
      }
      at->arrivals.emplace_back(to, k);
      processing.push_back(tick(12));
    }
    const auto [first, count] = add(add, tree);
    step.plan.routes.push_back({first, count});
    send(step, from, tick(10), static_cast<uint32_t>(step.plan.routes.size() - 1), processing);
  }
  for (int64_t &time : step.trailing)
    time = tick(40);
  for (uint32_t k = draw(4); k > 0; --k)
    step.host.emplace_back(draw(width * height), tick(30));
  return step;
}

void checkSame(const Outcome &a, const Outcome &b) {
  CHECK(a.end == b.end);
  for (size_t c = 0; c < a.cores.size(); ++c) {
    CHECK(a.cores[c].sent == b.cores[c].sent);
    CHECK(a.cores[c].stalled == b.cores[c].stalled);
    CHECK(a.cores[c].processedUntil == b.cores[c].processedUntil);
    CHECK(a.cores[c].processingAfter == b.cores[c].processingAfter);
  }
  for (size_t l = 0; l < a.links.size(); ++l) {
    CHECK(a.links[l].packets == b.links[l].packets);
    CHECK(a.links[l].waited == b.links[l].waited);
    CHECK(a.links[l].blocked == b.links[l].blocked);
  }
}

} // namespace

TEST_CASE("packet network: nothing contends, so times add up") {
  Step step = empty(2, {4100, 6500}, 16);
  step.plan.axonOut = 5100;
  const uint32_t route = chain(step, {0, 1}, 1);
  send(step, 0, 39700, route, {19800});
  step.trailing[0] = 6000;
  step.trailing[1] = 12000;
  const Outcome out = run(step);
  CHECK(out.end == 39700 + 5100 + 4100 + 6500 + 19800);
  CHECK(out.cores[0].sent == 39700 + 5100 + 6000);
  CHECK(out.cores[0].stalled == 0);
  CHECK(out.cores[1].sent == 12000);
  CHECK(out.cores[1].processingAfter == 19800);
  CHECK(out.links[0].packets == 1);
  CHECK(out.links[0].waited == 0);
}

TEST_CASE("packet network: a saturated link passes one packet each latency") {
  Step step = empty(3, {4100}, 16);
  const uint32_t route = chain(step, {0}, 2);
  for (int k = 0; k < 1000; ++k)
    for (const uint32_t core : {0u, 1u})
      send(step, core, 100, route, {1});
  const Outcome out = run(step);
  CHECK(out.end == 100 + 2000 * 4100 + 1); // from the first packet on the link never rests
  CHECK(out.links[0].packets == 2000);
  CHECK(out.links[0].blocked == 0);
  // Both cores have all but a buffer's worth behind the link.
  CHECK(out.cores[0].stalled + out.cores[0].sent > 0);
  CHECK(out.cores[0].sent - out.cores[0].stalled == 1000 * 100);
  CHECK(out.cores[1].sent - out.cores[1].stalled == 1000 * 100);
}

TEST_CASE("packet network: a hot spot keeps its core busy throughout") {
  for (const uint32_t buffer : {1u, 2u, 16u}) {
    Step step = empty(9, std::vector<int64_t>(8, 10), buffer);
    for (uint32_t c = 1; c < 9; ++c) {
      const uint32_t route = chain(step, {c - 1}, 0);
      for (int k = 0; k < 50; ++k)
        send(step, c, 30, route, {1000});
    }
    step.trailing[0] = 500;
    const Outcome out = run(step);
    CHECK(out.end == 30 + 10 + 8 * 50 * 1000);
    CHECK(out.cores[0].processingAfter == out.end - 500);
  }
}

TEST_CASE("packet network: buffers of one, worked out by hand") {
  // Core 0 makes a packet each 10; link 0 takes 20, link 1 takes 50, core 1 takes 100.
  Step step = empty(2, {20, 50}, 1);
  const uint32_t route = chain(step, {0, 1}, 1);
  for (int k = 0; k < 4; ++k)
    send(step, 0, 10, route, {100});
  step.trailing[0] = 7;
  const Outcome out = run(step);
  // Packet 1: on link 0 at 10, link 1 at 30, core at 80, done 180.
  // Packet 2: ready at 20, link 0 free at 30, served until 50, link 1 free at 80, served until 130, core free at 180, done 280.
  // Packet 3: ready at 40, link 0 free at 80, served until 100, link 1 free at 180, served until 230, core free at 280, done 380.
  // Packet 4: ready at 90, link 0 free at 180, served until 200, link 1 free at 280, served until 330, core free at 380, done 480.
  CHECK(out.end == 480);
  CHECK(out.cores[0].stalled == (30 - 20) + (80 - 40) + (180 - 90));
  CHECK(out.cores[0].sent == 180 + 7);
  CHECK(out.links[0].blocked == (80 - 50) + (180 - 100) + (280 - 200));
  CHECK(out.links[1].blocked == (180 - 130) + (280 - 230) + (380 - 330));
  CHECK(out.links[0].waited == 0); // one place: what is in it is in service
  CHECK(out.cores[1].processedUntil == 480);
}

TEST_CASE("packet network: a tree goes on where it can, and its port waits for the last copy") {
  // Link 0 forks to core 1 (busy with the host until 1000, buffer of one) and over link 1 to core 2.
  Step step = empty(3, {10, 10}, 1);
  step.plan.nodes = {{0, 1, 2, 0}, {1, 3, 1, 0}, {2 + 1, 0, 0, 0}, {2 + 2, 0, 0, 1}};
  step.plan.routes = {{0, 1}};
  send(step, 0, 5, 0, {100, 200});
  send(step, 0, 5, 0, {100, 200});
  send(step, 0, 5, 0, {100, 200});
  step.host = {{1, 1000}};
  const Outcome out = run(step);
  // Copies reach core 1 at 15 (enters, served 1000 to 1100), and 25 (enters at 1100, served to 1200); the third copy leaves the
  // core at 1100, is served until 1110, enters core 1 at 1200 and is done at 1300. Core 2: 25 to 225, 225 to 425, and 1120 to 1320.
  CHECK(out.cores[1].processedUntil == 1300);
  CHECK(out.cores[2].processedUntil == 1320);
  CHECK(out.end == 1320);
  CHECK(out.links[0].blocked == (1100 - 25) + (1200 - 1110));
  CHECK(out.cores[0].stalled == 5 + 0 + 0 + (1100 - 20) - 0);
}

TEST_CASE("packet network: Poisson traffic into one core waits as in an M/D/1 queue") {
  // Mean wait of M/D/1: rho / (2 mu (1 - rho)). Waits of neighbours are alike, the more the higher the load, so that the mean of
  // 200,000 is worth that of some 10,000 independent ones at rho = 0.7: a standard error of about 1 %.
  for (const double rho : {0.3, 0.5, 0.7}) {
    constexpr int64_t service = 1'000'000;
    constexpr uint32_t packets = 200'000;
    Step step = empty(2, {0}, packets); // room for all: the queue lies at the link, which is the server
    step.plan.links[0].latency = service;
    const uint32_t route = chain(step, {0}, 1);
    for (uint32_t k = 0; k < packets; ++k) {
      const double uniform = (randomWord(7, k, 0, 0) + 0.5) * 0x1p-32;
      send(step, 0, static_cast<int64_t>(-std::log(uniform) * service / rho), route, {0});
    }
    const Outcome out = run(step);
    const double mean = static_cast<double>(out.links[0].waited) / packets, expected = rho * service / (2 * (1 - rho));
    CHECK(mean == doctest::Approx(expected).epsilon(0.03));
  }
}

TEST_CASE("packet network: the same as a plain implementation on random traffic") {
  uint64_t seed = 1;
  int64_t blocked = 0, stalled = 0;
  for (const bool torus : {false, true})
    for (const bool trees : {false, true})
      for (const uint32_t buffer : {1u, 2u, 3u, 16u})
        for (const bool coarse : {false, true})
          for (int repeat = 0; repeat < 12; ++repeat) {
            if (torus && buffer < 2)
              continue;
            ++seed;
            const auto width = static_cast<uint32_t>(1 + randomWord(seed, 1, 0, 0) % 6);
            const auto height = static_cast<uint32_t>(1 + randomWord(seed, 1, 0, 1) % 5);
            const Step step = randomStep(seed, width, height, torus, trees, buffer, 1 + randomWord(seed, 1, 0, 2) % 150, coarse);
            CAPTURE(seed);
            const Outcome expected = Plain(step).run();
            emu::PacketNetwork network(step.plan);
            checkSame(outcomeOf(network, step), expected);
            checkSame(outcomeOf(network, step), expected); // a step leaves nothing behind
            for (const LinkOutcome &link : expected.links)
              blocked += link.blocked > 0;
            for (const CoreOutcome &core : expected.cores)
              stalled += core.stalled > 0;
          }
  CHECK(blocked > 1000); // traffic enough to mean something
  CHECK(stalled > 1000);
}

TEST_CASE("packet network: closed lines of links never lock") {
  // Everybody sends half way round a ring of six, all at once, again and again.
  Step step = empty(6, std::vector<int64_t>(6, 10), 2);
  for (uint32_t c = 0; c < 6; ++c)
    step.plan.links[c].ring = 0;
  for (uint32_t c = 0; c < 6; ++c) {
    const uint32_t route = chain(step, {c, (c + 1) % 6, (c + 2) % 6}, (c + 3) % 6);
    for (int k = 0; k < 200; ++k)
      send(step, c, 0, route, {1});
  }
  const Outcome out = run(step);
  uint64_t served = 0;
  for (const LinkOutcome &link : out.links)
    served += link.packets;
  CHECK(served == 6 * 200 * 3);
  CHECK(out.end >= 200 * 3 * 10);
}

TEST_CASE("packet network: times end at the greatest number") {
  Step step = empty(2, {INT64_MAX / 2, INT64_MAX / 2}, 1);
  const uint32_t route = chain(step, {0, 1}, 1);
  for (int k = 0; k < 5; ++k)
    send(step, 0, INT64_MAX / 2, route, {INT64_MAX / 2});
  CHECK(run(step).end == INT64_MAX);
}
