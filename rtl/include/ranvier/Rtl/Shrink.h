//===- Shrink.h - The least that still shows a divergence -------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Cuts steps, input spikes, neurons and synapses out of an image for as long as the divergence stays (delta debugging).
//===----------------------------------------------------------------------===//
#ifndef RANVIER_RTL_SHRINK_H
#define RANVIER_RTL_SHRINK_H

#include "ranvier/Rtl/Lockstep.h"
#include <functional>

namespace ranvier::rtl {

/// What to leave in an image.
struct ImageCut {
  std::vector<bool> neurons;  ///< By neuron and then input neuron, as Image::outPtr counts.
  std::vector<bool> synapses; ///< By Image::synapses32.
};
ImageCut everythingOf(const image::Image &image);

/// The image without what is cut, or what hangs on it: synapses from or to cut neurons, populations without neurons, cores without
/// populations, programs that nobody runs. Neurons are numbered anew, `neuronOf` says how: population and neuron by old number
/// (image::none: gone). Images of Packed32 synapses without connectors only. May break no clause but those of capacity tables.
image::ImageData cutImage(const image::Image &image, const ImageCut &cut, std::vector<std::pair<uint32_t, uint32_t>> &neuronOf);

struct Failing {
  std::shared_ptr<const image::Image> image;
  std::vector<emu::InputSpike> inputs;
  uint32_t steps = 0;
};
/// Runs a candidate: what differs, if anything.
using Probe = std::function<std::optional<Divergence>(const Failing &candidate)>;

struct Shrunk {
  Failing least;
  image::ImageData data; ///< Of the image.
  Divergence divergence;
  uint64_t neurons = 0, inputNeurons = 0, synapses = 0; ///< Left.
  uint32_t runs = 0;                                    ///< Candidates tried.
};
/// Smaller and smaller for at most `seconds`; the result fails like `first` (alike()).
Shrunk shrink(const Failing &failing, const Divergence &first, const Probe &probe, double seconds);

} // namespace ranvier::rtl

#endif
