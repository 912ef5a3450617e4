// Networks on chips whose synapses are cells: without errors and converters what they compute is what synapses in a memory
// compute, bit for bit; with errors it is the same for any thread, executor and interruption.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/Emulator/Checkpoint.h"
#include "ranvier/Emulator/CrossbarChip.h"
#include "ranvier/Emulator/Machine.h"
#include "ranvier/Mapping/Partitioner.h"
#include "support/TestNetworks.h"
#include <algorithm>
#include <doctest/doctest.h>
#include <numeric>

using namespace ranvier;
using namespace ranvier::mapping;
using namespace ranvier::test;

namespace {

/// A random network whose weights are within 8 bits with sign, also where synapses share source, target and delay.
Network randomNetwork(uint64_t seed, uint16_t longest) {
  Network network = randomIntNetwork(seed);
  Dice dice(seed + 1000);
  for (Projection &projection : network.projections) {
    projection.weightExponent = 0;
    projection.weightBits = 8;
    for (int32_t &weight : projection.weights)
      weight = static_cast<int32_t>(dice(-20, 20)); // six of one source and delay are within 8 bits, too
    for (uint16_t &delay : projection.delays)
      delay = static_cast<uint16_t>(1 + delay % longest);
  }
  for (Population &population : network.populations)
    if (!population.input && network.programs[static_cast<size_t>(population.program)].name == "two_input")
      population.params[0].assign(population.count, 250);
  return network;
}

hw::Chip digitalChip() {
  hw::Chip chip = tinyChip({.neurons = 40});
  chip.coresPerTile = 4;
  chip.weights = {.minBits = 1, .maxBits = 7, .minExponent = 0, .maxExponent = 0, .signModes = false, .sharedKernels = false};
  chip.storage.wordBits = 0;
  return chip;
}

hw::Crossbar crossbarOf(hw::Crossbar::Form form) {
  hw::Crossbar crossbar{.form = form, .inputs = 400, .outputs = 0};
  crossbar.cellBits = form == hw::Crossbar::Form::Offset ? 8 : 7;
  if (crossbar.isSliced()) {
    crossbar.weightBits = 8;
    crossbar.slices = 4;
  }
  crossbar.outputs = crossbar.cellsPerWeight() * 90;
  return crossbar;
}

hw::Chip crossbarChip(const hw::Crossbar &crossbar) {
  hw::Chip chip = digitalChip();
  chip.crossbar = crossbar;
  chip.placeDependentNumbers = crossbar.isNoisy();
  return chip;
}

image::ImageData emitted(const Network &network, const hw::Chip &chip) {
  auto mapping = mapNetwork(network, chip, {});
  REQUIRE_MESSAGE(bool(mapping), (mapping ? "" : mapping.error().str()));
  auto data = emitImage(network, chip, *mapping, "{}");
  REQUIRE_MESSAGE(bool(data), (data ? "" : data.error().str()));
  return *std::move(data);
}

std::shared_ptr<const image::Image> opened(image::ImageData data) {
  auto image = image::fromData(std::move(data));
  REQUIRE_MESSAGE(bool(image), (image ? "" : image.error().str()));
  return std::make_shared<const image::Image>(*std::move(image));
}

std::unique_ptr<emu::Machine> machineOf(const std::shared_ptr<const image::Image> &image, emu::MachineOptions options = {}) {
  auto machine = emu::Machine::create(image, options);
  REQUIRE_MESSAGE(bool(machine), (machine ? "" : machine.error().str()));
  return *std::move(machine);
}

emu::MachineOptions interp(unsigned threads = 1) {
  emu::MachineOptions options;
  options.executor = emu::Executor::Interp;
  options.threads = threads;
  options.workPerThread = 0;
  return options;
}

std::vector<emu::InputSpike> inputsOf(const Network &network, uint64_t seed, uint32_t step) {
  std::vector<emu::InputSpike> inputs;
  for (uint32_t p = 0; p < network.populations.size(); ++p)
    for (uint32_t n = 0; network.populations[p].input && n < network.populations[p].count; ++n)
      if (randomWord(seed, p * 65536 + n, step, 3) % 100 < 25)
        inputs.push_back({step, p, n, 1});
  return inputs;
}

/// Spikes and states after a step, in the order of populations.
std::vector<uint32_t> seen(const Network &network, emu::Machine &machine) {
  std::vector<uint32_t> all;
  for (uint32_t p = 0; p < network.populations.size(); ++p) {
    const auto spikes = machine.spikes(p);
    all.push_back(static_cast<uint32_t>(spikes.size()));
    all.insert(all.end(), spikes.begin(), spikes.end());
    for (uint32_t s = 0; s < network.populations[p].init.size(); ++s) {
      std::vector<int32_t> words(network.populations[p].count);
      machine.readState(p, s, words);
      all.insert(all.end(), words.begin(), words.end());
    }
  }
  return all;
}

/// Whether all machines do the same, and how many spikes neurons make.
uint64_t compare(const Network &network, uint64_t seed, const std::vector<emu::Machine *> &machines, uint32_t steps = 40) {
  uint64_t spikes = 0;
  for (uint32_t t = 1; t <= steps; ++t) {
    const auto inputs = inputsOf(network, seed, t);
    for (emu::Machine *machine : machines)
      machine->step(inputs);
    const auto expected = seen(network, *machines[0]);
    for (size_t m = 1; m < machines.size(); ++m)
      REQUIRE(seen(network, *machines[m]) == expected);
    for (uint32_t p = 0; p < network.populations.size(); ++p)
      spikes += network.populations[p].input ? 0 : machines[0]->spikes(p).size();
  }
  return spikes;
}

using Form = hw::Crossbar::Form;
constexpr Form forms[] = {Form::Pair, Form::TwoSidedPair, Form::Offset, Form::SlicedPair, Form::SlicedOffset};

/// Other rows and columns, some columns negated; and a row whose weights two rows share.
void rearrange(image::ImageData &data, const hw::Crossbar &crossbar, uint64_t seed) {
  Dice dice(seed);
  const size_t cells = crossbar.cellsPerWeight();
  std::vector<image::CrossbarRowRecord> rows;
  std::vector<uint8_t> levels;
  for (image::CrossbarRecord &record : data.crossbars) {
    std::vector<uint32_t> places(crossbar.inputs), columns(crossbar.columns());
    std::iota(places.begin(), places.end(), 0u);
    std::iota(columns.begin(), columns.end(), 0u);
    const auto shuffle = [&](std::vector<uint32_t> &list) {
      for (size_t i = list.size(); i > 1; --i)
        std::swap(list[i - 1], list[static_cast<size_t>(dice(0, static_cast<int64_t>(i) - 1))]);
    };
    shuffle(places);
    shuffle(columns);
    std::vector<uint8_t> flipped;
    for (uint32_t c = 0; c < record.columnCount; ++c) {
      flipped.push_back(dice.chance(0.4));
      data.crossbarColumns[record.firstColumn + c] = {columns[c], flipped.back()};
    }
    std::vector<std::pair<image::CrossbarRowRecord, std::vector<int32_t>>> weights;
    for (uint32_t r = 0; r < record.rowCount; ++r) {
      std::vector<int32_t> whole, part;
      for (uint32_t c = 0; c < record.columnCount; ++c) {
        const auto at = record.firstLevel + (size_t(r) * record.columnCount + c) * cells;
        int32_t weight = static_cast<int32_t>(crossbar.weightOf(std::span(data.crossbarLevels).subspan(at, cells)));
        weight = flipped[c] ? -weight : weight;
        part.push_back(static_cast<int32_t>(dice(0, 20)) - 10);
        whole.push_back(weight);
      }
      image::CrossbarRowRecord row = data.crossbarRows[record.firstRow + r];
      row.row = places[weights.size()];
      const bool fits =
          std::all_of(whole.begin(), whole.end(), [&](int32_t w) { return std::abs(w) + 10 <= crossbar.largestWeight(); });
      const bool room = weights.size() + (record.rowCount - r) < crossbar.inputs;
      if (fits && room && dice.chance(0.1)) {
        weights.push_back({row, part});
        row.row = places[weights.size()];
        for (size_t c = 0; c < whole.size(); ++c)
          whole[c] -= part[c];
      }
      weights.push_back({row, whole});
    }
    std::sort(weights.begin(), weights.end(), [](const auto &a, const auto &b) { return a.first.row < b.first.row; });
    record.firstRow = rows.size();
    record.firstLevel = levels.size();
    record.rowCount = static_cast<uint32_t>(weights.size());
    for (const auto &[row, line] : weights) {
      rows.push_back(row);
      for (const int32_t weight : line) {
        levels.resize(levels.size() + cells);
        crossbar.levelsOf(weight, std::span(levels).last(cells));
      }
    }
  }
  data.crossbarRows = rows;
  data.crossbarLevels = levels;
}

hw::Crossbar noisyCrossbar() {
  hw::Crossbar crossbar = crossbarOf(Form::Pair);
  crossbar.readout = hw::Crossbar::Readout::Adc;
  crossbar.programming = crossbar.read = hw::Crossbar::Noise::Independent;
  crossbar.programmingSigma = crossbar.readSigma = 0.05;
  return crossbar;
}
} // namespace

TEST_CASE("cells without errors are synapses, in every form, wherever rows and columns lie") {
  uint64_t spikes = 0, products = 0;
  for (uint64_t seed = 0; seed < cases(20, 200); ++seed) {
    CAPTURE(seed);
    const hw::Crossbar crossbar = crossbarOf(forms[seed % std::size(forms)]);
    const Network network = randomNetwork(seed, static_cast<uint16_t>(1 + seed % 3));
    const auto digital = machineOf(opened(emitted(network, digitalChip())), interp());
    image::ImageData data = emitted(network, crossbarChip(crossbar));
    const auto cells = machineOf(opened(data), interp());
    const auto threads = machineOf(opened(data), interp(3));
    rearrange(data, crossbar, seed);
    const auto elsewhere = machineOf(opened(data), interp());
#if RANVIER_HAVE_JIT
    const auto jit = machineOf(opened(data));
    spikes += compare(network, seed, {digital.get(), cells.get(), threads.get(), elsewhere.get(), jit.get()});
#else
    spikes += compare(network, seed, {digital.get(), cells.get(), threads.get(), elsewhere.get()});
#endif
    CHECK(std::equal(cells->crossbarCounts().begin(), cells->crossbarCounts().end(), threads->crossbarCounts().begin()));
    for (const emu::CrossbarCounts &counts : cells->crossbarCounts())
      products += counts.products;
  }
  CHECK(spikes > 200);
  CHECK(products > 200);
}

TEST_CASE("rows beyond those of a macro are divided over macros of a tile, each with converters of its own") {
  uint64_t spikes = 0, feeding = 0, refused = 0;
  for (uint64_t seed = 0; seed < cases(24, 200); ++seed) {
    CAPTURE(seed);
    hw::Crossbar crossbar = crossbarOf(forms[seed % std::size(forms)]);
    crossbar.inputs = 30;
    const Network network = randomNetwork(seed, static_cast<uint16_t>(1 + seed % 2));
    const hw::Chip chip = crossbarChip(crossbar);
    auto mapping = mapNetwork(network, chip, {});
    if (!mapping) { // more rows than a tile has, or more macros than the machine
      INFO(mapping.error().str());
      CHECK((mapping.error().code == 6120 || mapping.error().code == 6113 || mapping.error().code == 6016));
      CHECK(mapping.error().kind == ErrorKind::DoesNotFit);
      ++refused;
      continue;
    }
    auto data = emitImage(network, chip, *mapping, "{}");
    REQUIRE_MESSAGE(bool(data), (data ? "" : data.error().str()));
    for (const image::CoreRecord &core : data->cores)
      feeding += core.feeds != 0;
    auto rebuilt = rebuildNetwork(*opened(*data));
    REQUIRE(bool(rebuilt));
    CHECK(compareNetworks(network, *rebuilt).empty());
    const auto digital = machineOf(opened(emitted(network, digitalChip())), interp());
    const auto cells = machineOf(opened(*data), interp()), threads = machineOf(opened(*data), interp(3));
    rearrange(*data, crossbar, seed);
    const auto elsewhere = machineOf(opened(*data), interp()), resumed = machineOf(opened(*data), interp());
    spikes += compare(network, seed, {digital.get(), cells.get(), threads.get(), elsewhere.get()});
    emu::MachineState state;
    elsewhere->save(state);
    REQUIRE(bool(resumed->restore(state)));
    for (uint32_t t = 41; t <= 60; ++t) {
      const auto inputs = inputsOf(network, seed, t);
      elsewhere->step(inputs);
      resumed->step(inputs);
      REQUIRE(seen(network, *resumed) == seen(network, *elsewhere));
    }
  }
  CHECK(spikes > 200);
  CHECK(feeding > cases(24, 200) / 12);
  CHECK(refused < cases(24, 200) * 3 / 4);
}

TEST_CASE("placed by what is known of them, macros with stuck cells compute what good ones do") {
  hw::Crossbar crossbar = crossbarOf(Form::Pair);
  uint64_t placed = 0, spoiled = 0, spikes = 0;
  for (uint64_t seed = 0; seed < cases(12, 120); ++seed) {
    CAPTURE(seed);
    const Network network = randomNetwork(seed, 3);
    const hw::Chip chip = crossbarChip(crossbar);
    auto mapping = mapNetwork(network, chip, {});
    REQUIRE(bool(mapping));
    const CellKnowledge known{.faults = hw::cellFaultsOfRate(0.02, seed + 1), .how = {}};
    std::vector<MacroPlacement> macros;
    Dice dice(seed);
    AssumedRates rates{.spikes = {}, .steps = 40};
    for (const Population &population : network.populations) {
      rates.spikes.emplace_back();
      for (uint64_t n = 0; n < population.count; ++n)
        rates.spikes.back().push_back(static_cast<uint32_t>(dice(0, 10)));
    }
    auto data =
        emitImage(network, chip, *mapping, "{}", {.cells = &known, .rates = seed % 2 ? rates : AssumedRates{}, .macros = &macros});
    REQUIRE_MESSAGE(bool(data), (data ? "" : data.error().str()));
    CHECK(macros.size() == data->crossbars.size());
    for (const MacroPlacement &macro : macros) {
      CHECK(macro.errors.repaired == 0);
      CHECK(macro.stuckCells == hw::stuckCells(crossbar, known.faults, macro.chip, macro.core, chip.coresPerChip()).size());
    }
    auto faulty = interp();
    faulty.device.faults = known.faults;
    const auto good = machineOf(opened(emitted(network, chip)), interp());
    const auto repaired = machineOf(opened(*data), faulty), unaware = machineOf(opened(emitted(network, chip)), faulty);
    for (uint32_t t = 1; t <= 40; ++t) {
      const auto inputs = inputsOf(network, seed, t);
      for (emu::Machine *machine : {good.get(), repaired.get(), unaware.get()})
        machine->step(inputs);
      REQUIRE(seen(network, *repaired) == seen(network, *good));
      for (uint32_t p = 0; p < network.populations.size(); ++p)
        spikes += network.populations[p].input ? 0 : good->spikes(p).size();
    }
    spoiled += seen(network, *unaware) != seen(network, *good);
    ++placed;
  }
  CHECK(spoiled * 2 > placed);
  CHECK(spikes > 100);
}

TEST_CASE("what placement reports is what its cells are off, spikes of sources weighing it") {
  hw::Crossbar crossbar = crossbarOf(Form::Pair);
  uint64_t wrong = 0, otherwise = 0;
  for (uint64_t seed = 0; seed < cases(6, 60); ++seed) {
    CAPTURE(seed);
    const Network network = randomNetwork(seed, 2);
    const hw::Chip chip = crossbarChip(crossbar);
    auto mapping = mapNetwork(network, chip, {});
    REQUIRE(bool(mapping));
    const CellKnowledge known{.faults = hw::cellFaultsOfRate(0.3, seed + 1), .how = {.repair = false}};
    Dice dice(seed);
    AssumedRates rates{.spikes = {}, .steps = 50};
    for (const Population &population : network.populations) {
      rates.spikes.emplace_back();
      for (uint64_t n = 0; n < population.count; ++n)
        rates.spikes.back().push_back(static_cast<uint32_t>(dice(0, 50)));
    }
    std::vector<MacroPlacement> macros, alike;
    auto data = emitImage(network, chip, *mapping, "{}", {.cells = &known, .rates = rates, .macros = &macros});
    REQUIRE_MESSAGE(bool(data), (data ? "" : data.error().str()));
    REQUIRE(bool(emitImage(network, chip, *mapping, "{}", {.cells = &known, .macros = &alike})));
    REQUIRE(macros.size() == data->crossbars.size());
    const image::ImageData plain = emitted(network, chip); // Its levels are the weights.
    for (size_t m = 0; m < macros.size(); ++m) {
      const image::CrossbarRecord &record = data->crossbars[m], &exact = plain.crossbars[m];
      const image::CoreRecord &core = data->cores[record.core];
      const auto activity = [&](uint32_t axon) {
        const image::InAxonRecord &from = data->inAxons[core.firstInAxon + axon];
        return rates.spikes[from.population][from.neuron] / 50.0;
      };
      double most = 0, sum = 0;
      for (uint32_t r = 0; r < exact.rowCount; ++r)
        most = std::max(most, activity(plain.crossbarRows[exact.firstRow + r].axon));
      for (uint32_t r = 0; r < record.rowCount; ++r) {
        const image::CrossbarRowRecord &row = data->crossbarRows[record.firstRow + r];
        uint32_t same = 0; // The row of the same driver in the plain image.
        while (plain.crossbarRows[exact.firstRow + same].axon != row.axon ||
               plain.crossbarRows[exact.firstRow + same].delay != row.delay)
          ++same;
        for (uint32_t c = 0; c < record.columnCount; ++c) {
          const auto cells = [&](const image::ImageData &of, const image::CrossbarRecord &at, uint32_t line) {
            return double(crossbar.weightOf(
                std::span(of.crossbarLevels).subspan(at.firstLevel + (size_t(line) * at.columnCount + c) * 2, 2)));
          };
          const double made =
              data->crossbarColumns[record.firstColumn + c].flipped ? -cells(*data, record, r) : cells(*data, record, r);
          const double off = made - cells(plain, exact, same);
          sum += std::max(activity(row.axon), most * 1e-3) * off * off;
        }
      }
      CHECK(macros[m].errors.moved == doctest::Approx(std::sqrt(sum / record.columnCount)).epsilon(1e-9));
      wrong += sum > 0;
      otherwise += macros[m].errors.moved != alike[m].errors.moved;
    }
  }
  CHECK(wrong > 0);
  CHECK(otherwise > 0);
}

TEST_CASE("cells are known of macros of single pairs alone") {
  const Network network = randomNetwork(1, 1);
  const CellKnowledge known{.faults = hw::cellFaultsOfRate(0.1, 1), .how = {}};
  const auto code = [&](const hw::Chip &chip) {
    auto mapping = mapNetwork(network, chip, {});
    REQUIRE(bool(mapping));
    auto data = emitImage(network, chip, *mapping, "{}", {.cells = &known});
    return data ? 0u : data.error().code;
  };
  CHECK(code(crossbarChip(crossbarOf(Form::Pair))) == 0);
  CHECK(code(crossbarChip(crossbarOf(Form::SlicedPair))) == 6124);
  CHECK(code(digitalChip()) == 6124);
}

TEST_CASE("wires: rows that conduct much lie at the sense end, and the sums are nearer the exact ones than in order") {
  hw::Crossbar crossbar = crossbarOf(Form::Pair);
  const Network network = randomNetwork(4, 2);
  const hw::Chip plain = crossbarChip(crossbar);
  crossbar.rowOhm = crossbar.columnOhm = 2;
  const hw::Chip wired = crossbarChip(crossbar);
  image::ImageData inOrder = emitted(network, plain), placed = emitted(network, wired);
  REQUIRE(inOrder.crossbars.size() == placed.crossbars.size());
  for (size_t m = 0; m < placed.crossbars.size(); ++m) {
    const image::CrossbarRecord &record = placed.crossbars[m], &plainRecord = inOrder.crossbars[m];
    CHECK(placed.crossbarRows[record.firstRow + record.rowCount - 1].row == crossbar.inputs - 1);
    const auto error = [&](const image::ImageData &data, const image::CrossbarRecord &at) {
      const size_t columns = crossbar.columns();
      std::vector<uint8_t> levels(size_t(crossbar.inputs) * columns * 2, 0);
      for (uint32_t r = 0; r < at.rowCount; ++r)
        for (uint32_t c = 0; c < at.columnCount; ++c)
          std::copy_n(data.crossbarLevels.begin() + static_cast<ptrdiff_t>(at.firstLevel + (size_t(r) * at.columnCount + c) * 2), 2,
                      levels.begin() + static_cast<ptrdiff_t>((size_t(data.crossbarRows[at.firstRow + r].row) * columns +
                                                               data.crossbarColumns[at.firstColumn + c].column) *
                                                              2));
      double square = 0;
      std::vector<double> exact, withWires;
      for (auto *out : {&exact, &withWires}) {
        hw::Crossbar one = crossbar;
        if (out == &exact)
          one.rowOhm = one.columnOhm = 0;
        auto array = emu::CrossbarArray::programLevels(levels, columns, crossbar.inputs, emu::crossbarConfig(one));
        REQUIRE(bool(array));
        out->assign(columns, 0);
        emu::CrossbarScratch scratch;
        std::vector<uint32_t> active;
        for (uint32_t r = 0; r < at.rowCount; ++r)
          active.push_back(data.crossbarRows[at.firstRow + r].row);
        array->productOfRows(active, *out, 0, scratch);
      }
      for (size_t c = 0; c < columns; ++c)
        square += (exact[c] - withWires[c]) * (exact[c] - withWires[c]);
      return square;
    };
    CHECK(error(placed, record) < error(inOrder, plainRecord));
  }
}

TEST_CASE("devices: the same for any thread, executor and interruption, others for another seed") {
  const hw::Crossbar crossbar = noisyCrossbar();
  uint64_t others = 0;
  for (uint64_t seed = 0; seed < cases(8, 60); ++seed) {
    CAPTURE(seed);
    const Network network = randomNetwork(seed, 3);
    const auto image = opened(emitted(network, crossbarChip(crossbar)));
    const auto one = machineOf(image, interp()), three = machineOf(image, interp(3)), resumed = machineOf(image, interp());
    std::vector<emu::Machine *> machines = {one.get(), three.get()};
#if RANVIER_HAVE_JIT
    const auto jit = machineOf(image);
    machines.push_back(jit.get());
#endif
    auto options = interp();
    options.device.seed = 7;
    const auto another = machineOf(image, options);
    compare(network, seed, machines, 17);
    for (uint32_t t = 1; t <= 17; ++t)
      another->step(inputsOf(network, seed, t));
    others += seen(network, *another) != seen(network, *one);
    emu::MachineState state;
    one->save(state);
    REQUIRE(bool(resumed->restore(state)));
    for (uint32_t t = 18; t <= 40; ++t) {
      const auto inputs = inputsOf(network, seed, t);
      one->step(inputs);
      resumed->step(inputs);
      REQUIRE(seen(network, *resumed) == seen(network, *one));
    }
    emu::MachineState again;
    one->save(again);
    for (auto &input : again.inputs)
      if (const uint32_t rows = image->crossbars[0].rowCount; input.core == image->crossbars[0].core && rows % 32) {
        input.sums.back() |= static_cast<int32_t>(1u << 31);
        CHECK_FALSE(resumed->restore(again));
        break;
      }
  }
  CHECK(others > 0);
}

TEST_CASE("a product of driven rows is the product of spikes, in every form") {
  for (uint64_t seed = 0; seed < cases(40, 400); ++seed) {
    CAPTURE(seed);
    Dice dice(seed);
    hw::Crossbar crossbar = crossbarOf(forms[seed % std::size(forms)]);
    crossbar.readout = static_cast<hw::Crossbar::Readout>(seed / 5 % 5);
    const bool exact = crossbar.readout == hw::Crossbar::Readout::IntegerAdc;
    if (exact && !crossbar.isPair())
      continue;
    if (exact) {
      crossbar.adcOffset = 4000;
      crossbar.adcShift = 5;
      crossbar.adcZero = 125;
    } else if (seed % 3) {
      crossbar.programming = hw::Crossbar::Noise::RramWan;
      crossbar.read = seed % 3 == 1 ? hw::Crossbar::Noise::None : hw::Crossbar::Noise::Proportional;
      crossbar.readSigma = 0.1;
    }
    if (!exact && seed % 4 == 3) {
      crossbar.rowOhm = crossbar.columnOhm = 1;
      crossbar.selectsCells = seed % 8 == 3;
    }
    const uint64_t inputs = static_cast<uint64_t>(dice(1, 40)), outputs = static_cast<uint64_t>(dice(1, 30));
    emu::CrossbarConfig config = emu::crossbarConfig(crossbar);
    if (config.converter == emu::CrossbarConfig::Converter::Uniform ||
        config.converter == emu::CrossbarConfig::Converter::SignMagnitude)
      config.ranges = {{-3, 3}};
    std::vector<double> weights;
    std::vector<uint8_t> levels(inputs * outputs * crossbar.cellsPerWeight());
    for (uint64_t w = 0; w < inputs * outputs; ++w)
      weights.push_back(static_cast<double>(dice(-crossbar.largestWeight(), crossbar.largestWeight())));
    if (crossbar.form == Form::TwoSidedPair) // an even one lies between two levels, where binary64 may round either way
      for (double &weight : weights)
        weight += static_cast<int>(weight) % 2 ? 0 : 1;
    for (uint64_t j = 0; j < inputs; ++j)
      for (uint64_t i = 0; i < outputs; ++i)
        crossbar.levelsOf(static_cast<int32_t>(weights[i * inputs + j]),
                          std::span(levels).subspan((j * outputs + i) * crossbar.cellsPerWeight(), crossbar.cellsPerWeight()));
    auto byWeights = emu::CrossbarArray::program(weights, outputs, inputs, config);
    REQUIRE_MESSAGE(bool(byWeights), (byWeights ? "" : byWeights.error().str()));
    auto byLevels = emu::CrossbarArray::programLevels(levels, outputs, inputs, config);
    REQUIRE_MESSAGE(bool(byLevels), (byLevels ? "" : byLevels.error().str()));
    emu::CrossbarScratch scratch;
    for (uint64_t number = 0; number < 5; ++number) {
      std::vector<double> x(inputs, 0), y(outputs), z(outputs);
      std::vector<uint32_t> active;
      for (uint32_t j = 0; j < inputs; ++j)
        if (dice.chance(0.4)) {
          x[j] = 1;
          active.push_back(j);
        }
      REQUIRE(bool(byWeights->product(x, y, number)));
      byLevels->productOfRows(active, z, number, scratch);
      CHECK(y == z);
      if (crossbar.readout != hw::Crossbar::Readout::Ideal || config.programming.acts() || config.read.acts() ||
          config.hasWires() || crossbar.selectsCells)
        continue;
      for (uint64_t i = 0; i < outputs; ++i) { // the integer sum
        double sum = 0;
        for (const uint32_t j : active)
          sum += weights[i * inputs + j];
        CHECK(std::nearbyint(z[i]) == sum);
      }
    }
  }
}

TEST_CASE("sums of one row that cells cannot hold are refused, by name and number") {
  Network network;
  network.name = "two";
  network.programs = {twoInputProgram()};
  const uint32_t in = addPopulation(network, "in", 3, -1), cells = addPopulation(network, "cells", 2, 0);
  addProjection(network, in, cells, 0, 0, {{0, 0, 100, 1}, {0, 0, 28, 1}, {1, 1, 100, 1}, {1, 1, 28, 2}});
  network.projections[0].weightBits = 8;
  const hw::Chip chip = crossbarChip(crossbarOf(Form::Pair));
  auto mapping = mapNetwork(network, chip, {});
  REQUIRE_MESSAGE(bool(mapping), (mapping ? "" : mapping.error().str()));
  auto data = emitImage(network, chip, *mapping, "{}");
  REQUIRE_FALSE(bool(data));
  CHECK(data.error().code == 6122);
  CHECK(data.error().place == "population 'cells', neuron 0");
  CHECK(data.error().found == "128");
}

TEST_CASE("rows and columns of a macro are limits of a core") {
  const auto onto = [](uint32_t sources, uint32_t neurons, bool delays) {
    Network network;
    network.name = "limits";
    network.programs = {twoInputProgram()};
    const uint32_t in = addPopulation(network, "in", sources, -1), cells = addPopulation(network, "cells", neurons, 0);
    std::vector<Edge> edges;
    for (uint32_t s = 0; s < sources; ++s)
      for (uint32_t n = 0; n < neurons; ++n)
        edges.push_back({s, n, 1, static_cast<uint16_t>(delays ? 1 + n % 2 : 1)});
    addProjection(network, in, cells, 0, 0, edges);
    network.projections[0].weightBits = 8;
    return network;
  };
  hw::Crossbar crossbar = crossbarOf(Form::Pair);
  crossbar.inputs = 10;
  crossbar.outputs = 12; // six receptors: three neurons
  const hw::Chip chip = crossbarChip(crossbar);
  const auto cores = [&](const Network &network) {
    auto mapping = mapNetwork(network, chip, {});
    REQUIRE_MESSAGE(bool(mapping), (mapping ? "" : mapping.error().str()));
    for (const CoreUse &use : measure(network, chip, *mapping)) {
      CHECK(use.crossbarRows <= 10);
      CHECK(use.crossbarColumns <= 6);
    }
    opened(*emitImage(network, chip, *mapping, "{}"));
    return mapping->cores.size();
  };
  const auto feeders = [&](uint32_t sources, uint32_t neurons) {
    auto mapping = mapNetwork(onto(sources, neurons, false), chip, {});
    REQUIRE_MESSAGE(bool(mapping), (mapping ? "" : mapping.error().str()));
    return mapping->cores[0].synapseCores.size();
  };
  CHECK(feeders(10, 3) == 0);
  CHECK(feeders(11, 3) == 1);
  CHECK(feeders(40, 3) == 3);
  auto mapping = mapNetwork(onto(41, 3, false), chip, {});
  REQUIRE_FALSE(bool(mapping));
  CHECK(mapping.error().code == 6120);
  CHECK(mapping.error().found == "41");
  auto given = mapNetwork(onto(11, 3, false), chip, {});
  REQUIRE(bool(given));
  given->cores[0].synapseCores.clear();
  const auto checked = checkMapping(onto(11, 3, false), chip, *given);
  REQUIRE_FALSE(bool(checked));
  CHECK(checked.error().code == 6123);
  crossbar.outputs = 2; // one column for two receptors
  const auto narrow = mapNetwork(onto(3, 3, false), crossbarChip(crossbar), {});
  REQUIRE_FALSE(bool(narrow));
  CHECK(narrow.error().code == 6121);
  CHECK(cores(onto(10, 3, false)) == 1);
  CHECK(cores(onto(10, 4, false)) == 2);
  CHECK(cores(onto(5, 3, true)) == 1);
  CHECK(cores(onto(6, 3, true)) == 3); // each delay of a source takes a row
}

TEST_CASE("devices that a machine cannot be are refused") {
  const Network network = randomNetwork(3, 1);
  const auto code = [&](const hw::Crossbar &crossbar, const emu::DeviceOptions &device) {
    auto options = interp();
    options.device = device;
    const auto machine = emu::Machine::create(opened(emitted(network, crossbarChip(crossbar))), options);
    return machine ? 0 : machine.error().code;
  };
  hw::Crossbar crossbar = crossbarOf(Form::Pair);
  const auto stuck = [](uint32_t row, uint32_t column) {
    emu::DeviceOptions device;
    device.faults.cells = {{.chip = 0, .core = 0, .row = row, .column = column}};
    return device;
  };
  CHECK(code(crossbar, {}) == 0);
  CHECK(code(crossbar, stuck(399, 89)) == 0);
  CHECK(code(crossbar, stuck(400, 0)) == 7063);
  CHECK(code(crossbar, stuck(0, 90)) == 7063);
  crossbar.readout = hw::Crossbar::Readout::IntegerAdc;
  crossbar.adcShift = 4;
  CHECK(code(crossbar, {}) == 0);
  CHECK(code(crossbar, stuck(0, 0)) == 7061);
}
