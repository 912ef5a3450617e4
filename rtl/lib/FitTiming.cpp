//===- FitTiming.cpp - The numbers of hw::CycleModel from the RTL ---------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Every sweep is a network of which it is known what ends its steps last, so that its cycles are a sum of the numbers, each so many
// times. All sums together are more than there are numbers: least squares.
//===----------------------------------------------------------------------===//
#include "RtlClock.h"
#include "TimingNet.h"
#include "ranvier/Emulator/Session.h"
#include "ranvier/HwModels/NativeForm.h"
#include <algorithm>
#include <cmath>

namespace ranvier::rtl {
namespace {
using hw::CycleModel;
using Sum = std::array<double, CycleModel::NumNumbers>;
constexpr unsigned numNumbers = CycleModel::NumNumbers;

Sum operator+(Sum a, const Sum &b) {
  for (unsigned n = 0; n < numNumbers; ++n)
    a[n] += b[n];
  return a;
}
Sum times(CycleModel::Number number, double count = 1) {
  Sum sum = {};
  sum[number] = count;
  return sum;
}

/// What one slice of a core adds to its update phase; batches depend on the lanes.
struct SweptSlice {
  uint32_t count = 1;
  bool native = false;
  uint32_t inputs = 0, instructions = 2;
};

/// A network, what is measured of it, and what that is a sum of.
struct Sweep {
  TimedRun run;
  uint32_t node = 0;              ///< Of the core of which the update phase is measured.
  std::vector<SweptSlice> slices; ///< Of that core.
  bool afterUpdate = true;        ///< The step ends `rest` after that phase; else after its start.
  Sum rest = {};
};

struct Count {
  Sum sum;
  double cycles;
};

Sum updateOf(const std::vector<SweptSlice> &slices, uint32_t lanes) {
  Sum sum = times(CycleModel::Update);
  for (const SweptSlice &slice : slices)
    if (slice.native)
      sum = sum + times(CycleModel::NativeSlice) + times(CycleModel::NativeNeuron, slice.count);
    else
      sum = sum + times(CycleModel::Slice) +
            times(CycleModel::Group, double((slice.count + lanes - 1) / lanes) * (slice.inputs + slice.instructions));
  return sum;
}

//===--- Sweeps -----------------------------------------------------------===//

class SweepMaker {
public:
  explicit SweepMaker(const hw::Chip &chip) : chip(chip) {}
  Result<std::vector<Sweep>> make() {
    RANVIER_TRY(g, geometryOf(chip, {}));
    RANVIER_CHECK(updates());
    RANVIER_CHECK(unsent());
    RANVIER_CHECK(deliveries());
    RANVIER_CHECK(host());
    RANVIER_CHECK(ways());
    return std::move(sweeps);
  }

private:
  static constexpr uint32_t steps = 3;

  Result<void> add(TimingNet &net, Sweep sweep, Grid grid = {}, bool inputs = false) {
    RANVIER_TRY(image::Image image, net.make());
    sweep.run.image = std::make_shared<const image::Image>(std::move(image));
    sweep.run.grid = grid;
    sweep.run.steps = steps;
    const image::Meta &meta = sweep.run.image->meta;
    for (uint32_t step = 1; step <= steps && inputs; ++step)
      for (uint32_t n = 0; n < meta.populations[0].count; ++n)
        sweep.run.inputs.push_back({step, 0, n, emu::plainPayload(*sweep.run.image)});
    sweep.rest = sweep.rest + times(CycleModel::Step);
    sweeps.push_back(std::move(sweep));
    return {};
  }
  std::string name() const { return "sweep-" + std::to_string(sweeps.size()); }

  void addSlices(TimingNet &net, uint32_t core, const std::vector<SweptSlice> &slices) {
    for (const SweptSlice &slice : slices) {
      const uint32_t program =
          net.addProgram(slice.native ? hw::nativeCubaProgram(*chip.nativeCuba) : beatProgram(slice.inputs, slice.instructions));
      if (slice.native)
        net.addSlice(core, slice.count, program, {{0}, {0}, {1}, {0}});
      else
        net.addSlice(core, slice.count, program, {{0}});
    }
  }

  /// Nobody spikes: slices of many sizes, lengths and numbers.
  Result<void> updates() {
    std::vector<std::vector<SweptSlice>> cores;
    const uint32_t most = g.neurons;
    for (const uint32_t count : {1u, 7u, 8u, 9u, most / 3, most})
      for (const uint32_t inputs : {0u, std::min(2u, g.inputs)})
        for (const uint32_t instructions : {2u, 10u, 41u})
          cores.push_back({{count, false, inputs, instructions}});
    for (const uint32_t count : {1u, 2u, 50u, most})
      cores.push_back({{count, true}});
    for (const uint32_t slices : {2u, 5u}) {
      cores.emplace_back(slices, SweptSlice{most / 8, true});
      cores.emplace_back(slices, SweptSlice{most / 8, false, 1, 7});
      cores.back().push_back({3, true});
    }
    for (const std::vector<SweptSlice> &slices : cores) {
      TimingNet net(chip, name(), 1);
      addSlices(net, net.addCore(0, 0), slices);
      RANVIER_CHECK(add(net, {.slices = slices}));
    }
    return {};
  }

  /// Spikes that go nowhere.
  Result<void> unsent() {
    for (const uint32_t spikes : {1u, 2u, 10u, g.neurons}) {
      TimingNet net(chip, name(), 1);
      net.addSlice(net.addCore(0, 0), spikes, net.addProgram(beatProgram(0, 2)), {{1}});
      RANVIER_CHECK(
          add(net, {.slices = {{spikes, false, 0, 2}}, .rest = times(CycleModel::SendEnd) + times(CycleModel::Spike, spikes)}));
    }
    return {};
  }

  /// A core that sends to itself: packets, rows, synapses; spikes before them that go nowhere.
  Result<void> deliveries() {
    for (const uint32_t packets : {1u, 3u, 20u})
      for (const uint32_t rows : {1u, 3u})
        for (const uint32_t synapses : {1u, 5u, 30u})
          for (const uint32_t before : {0u, 11u}) {
            TimingNet net(chip, name(), 1);
            const uint32_t core = net.addCore(0, 0), program = net.addProgram(beatProgram(1, 2));
            const uint32_t population = net.addSlice(core, before + packets, program, {{1}});
            for (uint32_t n = 0; n < packets; ++n)
              net.connect(population, before + n, core, std::vector<uint32_t>(rows, synapses));
            const double all = double(packets) * rows;
            RANVIER_CHECK(
                add(net, {.slices = {{before + packets, false, 1, 2}},
                          .rest = times(CycleModel::Send) + times(CycleModel::Spike, before) + times(CycleModel::Packet, packets) +
                                  times(CycleModel::Row, all) + times(CycleModel::Synapse, all * synapses)}));
          }
    return {};
  }

  /// Inputs, some of which go nowhere, beside a core that has done long before them.
  Result<void> host() {
    for (const uint32_t before : {0u, 1u, 40u, 150u})
      for (const uint32_t synapses : {0u, 200u, 300u}) {
        if (before + 1 > g.hostInputs || (!synapses && before < 40))
          continue;
        TimingNet net(chip, name(), 1);
        net.addInputs(before + (synapses != 0));
        const uint32_t core = net.addCore(0, 0);
        net.addSlice(core, 1, net.addProgram(beatProgram(1, 2)), {{0}});
        Sweep sweep{.slices = {{1, false, 1, 2}}, .afterUpdate = false};
        if (synapses) {
          net.connect(0, before, core, {synapses});
          sweep.rest = times(CycleModel::Input) + times(CycleModel::InputSpike, before) + times(CycleModel::Packet) +
                       times(CycleModel::Row) + times(CycleModel::Synapse, synapses);
        } else {
          sweep.rest = times(CycleModel::InputEnd) + times(CycleModel::InputSpike, before);
        }
        RANVIER_CHECK(add(net, std::move(sweep), {}, true));
      }
    return {};
  }

  /// From every corner, and from the middle of the grid, to other nodes of it.
  Result<void> ways() {
    const Grid grid{chip.tilesX, chip.tilesY};
    if (grid == Grid{})
      return {};
    RANVIER_TRY(const Geometry whole, geometryOf(chip, grid));
    const uint32_t nodes = whole.nodes();
    for (const uint32_t from : {0u, grid.rows - 1, nodes / 2, nodes - 1})
      for (const uint32_t to : {0u, 1u, grid.rows - 1, nodes / 3, nodes - 1}) {
        TimingNet net(chip, name(), 1);
        const uint32_t program = net.addProgram(beatProgram(1, 2));
        for (uint32_t node = 0; node < nodes; ++node)
          net.addSlice(net.addCore(node / grid.rows, node % grid.rows), 2, program, {{node == from ? 1 : 0}});
        for (uint32_t n = 0; n < 2; ++n)
          net.connect(from, n, to, {4});
        const auto apart = [](uint32_t a, uint32_t b) { return double(a > b ? a - b : b - a); };
        const double hops = apart(from / grid.rows, to / grid.rows) + apart(from % grid.rows, to % grid.rows);
        RANVIER_CHECK(add(net,
                          {.node = from,
                           .slices = {{2, false, 1, 2}},
                           .rest = times(CycleModel::Send) + times(CycleModel::Hop, hops) + times(CycleModel::Packet, 2) +
                                   times(CycleModel::Row, 2) + times(CycleModel::Synapse, 8)},
                          grid));
      }
    return {};
  }

  const hw::Chip &chip;
  Geometry g;
  std::vector<Sweep> sweeps;
};

//===--- Least squares ----------------------------------------------------===//

bool isMeasured(const std::vector<Count> &counts, unsigned number) {
  return std::any_of(counts.begin(), counts.end(), [&](const Count &count) { return count.sum[number] != 0; });
}

/// Solves the normal equations of the counts for all numbers but Lanes and those that are in no count.
Sum solve(const std::vector<Count> &counts) {
  std::vector<unsigned> unknown;
  for (unsigned n = 0; n < numNumbers; ++n)
    if (n != CycleModel::Lanes && isMeasured(counts, n))
      unknown.push_back(n);
  const size_t size = unknown.size();
  std::vector<std::vector<long double>> m(size, std::vector<long double>(size + 1, 0));
  for (const Count &count : counts)
    for (size_t i = 0; i < size; ++i) {
      for (size_t k = 0; k < size; ++k)
        m[i][k] += static_cast<long double>(count.sum[unknown[i]]) * count.sum[unknown[k]];
      m[i][size] += static_cast<long double>(count.sum[unknown[i]]) * count.cycles;
    }
  for (size_t i = 0; i < size; ++i) {
    const auto largest = std::max_element(m.begin() + static_cast<ptrdiff_t>(i), m.end(),
                                          [&](const auto &a, const auto &b) { return std::fabs(a[i]) < std::fabs(b[i]); });
    std::swap(m[i], *largest);
    RANVIER_ASSERT(m[i][i] != 0, std::string("sweeps that do not tell ") + CycleModel::keys[unknown[i]].name);
    for (size_t r = 0; r < size; ++r)
      if (r != i && m[r][i] != 0) {
        const long double factor = m[r][i] / m[i][i];
        for (size_t k = i; k <= size; ++k)
          m[r][k] -= factor * m[i][k];
      }
  }
  Sum found = {};
  for (size_t i = 0; i < size; ++i)
    found[unknown[i]] = static_cast<double>(m[i][size] / m[i][i]);
  return found;
}

double value(const Count &count, const Sum &numbers) {
  double sum = 0;
  for (unsigned n = 0; n < numNumbers; ++n)
    sum += count.sum[n] * numbers[n];
  return sum;
}

/// What a sweep's steps and update phases took.
struct Measured {
  double steps = 0, update = 0;
};
} // namespace

Result<TimingFit> fitTiming(const TimingJob &job) {
  RANVIER_TRY(const std::vector<Sweep> sweeps, SweepMaker(job.chip).make());
  ModelShelf models(job);
  std::vector<std::vector<Measured>> measured;
  for (const Sweep &sweep : sweeps) {
    if (job.progress)
      job.progress("sweeps", static_cast<uint32_t>(measured.size()), static_cast<uint32_t>(sweeps.size()));
    RANVIER_TRY(const std::string model, models.of(sweep.run.grid));
    RANVIER_TRY(RtlClock clock, RtlClock::open(sweep.run, model));
    RANVIER_TRY(const auto machine,
                emu::Machine::create(sweep.run.image, {.executor = emu::Executor::Interp, .timing = emu::Timing::Off}));
    auto &steps = measured.emplace_back();
    auto input = sweep.run.inputs.begin();
    for (uint32_t step = 1; step <= sweep.run.steps; ++step) {
      const auto first = input;
      while (input != sweep.run.inputs.end() && input->step == step)
        ++input;
      machine->step({first, input});
      RANVIER_TRY(const uint64_t cycles, clock.step(*machine));
      RANVIER_TRY(const uint32_t update, clock.read(sweep.node, CsrUpdateCycles));
      steps.push_back({double(cycles), double(update)});
    }
    RANVIER_CHECK(clock.finish());
  }
  TimingFit best;
  double least = 0;
  const CycleModel &before = *job.chip.costs.front().cycles;
  for (uint32_t lanes = 1; lanes <= 64; lanes *= 2) {
    std::vector<Count> counts;
    for (size_t s = 0; s < sweeps.size(); ++s) {
      const Sum update = updateOf(sweeps[s].slices, lanes);
      for (const Measured &step : measured[s]) {
        counts.push_back({update, step.update});
        counts.push_back({sweeps[s].afterUpdate ? update + sweeps[s].rest : sweeps[s].rest, step.steps});
      }
    }
    const Sum exact = solve(counts);
    TimingFit fit;
    fit.networks = static_cast<uint32_t>(sweeps.size());
    fit.counts = static_cast<uint32_t>(counts.size());
    Sum rounded = {};
    for (unsigned n = 0; n < numNumbers; ++n) {
      fit.exact[n] = n == CycleModel::Lanes ? lanes : exact[n];
      if (n != CycleModel::Lanes && !isMeasured(counts, n)) {
        fit.notMeasured.push_back(CycleModel::Number(n));
        fit.exact[n] = before.numbers[n].value;
      }
      const double within = std::clamp<double>(std::round(fit.exact[n]), CycleModel::keys[n].min, CycleModel::keys[n].max);
      fit.model.numbers[n].value = static_cast<uint32_t>(within);
      rounded[n] = within;
    }
    double squares = 0;
    for (const Count &count : counts) {
      const double off = std::abs(value(count, rounded) - count.cycles);
      squares += std::pow(value(count, exact) - count.cycles, 2);
      fit.mean += off / count.cycles / double(counts.size());
      fit.worst = std::max(fit.worst, off / count.cycles);
    }
    if (lanes == 1 || squares < least) {
      least = squares;
      best = fit;
    }
  }
  return best;
}

} // namespace ranvier::rtl
