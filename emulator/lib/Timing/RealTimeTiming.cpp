//===- RealTimeTiming.cpp - An image on a machine in real time -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "RealTimeTiming.h"
#include "../Engine/Delivery.h"
#include "../Engine/Learning.h"
#include "RouteTree.h"
#include "ranvier/Image/PopulationTables.h"
#include <cmath>
#include <map>

namespace ranvier::emu {

Result<RealTimeClock> realTimeClock(const image::Image &image, uint32_t timeScale) {
  const hw::Chip &chip = image.chip;
  if (!chip.realTime)
    return Error{.code = 7042,
                 .message = "'" + chip.name + "' does not run in real time",
                 .file = chip.path,
                 .place = "real_time",
                 .expected = "a chip whose description has this section",
                 .found = "none",
                 .kind = ErrorKind::Unsupported};
  const double step = image.meta.dt * 1e12, least = chip.realTime->leastStepNs * 1e3;
  RealTimeClock clock;
  // A dt that is a whole part of the least step is not to be stretched once more for its last bit.
  clock.timeScale = timeScale ? timeScale : static_cast<uint32_t>(std::clamp(std::ceil(least / step - 1e-9), 1.0, 1e9));
  const double period = step * clock.timeScale;
  if (!(period >= 1e3 && period <= 1e15))
    return Error{.code = 7043,
                 .message = "a step of this length is not timed",
                 .place = "dt " + std::to_string(image.meta.dt) + " s, time scale " + std::to_string(clock.timeScale),
                 .expected = "1 ns to 1,000 s on the machine's clock",
                 .found = std::to_string(period * 1e-12) + " s",
                 .kind = ErrorKind::Unsupported};
  clock.period = std::llround(period);
  return clock;
}

//===--- Plan -------------------------------------------------------------===//

/// Routes with links by their numbers in the grid, and tiles by theirs on the plane, until finish() leaves only those in use.
class RealTimeTiming::Planner {
public:
  Planner(RealTimeTiming &out, const image::Image &image, const Messages &messages, const ChipGrid &grid, const CostTable &costs)
      : out(out), image(image), messages(messages), grid(grid), costs(costs), real(*image.chip.realTime) {}

  Result<RealTimePlan> run(RealTimeClock clock, bool lossless) {
    RANVIER_CHECK(makeRows());
    for (uint32_t c = 0; c < image.cores.size(); ++c)
      plan.tileOf.push_back(tileNumber(grid.place(c)));
    neuronRoutes();
    inputRoutes();
    finish(clock, lossless);
    return std::move(plan);
  }

private:
  Result<void> makeRows();
  void coreRows(uint32_t core, const image::CorePlan &tables, const image::SourceBlocks &blocks);
  void neuronRoutes();
  void inputRoutes();
  void finish(RealTimeClock clock, bool lossless);
  uint32_t tileNumber(hw::Tile tile) { return tiles.try_emplace(tile, static_cast<uint32_t>(tiles.size())).first->second; }
  uint32_t coreTarget(uint32_t core) const { return grid.links() + core; }

  uint32_t addRoute(const RouteTree &tree) {
    const auto [first, count] = placeRoute(plan.nodes, tree, coreTarget(0));
    plan.routes.push_back({first, count});
    return static_cast<uint32_t>(plan.routes.size() - 1);
  }

  RealTimeTiming &out;
  const image::Image &image;
  const Messages &messages;
  const ChipGrid &grid;
  const CostTable &costs;
  const hw::RealTime &real;
  RealTimePlan plan;
  std::map<hw::Tile, uint32_t> tiles;
  std::vector<std::vector<RealTimePlan::Row>> rows; ///< [cores][rows of the core]
};

/// Every row of every core as the population tables have it.
Result<void> RealTimeTiming::Planner::makeRows() {
  const image::SourceBlocks blocks(image);
  RANVIER_TRY(const image::Keys keys, image::assignKeys(blocks, image::sendersOf(image)));
  const std::vector<image::CoreShape> shapes = image::shapesOf(image, blocks);
  rows.resize(image.cores.size());
  for (uint32_t c = 0; c < image.cores.size(); ++c)
    coreRows(c, image::planCore(shapes[c], blocks, keys, *image.chip.memories), blocks);
  plan.rowPtr.push_back(0);
  for (const image::OutAxonRecord &axon : messages.outAxons) {
    const image::CoreRecord &core = image.cores[axon.core];
    const image::InAxonRecord &in = image.inAxons[core.firstInAxon + axon.axon];
    for (uint32_t r = in.firstRow; r < in.firstRow + in.rowCount; ++r)
      if (image.rows[core.firstRow + r].count) {
        plan.rows.push_back(rows[axon.core][r]);
        out.rowOf.push_back(r);
      }
    plan.rowPtr.push_back(plan.rows.size());
  }
  return {};
}

void RealTimeTiming::Planner::coreRows(uint32_t index, const image::CorePlan &tables, const image::SourceBlocks &blocks) {
  const image::CoreRecord &core = image.cores[index];
  std::map<std::tuple<uint32_t, uint32_t, uint32_t>, uint32_t> words; // by population, block, projection: of a row, 0 if direct
  for (const image::EntryPlan &entry : tables.entries)
    for (const image::EntryPlan::Matrix &matrix : entry.matrices)
      for (uint32_t b = 0; b < entry.blocks; ++b)
        words[{entry.population, entry.block + b, matrix.projection}] = matrix.direct ? 0 : matrix.words + image::rowHeaderWords;
  const std::vector<bool> plastic = image::plasticProjections(image.meta.projections.size(), image.meta.learning);
  const int64_t each = std::max<int64_t>(0, costs.picoseconds(CostTable::AxonIn) - static_cast<int64_t>(real.packet + real.lookup));
  const uint32_t native = image.chip.memories->nativeSteps;
  rows[index].resize(core.rowCount);
  for (const image::InAxonRecord &axon : image.inAxons.subspan(core.firstInAxon, core.inAxonCount))
    for (uint32_t r = axon.firstRow; r < axon.firstRow + axon.rowCount; ++r) {
      const image::RowRecord &record = image.rows[core.firstRow + r];
      RealTimePlan::Row &row = rows[index][r];
      const DeliveryCore &delivery = *out.cores[index];
      uint32_t lastStage = ~0u;
      for (uint64_t s = record.firstSynapse; s < record.firstSynapse + record.count; ++s) { // by delay, so by stage
        const uint32_t delay = delivery.synapses32 ? image::unpackSynapse(delivery.synapses32[s]).delay
                                                   : image::unpackSynapse(delivery.synapses64[s]).delay;
        const uint32_t stage = image::delayParts(std::max(1u, delay), native).stage;
        if (stage != lastStage)
          if (const auto found = words.find({stage ? blocks.extension(axon.population) : axon.population,
                                             blocks.block(axon.population, axon.neuron), record.projection});
              found != words.end())
            row.words += found->second;
        lastStage = stage;
      }
      const bool learns = plastic[record.projection];
      row.back = learns ? image::plasticHistoryWords + (record.count + 1) / 2 : 0;
      const SynapseClass kind = synapseClass(image.meta.projections[record.projection]);
      row.work = addTime(each, record.count,
                         learns ? static_cast<int64_t>(real.plasticSynapse)
                                : costs.picoseconds(CostTable::synapse(static_cast<unsigned>(kind))));
    }
}

void RealTimeTiming::Planner::neuronRoutes() {
  uint64_t neurons = 0;
  for (const auto &core : image.cores)
    neurons += core.neuronCount;
  out.firstInput = neurons;
  out.routeOf.assign(neurons, 0);
  for (uint32_t c = 0; c < image.cores.size(); ++c) {
    const image::CoreRecord &core = image.cores[c];
    std::map<std::vector<uint32_t>, uint32_t> known; // neurons of a core share the ways to the same cores
    size_t senders = 0;
    for (uint64_t n = core.firstNeuron; n < core.firstNeuron + core.neuronCount; ++n) {
      std::vector<uint32_t> to;
      for (uint64_t o = messages.outPtr[n]; o < messages.outPtr[n + 1]; ++o)
        to.push_back(messages.outAxons[o].core);
      if (to.empty())
        continue;
      ++senders;
      const auto [at, isNew] = known.try_emplace(std::move(to), 0);
      if (isNew) {
        RouteTree tree;
        for (uint32_t k = 0; k < at->first.size(); ++k)
          tree.add(grid.way(c, at->first[k]), at->first[k], k);
        at->second = addRoute(tree);
      }
      out.routeOf[n] = at->second;
    }
    out.logs.emplace_back(costs, true, senders);
  }
}

/// A spike of an input is a packet for each tile with a core that wants it.
void RealTimeTiming::Planner::inputRoutes() {
  std::map<std::vector<std::pair<uint32_t, uint32_t>>, uint32_t> known; // by cores and slots
  out.hostPtr.push_back(0);
  for (uint64_t n = out.firstInput; n + 1 < messages.outPtr.size(); ++n) {
    std::map<uint32_t, std::vector<std::pair<uint32_t, uint32_t>>> byTile;
    for (uint64_t o = messages.outPtr[n]; o < messages.outPtr[n + 1]; ++o)
      byTile[plan.tileOf[messages.outAxons[o].core]].emplace_back(messages.outAxons[o].core,
                                                                  static_cast<uint32_t>(o - messages.outPtr[n]));
    for (auto &[tile, arrivals] : byTile) {
      const auto [at, isNew] = known.try_emplace(arrivals, 0);
      if (isNew)
        at->second = addRoute({{}, arrivals});
      out.hostPackets.push_back({tile, at->second});
    }
    out.hostPtr.push_back(out.hostPackets.size());
    out.hostMessage.push_back(messages.outPtr[n]);
  }
}

/// Numbers of links and tiles as the plan wants them: those in use, in the order of the plane.
void RealTimeTiming::Planner::finish(RealTimeClock clock, bool lossless) {
  const std::vector<uint32_t> used = numberLinks(plan.nodes, coreTarget(0));
  const hw::Plane plane(image.chip);
  std::vector<std::pair<hw::Tile, hw::Tile>> ends;
  for (const uint32_t link : used) {
    const auto [tile, direction] = grid.linkPlace(link);
    ends.emplace_back(tile, plane.after(tile, direction));
    tileNumber(ends.back().first);
    tileNumber(ends.back().second);
  }
  std::vector<uint32_t> number(tiles.size());
  uint32_t next = 0;
  for (const auto &[tile, found] : tiles)
    number[found] = next++;
  for (uint32_t &tile : plan.tileOf)
    tile = number[tile];
  for (HostPacket &packet : out.hostPackets)
    packet.tile = number[packet.tile];
  for (size_t k = 0; k < used.size(); ++k) {
    plan.links.push_back({number[tiles.at(ends[k].first)], number[tiles.at(ends[k].second)], grid.linkOfTile(used[k]),
                          costs.picoseconds(grid.hop(used[k]))});
    out.places.push_back(grid.placeOnChip(used[k]));
  }
  plan.tiles = std::max<uint32_t>(1, static_cast<uint32_t>(tiles.size()));
  const auto time = [](uint64_t picoseconds) { return static_cast<int64_t>(picoseconds); };
  plan.period = clock.period;
  plan.tick = time(real.tick);
  plan.axonOut = costs.picoseconds(CostTable::AxonOut);
  plan.packet = time(real.packet);
  plan.lookup = time(real.lookup);
  plan.dmaStart = time(real.dmaStart);
  plan.dmaWord = time(real.dmaWord);
  plan.inject = time(real.inject);
  plan.retry = time(real.retry);
  plan.route = time(real.route);
  plan.wait = time(real.wait);
  plan.poll = time(real.poll);
  plan.monitor = time(real.monitor);
  plan.spikeBuffer = image.chip.memories->spikeBuffer;
  plan.rowBuffers = image.chip.memories->rowBuffers;
  plan.transmitQueue = real.transmitQueue;
  plan.linkBuffer = image.chip.linkBuffer;
  plan.reinjectionQueue = real.reinjectionQueue;
  plan.dropLate = real.dropLate;
  plan.reinjects = real.reinjection || lossless;
  plan.lossless = lossless;
}

//===--- Forecast ---------------------------------------------------------===//

RealTimeForecast::RealTimeForecast(const hw::Chip &chip, const CostTable &costs, RealTimeClock clock, size_t cores)
    : costs(costs), period(clock.period), packet(static_cast<int64_t>(chip.realTime->packet)), queue(chip.memories->spikeBuffer),
      top((1u << chip.ringBuffers.bits) - 1), counts(cores) {}

void RealTimeForecast::reset() {
  std::fill(counts.begin(), counts.end(), CoreProvenance());
  routerCounts = {};
}

void RealTimeForecast::sums(uint32_t index, std::span<const int32_t> sums) {
  uint32_t beyond = 0;
  for (const int32_t sum : sums)
    beyond += static_cast<uint32_t>(sum) > top;
  counts[index].saturated += beyond;
}

void RealTimeForecast::core(uint32_t index, const CoreTimes &times, uint64_t packets) {
  CoreProvenance &of = counts[index];
  const int64_t update = addTime(times.soma, 1, times.axonOut);
  if (update > period) {
    ++of.overruns;
    of.mostTicksWaiting = std::max<uint64_t>(of.mostTicksWaiting, static_cast<uint64_t>((update - 1) / period));
  }
  if (packets == 0)
    return;
  const uint64_t lost = packets > queue ? packets - queue : 0, kept = packets - lost;
  of.received += packets;
  of.mostReceived = std::max(of.mostReceived, packets);
  of.lost += lost;
  of.mostWaiting = std::max(of.mostWaiting, kept);
  const int64_t interrupts = addTime(0, packets, packet), all = addTime(times.axonIn, 1, times.synapse);
  const int64_t rows = std::max<int64_t>(0, all - interrupts), before = addTime(update, 1, interrupts);
  const auto left = static_cast<unsigned __int128>(before < period ? period - before : 0);
  const auto done = rows ? left * packets / static_cast<uint64_t>(rows) : static_cast<unsigned __int128>(kept);
  of.late += done < kept ? kept - static_cast<uint64_t>(done) : 0;
}

void RealTimeForecast::link(CostTable::Event hop, uint64_t packets) {
  const int64_t each = costs.picoseconds(hop);
  const uint64_t carried = each ? static_cast<uint64_t>(period / each) : packets;
  routerCounts.dropped += packets > carried ? packets - carried : 0;
}

//===--- Life -------------------------------------------------------------===//

RealTimeTiming::RealTimeTiming(std::vector<DeliveryCore *> given) : cores(std::move(given)) {
  size_t longest = 0;
  for (const DeliveryCore *core : cores) {
    offsets.emplace_back(core->slots + 1, 0);
    longest = std::max<size_t>(longest, core->stride);
  }
  spans.resize(cores.size());
  trailing.resize(cores.size());
  sums.reserve(longest);
}

Result<std::unique_ptr<RealTimeTiming>> RealTimeTiming::create(const image::Image &image, const Messages &messages,
                                                               const ChipGrid &grid, const CostTable &costs,
                                                               std::vector<DeliveryCore *> cores, RealTimeClock clock,
                                                               bool lossless) {
  if (!image.meta.connectors.empty())
    return Error{.code = 7042,
                 .message = "detailed timing in real time of an image with procedural connectors, whose rows have no bytes",
                 .place = "projection '" + image.meta.projections[image.meta.connectors[0].projection].name + "'",
                 .expected = "synapses in the image",
                 .found = "a connector",
                 .kind = ErrorKind::Unsupported};
  if (const auto split =
          std::find_if(image.cores.begin(), image.cores.end(), [](const image::CoreRecord &core) { return core.feeds != 0; });
      split != image.cores.end())
    return Error{.code = 7042,
                 .message = "detailed timing in real time of an image with synapse cores, whose transfers are not modelled",
                 .place = "core " + std::to_string(split - image.cores.begin()),
                 .expected = "an image compiled without --split",
                 .found = "a synapse core",
                 .kind = ErrorKind::Unsupported};
  std::unique_ptr<RealTimeTiming> made(new RealTimeTiming(std::move(cores)));
  made->top = (1u << image.chip.ringBuffers.bits) - 1;
  RANVIER_TRY(RealTimePlan plan, Planner(*made, image, messages, grid, costs).run(clock, lossless));
  made->events = std::make_unique<RealTimeMachine>(std::move(plan));
  made->outcomes.resize(made->places.size());
  return made;
}

void RealTimeTiming::reset() {
  events->reset();
  for (auto &of : offsets)
    of[0] = 0;
}

//===--- Steps ------------------------------------------------------------===//

void RealTimeTiming::begin() {
  for (SendLog &log : logs)
    log.begin();
}

void RealTimeTiming::input(uint64_t row) {
  const uint64_t n = row - firstInput;
  for (uint64_t p = hostPtr[n]; p < hostPtr[n + 1]; ++p)
    events->host(hostPackets[p].tile, hostPackets[p].route, hostMessage[n]);
}

int64_t RealTimeTiming::settle(std::span<CoreTimes> times) {
  for (size_t c = 0; c < logs.size(); ++c) {
    spans[c] = logs[c].sends();
    trailing[c] = logs[c].trailing();
  }
  const int64_t length = events->step(spans, trailing, routeOf, *this);
  for (size_t c = 0; c < times.size(); ++c) {
    const RealTimeWork &work = events->work()[c];
    times[c] = {work.update, 0, work.stalled, work.packets, work.rows, 0};
    const int64_t busy = addTime(addTime(work.update, 1, work.stalled), 1, addTime(work.packets, 1, work.rows));
    times[c].idle = std::min(busy, length);
  }
  for (size_t l = 0; l < outcomes.size(); ++l) {
    const LinkOutcome &outcome = events->links()[l];
    outcomes[l] = {outcome.packets, addTime(0, outcome.packets, events->plan().links[l].hop), outcome.waited, outcome.blocked};
  }
  return length;
}

const uint32_t *RealTimeTiming::slotOffsets(uint32_t index, uint32_t step) {
  std::vector<uint32_t> &of = offsets[index];
  if (of[0] != step) {
    const DeliveryCore &core = *cores[index];
    of[0] = step;
    for (uint32_t delay = 0, slot = step % core.slots; delay < core.slots; ++delay) {
      of[delay + 1] = slot * core.stride;
      slot = slot + 1 == core.slots ? 0 : slot + 1;
    }
  }
  return of.data() + 1;
}

namespace {
template <typename Word>
uint64_t addRow(const Word *row, uint32_t count, uint32_t *ring, const uint32_t *slotOffset, uint32_t top) {
  uint64_t saturated = 0;
  for (uint32_t i = 0; i < count; ++i) {
    const image::Synapse synapse = image::unpackSynapse(row[i]);
    uint32_t &sum = ring[slotOffset[synapse.delay] + synapse.accumulator];
    saturated += synapse.weight && uint64_t(sum) + synapse.weight > top;
    sum += synapse.weight;
  }
  return saturated;
}
} // namespace

/// Adds a row to the ring buffer. What would saturate is counted; the sum itself is cut when the update takes it (clause S3).
uint64_t RealTimeTiming::row(uint32_t index, uint64_t message, uint32_t number, uint32_t step) {
  const DeliveryCore &core = *cores[index];
  const uint32_t local = rowOf[events->plan().rowPtr[message] + number];
  const image::RowRecord &record = core.rows[local];
  const uint32_t *slotOffset = slotOffsets(index, step);
  auto *ring = reinterpret_cast<uint32_t *>(core.ring);
  if (!core.learning || !core.learning->learns(local))
    return core.synapses32 ? addRow(core.synapses32 + record.firstSynapse, record.count, ring, slotOffset, top)
                           : addRow(core.synapses64 + record.firstSynapse, record.count, ring, slotOffset, top);
  const auto sumOf = [&](uint32_t i) -> uint32_t {
    const image::Synapse synapse = core.synapses32 ? image::unpackSynapse(core.synapses32[record.firstSynapse + i])
                                                   : image::unpackSynapse(core.synapses64[record.firstSynapse + i]);
    return ring[slotOffset[synapse.delay] + synapse.accumulator];
  };
  sums.clear();
  for (uint32_t i = 0; i < record.count; ++i)
    sums.push_back(sumOf(i));
  core.learning->arrive(local, step, 1, core.ring, slotOffset);
  uint64_t saturated = 0;
  for (uint32_t i = 0; i < record.count; ++i)
    saturated += sumOf(i) > top && sumOf(i) != sums[i];
  return saturated;
}

} // namespace ranvier::emu
