//===- LearnedWeights.cpp - Weights after a run ---------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "LearnedWeights.h"
#include "ranvier/Support/File.h"
#include "ranvier/Support/Text.h"
#include <bit>

using namespace ranvier;

Result<void> tools::writeLearnedWeights(const std::string &path, emu::Machine &machine) {
  const image::Meta &meta = machine.image().meta;
  std::string text = "projection,source,target,delay,weight\n";
  for (size_t l = 0; l < meta.learning.size(); ++l) {
    const image::LearningMeta &learning = meta.learning[l];
    const std::string &name = meta.projections[learning.projection].name;
    for (const emu::LearnedSynapse &synapse : machine.learned(l)) {
      const double weight = meta.profile == isa::Profile::F32 ? static_cast<double>(std::bit_cast<float>(synapse.weight))
                                                              : synapse.weight * learning.weightScale;
      text += name + "," + std::to_string(synapse.source) + "," + std::to_string(synapse.target) + "," +
              std::to_string(synapse.delay) + "," + decimal(weight) + "\n";
    }
  }
  return writeFileAtomically(path, text);
}
