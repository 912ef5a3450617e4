//===- Rewiring.cpp - How synapses of a projection come and go ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/Image/Learning.h"
#include <bit>
#include <cmath>

namespace ranvier::image {

uint32_t mostSquaredDistance(const std::vector<uint32_t> &grid) {
  const uint32_t x = grid[0] / 2, y = grid[1] / 2;
  return x * x + y * y;
}

uint32_t squaredDistance(const std::vector<uint32_t> &grid, uint32_t a, uint32_t b) {
  const auto apart = [](uint32_t from, uint32_t to, uint32_t extent) {
    const uint32_t straight = from < to ? to - from : from - to;
    return std::min(straight, extent - straight);
  };
  const uint32_t x = apart(a / grid[1], b / grid[1], grid[0]), y = apart(a % grid[1], b % grid[1], grid[1]);
  return x * x + y * y;
}

std::string fault(const RewiringMeta &rewiring, uint64_t sources, uint64_t targets, bool f32) {
  constexpr uint32_t mostExtent = 1024, mostAttempts = 1u << 20, mostPlaces = 4096;
  constexpr uint64_t mostPlacesInAll = uint64_t(1) << 28; // Of them a machine keeps a word each.
  const auto &grid = rewiring.grid;
  if (grid.size() != 2 || std::any_of(grid.begin(), grid.end(), [](uint32_t extent) { return extent < 1 || extent > mostExtent; }))
    return "the grid has not two extents of 1 to 1024";
  if (uint64_t(grid[0]) * grid[1] < std::max(sources, targets))
    return "the grid has fewer places than neurons stand on it";
  if (rewiring.attempts < 1 || rewiring.attempts > mostAttempts || rewiring.every < 1)
    return "attempts are not 1 to 1048576 every so many steps";
  if (rewiring.most < 1 || rewiring.most > mostPlaces)
    return "a target has not 1 to 4096 places";
  if (targets > mostPlacesInAll / rewiring.most)
    return "all targets have more than 2^28 places";
  const auto tooLikely = [](uint64_t probability) { return probability > certain; };
  if (rewiring.formation.size() != mostSquaredDistance(grid) + size_t(1) ||
      std::any_of(rewiring.formation.begin(), rewiring.formation.end(), tooLikely))
    return "formation has not a probability for each squared distance of the grid";
  if (rewiring.elimination.size() != rewiring.bounds.size() + 1 ||
      std::any_of(rewiring.elimination.begin(), rewiring.elimination.end(), tooLikely))
    return "elimination has not a probability for each interval of the weight";
  for (size_t k = 0; k < rewiring.bounds.size(); ++k) {
    const auto number = [&](size_t at) {
      return f32 ? static_cast<double>(std::bit_cast<float>(rewiring.bounds[at])) : static_cast<double>(rewiring.bounds[at]);
    };
    if (!std::isfinite(number(k)) || (k && !(number(k - 1) < number(k))))
      return "bounds of the weight do not ascend";
  }
  std::vector<uint32_t> of(targets, 0);
  for (size_t k = 0; k < rewiring.joined.size(); ++k) {
    const uint64_t pair = rewiring.joined[k];
    if (pair / targets >= sources || (k && pair <= rewiring.joined[k - 1]))
      return "pairs that are joined do not ascend, or do not exist";
    if (++of[pair % targets] > rewiring.most)
      return "a target has more synapses than places";
  }
  return "";
}

} // namespace ranvier::image
