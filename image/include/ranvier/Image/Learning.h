//===- Learning.h - How synapses of a projection learn ----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Part of the image's meta section. docs/spec/plasticity.md says what the programs are for and when they run.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_IMAGE_LEARNING_H
#define RANVIER_IMAGE_LEARNING_H

#include "ranvier/ISA/Program.h"
#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace ranvier::image {

/// Events that a synapse knows, and ends that traces belong to.
enum class LearningEnd : uint8_t { Pre, Post, Third };
constexpr unsigned numLearningEnds = 3;
constexpr uint32_t absent = 0xFFFFFFFFu; ///< In place of a program or receptor.

/// How synapses of a projection come and go (docs/spec/structural-plasticity.md). The image has a synapse for each pair of a source
/// and a target: its place; `joined` says at which there is one at the start. At others weight and delay mean nothing.
struct RewiringMeta {
  bool last = false;                 ///< Partners are those that spiked in the step before; else any.
  std::vector<uint32_t> grid;        ///< [2] Extents x, y; neuron i stands at (i / y, i % y).
  uint32_t attempts = 1, every = 1;  ///< In each step that is a multiple of `every`.
  uint32_t most = 1;                 ///< Places of a target.
  int32_t weight = 0;                ///< Of a synapse that is formed, as stored; binary32 bits on f32.
  uint32_t delay = 1;                ///< Likewise [steps].
  uint64_t seed = 0;                 ///< Of its stream of random numbers.
  std::vector<uint64_t> formation;   ///< By squared distance: probability in 2^-32ths, at most 2^32.
  std::vector<int32_t> bounds;       ///< Ascending weights, as stored: interval k begins at bounds[k - 1].
  std::vector<uint64_t> elimination; ///< [bounds + 1] By interval of the weight.
  std::vector<uint64_t> joined;      ///< source * targets + target, ascending.
  bool operator==(const RewiringMeta &) const = default;
};
constexpr uint64_t certain = uint64_t(1) << 32; ///< As a probability in 2^-32ths.
/// Greatest squared distance on a grid whose opposite edges meet, and that of neurons a and b.
uint32_t mostSquaredDistance(const std::vector<uint32_t> &grid);
uint32_t squaredDistance(const std::vector<uint32_t> &grid, uint32_t a, uint32_t b);
/// What is wrong with a rewiring of so many sources and targets; empty: nothing. Weight and delay are not looked at. `f32`: the
/// bounds are binary32.
std::string fault(const RewiringMeta &rewiring, uint64_t sources, uint64_t targets, bool f32);

/// A projection whose synapses learn, or come and go, or both.
struct LearningMeta {
  uint32_t projection = 0;
  bool backprop = true;     ///< Events of the target reach the synapse after its delay; else at once.
  uint32_t weightShift = 0; ///< A stored weight is shifted left by it for the programs, and right (floor) afterwards; int profile.
  double weightScale = 1;   ///< Size of one unit of a stored weight in the network's own terms.
  uint32_t third = absent;  ///< Receptor of the target whose sum is the third factor; none: 2^32-1.
  /// [6] On pre, post, third: what the event does to a synapse; then to the traces of its own end. 2^32-1: nothing.
  std::vector<uint32_t> programs;
  std::vector<std::vector<int32_t>> params; ///< [6] Parameter words of each.
  /// Initial words: of a synapse (but for its weight), of the traces of pre, post, third; as the programs have their states.
  std::vector<std::vector<int32_t>> init; ///< [4]
  std::vector<RewiringMeta> rewiring;     ///< One, or none: the synapses stay.
  /// Whether weights change: else they are stored as those of other projections are.
  bool changesWeights() const {
    return std::any_of(programs.begin(), programs.end(), [](uint32_t program) { return program != absent; });
  }
  bool operator==(const LearningMeta &) const = default;
};

/// What an input of a learner's program reads.
struct LearningInput {
  enum class Kind : uint8_t { Elapsed, Trace, Amount } kind = Kind::Elapsed;
  LearningEnd end = LearningEnd::Pre;
  uint32_t trace = 0; ///< Number of the trace among those of its end.
};
/// Names of the traces of an end: the states of the program that sets them.
std::vector<std::string> tracesOf(const LearningMeta &learning, const std::vector<isa::Program> &programs, LearningEnd end);
/// By the name of the input: "pre.elapsed", "post.o" (a trace), "third.amount". Nothing for other names.
std::optional<LearningInput> learningInput(const LearningMeta &learning, const std::vector<isa::Program> &programs,
                                           const std::string &name);
/// What is wrong with the programs, parameters and initial words, whatever they belong to; empty: nothing. `programs` are valid.
std::string fault(const LearningMeta &learning, const std::vector<isa::Program> &programs);

} // namespace ranvier::image

#endif
