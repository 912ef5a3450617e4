//===- Assignment.h - One to each at the least cost -------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RANVIER_LIB_MAPPING_CROSSBAR_ASSIGNMENT_H
#define RANVIER_LIB_MAPPING_CROSSBAR_ASSIGNMENT_H

#include <cstdint>
#include <span>
#include <vector>

namespace ranvier::mapping::detail {

/// The linear assignment problem: to each of `rows` another of `columns` (rows <= columns), so that the sum of `cost` [rows,
/// columns] (finite) is least. Shortest augmenting paths with potentials (Jonker and Volgenant 1987), O(rows^2 columns). `rowPrice`
/// and `columnPrice`, where asked for, prove it: rowPrice[i] + columnPrice[j] <= cost[i][j] up to rounding, equal for those chosen,
/// columnPrice <= 0 and 0 for columns left over. Of several best ones the same is found on any machine.
std::vector<uint32_t> assign(std::span<const double> cost, uint32_t rows, uint32_t columns, std::vector<double> *rowPrice = nullptr,
                             std::vector<double> *columnPrice = nullptr);

} // namespace ranvier::mapping::detail

#endif
