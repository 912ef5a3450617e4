//===- Learning.cpp - How synapses of a projection learn ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/Image/Learning.h"
#include <algorithm>

namespace ranvier::image {
namespace {
constexpr const char *ends[] = {"pre", "post", "third"};
} // namespace

std::vector<std::string> tracesOf(const LearningMeta &learning, const std::vector<isa::Program> &programs, LearningEnd end) {
  const uint32_t program = learning.programs[numLearningEnds + static_cast<unsigned>(end)];
  return program == absent ? std::vector<std::string>() : programs[program].states;
}

std::optional<LearningInput> learningInput(const LearningMeta &learning, const std::vector<isa::Program> &programs,
                                           const std::string &name) {
  const size_t dot = name.find('.');
  if (dot == std::string::npos)
    return std::nullopt;
  const auto end = std::find(std::begin(ends), std::end(ends), name.substr(0, dot));
  if (end == std::end(ends))
    return std::nullopt;
  const std::string what = name.substr(dot + 1);
  LearningInput input{.end = static_cast<LearningEnd>(end - std::begin(ends))};
  const auto traces = tracesOf(learning, programs, input.end);
  const auto trace = std::find(traces.begin(), traces.end(), what);
  if (trace != traces.end()) {
    input.kind = LearningInput::Kind::Trace;
    input.trace = static_cast<uint32_t>(trace - traces.begin());
  } else if (what == "amount" && input.end == LearningEnd::Third) {
    input.kind = LearningInput::Kind::Amount;
  } else if (what != "elapsed") {
    return std::nullopt;
  }
  return input;
}

std::string fault(const LearningMeta &learning, const std::vector<isa::Program> &programs) {
  if (learning.programs.size() != 2 * numLearningEnds || learning.params.size() != 2 * numLearningEnds ||
      learning.init.size() != 1 + numLearningEnds)
    return "6 programs, 6 lists of parameters and 4 of initial words are expected";
  if (learning.weightShift > 31)
    return "the weight's shift exceeds 31";
  if (!(learning.weightScale > 0))
    return "the scale of weights is not above 0";
  const std::vector<std::string> *words = nullptr;
  for (unsigned p = 0; p < learning.programs.size(); ++p) {
    const uint32_t index = learning.programs[p];
    if (index != absent && index >= programs.size())
      return "program " + std::to_string(index) + " does not exist";
    if (learning.params[p].size() != (index == absent ? 0 : programs[index].params.size()))
      return "program " + std::to_string(p) + " of the learner has another number of parameters";
    if (index != absent && p % numLearningEnds == static_cast<unsigned>(LearningEnd::Third) && learning.third == absent)
      return "a program for a third factor, and no receptor for one";
  }
  for (unsigned p = 0; p < learning.programs.size(); ++p) {
    if (learning.programs[p] == absent)
      continue;
    const isa::Program &program = programs[learning.programs[p]];
    for (const isa::Instruction &instruction : program.code)
      if (const std::string_view mnemonic = isa::opcodeInfo(instruction.op).mnemonic;
          mnemonic == "spk" || mnemonic == "spkp" || mnemonic == "rng" || mnemonic == "frng")
        return "program '" + program.name.substr(0, 60) + "' has the instruction " + std::string(mnemonic);
    for (const std::string &name : program.inputs) {
      const auto input = learningInput(learning, programs, name);
      if (!input || (input->kind == LearningInput::Kind::Amount && p % numLearningEnds != 2))
        return "program '" + program.name.substr(0, 60) + "' reads '" + name.substr(0, 60) + "'";
      if (p >= numLearningEnds &&
          (input->kind == LearningInput::Kind::Trace || static_cast<unsigned>(input->end) != p % numLearningEnds))
        return "program '" + program.name.substr(0, 60) + "' of traces reads '" + name.substr(0, 60) + "'";
    }
    if (p >= numLearningEnds) {
      if (learning.init[1 + p - numLearningEnds].size() != program.states.size())
        return "another number of initial traces than program '" + program.name.substr(0, 60) + "' has states";
      continue;
    }
    if (program.states.empty() || program.states[0] != "weight" || (words && *words != program.states))
      return "the states of program '" + program.name.substr(0, 60) + "' are not the words of a synapse, its weight first";
    words = &program.states;
  }
  if (learning.init[0].size() != (words ? words->size() - 1 : 0))
    return "another number of initial words than a synapse has";
  for (unsigned end = 0; end < numLearningEnds; ++end)
    if (learning.programs[numLearningEnds + end] == absent && !learning.init[1 + end].empty())
      return "initial traces of an end that has none";
  return "";
}

} // namespace ranvier::image
