//===- Shrink.cpp - The least that still shows a divergence ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/Rtl/Shrink.h"
#include <algorithm>
#include <chrono>

namespace ranvier::rtl {
namespace {
class Shrinker {
public:
  Shrinker(const Failing &failing, const Divergence &first, const Probe &probe, double seconds)
      : probe(probe), end(std::chrono::steady_clock::now() +
                          std::chrono::duration_cast<std::chrono::steady_clock::duration>(std::chrono::duration<double>(seconds))),
        original(failing) {
    out.least = failing;
    out.divergence = first;
    out.least.steps = first.step ? first.step : failing.steps;
    cut = everythingOf(*original.image);
    for (const emu::InputSpike &spike : failing.inputs)
      inputs.push_back({spike, globalOf(spike)});
    dropLateInputs();
  }

  Shrunk run() {
    for (uint64_t before = UINT64_MAX; before > size() && !late();) {
      before = size();
      cutSteps();
      cutInputs();
      cutNeurons();
      cutSynapses();
    }
    measure();
    return std::move(out);
  }

private:
  struct Input {
    emu::InputSpike spike; ///< As the original image numbers it.
    uint64_t global;
  };
  uint64_t globalOf(const emu::InputSpike &spike) const {
    return original.image->meta.populations[spike.population].firstOut + spike.neuron;
  }
  bool late() const { return std::chrono::steady_clock::now() > end; }
  uint64_t size() const {
    return out.least.steps + inputs.size() + static_cast<uint64_t>(std::count(cut.neurons.begin(), cut.neurons.end(), true)) +
           static_cast<uint64_t>(std::count(cut.synapses.begin(), cut.synapses.end(), true));
  }
  void dropLateInputs() {
    std::erase_if(inputs, [&](const Input &input) { return input.spike.step > out.least.steps; });
  }

  /// What these leave, ready to run; false if that is no image.
  bool make(const ImageCut &tried, const std::vector<Input> &spikes, uint32_t steps, Failing &candidate, image::ImageData &data) {
    std::vector<std::pair<uint32_t, uint32_t>> neuronOf;
    data = cutImage(*original.image, tried, neuronOf);
    if (data.cores.empty())
      return false;
    auto image = image::fromData(data);
    if (!image)
      return false;
    candidate.image = std::make_shared<const image::Image>(*std::move(image));
    candidate.steps = steps;
    candidate.inputs.clear();
    for (const Input &input : spikes)
      if (const auto [population, neuron] = neuronOf[input.global]; population != image::none)
        candidate.inputs.push_back({input.spike.step, population, neuron, input.spike.payload});
    std::stable_sort(candidate.inputs.begin(), candidate.inputs.end(),
                     [](const emu::InputSpike &a, const emu::InputSpike &b) { return a.step < b.step; });
    return true;
  }

  /// Tries these and keeps them if they fail in the same way.
  bool accept(const ImageCut &tried, const std::vector<Input> &spikes, uint32_t steps) {
    Failing candidate;
    image::ImageData data;
    if (!make(tried, spikes, steps, candidate, data))
      return false;
    ++out.runs;
    const auto found = probe(candidate);
    if (!found || !alike(*found, out.divergence))
      return false;
    cut = tried;
    inputs = spikes;
    candidate.steps = found->step ? std::min(found->step, steps) : steps;
    std::erase_if(candidate.inputs, [&](const emu::InputSpike &spike) { return spike.step > candidate.steps; });
    out.least = std::move(candidate);
    out.data = std::move(data);
    out.divergence = *found;
    dropLateInputs();
    return true;
  }

  /// Removes runs of `items`, half of them, a quarter and so on down to single ones, as long as `without` can do without them.
  template <typename Item, typename Without> void reduce(std::vector<Item> items, Without &&without) {
    for (size_t chunk = items.size(); chunk >= 1 && !items.empty(); chunk = chunk == 1 ? 0 : (chunk + 1) / 2)
      for (size_t at = 0; at < items.size() && !late();) {
        const size_t count = std::min(chunk, items.size() - at);
        const std::vector<Item> removed(items.begin() + static_cast<ptrdiff_t>(at),
                                        items.begin() + static_cast<ptrdiff_t>(at + count));
        if (without(removed))
          items.erase(items.begin() + static_cast<ptrdiff_t>(at), items.begin() + static_cast<ptrdiff_t>(at + count));
        else
          at += count;
      }
  }

  /// Steps fall out with their inputs, and what comes later comes earlier.
  void cutSteps() {
    std::vector<uint32_t> steps;
    for (uint32_t step = out.least.steps; step >= 1; --step) // from the last on, so that the numbers of those left stay
      steps.push_back(step);
    reduce(steps, [&](const std::vector<uint32_t> &removed) {
      const uint32_t most = removed.front(), least = removed.back(), count = most - least + 1;
      if (most > out.least.steps || out.least.steps <= count)
        return false;
      std::vector<Input> kept;
      for (Input input : inputs) {
        if (input.spike.step >= least && input.spike.step <= most)
          continue;
        if (input.spike.step > most)
          input.spike.step -= count;
        kept.push_back(input);
      }
      return accept(cut, kept, out.least.steps - count);
    });
  }

  void cutInputs() {
    std::vector<std::pair<uint32_t, uint64_t>> names;
    for (const Input &input : inputs)
      names.emplace_back(input.spike.step, input.global);
    reduce(names, [&](const auto &removed) {
      std::vector<Input> kept;
      for (const Input &input : inputs)
        if (std::find(removed.begin(), removed.end(), std::pair(input.spike.step, input.global)) == removed.end())
          kept.push_back(input);
      return kept.size() < inputs.size() && accept(cut, kept, out.least.steps);
    });
  }

  void cutNeurons() { reduceMask(&ImageCut::neurons); }
  void cutSynapses() {
    dropLooseSynapses();
    reduceMask(&ImageCut::synapses);
  }
  /// What lacks one of its neurons is gone already and need not be tried.
  void dropLooseSynapses() {
    const image::Image &image = *original.image;
    for (uint64_t global = 0; global < cut.neurons.size(); ++global)
      for (uint64_t o = image.outPtr[global]; o < image.outPtr[global + 1]; ++o) {
        const image::CoreRecord &core = image.cores[image.outAxons[o].core];
        const image::InAxonRecord &axon = image.inAxons[core.firstInAxon + image.outAxons[o].axon];
        for (uint32_t r = 0; r < axon.rowCount; ++r) {
          const image::RowRecord &row = image.rows[core.firstRow + axon.firstRow + r];
          for (uint32_t s = 0; s < row.count; ++s) {
            const uint64_t index = core.firstSynapse + row.firstSynapse + s;
            if (!cut.neurons[global] || !cut.neurons[targetOf(core, image::unpackSynapse(image.synapses32[index]).accumulator)])
              cut.synapses[index] = false;
          }
        }
      }
  }
  /// Number of the neuron that has an accumulator.
  uint64_t targetOf(const image::CoreRecord &core, uint32_t accumulator) const {
    for (uint32_t k = 0; k < core.sliceCount; ++k) {
      const image::SliceRecord &slice = original.image->slices[core.firstSlice + k];
      const uint32_t offset = accumulator - slice.accumulatorBase;
      if (offset < slice.count * original.image->meta.programs[slice.program].inputs.size())
        return core.firstNeuron + slice.neuronBase + offset % slice.count;
    }
    RANVIER_ASSERT(false, "accumulator " + std::to_string(accumulator) + " is nobody's");
    return 0;
  }
  void reduceMask(std::vector<bool> ImageCut::*part) {
    std::vector<uint64_t> items;
    for (uint64_t i = 0; i < (cut.*part).size(); ++i)
      if ((cut.*part)[i])
        items.push_back(i);
    reduce(items, [&](const std::vector<uint64_t> &removed) {
      ImageCut tried = cut;
      for (const uint64_t item : removed)
        (tried.*part)[item] = false;
      return accept(tried, inputs, out.least.steps);
    });
  }

  void measure() {
    if (out.data.cores.empty()) // Nothing could be cut: the whole.
      make(cut, inputs, out.least.steps, out.least, out.data);
    for (const image::PopulationMeta &population : out.least.image->meta.populations)
      (population.input ? out.inputNeurons : out.neurons) += population.count;
    out.synapses = out.least.image->synapses32.size();
  }

  const Probe &probe;
  const std::chrono::steady_clock::time_point end;
  const Failing &original;
  ImageCut cut;
  std::vector<Input> inputs;
  Shrunk out;
};
} // namespace

Shrunk shrink(const Failing &failing, const Divergence &first, const Probe &probe, double seconds) {
  return Shrinker(failing, first, probe, seconds).run();
}

} // namespace ranvier::rtl
