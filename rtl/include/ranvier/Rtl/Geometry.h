//===- Geometry.h - What the RTL of a mesh chip holds -----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Depths and widths of the RTL under rtl/n1 for one chip description and one grid, and the spaces of its configuration bus.
// Package, loader and lockstep take every number from here; docs/rtl/architecture.md is normative.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_RTL_GEOMETRY_H
#define RANVIER_RTL_GEOMETRY_H

#include "ranvier/HwModels/Chip.h"
#include <array>
#include <cstdint>
#include <string_view>

namespace ranvier::rtl {

/// Spaces of the configuration bus.
enum class Space : uint8_t { AxonIn, Synapse, State, Param, AxonOut, Csr, Program, Table, Slice, Accumulator, HostMask };
constexpr unsigned numSpaces = 11;
/// "AXON_IN": as the package names them.
std::string_view nameOf(Space space);

/// Registers of a core (space Csr).
enum Csr : uint32_t { CsrSlices, CsrErrors, CsrSpikes, CsrPacketsOut, CsrPacketsIn, CsrSynapses, CsrUpdateCycles, CsrBusyCycles };
constexpr uint32_t numCsrs = 8;
std::string_view nameOf(Csr csr);
/// Registers of the host's node.
enum HostCsr : uint32_t { HostCsrStep, HostCsrCycles };

/// A grid of nodes.
struct Grid {
  uint32_t columns = 1, rows = 1;
  std::string str() const { return std::to_string(columns) + "x" + std::to_string(rows); }
  bool operator==(const Grid &) const = default;
};

struct Geometry {
  std::string chip; ///< Name.
  Grid grid;
  uint32_t linkBuffer = 0;                                                 ///< Flits.
  uint32_t neurons = 0, states = 0, params = 0, inputs = 0;                ///< Of a core; words and inputs: of a neuron.
  uint32_t maxDelay = 0, maxExponent = 0;                                  ///< [steps]; of weights.
  uint32_t slots = 0;                                                      ///< Banks of accumulators; a power of two.
  uint32_t synapses = 0, programWords = 0, tableWords = 0, hostInputs = 0; ///< Words, instructions, words, neurons.
  hw::NativeCubaLif native;

  uint32_t nodes() const { return grid.columns * grid.rows; }
  uint32_t host() const { return nodes(); } ///< Its node number.
  uint32_t accumulators() const { return neurons * inputs; }
  uint32_t slices() const { return neurons; } ///< A slice has a neuron at least.
  uint32_t sources() const { return nodes() * neurons + hostInputs; }
  uint32_t sourceBits() const;
  uint32_t maskBits() const { return nodes() + 1; }
  uint32_t maskWords() const { return (maskBits() + 31) / 32; }
  uint32_t stalls() const { return 6 * nodes() + 1; } ///< Links that can be throttled.
  /// Address of a neuron's word in State and Param.
  uint32_t wordOf(uint32_t slot, uint32_t neuron) const { return slot * neurons + neuron; }
  uint32_t nodeOf(uint32_t x, uint32_t y) const { return x * grid.rows + y; }
  /// Addresses of a space on a core, or on the host's node; 0 where it is not there. Slice has holes: words 5 to 7 of each 8.
  uint32_t wordsOf(Space space, bool host) const;
  bool operator==(const Geometry &) const = default;
};

/// Words of a slice's entry, and what an entry takes of the addresses.
constexpr uint32_t sliceWords = 5, sliceStride = 8;

/// Of a chip that the RTL can be. Errors: RNV7501 naming the key of the description that it cannot, RNV7502 (grid: empty, larger
/// than the chip, or more nodes than the bus addresses).
Result<Geometry> geometryOf(const hw::Chip &chip, Grid grid);

/// The SystemVerilog package n1_pkg with the chip's constants, the opcodes of the int profile and the spaces of the bus.
/// Errors: those of geometryOf.
Result<std::string> n1Package(const hw::Chip &chip, Grid grid);
std::string n1Package(const Geometry &geometry);

/// "2x3". Errors: RNV7503.
Result<Grid> parseGrid(const std::string &text);

} // namespace ranvier::rtl

#endif
