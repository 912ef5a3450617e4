//===- Native.cpp - What runs natively, and what the host hears -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/HwModels/NativeForm.h"
#include "ranvier/Image/Image.h"
#include <algorithm>

namespace ranvier::image {

bool isNative(const Image &image, const SliceRecord &slice) {
  if (!image.chip.nativeCuba)
    return false;
  const hw::NativeCubaLif &native = *image.chip.nativeCuba;
  const isa::Program &program = image.meta.programs[slice.program], form = hw::nativeCubaProgram(native);
  if (program.code != form.code || program.states.size() != 2 || program.params.size() != 4 || program.inputs.size() != 1 ||
      !program.tables.empty())
    return false;
  const auto within = [](const int32_t *words, uint32_t count, int64_t least, int64_t most) {
    return std::all_of(words, words + count, [&](int32_t word) { return word >= least && word <= most; });
  };
  const auto paramWithin = [&](uint32_t param, int64_t least, int64_t most) {
    const ParamRecord &record = image.params[slice.firstParam + param];
    return within(image.paramWords.data() + record.offset, record.uniform ? 1 : slice.count, least, most);
  };
  const int64_t decay = (int64_t(1) << native.decayBits) - 1;
  const int64_t bias = int64_t(1) << (native.biasMantissaBits + (1u << native.biasExponentBits) - 2);
  const int64_t state = int64_t(1) << (native.stateBits - 1);
  return paramWithin(hw::NativeDu, 0, std::min(decay, decay + 1 - int64_t(native.currentDecayOffset))) &&
         paramWithin(hw::NativeDv, 0, decay) && paramWithin(hw::NativeVth, 0, (int64_t(1) << native.thresholdBits) - 1) &&
         paramWithin(hw::NativeBias, -bias, bias - 1) &&
         within(image.stateWords.data() + slice.firstState, 2 * slice.count, -state, state - 1);
}

bool hostHears(const Meta &meta, uint32_t population) {
  return meta.populations[population].output || std::any_of(meta.probes.begin(), meta.probes.end(), [&](const ProbeMeta &probe) {
           return probe.population == population &&
                  std::find(probe.variables.begin(), probe.variables.end(), "spikes") != probe.variables.end();
         });
}

} // namespace ranvier::image
