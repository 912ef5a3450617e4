//===- Rows.h - Axons, rows and synapses of an image ------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The one owner of how synapses lie in an image: the compiler's emitter fills the tables of a network through it, and whoever opens
// an image with connectors fills those of the synapses that they make, so that both find the same tables.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_IMAGE_ROWS_H
#define RANVIER_IMAGE_ROWS_H

#include "ranvier/Image/Image.h"
#include <functional>

namespace ranvier::image {

/// Synapses of a projection by source neuron; a row is sorted by target.
struct SynapseRows {
  uint32_t projection = 0;           ///< Index into meta projections.
  std::span<const uint64_t> rowPtr;  ///< [source count + 1]
  std::span<const uint32_t> targets; ///< Neuron of the target population.
  std::span<const int32_t> weights;  ///< Words.
  std::span<const uint16_t> delays;  ///< [steps] One, or one for each synapse.
  uint32_t delay(uint64_t synapse) const { return delays.size() == 1 ? delays[0] : delays[synapse]; }
};

/// What the tables of synapses are made of, beside the image's populations, projections, cores and slices.
struct RowsInput {
  /// Calls `use` with the projections of a source population, by index; what it is given lives until it returns. Asked twice for
  /// each population, four times for those of `sameStep`.
  std::function<void(uint32_t population, const std::function<void(std::span<const SynapseRows>)> &use)> outgoing;
  /// For a source neuron, by core that holds the target, the core that takes in its messages; null: that core.
  std::function<const uint32_t *(uint32_t population, uint64_t neuron)> route;
  std::vector<uint8_t> sameStep; ///< [population] whether a synapse of it has delay 0; empty: none has.
  std::vector<uint32_t> formed;  ///< [projection] delay of synapses to come [steps]; empty: none come.
};

/// Fills inAxons, rows, synapses, outPtr and outAxons, the counts and ranges of the cores that go with them, and
/// PopulationMeta::firstOut. Two passes over all synapses in the order of addition: same-step ones first; then source population,
/// source neuron, projection, synapse. Deterministic.
void buildRows(ImageData &data, const RowsInput &input);

/// The image with the synapses that its connectors make in its tables: what buildRows() makes of all synapses. The image must be
/// valid, of profile int and without synapse cores. Errors: RNV7080 (System), they need more memory than this machine has.
Result<ImageData> expandConnectors(const Image &image);

} // namespace ranvier::image

#endif
