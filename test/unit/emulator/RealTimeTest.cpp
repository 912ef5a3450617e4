//===- RealTimeTest.cpp - Queues, rows, routers and ticks by hand ---------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The machine in real time alone: cases worked out by hand for each count, and a second, plain implementation of
// docs/spec/real-time.md on random machines. It keeps no events: at each moment it looks at every part of the machine for what is
// due.
//===----------------------------------------------------------------------===//
#include "../../../emulator/lib/Timing/RealTimeMachine.h"
#include <deque>
#include <doctest/doctest.h>
#include <functional>
#include <map>
#include <optional>
#include <random>
#include <tuple>

using namespace ranvier;
using emu::CoreProvenance;
using emu::RealTimeMachine;
using emu::RealTimePlan;
using emu::RouterProvenance;
using emu::Send;

namespace {

/// Rows in the order in which they were worked on.
struct Log : emu::RowSink {
  std::vector<std::tuple<uint32_t, uint64_t, uint32_t, uint32_t>> rows; ///< (core, message, row, step)
  uint64_t row(uint32_t core, uint64_t message, uint32_t row, uint32_t step) override {
    rows.emplace_back(core, message, row, step);
    return message % 3 == 0 ? message % 2 + 1 : 0;
  }
  uint64_t inStep(uint32_t step) const {
    return static_cast<uint64_t>(
        std::count_if(rows.begin(), rows.end(), [&](const auto &row) { return std::get<3>(row) == step; }));
  }
};

struct HostPacket {
  uint32_t tile, route;
  uint64_t message;
};
/// What is asked of a machine from one tick to the next.
struct Asked {
  std::vector<std::vector<Send>> sends; ///< [cores]
  std::vector<int64_t> trailing;        ///< [cores]
  std::vector<HostPacket> host;
};
struct Case {
  RealTimePlan plan;
  std::vector<uint32_t> routeOf;
  std::vector<Asked> steps;
};
struct Outcome {
  std::vector<CoreProvenance> cores;
  RouterProvenance routers;
  std::vector<int64_t> lengths, work; ///< By step; by step, core and share.
  std::vector<std::tuple<uint64_t, int64_t, int64_t>> links;
  Log log;
};

Outcome run(const Case &c, int64_t longest = int64_t(1) << 61) {
  RealTimeMachine machine(c.plan, longest);
  Outcome out;
  for (const Asked &asked : c.steps) {
    for (const HostPacket &packet : asked.host)
      machine.host(packet.tile, packet.route, packet.message);
    const std::vector<std::span<const Send>> sends(asked.sends.begin(), asked.sends.end());
    out.lengths.push_back(machine.step(sends, asked.trailing, c.routeOf, out.log));
    for (const emu::RealTimeWork &work : machine.work())
      for (const int64_t share : {work.update, work.stalled, work.packets, work.rows})
        out.work.push_back(share);
    for (const emu::LinkOutcome &link : machine.links())
      out.links.emplace_back(link.packets, link.waited, link.blocked);
  }
  out.cores.assign(machine.cores().begin(), machine.cores().end());
  out.routers = machine.routers();
  return out;
}

//===--- Building ---------------------------------------------------------===//

/// Cores on tiles, with times that are easy to add up.
Case empty(std::vector<uint32_t> tileOf, uint32_t tiles) {
  Case c;
  RealTimePlan &plan = c.plan;
  plan.tileOf = std::move(tileOf);
  plan.tiles = tiles;
  plan.period = 1000000;
  plan.packet = 10;
  plan.lookup = 20;
  plan.dmaStart = 5;
  plan.dmaWord = 1;
  plan.retry = 30;
  plan.route = 1;
  plan.wait = 1000;
  plan.poll = 1000;
  plan.spikeBuffer = 256;
  plan.rowBuffers = 2;
  plan.transmitQueue = 16;
  plan.linkBuffer = 1;
  plan.reinjectionQueue = 4096;
  plan.rowPtr = {0};
  return c;
}
Asked quiet(const Case &c) {
  return {std::vector<std::vector<Send>>(c.plan.tileOf.size()), std::vector<int64_t>(c.plan.tileOf.size(), 0), {}};
}
uint64_t message(Case &c, std::vector<RealTimePlan::Row> rows) {
  c.plan.rows.insert(c.plan.rows.end(), rows.begin(), rows.end());
  c.plan.rowPtr.push_back(c.plan.rows.size());
  return c.plan.rowPtr.size() - 2;
}
/// A route over links one after another to a core.
uint32_t chain(Case &c, const std::vector<uint32_t> &links, uint32_t core) {
  RealTimePlan &plan = c.plan;
  const uint32_t first = static_cast<uint32_t>(plan.nodes.size());
  for (uint32_t k = 0; k < links.size(); ++k)
    plan.nodes.push_back({links[k], first + k + 1, 1, 0, 1});
  plan.nodes.push_back({static_cast<uint32_t>(plan.links.size()) + core, 0, 0, 0, 1});
  plan.routes.push_back({first, 1});
  return static_cast<uint32_t>(plan.routes.size() - 1);
}
void send(Case &c, Asked &asked, uint32_t core, int64_t work, uint32_t route, uint64_t message) {
  asked.sends[core].push_back({work, c.routeOf.size(), message, 1});
  c.routeOf.push_back(route);
}
/// `count` packets of the host to a core that updates for 100,000 ps.
Case flood(uint32_t count) {
  Case c = empty({0}, 1);
  const uint32_t route = chain(c, {}, 0);
  c.steps.push_back(quiet(c));
  c.steps[0].trailing[0] = 100000;
  for (uint32_t k = 0; k < count; ++k)
    c.steps[0].host.push_back({0, route, message(c, {{15, 0, 100}})});
  return c;
}
/// Four packets of a host over a link with a buffer of one to a core that takes each in for `packet`.
Case blockedLink(int64_t packet) {
  Case c = empty({1}, 2);
  c.plan.links = {{0, 1, 3, 100}};
  c.plan.packet = packet;
  c.plan.wait = 500;
  c.plan.lookup = 1;
  const uint32_t route = chain(c, {0}, 0);
  c.steps.push_back(quiet(c));
  for (uint32_t k = 0; k < 4; ++k)
    c.steps[0].host.push_back({0, route, message(c, {{0, 0, 1}})});
  return c;
}

//===--- The plain implementation -----------------------------------------===//

class Plain {
public:
  explicit Plain(const Case &c)
      : c(c), plan(c.plan), cores(plan.tileOf.size()), tiles(plan.tiles), links(plan.links.size()),
        sources(cores.size() + 2 * tiles.size()) {
    out.cores.resize(cores.size());
    std::vector<uint32_t> next(tiles.size(), 6);
    for (uint32_t k = 0; k < cores.size(); ++k)
      cores[k].port = next[plan.tileOf[k]]++;
  }

  Outcome run() {
    int64_t begin = 0;
    for (const Asked &asked : c.steps) {
      work.assign(cores.size() * 4, 0);
      linkOut.assign(links.size(), {0, 0, 0});
      now = begin;
      for (const HostPacket &packet : asked.host)
        give(cores.size() + packet.tile, copyOf(packet.route, packet.message));
      for (size_t k = 0; k < cores.size(); ++k)
        cores[k].updates.push_back({asked.sends[k], asked.trailing[k]});
      tickAt = begin;
      lastWork = begin;
      for (;;) {
        const std::optional<int64_t> next = earliest();
        if (!next || (!plan.lossless && *next >= begin + plan.period))
          break;
        now = *next;
        while (doOne()) {
        }
      }
      const int64_t end = std::max(begin + plan.period, lastWork);
      out.lengths.push_back(end - begin);
      begin = end;
      out.work.insert(out.work.end(), work.begin(), work.end());
      out.links.insert(out.links.end(), linkOut.begin(), linkOut.end());
    }
    out.routers = router;
    return out;
  }

private:
  struct Copy {
    std::vector<uint32_t> nodes;
    uint64_t message;
  };
  using Time = std::optional<int64_t>;
  struct Tile {
    std::optional<Copy> copy;
    int64_t taken = 0;
    std::deque<Copy> dropped;
    int64_t dumpUntil = 0, memory = 0;
    Time poll;
  };
  struct Link {
    Time arrives;
    Copy moving;
    std::deque<std::tuple<int64_t, Copy>> fifo;
    int64_t headSince = 0;
  };
  struct Source {
    std::deque<Copy> queue;
    int64_t free = 0;
    bool ready = false; ///< Its first packet asks.
    int64_t since = 0;
  };
  struct Update {
    std::vector<Send> sends;
    int64_t trailing;
  };
  struct Core {
    uint32_t port = 0;
    std::deque<uint64_t> queue;
    std::deque<Update> updates;
    std::deque<std::pair<uint64_t, uint32_t>> ready, toFetch; ///< (message, row); rows of the current packet.
    std::pair<uint64_t, uint32_t> current;
    std::optional<std::pair<uint64_t, uint32_t>> fetch;
    Time interrupt, read, busy; ///< When they end.
    uint64_t incoming = 0;
    int64_t dma = 0;
    char doing = 0; ///< U update, S start, L look-up of the next, W work on a row.
    size_t sent = 0;
    uint32_t step = 0, waitingTicks = 0;
    uint64_t received = 0, processed = 0;
  };

  std::optional<int64_t> earliest() const {
    Time first = tickAt;
    const auto take = [&](Time time) {
      if (time && (!first || *time < *first))
        first = time;
    };
    for (const Link &link : links)
      take(link.arrives);
    for (const Core &core : cores) {
      take(core.interrupt);
      take(core.read);
      take(core.busy);
    }
    for (const Tile &tile : tiles) {
      take(tile.poll);
      if (tile.copy) {
        if (now < tile.taken + plan.route)
          take(tile.taken + plan.route);
        if (!tile.copy->nodes.empty() && now < tile.taken + plan.wait)
          take(tile.taken + plan.wait);
      }
    }
    for (const Source &source : sources)
      if (!source.queue.empty() && !source.ready)
        take(std::max(source.free, now));
    return first;
  }

  /// The first thing that is due now, in the order of section 3.
  bool doOne() {
    for (size_t l = 0; l < links.size(); ++l)
      if (links[l].arrives && *links[l].arrives == now) {
        links[l].arrives.reset();
        if (links[l].fifo.empty())
          links[l].headSince = now;
        links[l].fifo.emplace_back(now, links[l].moving);
        return worked();
      }
    for (size_t k = 0; k < cores.size(); ++k)
      if (cores[k].interrupt && *cores[k].interrupt == now)
        return taken(k), worked();
    for (size_t k = 0; k < cores.size(); ++k)
      if (cores[k].read && *cores[k].read == now) {
        cores[k].read.reset();
        cores[k].ready.push_back(*cores[k].fetch);
        ++out.cores[k].reads;
        return worked();
      }
    for (size_t k = 0; k < cores.size(); ++k)
      if (cores[k].busy && *cores[k].busy == now)
        return done(k), worked();
    if (tickAt && *tickAt == now) {
      tickAt.reset();
      for (size_t k = 0; k < cores.size(); ++k) {
        cores[k].received = cores[k].processed = 0;
        if (cores[k].doing == 'U' || cores[k].waitingTicks) {
          ++out.cores[k].overruns;
          raise(out.cores[k].mostTicksWaiting, cores[k].waitingTicks + 1);
        }
        ++cores[k].waitingTicks;
      }
      return worked();
    }
    for (size_t t = 0; t < tiles.size(); ++t)
      if (tiles[t].poll && *tiles[t].poll == now) {
        tiles[t].poll.reset();
        for (const Copy &copy : tiles[t].dropped)
          give(cores.size() + tiles.size() + t, copy);
        tiles[t].dropped.clear();
        return worked();
      }
    for (size_t k = 0; k < cores.size(); ++k)
      if (!cores[k].doing && !cores[k].interrupt && begin(k))
        return true;
    for (size_t s = 0; s < sources.size(); ++s)
      if (!sources[s].queue.empty() && !sources[s].ready && sources[s].free <= now) {
        sources[s].ready = true;
        sources[s].since = now;
        return true;
      }
    for (size_t t = 0; t < tiles.size(); ++t)
      if (route(t))
        return worked();
    return false;
  }
  bool worked() {
    lastWork = now;
    return true;
  }
  static void raise(uint64_t &most, uint64_t value) { most = std::max(most, value); }

  void occupy(size_t k, char what, int64_t duration, unsigned share) {
    cores[k].doing = what;
    cores[k].busy = now + duration;
    work[4 * k + share] += duration;
  }
  void updateOn(size_t k) {
    const Update &update = cores[k].updates.front();
    const int64_t tick = cores[k].sent ? 0 : plan.tick;
    occupy(k, 'U', tick + (cores[k].sent < update.sends.size() ? update.sends[cores[k].sent].work + plan.axonOut : update.trailing),
           0);
  }
  bool takeKey(size_t k) {
    Core &core = cores[k];
    if (core.toFetch.empty()) {
      const uint64_t key = core.queue.front();
      core.queue.pop_front();
      for (uint32_t row = 0; row < plan.rowPtr[key + 1] - plan.rowPtr[key]; ++row)
        core.toFetch.emplace_back(key, row);
      ++out.cores[k].processed;
      raise(out.cores[k].mostProcessed, ++core.processed);
    }
    core.fetch.reset();
    if (!core.toFetch.empty()) {
      core.fetch = core.toFetch.front();
      core.toFetch.pop_front();
    }
    return true;
  }
  const RealTimePlan::Row &rowOf(std::pair<uint64_t, uint32_t> row) const { return plan.rows[plan.rowPtr[row.first] + row.second]; }
  int64_t move(size_t k, uint32_t words) {
    int64_t &memory = tiles[plan.tileOf[k]].memory;
    const int64_t asked = std::max(now, cores[k].dma) + plan.dmaStart;
    memory = std::max(memory, asked) + words * plan.dmaWord;
    return cores[k].dma = memory;
  }
  void read(size_t k) {
    Core &core = cores[k];
    if (!core.fetch)
      return;
    if (rowOf(*core.fetch).words == 0)
      core.ready.push_back(*core.fetch);
    else
      core.read = move(k, rowOf(*core.fetch).words);
  }
  void workOn(size_t k) {
    Core &core = cores[k];
    out.cores[k].saturated += out.log.row(static_cast<uint32_t>(k), core.current.first, core.current.second, core.step);
    occupy(k, 'W', rowOf(core.current).work, 3);
  }
  bool begin(size_t k) {
    Core &core = cores[k];
    const bool more = !core.queue.empty() || !core.toFetch.empty();
    if (core.waitingTicks) {
      --core.waitingTicks;
      ++core.step;
      out.cores[k].late += core.queue.size();
      if (plan.dropLate) {
        out.cores[k].droppedLate += core.queue.size();
        core.queue.clear();
      }
      core.sent = 0;
      updateOn(k);
      return true;
    }
    if (!core.ready.empty()) {
      core.current = core.ready.front();
      core.ready.pop_front();
      if (!core.read && more && core.ready.size() + 1 < plan.rowBuffers && takeKey(k))
        occupy(k, 'L', plan.lookup, 3);
      else
        workOn(k);
      return true;
    }
    if (!core.read && more && takeKey(k)) {
      occupy(k, 'S', plan.lookup, 3);
      return true;
    }
    return false;
  }
  void done(size_t k) {
    Core &core = cores[k];
    core.busy.reset();
    const char what = core.doing;
    core.doing = 0;
    if (what == 'U') {
      const Update &update = core.updates.front();
      if (core.sent == update.sends.size()) {
        core.updates.pop_front();
      } else if (sources[k].queue.size() >= plan.transmitQueue) {
        ++out.cores[k].transmitFull;
        occupy(k, 'U', plan.retry, 1);
      } else {
        const Send &entry = update.sends[core.sent++];
        give(k, copyOf(c.routeOf[entry.message], entry.arrival));
        updateOn(k);
      }
    } else if (what == 'S') {
      read(k);
    } else if (what == 'L') {
      read(k);
      workOn(k);
    } else if (rowOf(core.current).back) {
      move(k, rowOf(core.current).back);
    }
  }
  void taken(size_t k) {
    Core &core = cores[k];
    core.interrupt.reset();
    ++out.cores[k].received;
    raise(out.cores[k].mostReceived, ++core.received);
    if (plan.lossless || core.queue.size() < plan.spikeBuffer) {
      core.queue.push_back(core.incoming);
      raise(out.cores[k].mostWaiting, core.queue.size());
    } else {
      ++out.cores[k].lost;
    }
  }

  Copy copyOf(uint32_t route, uint64_t message) const {
    Copy copy{{}, message};
    for (uint32_t n = 0; n < plan.routes[route].count; ++n)
      copy.nodes.push_back(plan.routes[route].firstNode + n);
    return copy;
  }
  void give(size_t source, Copy copy) { sources[source].queue.push_back(std::move(copy)); }
  size_t tileOf(size_t source) const {
    return source < cores.size() ? plan.tileOf[source] : (source - cores.size()) % tiles.size();
  }

  bool canTake(uint32_t target) const {
    if (target >= links.size())
      return !cores[target - links.size()].interrupt;
    return !links[target].arrives && links[target].fifo.size() < plan.linkBuffer;
  }
  /// One thing that the router of a tile can do.
  bool route(size_t t) {
    Tile &tile = tiles[t];
    if (tile.copy) {
      for (size_t n = 0; n < tile.copy->nodes.size(); ++n) {
        const RealTimePlan::Node &node = plan.nodes[tile.copy->nodes[n]];
        if (!canTake(node.target))
          continue;
        if (node.children) {
          Link &link = links[node.target];
          std::get<0>(linkOut[node.target]) += 1;
          std::get<2>(linkOut[node.target]) += now - tile.taken;
          link.arrives = now + plan.links[node.target].hop;
          link.moving = {{}, tile.copy->message};
          for (uint32_t child = 0; child < node.children; ++child)
            link.moving.nodes.push_back(node.firstChild + child);
        } else {
          Core &core = cores[node.target - links.size()];
          core.interrupt = now + plan.packet;
          core.incoming = tile.copy->message + node.slot;
          work[4 * (node.target - links.size()) + 2] += plan.packet;
          if (core.busy)
            *core.busy += plan.packet;
        }
        tile.copy->nodes.erase(tile.copy->nodes.begin() + static_cast<std::ptrdiff_t>(n));
        return true;
      }
      if (!tile.copy->nodes.empty() && now >= tile.taken + plan.wait) {
        drop(tile);
        return true;
      }
      if (!tile.copy->nodes.empty() || now < tile.taken + plan.route)
        return false;
      tile.copy.reset();
    }
    using Ask = std::tuple<int64_t, uint64_t, size_t>; // since, port, link or links + source
    std::optional<Ask> best;
    const auto consider = [&](int64_t since, uint64_t port, size_t who) {
      if (!best || Ask(since, port, who) < *best)
        best = Ask(since, port, who);
    };
    for (size_t l = 0; l < links.size(); ++l)
      if (plan.links[l].to == t && !links[l].fifo.empty())
        consider(links[l].headSince, plan.links[l].port, l);
    for (size_t s = 0; s < sources.size(); ++s)
      if (sources[s].ready && tileOf(s) == t)
        consider(sources[s].since,
                 s < cores.size()                  ? cores[s].port
                 : s < cores.size() + tiles.size() ? 1u << 30
                                                   : 1u << 31,
                 links.size() + s);
    if (!best)
      return false;
    const size_t who = std::get<2>(*best);
    tile.taken = now;
    if (who < links.size()) {
      Link &link = links[who];
      std::get<1>(linkOut[who]) += now - std::get<0>(link.fifo.front());
      tile.copy = std::get<1>(link.fifo.front());
      link.fifo.pop_front();
      link.headSince = now;
      ++router.external;
    } else {
      Source &source = sources[who - links.size()];
      tile.copy = source.queue.front();
      source.queue.pop_front();
      source.ready = false;
      source.free = now + plan.inject;
      ++router.local;
      router.again += who - links.size() >= cores.size() + tiles.size();
    }
    return true;
  }
  uint64_t behind(uint32_t node) const {
    if (!plan.nodes[node].children)
      return 1;
    uint64_t sum = 0;
    for (uint32_t child = 0; child < plan.nodes[node].children; ++child)
      sum += behind(plan.nodes[node].firstChild + child);
    return sum;
  }
  void drop(Tile &tile) {
    ++router.dropped;
    bool lost = true;
    if (plan.reinjects) {
      if (now < tile.dumpUntil && !plan.lossless) {
        ++router.missed;
      } else {
        ++router.caught;
        tile.dumpUntil = now + plan.monitor;
        lost = !plan.lossless && tile.dropped.size() >= plan.reinjectionQueue;
        router.overflows += lost;
        if (!lost) {
          tile.dropped.push_back(*tile.copy);
          if (!tile.poll)
            tile.poll = now - now % plan.poll + plan.poll;
        }
      }
    }
    for (const uint32_t node : tile.copy->nodes)
      router.lost += lost ? behind(node) : 0;
    tile.copy->nodes.clear();
  }

  const Case &c;
  const RealTimePlan &plan;
  std::vector<Core> cores;
  std::vector<Tile> tiles;
  std::vector<Link> links;
  std::vector<Source> sources; ///< Cores, hosts, monitors.
  std::vector<int64_t> work;
  std::vector<std::tuple<uint64_t, int64_t, int64_t>> linkOut;
  RouterProvenance router;
  Time tickAt;
  int64_t now = 0, lastWork = 0;
  Outcome out;
};

//===--- Random machines --------------------------------------------------===//

Case randomCase(uint64_t seed) {
  std::mt19937_64 random(seed);
  const auto below = [&](uint64_t n) { return static_cast<uint32_t>(random() % n); };
  Case c;
  RealTimePlan &plan = c.plan;
  plan.tiles = 1 + below(4);
  const uint32_t cores = 1 + below(6);
  for (uint32_t k = 0; k < cores; ++k)
    plan.tileOf.push_back(below(plan.tiles));
  std::sort(plan.tileOf.begin(), plan.tileOf.end());
  plan.period = 100 + below(600);
  plan.tick = below(3) * 10;
  plan.axonOut = below(3);
  plan.packet = 1 + below(30);
  plan.lookup = below(20);
  plan.dmaStart = below(5);
  plan.dmaWord = below(3);
  plan.inject = below(3) * 4;
  plan.retry = 1 + below(10);
  plan.route = 1 + below(4);
  plan.wait = below(60);
  plan.poll = 1 + below(200);
  plan.monitor = below(3) * 40;
  plan.spikeBuffer = 1 + below(6);
  plan.rowBuffers = 1 + below(3);
  plan.transmitQueue = 1 + below(3);
  plan.linkBuffer = 1 + below(3);
  plan.reinjectionQueue = 1 + below(3);
  plan.dropLate = below(3) == 0;
  plan.lossless = below(4) == 0;
  plan.reinjects = plan.lossless || below(3) != 0;
  std::vector<std::vector<int>> linkTo(plan.tiles, std::vector<int>(plan.tiles, -1));
  for (uint32_t a = 0; a < plan.tiles; ++a)
    for (uint32_t b = 0; b < plan.tiles; ++b)
      if (a != b) {
        linkTo[a][b] = static_cast<int>(plan.links.size());
        plan.links.push_back({a, b, a, 1 + below(20)});
      }
  plan.rowPtr = {0};
  // A route: some cores, each behind no, one or two links, as a tree.
  struct Tree {
    std::map<uint32_t, Tree> next;
    std::vector<std::pair<uint32_t, uint32_t>> cores;
  };
  const auto addRoute = [&](uint32_t from) -> std::pair<uint32_t, uint64_t> {
    Tree tree;
    const uint64_t first = plan.rowPtr.size() - 1;
    uint32_t slot = 0;
    std::vector<uint32_t> targets;
    for (uint32_t k = 0; k < cores; ++k)
      if (below(2) || (k + 1 == cores && !slot && targets.empty()))
        targets.push_back(k);
    for (const uint32_t k : targets) {
      Tree *at = &tree;
      for (uint32_t tile = from; tile != plan.tileOf[k];) { // towards higher numbers tile by tile, straight to lower ones
        const uint32_t next = tile < plan.tileOf[k] ? tile + 1 : plan.tileOf[k];
        at = &at->next[static_cast<uint32_t>(linkTo[tile][next])];
        tile = next;
      }
      at->cores.emplace_back(k, slot++);
      for (uint32_t row = below(4); row; --row)
        plan.rows.push_back({below(3) ? below(20) : 0, below(4) ? 0 : below(10), below(60)});
      plan.rowPtr.push_back(plan.rows.size());
    }
    const std::function<std::pair<uint32_t, uint32_t>(const Tree &)> place = [&](const Tree &at) {
      const uint32_t where = static_cast<uint32_t>(plan.nodes.size()),
                     count = static_cast<uint32_t>(at.next.size() + at.cores.size());
      plan.nodes.resize(where + count);
      uint32_t n = where;
      for (const auto &[link, below] : at.next) {
        const auto [child, children] = place(below);
        uint32_t arrivals = 0;
        for (uint32_t k = 0; k < children; ++k)
          arrivals += plan.nodes[child + k].arrivals;
        plan.nodes[n++] = {link, child, children, 0, arrivals};
      }
      for (const auto &[core, number] : at.cores)
        plan.nodes[n++] = {static_cast<uint32_t>(plan.links.size()) + core, 0, 0, number, 1};
      return std::pair(where, count);
    };
    const auto [node, count] = place(tree);
    plan.routes.push_back({node, count});
    return {static_cast<uint32_t>(plan.routes.size() - 1), first};
  };
  for (uint32_t step = 0; step < 4; ++step) {
    Asked asked = quiet(c);
    for (uint32_t k = 0; k < cores; ++k) {
      asked.trailing[k] = below(3) ? below(100) : below(900);
      for (uint32_t n = below(8); n; --n) {
        const auto [route, first] = addRoute(plan.tileOf[k]);
        send(c, asked, k, below(20), route, first);
      }
    }
    for (uint32_t n = below(6); n; --n) {
      const uint32_t tile = below(plan.tiles);
      const auto [route, first] = addRoute(tile);
      asked.host.push_back({tile, route, first});
    }
    c.steps.push_back(std::move(asked));
  }
  return c;
}

} // namespace

TEST_CASE("real time: 300 packets into one core that updates: 44 find its queue of 256 full") {
  // Packet k is delivered at 10 (k - 1) and taken in at 10 k, so all are there before the update ends at 100,000 + 300 * 10. From
  // then on: look-up 20, read 5 + 15, and every 120 a row (look-up of the next, 100 of work; the last 100).
  Case c = flood(300);
  Outcome out = run(c);
  CHECK(out.cores[0].received == 300);
  CHECK(out.cores[0].lost == 44);
  CHECK(out.cores[0].mostWaiting == 256);
  CHECK(out.cores[0].processed == 256);
  CHECK(out.cores[0].reads == 256);
  CHECK(out.cores[0].mostReceived == 300);
  CHECK(out.cores[0].mostProcessed == 256);
  CHECK(out.cores[0].late == 0);
  CHECK(out.log.rows.size() == 256);
  CHECK(out.work == std::vector<int64_t>{100000, 0, 3000, 256 * 120});
  CHECK(out.lengths[0] == 1000000);
  // None is lost where it may take as long as it takes: 103,040 until the first row is there, 299 * 120, 100.
  c.plan.lossless = true;
  c.plan.period = 50000;
  out = run(c);
  CHECK(out.cores[0].lost == 0);
  CHECK(out.cores[0].mostWaiting == 300);
  CHECK(out.log.rows.size() == 300);
  CHECK(out.lengths[0] == 103040 + 299 * 120 + 100);
}

TEST_CASE("real time: what waits at the tick is late, and acts as sent later or not at all") {
  // The update ends at 100,000 + 256 * 10, so the first row begins at 102,600. The second tick comes at 120,000, as row 145 ends,
  // when the core has looked up row 146.
  Case c = flood(256);
  c.plan.period = 120000;
  c.steps.push_back(quiet(c));
  Outcome out = run(c);
  CHECK(out.cores[0].late == 110);
  CHECK(out.cores[0].droppedLate == 0);
  CHECK(out.log.inStep(1) == 145);
  CHECK(out.log.inStep(2) == 111);
  CHECK(out.cores[0].mostProcessed == 146);
  CHECK(out.cores[0].overruns == 0);
  c.plan.dropLate = true;
  out = run(c);
  CHECK(out.cores[0].late == 110);
  CHECK(out.cores[0].droppedLate == 110);
  CHECK(out.log.inStep(1) == 145);
  CHECK(out.log.inStep(2) == 1);
}

TEST_CASE("real time: a blocked link, packets dropped, missed, sent again") {
  // The first packet leaves at 0, is delivered at 100 and taken in for 1,000. The second is taken by the far router at 200 and
  // given up at 700; the third, there at 300, is taken at 700; the fourth finds the link's buffer full from 200 to 700.
  Case c = blockedLink(1000);
  c.plan.reinjects = false;
  Outcome out = run(c);
  CHECK(out.routers.dropped == 2);
  CHECK(out.routers.lost == 2);
  CHECK(out.routers.caught == 0);
  CHECK(out.routers.local == 4);
  CHECK(out.routers.external == 3);
  CHECK(out.cores[0].received == 2); // at 100 and, the third, at 1,100
  CHECK(out.links == std::vector<std::tuple<uint64_t, int64_t, int64_t>>{{3, 400, 99 + 100}});

  // Sent again: the second at 1,000, given up at 1,600; at 2,000, given up at 2,600; at 3,000, delivered at 3,100. The fourth at
  // 1,000, delivered at 2,100.
  c.plan.reinjects = true;
  c.plan.monitor = 600;
  out = run(c);
  CHECK(out.routers.dropped == 4);
  CHECK(out.routers.caught == 4);
  CHECK(out.routers.again == 4);
  CHECK(out.routers.missed == 0);
  CHECK(out.routers.lost == 0);
  CHECK(out.cores[0].received == 4);
  std::vector<uint64_t> order;
  for (const auto &row : out.log.rows)
    order.push_back(std::get<1>(row));
  CHECK(order == std::vector<uint64_t>{0, 2, 3, 1});

  c.plan.monitor = 5000; // busy until 5,700 with the second packet: when that is dropped again, nobody sees it
  out = run(c);
  CHECK(out.routers.dropped == 3);
  CHECK(out.routers.missed == 1);
  CHECK(out.routers.caught == 2);
  CHECK(out.routers.lost == 1);
  CHECK(out.cores[0].received == 3);

  // A queue of one: the far router gives up the second at 700 and the third at 1,200. At 100,000 the second and fourth are sent
  // again; the fourth is given up at 100,600 and delivered at 200,000.
  c = blockedLink(10000);
  c.plan.poll = 100000;
  c.plan.reinjectionQueue = 1;
  out = run(c);
  CHECK(out.routers.dropped == 4);
  CHECK(out.routers.caught == 4);
  CHECK(out.routers.overflows == 1);
  CHECK(out.routers.again == 3);
  CHECK(out.routers.lost == 1);
  CHECK(out.cores[0].received == 3);
}

TEST_CASE("real time: a full transmit queue holds up the update") {
  // Packets are ready at 10, 20, 30, 40; the router takes one at 10, 110, 210. The fourth finds two in the queue at 40, 70 and 100
  // and goes at 130; the fifth, ready at 140, then, at 170 and at 200, and goes at 230.
  Case c = empty({0, 0}, 1);
  c.plan.transmitQueue = 2;
  c.plan.inject = 100;
  c.plan.packet = 1;
  const uint32_t route = chain(c, {}, 1);
  c.steps.push_back(quiet(c));
  for (uint32_t k = 0; k < 5; ++k) {
    const uint64_t to = message(c, {{15, 0, 100}});
    send(c, c.steps[0], 0, 10, route, to);
  }
  const Outcome out = run(c);
  CHECK(out.cores[0].transmitFull == 6);
  CHECK(out.work[0] == 50);
  CHECK(out.work[1] == 6 * 30);
  CHECK(out.cores[1].received == 5);
}

TEST_CASE("real time: an update that is longer than the step") {
  // Ticks at 0, 100, ..., 400; updates of 250 from 0, 250, 500. At 100 and 200 one and two ticks wait, at 300 two, at 400 three.
  Case c = empty({0}, 1);
  c.plan.period = 100;
  for (uint32_t k = 0; k < 5; ++k) {
    c.steps.push_back(quiet(c));
    c.steps[k].trailing[0] = 250;
  }
  const Outcome out = run(c);
  CHECK(out.cores[0].overruns == 4);
  CHECK(out.cores[0].mostTicksWaiting == 3);
  CHECK(out.lengths == std::vector<int64_t>(5, 100));
}

TEST_CASE("real time: rows that learn are written back before the next is read") {
  // Two packets, one buffer more than a row: reads and writes of a core follow each other. First row: look-up 10..30, read until
  // 50; look-up of the second until 70, read until 90 while the first is worked on until 71; write of 40 words until 135.
  Case c = empty({0}, 1);
  c.plan.rowBuffers = 2;
  const uint32_t route = chain(c, {}, 0);
  c.steps.push_back(quiet(c));
  for (uint32_t k = 0; k < 3; ++k) {
    const uint64_t to = message(c, {{15, 40, 1}});
    c.steps[0].host.push_back({0, route, to});
  }
  c.plan.lossless = true;
  c.plan.period = 1;
  c.plan.packet = 1;
  const Outcome out = run(c);
  // Packets are in at 1, 2, 3 (2 of the interrupts hold up the first look-up): 1..23, read until 43, look-up until 63, work until
  // 64; second read asked at 63 ends at 83; write asked at 64 from 83 + 5 until 128. Second row: 83, look-up until 103, work until
  // 104; third read from 128 + 5 until 148; work until 149.
  CHECK(out.lengths[0] == 149);
  CHECK(out.cores[0].reads == 3);
}

TEST_CASE("real time: random machines against a plain implementation that keeps no events") {
  uint64_t lost = 0, late = 0, overruns = 0, full = 0, dropped = 0, missed = 0, overflows = 0, saturated = 0;
  const uint64_t count = 1500;
  for (uint64_t seed = 0; seed < count; ++seed) {
    CAPTURE(seed);
    const Case c = randomCase(seed);
    const Outcome is = run(c), expected = Plain(c).run();
    REQUIRE(is.lengths == expected.lengths);
    REQUIRE(is.log.rows == expected.log.rows);
    REQUIRE(is.work == expected.work);
    REQUIRE(is.links == expected.links);
    REQUIRE((is.cores == expected.cores));
    REQUIRE((is.routers == expected.routers));
    const Outcome later = run(c, 100); // counts time anew in each step
    REQUIRE(later.log.rows == expected.log.rows);
    REQUIRE(later.work == expected.work);
    REQUIRE(later.links == expected.links);
    REQUIRE((later.cores == expected.cores));
    REQUIRE((later.routers == expected.routers));
    for (const CoreProvenance &core : is.cores) {
      lost += core.lost;
      late += core.late;
      overruns += core.overruns;
      full += core.transmitFull;
      saturated += core.saturated;
      if (c.plan.lossless)
        REQUIRE(core.lost + core.late + core.overruns == 0);
    }
    if (c.plan.lossless)
      REQUIRE(is.routers.lost == 0);
    dropped += is.routers.dropped;
    missed += is.routers.missed;
    overflows += is.routers.overflows;
  }
  for (const uint64_t reached : {lost, late, overruns, full, dropped, missed, overflows, saturated})
    CHECK(reached > count / 10);
}
