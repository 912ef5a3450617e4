//===- Compile.h - The road from network to image ---------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The stages of `ranvier compile` as library functions. A module carries its stage in what it holds: models (snn), programs
// (quantised), a fabric.mapping (fabric). Every stage can be printed, edited and resumed.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_PIPELINES_COMPILE_H
#define RANVIER_PIPELINES_COMPILE_H

#include "mlir/IR/BuiltinOps.h"
#include "ranvier/HwModels/Chip.h"
#include "ranvier/Image/Image.h"
#include "ranvier/Mapping/Partitioner.h"
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace ranvier::compiler {

enum class Stage { Snn, Quantised, Fabric, Image };

struct CompileOptions {
  hw::Chip chip;
  std::string targetName;  ///< As the user gave it: a shipped name or a path.
  unsigned weightBits = 8; ///< Magnitude bits of weights (int targets); see defaultWeightBits.
  std::string calibration; ///< Text of a recorded profile (JSON); empty: scales from the range of the weights.
  std::string mappingText; ///< Text of a mapping file; empty: the mapper decides.
  std::string mappingFile; ///< Its name, for messages.
  uint64_t seed = 0;       ///< Of partition and placement.
  unsigned threads = 0;    ///< Of placement; 0: as many as processors. The result does not depend on it.
  mapping::Strategy strategy = mapping::Strategy::Auto;
  std::vector<std::vector<std::string>> sameChip; ///< Sets of populations, by name, that must share a chip.
  std::map<std::string, std::vector<uint32_t>>
      spikes; ///< By population: spikes of each neuron in a recorded run; empty: all alike.
  mapping::Split split = mapping::Split::Off;
  uint32_t synapseCores = 1;                      ///< Of each core (Split::Fixed).
  uint64_t spikeSteps = 0;                        ///< Steps of that run.
  double spikesPerSecond = 0;                     ///< [1/s] That foretold times assume of all others; 0: the chip's.
  std::optional<mapping::CellKnowledge> cells;    ///< Of chips with crossbars; absent: nothing is known of their cells.
  std::function<void(const char *stage)> onStage; ///< Called as each stage begins.
};

/// Findings that go into the image and the reports. JSON texts.
struct CompileReport {
  std::string quantisation, mapping;
  std::string partition; ///< How the network was cut into cores, and what that costs; empty where a mapping was given.
  std::string macros;    ///< How weights lie on macros that are placed by what is known of them; else empty.
  std::vector<std::string> warnings;
};

/// The stage a module is at. Errors: RNV5730 mixed stages.
Result<Stage> stageOf(mlir::ModuleOp module);

/// Registers every dialect that a module of any stage may hold.
void registerDialects(mlir::DialectRegistry &registry);

/// snn -> quantised, in place: time, composition, quantisation or float lowering. The network remembers its target.
Result<void> quantise(mlir::ModuleOp module, const CompileOptions &options, CompileReport &report);

/// Spikes by population name as the mapper takes them. Errors: RNV6070 naming the population that the recording lacks.
Result<mapping::Rates> ratesOf(const mapping::Network &network, const std::map<std::string, std::vector<uint32_t>> &spikes);

/// quantised -> fabric, in place: partition and place (or the user's mapping), written as fabric ops. Errors: those of mapNetwork,
/// parseMapping, populationSets and checkSameChip, among others.
Result<void> map(mlir::ModuleOp module, const CompileOptions &options, CompileReport &report);

/// fabric -> image. `provenance`: JSON text.
Result<image::ImageData> emit(mlir::ModuleOp module, const CompileOptions &options, const std::string &provenance,
                              CompileReport &report);

} // namespace ranvier::compiler

#endif
