//===- Learning.h - How synapses of a projection learn ----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Part of the image's meta section. docs/spec/plasticity.md says what the programs are for and when they run.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_IMAGE_LEARNING_H
#define RANVIER_IMAGE_LEARNING_H

#include "ranvier/ISA/Program.h"
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace ranvier::image {

/// Events that a synapse knows, and ends that traces belong to.
enum class LearningEnd : uint8_t { Pre, Post, Third };
constexpr unsigned numLearningEnds = 3;
constexpr uint32_t absent = 0xFFFFFFFFu; ///< In place of a program or receptor.

/// A projection whose synapses learn.
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
