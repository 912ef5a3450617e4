//===- Network.h - A network after quantisation, as plain data --*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What partition, place, route and image emission work on: populations with a microprogram each and projections as compressed
// sparse rows. No MLIR. The passes extract it from the snn dialect; ranvier-replay builds it from golden files.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_MAPPING_NETWORK_H
#define RANVIER_MAPPING_NETWORK_H

#include "ranvier/ISA/Program.h"
#include "ranvier/Image/Connector.h"
#include "ranvier/Image/Learning.h"
#include <cstdint>
#include <string>
#include <vector>

namespace ranvier::mapping {

/// One value per neuron, or one for all (size 1). Words: int32 or binary32 bits.
using Words = std::vector<int32_t>;

struct Population {
  std::string name;
  std::vector<uint64_t> shape;
  uint64_t count = 0;
  int32_t program = -1;      ///< Into Network::programs; -1: an input.
  std::vector<Words> params; ///< By parameter slot.
  std::vector<Words> init;   ///< Initial state words by state slot.
  uint64_t seed = 0;
  bool input = false, output = false;
  /// Neurons whose tuples differ need separate entries of the chip's configuration tables: indices of the parameter slots that form
  /// the neuron configuration (decays) and of the one that is the threshold; empty if the chip has no such tables.
  std::vector<uint32_t> configParams, thresholdParams;
  std::vector<std::pair<std::string, double>> stateScale; ///< See image::PopulationMeta, and for the next two.
  std::vector<std::pair<std::string, std::string>> stateNames;
  double valueScale = 1;
  std::string source; ///< Input populations: see image::PopulationMeta.
  std::vector<double> rates;
  std::vector<uint32_t> intervals, phases;
  std::vector<std::pair<uint32_t, uint32_t>> list;
  uint32_t depth = 0; ///< See image::PopulationMeta.
};

/// Compressed sparse rows by source neuron. Within a row sorted by target. Delays: size 1 (same for all) or one per synapse.
struct Projection {
  std::string name;
  uint32_t source = 0, target = 0, receptor = 0;
  int32_t weightExponent = 0;
  unsigned weightBits = 8;       ///< Stored bits of a weight, with sign (int profile); for the chip's memory format.
  uint32_t kernelWeights = 0;    ///< Weights of the convolution that the synapses come from; 0: from none.
  bool dense = false;            ///< Every source reaches every target: no index bits are stored.
  std::vector<uint64_t> rowPtr;  ///< [source count + 1]
  std::vector<uint32_t> targets; ///< Neuron index in the target population.
  Words weights;                 ///< One per synapse.
  std::vector<uint16_t> delays;  ///< [steps] from emission to effect.
  /// Set: whoever loads the image makes the synapses, and every delay is at least 1. Profile f32: none is listed here; int: all
  /// are, because tables and routes follow from them, and none in the image. Chips with hw::SynapseStorage::procedural only. Its
  /// `projection` is set on emission.
  std::optional<image::ConnectorMeta> connector;
  uint32_t delay(uint64_t synapse) const { return delays.size() == 1 ? delays[0] : delays[synapse]; }
};

/// See image::LearningMeta. `projection` is the index in Network::projections.
using Learning = image::LearningMeta;

/// See image::ProbeMeta.
struct Probe {
  std::string name;
  uint32_t population = 0;
  std::vector<std::string> variables;
  bool operator==(const Probe &) const = default;
};

struct Network {
  std::string name;
  double dt = 1e-3; ///< [s]
  isa::Profile profile = isa::Profile::Int;
  uint64_t seed = 0;
  std::vector<isa::Program> programs;
  std::vector<Population> populations; ///< Order is the order of additions.
  std::vector<Projection> projections;
  std::vector<Probe> probes;
  std::vector<Learning> learning; ///< By projection.
  std::string semantics;          ///< JSON text carried into the image.
};

} // namespace ranvier::mapping

#endif
