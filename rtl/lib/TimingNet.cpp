//===- TimingNet.cpp - Networks that keep to a timetable ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "TimingNet.h"
#include <algorithm>
#include <bit>
#include <tuple>

namespace ranvier::rtl {
namespace {
std::string numbered(const char *what, uint64_t number) { return std::string(what).append(std::to_string(number)); }

isa::Program assembled(const std::string &name, const std::string &param, uint32_t inputs, uint32_t instructions,
                       const std::vector<std::string> &lines) {
  isa::Program program;
  program.name = name + std::to_string(inputs) + "_" + std::to_string(instructions);
  program.profile = isa::Profile::Int;
  program.params = {param};
  for (uint32_t i = 0; i < inputs; ++i)
    program.inputs.push_back(numbered("i", i));
  std::vector<std::string> all(lines.begin(), lines.end() - 1);
  while (all.size() + 1 < instructions)
    all.push_back("add r1, r0, r0");
  all.push_back(lines.back());
  for (const std::string &line : all) {
    auto instruction = isa::assemble(program, line);
    RANVIER_ASSERT(instruction, line + ": " + instruction.error().str());
    program.code.push_back(*instruction);
  }
  return program;
}
} // namespace

isa::Program beatProgram(uint32_t inputs, uint32_t instructions) {
  return assembled("beat", "fire", inputs, instructions, {"ld.param r0, fire", "spk r0"});
}

isa::Program noiseProgram(uint32_t inputs, uint32_t instructions) {
  return assembled("noise", "rate", inputs, instructions,
                   {"rng r0, 0", "shr r0, r0, 16, floor", "ld.param r2, rate", "lt r0, r0, r2", "spk r0"});
}

TimingNet::TimingNet(const hw::Chip &chip, const std::string &name, uint64_t seed) : chip(chip) {
  image::Meta &meta = data.meta;
  meta.network = name;
  meta.profile = isa::Profile::Int;
  meta.seed = seed;
  meta.semantics = meta.mapping = meta.provenance = "{}";
  data.chipText = hw::resolvedText(chip);
}

image::PopulationMeta &TimingNet::addPopulation(const std::string &name, uint32_t count) {
  image::PopulationMeta &population = data.meta.populations.emplace_back();
  population.name = name;
  population.shape = {count};
  population.count = count;
  population.seed = data.meta.seed * 1000 + data.meta.populations.size();
  return population;
}

void TimingNet::addInputs(uint32_t count) {
  RANVIER_ASSERT(data.meta.populations.empty(), "inputs come first");
  addPopulation("in", count).input = true;
}

uint32_t TimingNet::addProgram(isa::Program program) {
  data.meta.programs.push_back(std::move(program));
  return static_cast<uint32_t>(data.meta.programs.size() - 1);
}

uint32_t TimingNet::addCore(uint32_t x, uint32_t y) {
  cores.emplace_back().number = x * chip.tilesY + y;
  return static_cast<uint32_t>(cores.size() - 1);
}

uint32_t TimingNet::addSlice(uint32_t core, uint32_t count, uint32_t program, std::vector<std::vector<int32_t>> params,
                             bool heard) {
  const auto number = static_cast<uint32_t>(data.meta.populations.size());
  image::PopulationMeta &population = addPopulation(numbered("p", number), count);
  population.program = program;
  if (heard)
    data.meta.probes.push_back({numbered("heard", number), number, {"spikes"}});
  cores[core].parts.push_back({number, count, program, std::move(params)});
  return number;
}

void TimingNet::connect(uint32_t population, uint32_t neuron, uint32_t core, std::vector<uint32_t> rows, int32_t weight) {
  for (const uint32_t synapses : rows)
    cores[core].words += synapses + 1;
  const bool isNew = cores[core].axons.try_emplace({population, neuron}, Axon{std::move(rows), weight}).second;
  RANVIER_ASSERT(isNew, "a pair of neuron and core twice");
}

std::vector<TimingNet::Target> TimingNet::makeSlices(const Core &core, image::CoreRecord &record) {
  std::vector<Target> targets;
  record.core = core.number;
  record.firstSlice = static_cast<uint32_t>(data.slices.size());
  record.sliceCount = static_cast<uint32_t>(core.parts.size());
  for (const Part &part : core.parts) {
    const isa::Program &program = data.meta.programs[part.program];
    data.slices.push_back({part.population, 0, part.count, record.neuronCount, record.accumulatorCount, part.program,
                           data.stateWords.size(), data.params.size()});
    if (!program.inputs.empty())
      targets.push_back({part.population, record.accumulatorCount, part.count});
    record.neuronCount += part.count;
    record.accumulatorCount += part.count * static_cast<uint32_t>(program.inputs.size());
    data.stateWords.resize(data.stateWords.size() + program.states.size() * part.count);
    for (const std::vector<int32_t> &words : part.params) {
      data.params.push_back({data.paramWords.size(), words.size() == 1, 0});
      data.paramWords.insert(data.paramWords.end(), words.begin(), words.end());
    }
  }
  return targets;
}

uint32_t TimingNet::projection(uint32_t source, uint32_t target, uint32_t number) {
  const auto [at, isNew] = projections.try_emplace({source, target, number}, static_cast<uint32_t>(data.meta.projections.size()));
  if (isNew) {
    image::ProjectionMeta &meta = data.meta.projections.emplace_back();
    meta.name = numbered("e", at->second);
    meta.source = source;
    meta.target = target;
    meta.weightExponent = chip.weights.minExponent;
    meta.weightBits = chip.weights.maxBits + 1;
    meta.indexBits = std::max(1u, static_cast<uint32_t>(std::bit_width(chip.core.neurons)));
  }
  return at->second;
}

void TimingNet::makeAxons(uint32_t index, const std::vector<Target> &targets,
                          std::vector<std::vector<image::OutAxonRecord>> &outs) {
  image::CoreRecord &record = data.cores[index];
  record.firstInAxon = data.inAxons.size();
  record.firstRow = data.rows.size();
  record.firstSynapse = data.synapses32.size();
  for (const auto &[source, axon] : cores[index].axons) {
    const auto [population, neuron] = source;
    RANVIER_ASSERT(!targets.empty(), "a core without inputs is reached");
    std::vector<std::pair<uint32_t, std::pair<const Target *, uint32_t>>> rows; // by projection
    for (uint32_t r = 0; r < axon.rows.size(); ++r) {
      const Target &target = targets[r % targets.size()];
      rows.push_back(
          {projection(population, target.population, r / static_cast<uint32_t>(targets.size())), {&target, axon.rows[r]}});
    }
    std::sort(rows.begin(), rows.end());
    data.inAxons.push_back(
        {population, neuron, static_cast<uint32_t>(data.rows.size() - record.firstRow), static_cast<uint32_t>(rows.size())});
    for (const auto &[number, row] : rows) {
      const auto [target, synapses] = row;
      data.rows.push_back({data.synapses32.size() - record.firstSynapse, synapses, number});
      // Sorted: some targets more than once if there are fewer than synapses.
      for (uint32_t s = 0; s < synapses; ++s)
        data.synapses32.push_back(image::packSynapse32(
            target->firstAccumulator + static_cast<uint32_t>(uint64_t(s) * target->count / synapses), chip.minDelay, axon.weight));
    }
    outs[firstRow[population] + neuron].push_back({index, record.inAxonCount++});
  }
  record.rowCount = data.rows.size() - record.firstRow;
  record.synapseCount = data.synapses32.size() - record.firstSynapse;
  record.delaySlots = record.synapseCount ? chip.minDelay + 1 : 1;
}

Result<image::Image> TimingNet::make() {
  firstRow.resize(data.meta.populations.size());
  std::vector<std::vector<Target>> targets;
  uint64_t neurons = 0;
  for (const Core &core : cores) {
    image::CoreRecord &record = data.cores.emplace_back();
    record.firstNeuron = neurons;
    targets.push_back(makeSlices(core, record));
    for (uint32_t s = record.firstSlice; s < record.firstSlice + record.sliceCount; ++s)
      firstRow[data.slices[s].population] = neurons + data.slices[s].neuronBase;
    neurons += record.neuronCount;
  }
  for (uint32_t p = 0; p < data.meta.populations.size(); ++p)
    if (image::PopulationMeta &population = data.meta.populations[p]; population.input) {
      firstRow[p] = population.firstOut = neurons;
      neurons += population.count;
    }
  std::vector<std::vector<image::OutAxonRecord>> outs(neurons);
  for (uint32_t c = 0; c < cores.size(); ++c)
    makeAxons(c, targets[c], outs);
  data.outPtr.assign(1, 0);
  for (const auto &out : outs) {
    data.outAxons.insert(data.outAxons.end(), out.begin(), out.end());
    data.outPtr.push_back(data.outAxons.size());
  }
  return image::fromData(std::move(data));
}

} // namespace ranvier::rtl
