//===- CrossbarCore.h - The macro of a core ---------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// In place of synapse rows that add to a ring: spikes mark physical rows for the step in which they act, and when that step is
// consumed one product of the driven rows goes through converters and is added to the accumulators as integers.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_EMULATOR_LIB_CROSSBARCORE_H
#define RANVIER_EMULATOR_LIB_CROSSBARCORE_H

#include "ranvier/Emulator/Crossbar.h"
#include "ranvier/Emulator/Machine.h"
#include "ranvier/Image/Image.h"
#include <memory>
#include <span>
#include <vector>

namespace ranvier::emu {

/// Scratch of one thread.
struct CrossbarWork {
  CrossbarScratch scratch;
  std::vector<uint32_t> active; ///< Physical rows.
  std::vector<double> sums;     ///< By physical column.
};

class CrossbarCore {
public:
  /// Programs the macro of core `index`; null if the core has none. Errors: RNV7061.
  static Result<std::unique_ptr<CrossbarCore>> load(const image::Image &image, uint32_t index, const DeviceOptions &device);

  /// Marks the rows that `axons` drive, which were emitted in `emissionStep`.
  void receive(std::span<const uint32_t> axons, uint32_t emissionStep);
  /// The product of what acts in `step`, added to `sums` by accumulator. A macro no row of which is driven is not read.
  void act(uint32_t step, int32_t *sums, CrossbarWork &work);
  /// Makes the scratch as large as any product of a macro of this chip needs it, by one of all rows.
  void prepare(CrossbarWork &work) const;
  /// Of the last act().
  const CrossbarCounts &counts() const { return last; }

  void clear();
  /// Steps in which something can be under way: the longest delay plus 1.
  uint32_t slots() const { return slotCount; }
  /// Rows marked for `step`, a bit each in the order of the image's rows.
  std::span<uint32_t> marks(uint32_t step) { return {bits.data() + size_t(step % slotCount) * words, words}; }
  std::span<const uint32_t> marks(uint32_t step) const { return {bits.data() + size_t(step % slotCount) * words, words}; }
  uint64_t bytes() const;

private:
  explicit CrossbarCore(CrossbarArray array) : array(std::move(array)) {}
  void index(const image::Image &image, const image::CrossbarRecord &record);

  struct Drive {
    uint32_t row;   ///< Of the image's rows of the macro.
    uint32_t delay; ///< [steps]
  };
  CrossbarArray array;
  std::span<const image::CrossbarRowRecord> rows;
  std::span<const image::CrossbarColumnRecord> columns; ///< By accumulator.
  std::vector<uint32_t> firstDrive;                     ///< [axons + 1]
  std::vector<Drive> drives;
  std::vector<uint32_t> conductance; ///< [rows] in units of CrossbarCounts::conductance.
  std::vector<uint32_t> bits;        ///< [slots][words]
  uint32_t slotCount = 1;
  size_t words = 0;
  uint64_t slices = 1, conversionsEach = 0; ///< Of a product.
  CrossbarCounts last;
};

} // namespace ranvier::emu

#endif
