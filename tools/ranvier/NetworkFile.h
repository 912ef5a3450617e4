//===- NetworkFile.h - Networks from files ----------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RANVIER_TOOLS_NETWORKFILE_H
#define RANVIER_TOOLS_NETWORKFILE_H

#include "Common.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"
#include "ranvier/HwModels/Chip.h"
#include "ranvier/Network/Network.h"
#include "ranvier/Pipelines/Compile.h"

namespace ranvier::tools {

/// Options of every command that reads a network.
struct NetworkOptions {
  std::string path;
  double dt = 0;                   ///< [s]; 0: from the file.
  std::string reset;               ///< "", zero, subtract, v_reset
  std::string timeUnit;            ///< "" (s), s | ms
  std::vector<std::string> models; ///< Folders of model files, besides the shipped one.

  void addTo(CLI::App &command);
  /// The options that say how a NIR file is read and were given: names, separated by " and "; empty if none.
  std::string readingOptions() const;
  Json toJson() const; ///< For provenance.
  static NetworkOptions fromJson(const Json &json);
};

/// Diagnostics of MLIR on stderr, with the lines of the file they are about, and never into a progress bar.
class Diagnostics;

struct LoadedNetwork {
  LoadedNetwork();
  LoadedNetwork(LoadedNetwork &&);
  ~LoadedNetwork();
  std::unique_ptr<mlir::MLIRContext> context;
  std::unique_ptr<Diagnostics> diagnostics;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  std::vector<std::string> warnings;
  std::string hash; ///< Of the file's bytes.

  /// An error that says what the first of the parser's or verifier's complaints is, and where.
  Error failure(unsigned code, const std::string &message, const std::string &file);
};

/// A NIR file (HDF5), or snn text or bytecode of any stage. Models a text names but does not hold are taken from the model folders.
Result<LoadedNetwork> loadNetwork(const NetworkOptions &options);

/// The only network of a file. Errors: RNV5710, naming the file.
Result<snn::NetworkOp> networkIn(LoadedNetwork &loaded, const NetworkOptions &options);

/// Prints a module as text.
std::string printModule(mlir::ModuleOp module);

/// snn/quantised/fabric stages up to `last`; notes and warnings to the context.
Result<void> runStages(mlir::ModuleOp module, const compiler::CompileOptions &options, compiler::Stage last,
                       compiler::CompileReport &report);

/// Options that decide what is compiled, shared by compile and verify.
struct TargetOptions {
  std::string target;
  std::string faults;                 ///< File of dead parts of the machine.
  std::string faultsHash;             ///< Of its bytes, for provenance.
  std::string compensate;             ///< What makes up for stuck cells; empty: none are known.
  std::optional<unsigned> weightBits; ///< Default: compiler::defaultWeightBits.
  std::string calibrate;              ///< Sample set (HDF5) to record a profile on.
  std::string profileText;            ///< The recorded profile itself.
  std::string profile;                ///< Recorded run (HDF5): its spikes weigh what partition and placement do.
  std::string profileHash;            ///< Of its bytes, for provenance.
  std::string partition = "auto";     ///< auto, sequential or multilevel.
  uint64_t seed = 0;
  std::optional<unsigned> threads;       ///< Of placement; 0: as many as processors. Decides nothing.
  std::vector<std::string> sameChip;     ///< Of --same-chip: each a set of populations, "A,B".
  std::optional<double> spikesPerSecond; ///< Rate that foretold times assume.
  std::string split = "off";             ///< off, auto or a number of synapse cores.

  /// --threads, --same-chip, --spikes-per-second and --split.
  void addPlacement(CLI::App &command);
  std::vector<std::vector<std::string>> sameChipSets() const;
};
/// auto, sequential, multilevel.
mapping::Strategy strategyNamed(const std::string &name);
/// Spikes of each neuron, by population; `steps`: where to write how many the run had. Errors: those of readRecording.
Result<std::map<std::string, std::vector<uint32_t>>> spikesOfRun(const std::string &path, uint64_t *steps = nullptr);

/// The profile of a network on sample input: its `reference` image is run on the samples and the extremes of every state are
/// recorded (JSON text for the quantiser).
Result<std::string> recordProfile(const NetworkOptions &network, const std::string &sampleFile, Context &context);

} // namespace ranvier::tools

#endif
