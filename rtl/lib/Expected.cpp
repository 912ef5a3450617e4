//===- Expected.cpp - What the RTL must hold after a step -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Expected.h"
#include <algorithm>

namespace ranvier::rtl {
namespace {
constexpr size_t mostCauses = 64; ///< Listed of a divergence.
}

Expected::Expected(const image::Image &image, const LoadedImage &layout)
    : image(image), layout(layout), g(layout.memories.geometry), words(layout.memories), places(g.nodes()),
      coreOfNode(g.nodes(), image::none), globals(image.outPtr.size() - 1), ranges(image.meta.populations.size()) {
  uint64_t longest = 0;
  for (uint32_t c = 0; c < image.cores.size(); ++c) {
    const image::CoreRecord &core = image.cores[c];
    coreOfNode[layout.nodeOfCore[c]] = c;
    uint64_t cycles = 16;
    for (uint32_t k = 0; k < core.sliceCount; ++k) {
      const image::SliceRecord &slice = image.slices[core.firstSlice + k];
      const isa::Program &program = image.meta.programs[slice.program];
      places[layout.nodeOfCore[c]].push_back({c, &slice});
      cycles += 16 + 8 * uint64_t((slice.count + 7) / 8) * (program.inputs.size() + program.code.size());
      ranges[slice.population].push_back({slice.first, slice.count, core.firstNeuron + slice.neuronBase});
      for (uint32_t n = 0; n < slice.count; ++n)
        globals[core.firstNeuron + slice.neuronBase + n] = {core.firstNeuron + slice.neuronBase + n, slice.population,
                                                            slice.first + n};
    }
    longest = std::max(longest, cycles);
  }
  updateBound = longest;
  for (uint32_t p = 0; p < image.meta.populations.size(); ++p)
    if (const image::PopulationMeta &population = image.meta.populations[p]; population.input) {
      ranges[p].push_back({0, static_cast<uint32_t>(population.count), population.firstOut});
      for (uint32_t n = 0; n < population.count; ++n)
        globals[population.firstOut + n] = {population.firstOut + n, p, n};
    }
  for (const image::CoreRecord &core : image.cores)
    for (uint32_t a = 0; a < core.inAxonCount; ++a) {
      const image::InAxonRecord &axon = image.inAxons[core.firstInAxon + a];
      uint64_t synapses = 0;
      for (uint32_t r = 0; r < axon.rowCount; ++r)
        synapses += image.rows[core.firstRow + axon.firstRow + r].count;
      synapsesOfAxon.push_back(synapses);
    }
}

/// visit(row's projection, synapse)
template <typename Visit> void Expected::forEachSynapse(uint32_t c, uint32_t a, Visit &&visit) const {
  const image::CoreRecord &core = image.cores[c];
  const image::InAxonRecord &axon = image.inAxons[core.firstInAxon + a];
  for (uint32_t r = 0; r < axon.rowCount; ++r) {
    const image::RowRecord &row = image.rows[core.firstRow + axon.firstRow + r];
    for (uint32_t s = 0; s < row.count; ++s)
      visit(image.meta.projections[row.projection],
            image::unpackSynapse(image.synapses32[core.firstSynapse + row.firstSynapse + s]));
  }
}

void Expected::takeStates() {
  const int32_t *from = state.states.data();
  for (const PlacedSlice &placed : layout.slices) {
    const image::SliceRecord &slice = image.slices[placed.slice];
    auto &memory = words.of(placed.node, Space::State);
    for (uint32_t s = 0; s < image.meta.programs[slice.program].states.size(); ++s)
      for (uint32_t n = 0; n < slice.count; ++n)
        memory[g.wordOf(s, slice.neuronBase + n)] = static_cast<uint32_t>(*from++);
  }
}

/// Messages sent in the step are in the RTL's accumulators already; the emulator has them take effect later.
void Expected::takeSums() {
  for (uint32_t node = 0; node < g.nodes(); ++node)
    std::fill(words.of(node, Space::Accumulator).begin(), words.of(node, Space::Accumulator).end(), 0);
  const auto bank = [&](uint32_t inSteps) { return (state.step + inSteps) % g.slots * g.accumulators(); };
  for (const auto &input : state.inputs) {
    auto &memory = words.of(layout.nodeOfCore[input.core], Space::Accumulator);
    for (size_t i = 0; i < input.sums.size(); ++i)
      memory[bank(input.inSteps) + i] = static_cast<uint32_t>(input.sums[i]);
  }
  for (const auto &message : state.messages) {
    auto &memory = words.of(layout.nodeOfCore[message.core], Space::Accumulator);
    forEachSynapse(message.core, message.axon, [&](const image::ProjectionMeta &projection, const image::Synapse &synapse) {
      memory[bank(synapse.delay) + synapse.accumulator] +=
          synapse.weight * (static_cast<uint32_t>(message.payload) << projection.weightExponent);
    });
  }
}

/// The counters that a spike moves.
void Expected::count(const GlobalSpike &spike) {
  const bool fromHost = image.meta.populations[spike.population].input;
  const uint32_t node = fromHost ? g.host() : layout.sourceOf[spike.global] / g.neurons;
  if (!fromHost) {
    auto &registers = words.of(node, Space::Csr);
    const auto &masks = words.of(node, Space::AxonOut);
    const uint32_t *mask = &masks[layout.sourceOf[spike.global] % g.neurons * g.maskWords()];
    ++registers[CsrSpikes];
    registers[CsrPacketsOut] += std::any_of(mask, mask + g.maskWords(), [](uint32_t word) { return word != 0; });
  }
  bound += 8;
  for (uint64_t o = image.outPtr[spike.global]; o < image.outPtr[spike.global + 1]; ++o) {
    const auto [core, axon] = image.outAxons[o];
    const uint64_t synapses = synapsesOfAxon[image.cores[core].firstInAxon + axon];
    auto &registers = words.of(layout.nodeOfCore[core], Space::Csr);
    ++registers[CsrPacketsIn];
    registers[CsrSynapses] += static_cast<uint32_t>(synapses);
    events += synapses;
    bound += 8 + synapses + image.inAxons[image.cores[core].firstInAxon + axon].rowCount;
  }
}

void Expected::takeSpikes(emu::Machine &machine) {
  neuronSpikes.clear();
  inputSpikes.clear();
  for (uint32_t p = 0; p < image.meta.populations.size(); ++p) {
    const auto neurons = machine.spikes(p);
    const auto payloads = machine.payloads(p);
    auto &list = image.meta.populations[p].input ? inputSpikes : neuronSpikes;
    for (size_t i = 0; i < neurons.size(); ++i)
      list.push_back({globalOf(p, neurons[i]), p, neurons[i], payloads.empty() ? 1 : payloads[i]});
  }
  events = 0;
  bound = updateBound;
  auto &now = history.emplace_back(state.step, std::vector<GlobalSpike>()).second;
  for (const auto *list : {&neuronSpikes, &inputSpikes})
    for (const GlobalSpike &spike : *list) {
      count(spike);
      now.push_back(spike);
    }
  while (history.size() > g.slots)
    history.pop_front();
}

void Expected::take(emu::Machine &machine) {
  machine.save(state);
  takeStates();
  takeSums();
  takeSpikes(machine);
  words.of(g.host(), Space::Csr)[HostCsrStep] = state.step;
}

uint64_t Expected::globalOf(uint32_t population, uint32_t neuron) const {
  for (const Range &range : ranges[population])
    if (neuron - range.first < range.count)
      return range.global + (neuron - range.first);
  RANVIER_ASSERT(false, "neuron " + std::to_string(neuron) + " is nowhere");
  return 0;
}

std::optional<GlobalSpike> Expected::neuronOf(uint32_t source) const {
  const uint32_t node = source / g.neurons, local = source % g.neurons;
  if (node >= g.nodes() || coreOfNode[node] == image::none || local >= image.cores[coreOfNode[node]].neuronCount)
    return std::nullopt;
  return globals[image.cores[coreOfNode[node]].firstNeuron + local];
}

const Expected::Place *Expected::placeOf(uint32_t node, uint32_t neuron) const {
  for (const Place &place : places[node])
    if (neuron - place.slice->neuronBase < place.slice->count)
      return &place;
  return nullptr;
}

const Expected::Place *Expected::placeOfAccumulator(uint32_t node, uint32_t accumulator, uint32_t &receptor,
                                                    uint32_t &neuron) const {
  for (const Place &place : places[node]) {
    const uint32_t offset = accumulator - place.slice->accumulatorBase,
                   inputs = image.meta.programs[place.slice->program].inputs.size();
    if (offset < inputs * place.slice->count) {
      receptor = offset / place.slice->count;
      neuron = offset % place.slice->count;
      return &place;
    }
  }
  return nullptr;
}

void Expected::describe(const ConfigWrite &word, Divergence &out) const {
  out.node = word.node;
  out.word = word;
  out.what = "word " + std::to_string(word.address) + " of " + std::string(nameOf(word.space));
  if (word.node >= g.nodes() || coreOfNode[word.node] == image::none)
    return;
  out.core = image.cores[coreOfNode[word.node]].core;
  out.chip = image.cores[coreOfNode[word.node]].chip;
  if (word.space == Space::Csr && word.address < numCsrs)
    out.what = "register " + std::string(nameOf(Csr(word.address)));
  if (word.space == Space::State || word.space == Space::Param) {
    const uint32_t slot = word.address / g.neurons, neuron = word.address % g.neurons;
    const Place *place = placeOf(word.node, neuron);
    if (!place)
      return;
    const isa::Program &program = image.meta.programs[place->slice->program];
    const auto &names = word.space == Space::State ? program.states : program.params;
    out.population = place->slice->population;
    out.neuron = place->slice->first + (neuron - place->slice->neuronBase);
    if (slot < names.size())
      out.what = (word.space == Space::State ? "state '" : "parameter '") + names[slot] + "'";
    if (word.space == Space::State)
      explainNeuron(*out.population, *out.neuron, out);
  }
  if (word.space == Space::Accumulator) {
    const uint32_t bank = word.address / g.accumulators(), accumulator = word.address % g.accumulators();
    const uint32_t due = state.step + (bank + g.slots - state.step % g.slots) % g.slots; // of this step or one of the next
    uint32_t receptor = 0, neuron = 0;
    const Place *place = placeOfAccumulator(word.node, accumulator, receptor, neuron);
    if (!place)
      return;
    out.population = place->slice->population;
    out.neuron = place->slice->first + neuron;
    out.what = "sum of input '" + image.meta.programs[place->slice->program].inputs[receptor] + "' for step " + std::to_string(due);
    addCauses(place->core, accumulator, receptor, due, out);
  }
}

void Expected::explainNeuron(uint32_t population, uint32_t neuron, Divergence &out) const {
  for (const auto &node : places)
    for (const Place &place : node)
      if (place.slice->population == population && neuron - place.slice->first < place.slice->count) {
        const uint32_t inputs = static_cast<uint32_t>(image.meta.programs[place.slice->program].inputs.size());
        for (uint32_t r = 0; r < inputs; ++r)
          addCauses(place.core, place.slice->accumulatorBase + r * place.slice->count + (neuron - place.slice->first), r,
                    state.step, out);
      }
}

void Expected::addCauses(uint32_t core, uint32_t accumulator, uint32_t receptor, uint32_t due, Divergence &out) const {
  for (const auto &[step, spikes] : history)
    for (const GlobalSpike &spike : spikes)
      for (uint64_t o = image.outPtr[spike.global]; o < image.outPtr[spike.global + 1]; ++o)
        if (image.outAxons[o].core == core)
          forEachSynapse(core, image.outAxons[o].axon, [&](const image::ProjectionMeta &projection, const image::Synapse &synapse) {
            if (synapse.accumulator == accumulator && step + synapse.delay == due && out.causes.size() < mostCauses)
              out.causes.push_back({step, spike.population, spike.neuron, spike.payload, synapse.delay,
                                    static_cast<int32_t>(synapse.weight), projection.weightExponent, receptor});
          });
}

} // namespace ranvier::rtl
