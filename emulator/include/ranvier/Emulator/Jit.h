//===- Jit.h - Microcode to machine code ------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The fast executor of neuron microcode: each program becomes one function that updates a slice of neurons, a vector at a time. The
// interpreter (ranvier/ISA/Program.h) is the definition; this gives the same bits. No LLVM header is needed to use it.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_EMULATOR_JIT_H
#define RANVIER_EMULATOR_JIT_H

#include "ranvier/ISA/Program.h"
#include <memory>
#include <span>
#include <string>

namespace ranvier::emu {

/// Time spent on compiling. Quick takes a third of the time; its kernels are up to a quarter slower.
enum class JitEffort : uint8_t { Full, Quick };

struct JitOptions {
  std::string cpu = {}; ///< LLVM's name of a processor of the host's architecture ("x86-64", "haswell"); empty: the host itself.
  JitEffort effort = JitEffort::Full;
};

/// A kernel to be made: a program, and what its slices have in common.
struct KernelRequest {
  const isa::Program *program = nullptr;
  uint32_t uniform = 0; ///< Bit p: parameter p has one value for all neurons of a slice; the kernel reads its first word only.
  /// The kernel notes active neurons: its argument must be the `slice` of an ActivityView.
  bool activity = false;
  int32_t bias = -1; ///< With `activity`: a parameter that makes a neuron active, too; -1: none.
};

/// What a kernel that notes active neurons is called with. A neuron is active if a state word, an input or the bias is not zero
/// before the update (on f32, neither 0 nor -0).
struct ActivityView {
  isa::SliceView slice;
  uint32_t *activity = nullptr; ///< Bit n: neuron n is active. ceil(count / 32) words, overwritten.
};

/// Owns compiled kernels. Programs must be validated. Same bits as isa::interpret for every program and every data, on every
/// processor. Kernels may run on several threads at once; they live as long as this object.
class Jit {
public:
  /// Compiles all kernels at once. Errors: RNV7100 (LLVM refused; with its message).
  static Result<std::unique_ptr<Jit>> create(std::span<const KernelRequest> requests, const JitOptions &options = {});
  /// The same for programs whose parameters may all differ between neurons.
  static Result<std::unique_ptr<Jit>> create(std::span<const isa::Program> programs, const JitOptions &options = {});
  virtual ~Jit() = default;
  /// Kernel of requests[index].
  virtual isa::SliceKernel kernel(size_t index) const = 0;
};

} // namespace ranvier::emu

#endif
