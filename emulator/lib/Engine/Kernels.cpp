//===- Kernels.cpp - Compiled kernels for the slices ----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Kernels.h"
#include <algorithm>
#include <set>

namespace ranvier::emu {
namespace {

uint32_t uniformParams(const SliceState &slice) {
  static_assert(isa::maxSlots <= 32);
  uint32_t mask = 0;
  for (size_t p = 0; p < slice.paramUniform.size(); ++p)
    mask |= uint32_t(slice.paramUniform[p] != 0) << p;
  return mask;
}

int32_t biasOf(const isa::Program &program) {
  const auto at = std::find(program.params.begin(), program.params.end(), "bias");
  return at == program.params.end() ? -1 : static_cast<int32_t>(at - program.params.begin());
}

} // namespace

Result<std::unique_ptr<Jit>> compileKernels(Engine &engine) {
  const auto &programs = engine.image->meta.programs;
  std::vector<std::set<uint32_t>> masks(programs.size());
  for (const CoreState &core : engine.cores)
    for (const SliceState &slice : core.slices)
      masks[slice.record->program].insert(uniformParams(slice));
  std::map<std::pair<uint32_t, uint32_t>, size_t> kernelOf; // (program, mask) to kernel
  std::vector<KernelRequest> requests;
  for (uint32_t p = 0; p < programs.size(); ++p) {
    uint32_t common = UINT32_MAX;
    for (const uint32_t mask : masks[p])
      common &= mask;
    const bool each = masks[p].size() <= mostKernelsOfProgram;
    for (const uint32_t mask : masks[p]) {
      if (each || mask == *masks[p].begin())
        requests.push_back({.program = &programs[p],
                            .uniform = each ? mask : common,
                            .activity = engine.timed,
                            .bias = engine.timed ? biasOf(programs[p]) : -1});
      kernelOf[{p, mask}] = requests.size() - 1;
    }
  }
  // Programs of learners: parameters have one value, and nobody asks which synapses were active.
  std::map<uint32_t, size_t> learnerKernel;
  for (const auto &learning : engine.image->meta.learning)
    for (const uint32_t p : learning.programs)
      if (p != image::absent && learnerKernel.try_emplace(p, requests.size()).second)
        requests.push_back({.program = &programs[p], .uniform = UINT32_MAX});
  RANVIER_TRY(auto jit, Jit::create(requests));
  for (CoreState &core : engine.cores)
    for (LearningRows &rows : core.learning ? core.learning->all() : std::span<LearningRows>())
      for (size_t h = 0; h < rows.handlers().size(); ++h)
        if (HandlerRun &handler = rows.handlers()[h])
          handler.kernel = jit->kernel(learnerKernel[rows.meta().programs[h]]);
  for (CoreState &core : engine.cores)
    for (SliceState &slice : core.slices)
      slice.kernel = jit->kernel(kernelOf[{slice.record->program, uniformParams(slice)}]);
  return jit;
}

} // namespace ranvier::emu
