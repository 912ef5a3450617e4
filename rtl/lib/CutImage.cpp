//===- CutImage.cpp - An image without some of its neurons and synapses ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/Rtl/Shrink.h"
#include <algorithm>

namespace ranvier::rtl {
namespace {
constexpr std::pair<uint32_t, uint32_t> gone = {image::none, image::none};

/// Keeps the entries of a list that has one a neuron, or one for all.
template <typename Value> void filter(std::vector<Value> &values, const std::vector<bool> &kept) {
  if (values.size() != kept.size())
    return;
  std::vector<Value> out;
  for (size_t i = 0; i < kept.size(); ++i)
    if (kept[i])
      out.push_back(values[i]);
  values = std::move(out);
}

class Cutter {
public:
  Cutter(const image::Image &image, const ImageCut &cut, std::vector<std::pair<uint32_t, uint32_t>> &neuronOf)
      : image(image), cut(cut), neuronOf(neuronOf) {}

  image::ImageData run() {
    out.chipText = image.chipText;
    out.meta = image.meta;
    numberOld();
    cutPopulations();
    cutProjections();
    for (uint32_t c = 0; c < image.cores.size(); ++c)
      cutCore(c);
    cutPrograms();
    finishInputs();
    linkAxons();
    return std::move(out);
  }

private:
  /// Old number of each neuron, and of the first neuron of each population's part.
  void numberOld() {
    oldNeurons.resize(image.meta.populations.size());
    for (uint32_t p = 0; p < image.meta.populations.size(); ++p)
      oldNeurons[p].resize(image.meta.populations[p].count);
    for (const image::CoreRecord &core : image.cores)
      for (uint32_t k = 0; k < core.sliceCount; ++k) {
        const image::SliceRecord &slice = image.slices[core.firstSlice + k];
        for (uint32_t n = 0; n < slice.count; ++n)
          oldNeurons[slice.population][slice.first + n] = core.firstNeuron + slice.neuronBase + n;
      }
    for (uint32_t p = 0; p < image.meta.populations.size(); ++p)
      if (image.meta.populations[p].input)
        for (uint32_t n = 0; n < image.meta.populations[p].count; ++n)
          oldNeurons[p][n] = image.meta.populations[p].firstOut + n;
  }

  void cutPopulations() {
    out.meta.populations.clear();
    neuronOf.assign(image.outPtr.size() - 1, gone);
    newPopulation.assign(image.meta.populations.size(), image::none);
    for (uint32_t p = 0; p < image.meta.populations.size(); ++p) {
      std::vector<bool> kept;
      uint32_t count = 0;
      for (const uint64_t global : oldNeurons[p]) {
        kept.push_back(cut.neurons[global]);
        if (kept.back())
          neuronOf[global] = {static_cast<uint32_t>(out.meta.populations.size()), count++};
      }
      if (!count)
        continue;
      newPopulation[p] = static_cast<uint32_t>(out.meta.populations.size());
      image::PopulationMeta population = image.meta.populations[p];
      population.count = count;
      population.shape = {count};
      filter(population.rates, kept);
      filter(population.intervals, kept);
      filter(population.phases, kept);
      std::vector<std::pair<uint32_t, uint32_t>> list;
      for (const auto &[step, neuron] : population.list)
        if (kept[neuron])
          list.emplace_back(step, neuronOf[oldNeurons[p][neuron]].second);
      population.list = std::move(list);
      out.meta.populations.push_back(std::move(population));
    }
    std::vector<image::ProbeMeta> probes;
    for (image::ProbeMeta probe : image.meta.probes)
      if (newPopulation[probe.population] != image::none) {
        probe.population = newPopulation[probe.population];
        probes.push_back(std::move(probe));
      }
    out.meta.probes = std::move(probes);
  }

  /// All between populations that are left. Rows may have lost synapses, so that none is dense any more.
  void cutProjections() {
    out.meta.projections.clear();
    newProjection.assign(image.meta.projections.size(), image::none);
    for (uint32_t i = 0; i < image.meta.projections.size(); ++i) {
      image::ProjectionMeta projection = image.meta.projections[i];
      projection.source = newPopulation[projection.source];
      projection.target = newPopulation[projection.target];
      if (projection.source == image::none || projection.target == image::none)
        continue;
      if (projection.indexBits == 0)
        projection.indexBits = 16;
      newProjection[i] = static_cast<uint32_t>(out.meta.projections.size());
      out.meta.projections.push_back(std::move(projection));
    }
  }

  void cutCore(uint32_t c) {
    const image::CoreRecord &old = image.cores[c];
    image::CoreRecord core = old;
    core.firstSlice = static_cast<uint32_t>(out.slices.size());
    core.sliceCount = core.neuronCount = core.accumulatorCount = 0;
    newAccumulator.assign(old.accumulatorCount, image::none);
    for (uint32_t k = 0; k < old.sliceCount; ++k)
      cutSlice(old, image.slices[old.firstSlice + k], core);
    newCore.push_back(core.sliceCount ? static_cast<uint32_t>(out.cores.size()) : image::none);
    newAxons.emplace_back(old.inAxonCount, image::none);
    if (!core.sliceCount)
      return;
    core.firstNeuron = neurons;
    neurons += core.neuronCount;
    core.firstInAxon = out.inAxons.size();
    core.firstRow = out.rows.size();
    core.firstSynapse = out.synapses32.size();
    core.inAxonCount = 0;
    core.delaySlots = 1;
    for (uint32_t a = 0; a < old.inAxonCount; ++a)
      cutAxon(old, a, core);
    core.rowCount = out.rows.size() - core.firstRow;
    core.synapseCount = out.synapses32.size() - core.firstSynapse;
    out.cores.push_back(core);
  }

  void cutSlice(const image::CoreRecord &oldCore, const image::SliceRecord &old, image::CoreRecord &core) {
    const isa::Program &program = image.meta.programs[old.program];
    std::vector<uint32_t> kept;
    for (uint32_t n = 0; n < old.count; ++n)
      if (cut.neurons[oldCore.firstNeuron + old.neuronBase + n])
        kept.push_back(n);
    if (kept.empty())
      return;
    image::SliceRecord slice = old;
    slice.population = newPopulation[old.population];
    slice.first = neuronOf[oldCore.firstNeuron + old.neuronBase + kept.front()].second;
    slice.count = static_cast<uint32_t>(kept.size());
    slice.neuronBase = core.neuronCount;
    slice.accumulatorBase = core.accumulatorCount;
    slice.firstState = out.stateWords.size();
    slice.firstParam = out.params.size();
    for (uint32_t s = 0; s < program.states.size(); ++s)
      for (const uint32_t n : kept)
        out.stateWords.push_back(image.stateWords[old.firstState + uint64_t(s) * old.count + n]);
    for (uint32_t p = 0; p < program.params.size(); ++p) {
      image::ParamRecord record = image.params[old.firstParam + p];
      const uint64_t from = record.offset;
      record.offset = out.paramWords.size();
      if (record.uniform)
        out.paramWords.push_back(image.paramWords[from]);
      else
        for (const uint32_t n : kept)
          out.paramWords.push_back(image.paramWords[from + n]);
      out.params.push_back(record);
    }
    for (uint32_t r = 0; r < program.inputs.size(); ++r)
      for (uint32_t i = 0; i < kept.size(); ++i)
        newAccumulator[old.accumulatorBase + r * old.count + kept[i]] = slice.accumulatorBase + r * slice.count + i;
    core.neuronCount += slice.count;
    core.accumulatorCount += static_cast<uint32_t>(program.inputs.size()) * slice.count;
    ++core.sliceCount;
    out.slices.push_back(slice);
  }

  void cutAxon(const image::CoreRecord &old, uint32_t a, image::CoreRecord &core) {
    const image::InAxonRecord &axon = image.inAxons[old.firstInAxon + a];
    const auto source = neuronOf[oldNeurons[axon.population][axon.neuron]];
    if (source == gone)
      return;
    const uint32_t firstRow = static_cast<uint32_t>(out.rows.size() - core.firstRow);
    for (uint32_t r = 0; r < axon.rowCount; ++r) {
      const image::RowRecord &row = image.rows[old.firstRow + axon.firstRow + r];
      const uint64_t first = out.synapses32.size();
      for (uint32_t s = 0; s < row.count; ++s) {
        const uint64_t index = old.firstSynapse + row.firstSynapse + s;
        const image::Synapse synapse = image::unpackSynapse(image.synapses32[index]);
        const uint32_t accumulator = newAccumulator[synapse.accumulator];
        if (!cut.synapses[index] || accumulator == image::none)
          continue;
        out.synapses32.push_back(image::packSynapse32(accumulator, synapse.delay, static_cast<int32_t>(synapse.weight)));
        core.delaySlots = std::max(core.delaySlots, synapse.delay + 1);
      }
      if (out.synapses32.size() > first)
        out.rows.push_back(
            {first - core.firstSynapse, static_cast<uint32_t>(out.synapses32.size() - first), newProjection[row.projection]});
    }
    const uint32_t rows = static_cast<uint32_t>(out.rows.size() - core.firstRow) - firstRow;
    if (!rows)
      return;
    newAxons.back()[a] = core.inAxonCount++;
    out.inAxons.push_back({source.first, source.second, firstRow, rows});
  }

  void cutPrograms() {
    std::vector<uint32_t> number(image.meta.programs.size(), image::none);
    std::vector<isa::Program> programs;
    const auto renumber = [&](uint32_t &program) {
      if (program == image::none)
        return;
      if (number[program] == image::none) {
        number[program] = static_cast<uint32_t>(programs.size());
        programs.push_back(image.meta.programs[program]);
      }
      program = number[program];
    };
    for (image::PopulationMeta &population : out.meta.populations)
      renumber(population.program);
    for (image::SliceRecord &slice : out.slices)
      renumber(slice.program);
    out.meta.programs = std::move(programs);
  }

  void finishInputs() {
    uint64_t next = neurons;
    for (image::PopulationMeta &population : out.meta.populations)
      if (population.input) {
        population.firstOut = next;
        next += population.count;
      }
  }

  /// Out-axons of what is left, core by core and slice by slice as before, which is the new order, too.
  void linkAxons() {
    for (uint64_t global = 0; global < neuronOf.size(); ++global) {
      if (neuronOf[global] == gone)
        continue;
      out.outPtr.push_back(out.outAxons.size());
      for (uint64_t o = image.outPtr[global]; o < image.outPtr[global + 1]; ++o) {
        const auto [core, axon] = image.outAxons[o];
        if (newCore[core] != image::none && newAxons[core][axon] != image::none)
          out.outAxons.push_back({newCore[core], newAxons[core][axon]});
      }
    }
    out.outPtr.push_back(out.outAxons.size());
  }

  const image::Image &image;
  const ImageCut &cut;
  std::vector<std::pair<uint32_t, uint32_t>> &neuronOf; ///< By old number: new population and neuron.
  image::ImageData out;
  std::vector<std::vector<uint64_t>> oldNeurons; ///< By old population and neuron: old number.
  std::vector<uint32_t> newPopulation, newProjection, newCore;
  std::vector<uint32_t> newAccumulator;        ///< Of the core that is being cut.
  std::vector<std::vector<uint32_t>> newAxons; ///< By old core and in-axon.
  uint64_t neurons = 0;                        ///< Left in the cores so far.
};
} // namespace

ImageCut everythingOf(const image::Image &image) {
  return {std::vector<bool>(image.outPtr.size() - 1, true), std::vector<bool>(image.synapses32.size(), true)};
}

image::ImageData cutImage(const image::Image &image, const ImageCut &cut, std::vector<std::pair<uint32_t, uint32_t>> &neuronOf) {
  return Cutter(image, cut, neuronOf).run();
}

} // namespace ranvier::rtl
