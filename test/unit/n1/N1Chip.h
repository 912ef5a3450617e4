// A small ranvier-n1 by its ports: 2 x 2 nodes of 32 neurons. These tests are the suite whose faults found are counted
// (test/rtl/mutate): they hold whatever has the ports and registers of docs/rtl/architecture.md.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RANVIER_TEST_UNIT_N1_N1CHIP_H
#define RANVIER_TEST_UNIT_N1_N1CHIP_H

#include "ranvier/Rtl/Model.h"

namespace ranvier::test {

constexpr rtl::Grid n1Grid{2, 2};
constexpr uint32_t n1Host = 4; ///< Its node number.
/// The shipped description with less of everything.
const hw::Chip &n1Small();
const rtl::Geometry &n1Geometry();

/// False where there are no tools to make a model with.
bool haveN1();
/// The shared object: $RANVIER_N1_MODEL, else made of the file list $RANVIER_N1_RTL, else of the shipped RTL.
const std::string &n1Model();

/// A chip after reset and what is asked of it most.
class N1Chip {
public:
  /// `seed` of what stands in registers and memories without a reset. All memories are set to 0, as the neurons' masks.
  explicit N1Chip(uint32_t seed);
  void put(uint32_t node, rtl::Space space, uint32_t address, uint32_t word);
  uint32_t get(uint32_t node, rtl::Space space, uint32_t address);
  std::vector<uint32_t> get(uint32_t node, rtl::Space space);
  uint32_t csr(uint32_t node, rtl::Csr which) { return get(node, rtl::Space::Csr, which); }
  void write(const std::vector<rtl::ConfigWrite> &writes) { model->write(writes); }

  /// A slice of `count` neurons from neuron `base` on.
  struct Slice {
    uint32_t base = 0, count = 1, inputs = 0, fast = 0, accumulators = 0, start = 0, length = 0;
  };
  /// The entry; their number is a register.
  void putSlice(uint32_t node, uint32_t number, const Slice &slice);
  void putProgram(uint32_t node, uint32_t first, const std::vector<uint64_t> &words);

  /// A step that has not ended after `cycleLimit` cycles hangs, and fails: whatever a chip does, a test ends after so many cycles
  /// as it asks for, so that nothing has to be told by a clock.
  rtl::StepResult step(const std::vector<rtl::ModelInput> &inputs = {}, uint32_t stallsOf256 = 0, uint64_t cycleLimit = 20000);

  std::unique_ptr<rtl::Model> model;

private:
  uint32_t steps = 0;
};

/// Bits of a number below `count`.
uint32_t bitsFor(uint32_t count);

} // namespace ranvier::test

#endif
