// Random changes of the structure of an image.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Mutate.h"
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

using namespace ranvier;
using namespace ranvier::image;
using test::Dice;

namespace {
std::string text(uint64_t value) { return std::to_string(value); }

/// A number that is likely to break something: near `now`, near a power of two, near a size.
uint64_t awkward(Dice &dice, uint64_t now, uint64_t size) {
  const uint64_t values[] = {
      0,  1,     2,     now + 1,    now - 1,     now * 2,     size,        size - 1,          size + 1,     63,
      64, 65535, 65536, 0x7FFFFFFF, 0x80000000u, 0xFFFFFFFEu, 0xFFFFFFFFu, uint64_t(1) << 32, ~uint64_t(0), uint64_t(1) << 63};
  return values[static_cast<size_t>(dice(0, int64_t(std::size(values)) - 1))];
}
template <typename T> T &anyOf(std::vector<T> &list, Dice &dice) {
  return list[static_cast<size_t>(dice(0, int64_t(list.size()) - 1))];
}

/// A 32-bit or 64-bit word of one record becomes an awkward number or that of another record.
template <typename T> std::string changeField(std::vector<T> &table, const char *name, Dice &dice) {
  if (table.empty())
    return std::string(name) + " is empty";
  const size_t index = static_cast<size_t>(dice(0, int64_t(table.size()) - 1));
  const size_t width = sizeof(T) % 8 == 0 && dice.chance(0.5) ? 8 : sizeof(T) < 4 ? sizeof(T) : 4;
  const size_t at = static_cast<size_t>(dice(0, int64_t(sizeof(T) / width) - 1)) * width;
  char *record = reinterpret_cast<char *>(&table[index]);
  uint64_t value = 0;
  std::memcpy(&value, record + at, width);
  if (dice.chance(0.3))
    std::memcpy(&value, reinterpret_cast<const char *>(&anyOf(table, dice)) + at, width);
  else
    value = awkward(dice, value, table.size());
  std::memcpy(record + at, &value, width);
  return std::string(name) + "[" + text(index) + "] byte " + text(at) + " = " + text(value);
}

/// Records exchanged, removed, doubled, cut off.
template <typename T> std::string changeTable(std::vector<T> &table, const char *name, Dice &dice) {
  const std::string what = name;
  if (table.empty()) {
    table.push_back(T{});
    return what + " gains an entry of zeros";
  }
  const int64_t last = int64_t(table.size()) - 1, a = dice(0, last), b = dice(0, last);
  switch (dice(0, 3)) {
  case 0:
    std::swap(table[static_cast<size_t>(a)], table[static_cast<size_t>(b)]);
    return what + " exchanges " + text(uint64_t(a)) + " and " + text(uint64_t(b));
  case 1:
    table.erase(table.begin() + a);
    return what + " loses " + text(uint64_t(a));
  case 2:
    table.insert(table.begin() + b, T(table[static_cast<size_t>(a)]));
    return what + " doubles " + text(uint64_t(a)) + " at " + text(uint64_t(b));
  default:
    table.resize(static_cast<size_t>(a));
    return what + " ends at " + text(uint64_t(a));
  }
}

/// Applies one of the two to a table chosen at random.
std::string changeAnyTable(ImageData &data, Dice &dice) {
  const auto change = [&](auto &table, const char *name) {
    return dice.chance(0.8) ? changeField(table, name, dice) : changeTable(table, name, dice);
  };
  switch (dice(0, data.crossbars.empty() ? 10 : 15)) {
  case 0:
    return change(data.cores, "cores");
  case 1:
    return change(data.slices, "slices");
  case 2:
    return change(data.params, "params");
  case 3:
    return change(data.paramWords, "param_words");
  case 4:
    return change(data.stateWords, "state_words");
  case 5:
    return change(data.inAxons, "in_axons");
  case 6:
    return change(data.rows, "rows");
  case 7:
    return change(data.synapses32, "synapses32");
  case 8:
    return change(data.synapses64, "synapses64");
  case 9:
    return change(data.outPtr, "out_ptr");
  case 11:
    return change(data.crossbars, "crossbars");
  case 12:
    return change(data.crossbarRows, "crossbar_rows");
  case 13:
    return change(data.crossbarColumns, "crossbar_columns");
  case 14:
    return change(data.crossbarLevels, "crossbar_levels");
  case 15:
    return change(data.crossbarRanges, "crossbar_ranges");
  default:
    return change(data.outAxons, "out_axons");
  }
}

//===--- Meta -------------------------------------------------------------===//

std::string changeSource(PopulationMeta &population, Dice &dice) {
  population.rates.clear();
  population.intervals.clear();
  population.phases.clear();
  population.list.clear();
  const auto size = [&] { return static_cast<size_t>(dice.chance(0.4) ? 1 : dice.chance(0.8) ? population.count : dice(0, 4)); };
  const double rates[] = {0, 1, 0.5, 1e-300, -0.0, 1.0000001, std::numeric_limits<double>::quiet_NaN()};
  switch (dice(0, 3)) {
  case 0:
    population.source = "poisson";
    population.rates.resize(size());
    for (double &rate : population.rates)
      rate = rates[dice.chance(0.9) ? dice(0, 4) : dice(5, 6)];
    return "poisson source";
  case 1:
    population.source = "regular";
    population.intervals.resize(size());
    population.phases.resize(size());
    for (uint32_t &interval : population.intervals)
      interval = dice.chance(0.9) ? 1 + static_cast<uint32_t>(dice(0, 3)) : static_cast<uint32_t>(awkward(dice, 1, 3));
    for (uint32_t &phase : population.phases)
      phase = static_cast<uint32_t>(awkward(dice, 1, 3));
    return "regular source";
  case 2:
    population.source = "list";
    for (int64_t k = dice(0, 6); k > 0; --k)
      population.list.push_back({static_cast<uint32_t>(dice(0, 7)),
                                 static_cast<uint32_t>(dice(0, dice.chance(0.9) ? int64_t(population.count) - 1 : 99))});
    if (dice.chance(0.8))
      std::sort(population.list.begin(), population.list.end());
    return "list source";
  default:
    population.source = dice.chance(0.5) ? "" : "else";
    return "source '" + population.source + "'";
  }
}

std::string changePopulation(ImageData &data, Dice &dice) {
  PopulationMeta &population = anyOf(data.meta.populations, dice);
  const std::string name = "population '" + population.name + "': ";
  const uint32_t number = static_cast<uint32_t>(awkward(dice, population.level, data.meta.populations.size()));
  switch (dice(0, 12)) {
  case 0:
    population.count = awkward(dice, population.count, 3);
    if (dice.chance(0.7))
      population.shape = {population.count};
    return name + "count " + text(population.count);
  case 1:
    population.shape.push_back(awkward(dice, 1, 1));
    return name + "shape";
  case 2:
    population.input = !population.input;
    return name + "input";
  case 3:
    population.level = number;
    return name + "level " + text(number);
  case 4:
    population.depth = number;
    return name + "depth " + text(number);
  case 5:
    population.program = number;
    return name + "program " + text(number);
  case 6:
    population.seed = awkward(dice, 0, 0);
    return name + "seed";
  case 7:
    population.firstOut = awkward(dice, population.firstOut, data.outPtr.size());
    return name + "first_out " + text(population.firstOut);
  case 8:
    (dice.chance(0.5) ? population.configParams : population.thresholdParams).push_back(static_cast<uint32_t>(dice(0, 4)));
    return name + "configuration slots";
  case 9:
    population.stateScale.push_back({dice.chance(0.7) ? "v" : "w", dice.chance(0.9) ? 2.0 : HUGE_VAL});
    return name + "scales";
  case 10:
    population.stateNames.push_back({dice.chance(0.7) ? "v" : "w", dice.chance(0.9) ? "x" : ""});
    return name + "state names";
  case 11:
    population.valueScale = dice.chance(0.7) ? 0.5 : -1.0;
    return name + "value scale";
  default:
    return name + changeSource(population, dice);
  }
}

std::string changeProjection(ImageData &data, Dice &dice) {
  ProjectionMeta &projection = anyOf(data.meta.projections, dice);
  const std::string name = "projection '" + projection.name + "': ";
  const uint32_t number = static_cast<uint32_t>(awkward(dice, projection.source, data.meta.populations.size()));
  switch (dice(0, 6)) {
  case 0:
    projection.source = number;
    return name + "source " + text(number);
  case 1:
    projection.target = number;
    return name + "target " + text(number);
  case 2:
    projection.receptor = number;
    return name + "receptor " + text(number);
  case 3:
    projection.weightBits = number;
    return name + "weight_bits " + text(number);
  case 4:
    projection.delayBits = dice.chance(0.8) ? static_cast<uint32_t>(dice(0, 16)) : number;
    return name + "delay_bits";
  case 5:
    projection.indexBits = dice.chance(0.8) ? static_cast<uint32_t>(dice(0, 32)) : number;
    return name + "index_bits";
  default:
    projection.weightExponent = static_cast<int32_t>(dice.chance(0.8) ? dice(-9, 8) : int64_t(number));
    return name + "exponent " + std::to_string(projection.weightExponent);
  }
}

std::string changeRewiring(RewiringMeta &rewiring, Dice &dice) {
  const auto number = static_cast<uint32_t>(awkward(dice, rewiring.most, 2));
  switch (dice(0, 9)) {
  case 0:
    rewiring.last = !rewiring.last;
    return "rewiring partner";
  case 1:
    if (!rewiring.grid.empty())
      anyOf(rewiring.grid, dice) = number;
    return "rewiring grid";
  case 2:
    (dice.chance(0.5) ? rewiring.attempts : rewiring.every) = dice.chance(0.7) ? static_cast<uint32_t>(dice(1, 9)) : number;
    return "rewiring attempts";
  case 3:
    rewiring.most = dice.chance(0.7) ? static_cast<uint32_t>(dice(1, 5)) : number;
    return "rewiring most";
  case 4:
    rewiring.weight = static_cast<int32_t>(number);
    return "rewiring weight";
  case 5:
    rewiring.delay = dice.chance(0.7) ? static_cast<uint32_t>(dice(0, 3)) : number;
    return "rewiring delay";
  case 6:
    if (!rewiring.formation.empty())
      anyOf(rewiring.formation, dice) = dice.chance(0.7) ? certain : uint64_t(number) << 5;
    return "rewiring formation";
  case 7:
    rewiring.bounds.resize(static_cast<size_t>(dice(0, 2)), static_cast<int32_t>(number));
    return "rewiring bounds";
  case 8:
    rewiring.elimination.resize(static_cast<size_t>(dice(0, 3)), certain);
    return "rewiring elimination";
  default:
    rewiring.joined.resize(static_cast<size_t>(dice(0, 4)), static_cast<uint64_t>(dice(0, 4)));
    return "rewiring joined";
  }
}

std::string changeLearning(ImageData &data, Dice &dice) {
  if (data.meta.learning.empty() || dice.chance(0.1)) {
    LearningMeta made;
    made.programs.assign(6, absent);
    made.params.resize(6);
    made.init.resize(4);
    made.projection = static_cast<uint32_t>(dice(0, int64_t(data.meta.projections.size())));
    data.meta.learning.push_back(std::move(made));
    return "learning gains an entry";
  }
  LearningMeta &learning = anyOf(data.meta.learning, dice);
  const uint32_t number = static_cast<uint32_t>(awkward(dice, learning.projection, data.meta.programs.size()));
  if (!learning.rewiring.empty() && dice.chance(0.6))
    return changeRewiring(learning.rewiring[0], dice);
  switch (dice(0, 7)) {
  case 0:
    learning.projection = dice.chance(0.7) ? static_cast<uint32_t>(dice(0, int64_t(data.meta.projections.size()) - 1)) : number;
    return "learning projection " + text(learning.projection);
  case 1:
    learning.backprop = !learning.backprop;
    return "learning backprop";
  case 2:
    learning.weightShift = dice.chance(0.7) ? static_cast<uint32_t>(dice(0, 31)) : number;
    return "learning shift";
  case 3:
    learning.third = dice.chance(0.7) ? static_cast<uint32_t>(dice(0, 1)) : number;
    return "learning third";
  case 4:
    if (!learning.programs.empty())
      anyOf(learning.programs, dice) = dice.chance(0.4) ? absent : number;
    return "learning program";
  case 5:
    if (!learning.params.empty())
      anyOf(learning.params, dice).resize(static_cast<size_t>(dice(0, 3)), 7);
    return "learning params";
  case 6:
    if (!learning.init.empty())
      anyOf(learning.init, dice).resize(static_cast<size_t>(dice(0, 2)), 7);
    return "learning init";
  default:
    learning.weightScale = dice.chance(0.7) ? 0.25 : -1.0;
    return "learning scale";
  }
}

std::string changeProgram(ImageData &data, Dice &dice) {
  isa::Program &program = anyOf(data.meta.programs, dice);
  const std::string name = "program '" + program.name + "': ";
  isa::Instruction *instruction = program.code.empty() ? nullptr : &anyOf(program.code, dice);
  switch (instruction ? dice(0, 9) : 9) {
  case 0:
    instruction->dst = static_cast<uint8_t>(dice.chance(0.8) ? dice(0, 12) : dice(0, 255));
    return name + "code, dst";
  case 1:
    instruction->a = static_cast<uint8_t>(dice.chance(0.8) ? dice(0, 12) : dice(0, 255));
    return name + "code, a";
  case 2:
    instruction->b = static_cast<uint8_t>(dice.chance(0.8) ? dice(0, 12) : dice(0, 255));
    return name + "code, b";
  case 3:
    instruction->imm = static_cast<uint32_t>(dice.chance(0.5) ? uint64_t(dice(0, 40)) : awkward(dice, instruction->imm, 32));
    return name + "code, immediate";
  case 4:
    instruction->op = static_cast<isa::Opcode>(dice(0, 255));
    return name + "code, opcode";
  case 5:
    std::swap(*instruction, anyOf(program.code, dice));
    return name + "code exchanged";
  case 6:
    program.code.insert(program.code.begin() + dice(0, int64_t(program.code.size())), isa::Instruction(*instruction));
    return name + "code doubled";
  case 7:
    program.code.erase(program.code.begin() + dice(0, int64_t(program.code.size()) - 1));
    return name + "code lost";
  case 8: {
    auto &slots = dice.chance(0.3) ? program.states : dice.chance(0.5) ? program.params : program.inputs;
    if (!slots.empty() && dice.chance(0.5))
      slots.pop_back();
    else
      slots.resize(slots.size() + static_cast<size_t>(dice.chance(0.8) ? 1 : 31), "more");
    return name + "code slots";
  }
  default:
    program.tables.push_back(std::vector<int32_t>(static_cast<size_t>(dice.chance(0.9) ? dice(1, 40) : dice(0, 5000)), 7));
    return name + "code tables";
  }
}

//===--- Changes of several fields that belong together -------------------===//

/// Words of a core, whichever table they are in.
template <typename Visit> void forEachWord(ImageData &data, const CoreRecord &core, Visit visit) {
  for (uint64_t i = core.firstSynapse; i < core.firstSynapse + core.synapseCount; ++i) {
    if (core.synapseKind == 0 && i < data.synapses32.size())
      visit(data.synapses32[i]);
    else if (core.synapseKind == 1 && i < data.synapses64.size())
      visit(data.synapses64[i]);
  }
}

std::string changeWeights(ImageData &data, Dice &dice) {
  const CoreRecord &core = anyOf(data.cores, dice);
  const int32_t weight = static_cast<int32_t>(dice.chance(0.7) ? dice(-256, 255) : int64_t(awkward(dice, 255, 512)));
  forEachWord(data, core, [&](auto &word) {
    if (!dice.chance(0.3))
      return;
    const Synapse synapse = unpackSynapse(word);
    if constexpr (sizeof word == 4)
      word = packSynapse32(synapse.accumulator, synapse.delay, weight);
    else
      word = packSynapse64(synapse.accumulator, synapse.delay, static_cast<uint32_t>(weight));
  });
  return "weights of a core = " + std::to_string(weight);
}

/// Delays that are not 0 grow; so do the slots.
std::string changeDelays(ImageData &data, Dice &dice) {
  CoreRecord &core = anyOf(data.cores, dice);
  const uint32_t more = static_cast<uint32_t>(dice.chance(0.8) ? dice(1, 8) : dice(9, 70000));
  forEachWord(data, core, [&](auto &word) {
    const Synapse synapse = unpackSynapse(word);
    const uint32_t delay = synapse.delay ? synapse.delay + more : 0;
    if constexpr (sizeof word == 4)
      word = packSynapse32(synapse.accumulator, delay & 63, static_cast<int32_t>(synapse.weight));
    else
      word = packSynapse64(synapse.accumulator, delay & 65535, synapse.weight);
  });
  core.delaySlots += more;
  return "delays of a core + " + text(more);
}

/// A core elsewhere; the table stays sorted if the place is free.
std::string changePlace(ImageData &data, Dice &dice) {
  CoreRecord &core = data.cores.back();
  core.core += static_cast<uint32_t>(dice(0, 3));
  core.chip += static_cast<uint32_t>(dice.chance(0.8) ? dice(0, 2) : dice(0, 70000));
  return "the last core to chip " + text(core.chip) + ", core " + text(core.core);
}

std::string changeSlots(ImageData &data, Dice &dice) {
  SliceRecord &slice = anyOf(data.slices, dice);
  const auto near = [&](uint64_t size) { return uint64_t(std::max<int64_t>(0, int64_t(size) - dice(-2, 20))); };
  if (dice.chance(0.5)) {
    slice.firstState = near(data.stateWords.size());
    return "state of a slice at " + text(slice.firstState);
  }
  ParamRecord &param = anyOf(data.params, dice);
  param.offset = near(data.paramWords.size());
  param.uniform = static_cast<uint32_t>(dice(0, 1));
  return "parameter at " + text(param.offset) + (param.uniform ? ", uniform" : "");
}

/// A number of the chip description.
std::string changeChip(ImageData &data, Dice &dice) {
  static const char *const keys[] = {"tiles_x",        "tiles_y",
                                     "cores_per_tile", "max_chips",
                                     "chips_x",        "chips_y",
                                     "neurons",        "axons_in",
                                     "axons_out",      "fan_in",
                                     "neuron_configs", "threshold_configs",
                                     "program_words",  "max_steps",
                                     "min_exponent",   "max_exponent",
                                     "max_bits",       "synapses_per_chunk",
                                     "word_bits",      "header_bits",
                                     "tag_bits",       "synaptic_memory_bits",
                                     "energy_pj",      "time_ns",
                                     "kind",           "multicast_trees",
                                     "chip_link_cost", "table_words",
                                     "states",         "params",
                                     "inputs",         "synapse_bits",
                                     "input_neurons"};
  const std::string key = keys[static_cast<size_t>(dice(0, int64_t(std::size(keys)) - 1))];
  static const char *const numbers[] = {"1", "2", "3", "64", "255", "4096", "65536", "16777216", "1000000000000", "unlimited", "0"};
  std::string value = numbers[static_cast<size_t>(dice(0, int64_t(std::size(numbers)) - 1))];
  if (key == "kind")
    value = dice.chance(0.5) ? "torus" : dice.chance(0.5) ? "triangular_torus" : "none";
  if (key == "multicast_trees")
    value = "true";
  const size_t at = data.chipText.find(key + ":");
  if (at == std::string::npos)
    return "no " + key;
  size_t from = at + key.size() + 1;
  if (const size_t inner = data.chipText.find("value:", from); inner != std::string::npos && inner < data.chipText.find('\n', from))
    from = inner + 6;
  const size_t to = data.chipText.find_first_of(",}\n", from);
  data.chipText.replace(from, to - from, " " + value);
  return "chip " + key + " = " + value;
}
} // namespace

std::string test::mutate(ImageData &data, Dice &dice) {
  if (data.cores.empty() || data.slices.empty() || data.params.empty())
    return changeAnyTable(data, dice);
  switch (dice(0, 16)) {
  case 0:
  case 1:
  case 2:
  case 3:
    return changeAnyTable(data, dice);
  case 4:
  case 5:
    return changePopulation(data, dice);
  case 6:
    return changeProjection(data, dice);
  case 7:
  case 8:
    return changeProgram(data, dice);
  case 9:
    return changeWeights(data, dice);
  case 10:
    return changeDelays(data, dice);
  case 11:
    return changePlace(data, dice);
  case 12:
  case 13:
    return changeSlots(data, dice);
  case 14:
    return changeLearning(data, dice);
  default:
    return changeChip(data, dice);
  }
}

void test::shrink(ImageData &data) {
  const auto tight = [](auto &table) {
    table.shrink_to_fit();
    std::remove_reference_t<decltype(table)> exact(table.begin(), table.end());
    table.swap(exact);
  };
  tight(data.cores);
  tight(data.slices);
  tight(data.params);
  tight(data.paramWords);
  tight(data.stateWords);
  tight(data.inAxons);
  tight(data.rows);
  tight(data.synapses32);
  tight(data.synapses64);
  tight(data.outPtr);
  tight(data.outAxons);
}
