//===- Crossbar.cpp - Macros of resistive memory of a chip ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/HwModels/Crossbar.h"
#include "ranvier/Support/Random.h"
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <tuple>

using namespace ranvier;
using namespace ranvier::hw;

int32_t Crossbar::largestWeight() const {
  if (isSliced())
    return (1 << (weightBits - 1)) - 1;
  return form == Form::Offset ? (1 << (cellBits - 1)) - 1 : (1 << cellBits) - 1;
}

void Crossbar::levelsOf(int32_t weight, std::span<uint8_t> cells) const {
  RANVIER_ASSERT(std::abs(weight) <= largestWeight() && cells.size() == cellsPerWeight(),
                 "a weight that cells of the crossbar can hold");
  const int32_t top = static_cast<int32_t>(largestLevel());
  // Ties to even on both sides, so that their difference is the weight.
  const auto half = [](int32_t twice) { return twice % 2 ? (twice / 2) + (twice / 2) % 2 : twice / 2; };
  switch (form) {
  case Form::Pair:
    cells[0] = static_cast<uint8_t>(std::max(weight, 0));
    cells[1] = static_cast<uint8_t>(std::max(-weight, 0));
    return;
  case Form::TwoSidedPair:
    cells[0] = static_cast<uint8_t>(half(top + weight));
    cells[1] = static_cast<uint8_t>(half(top - weight));
    return;
  case Form::Offset:
    cells[0] = static_cast<uint8_t>(weight + largestWeight() + 1);
    return;
  case Form::SlicedPair:
    for (uint32_t s = 0; s < slices; ++s) {
      const auto digit = static_cast<uint8_t>((std::abs(weight) >> (levelBits() * s)) & top);
      cells[2 * s] = weight > 0 ? digit : 0;
      cells[2 * s + 1] = weight < 0 ? digit : 0;
    }
    return;
  case Form::SlicedOffset:
    for (uint32_t s = 0; s < slices; ++s)
      cells[s] = static_cast<uint8_t>(((weight + largestWeight() + 1) >> (levelBits() * s)) & top);
    return;
  }
}

int64_t Crossbar::weightOf(std::span<const uint8_t> cells) const {
  int64_t sum = 0;
  for (uint32_t s = 0; s < sliceCount(); ++s) {
    const int64_t digit = isPair() ? int64_t(cells[2 * s]) - cells[2 * s + 1] : cells[s];
    sum += digit * (int64_t(1) << (levelBits() * s));
  }
  return isPair() ? sum : sum - largestWeight() - 1;
}

CellFaults hw::cellFaultsOfRate(double rate, uint64_t seed) {
  return {.lowRate = rate * 1.75 / (1.75 + 9.04), .highRate = rate * 9.04 / (1.75 + 9.04), .seed = seed, .cells = {}};
}

std::vector<StuckCell> hw::stuckCells(const Crossbar &crossbar, const CellFaults &faults, uint32_t chip, uint32_t core,
                                      uint32_t coresPerChip) {
  constexpr uint32_t draw = 0x44;
  const auto place = [](const StuckCell &c) { return std::tie(c.chip, c.core, c.row, c.column, c.slice, c.negative); };
  const StuckCell first{.chip = chip, .core = core};
  auto listed = std::lower_bound(faults.cells.begin(), faults.cells.end(), first,
                                 [&](const StuckCell &a, const StuckCell &b) { return place(a) < place(b); });
  const auto isHere = [&] { return listed != faults.cells.end() && listed->chip == chip && listed->core == core; };
  std::vector<StuckCell> out;
  const double low = faults.lowRate * 0x1p32, high = (faults.lowRate + faults.highRate) * 0x1p32;
  if (!(high > 0)) {
    for (; isHere(); ++listed)
      out.push_back(*listed);
    return out;
  }
  uint32_t cell = 0;
  for (uint32_t row = 0; row < crossbar.inputs; ++row)
    for (uint32_t column = 0; column < crossbar.columns(); ++column)
      for (uint32_t slice = 0; slice < crossbar.sliceCount(); ++slice)
        for (uint32_t negative = 0; negative < (crossbar.isPair() ? 2u : 1u); ++negative, ++cell) {
          StuckCell stuck{chip, core, row, column, slice, negative != 0, false};
          if (isHere() && place(*listed) == place(stuck)) {
            out.push_back(*listed++);
            continue;
          }
          const double word = randomWord(faults.seed, cell, chip * coresPerChip + core, draw);
          if (word >= high)
            continue;
          stuck.high = word >= low;
          out.push_back(stuck);
        }
  return out;
}
