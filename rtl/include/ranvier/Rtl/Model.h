//===- Model.h - The Verilated chip -----------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Makes a shared object of SystemVerilog, the generated package and rtl/harness, keeps it in a cache under a hash of everything it
// is made of, and drives it. Any edit of a source, another grid, another tool or another flag is another object.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_RTL_MODEL_H
#define RANVIER_RTL_MODEL_H

#include "ranvier/Rtl/Loader.h"
#include <functional>
#include <memory>
#include <span>

namespace ranvier::rtl {

/// The SystemVerilog of a chip with the ports of n1_chip.
struct RtlSources {
  std::vector<std::string> files;       ///< In the order in which they are compiled, n1_pkg.sv (which is generated) left out.
  std::vector<std::string> includeDirs; ///< +incdir+
  std::vector<std::string> defines;     ///< +define+
};
/// What Ranvier ships. Errors: RNV2003 (no such folder), RNV7523.
Result<RtlSources> shippedSources();
/// A list of files: one path a line, from the folder of the list on; `+incdir+DIR`, `+define+NAME[=VALUE]`, comments after // or #,
/// quotes around paths with blanks. A file called n1_pkg.sv is left out: it is generated. Errors: RNV7523 naming line and file.
Result<RtlSources> readFileList(const std::string &path);

/// What a model counts of what it does.
enum class Counting : uint8_t {
  None,
  Bins, ///< Functional bins.
  All   ///< And lines, branches and toggles, as Verilator does: many times slower.
};

struct BuildOptions {
  bool trace = false; ///< Able to write FST waveforms; slower.
  Counting counting = Counting::None;
  /// Where objects are kept; empty: cacheFolder().
  std::string cache = {};
  std::function<void(const std::string &)> note = {}; ///< Told what takes time.
};

/// $RANVIER_RTL_CACHE, else for programs in a build tree its folder rtl-models, else $XDG_CACHE_HOME/ranvier/rtl, else
/// ~/.cache/ranvier/rtl. Errors: RNV7520.
Result<std::string> cacheFolder();

struct ModelFile {
  std::string path;   ///< Of the shared object.
  bool built = false; ///< Now; else it was there.
  double seconds = 0; ///< That building took.
};
/// The object of these sources for this geometry, made if it is not in the cache. Tools: $VERILATOR (verilator), $CXX (g++).
/// Errors: RNV7520 (cache folder), RNV7521 (a tool is missing), RNV7522 (Verilator refuses the sources, or the compiler what it
/// made of them; with the end of what it said), RNV9001.
Result<ModelFile> buildModel(const RtlSources &sources, const Geometry &geometry, const BuildOptions &options);

/// A spike into or out of the chip.
struct ModelInput {
  uint32_t index = 0, payload = 1; ///< Of the host input.
};
struct ModelOutput {
  uint32_t source = 0, payload = 1;
  uint64_t cycle = 0; ///< Of the step, from 1.
};

struct StepOptions {
  uint64_t stallSeed = 0;
  uint32_t stallsOf256 = 0; ///< Each handshake is held up in so many of 256 cycles.
  uint64_t cycleLimit = 0;
  /// A word with a back door: when it changed last in the step.
  std::optional<ConfigWrite> watch = {};
};
struct StepResult {
  bool finished = false;
  uint64_t cycles = 0;
  uint64_t inputsTaken = 0;
  std::vector<ModelOutput> outputs;
  std::optional<uint64_t> watchedChange = {}; ///< Cycle in which the watched word changed last.
};

/// Functional bins of one kind (rtl/harness/Bins.cpp), and how often each was hit.
struct ModelBins {
  std::string name;
  std::vector<std::pair<std::string, uint64_t>> bins;
  bool seen = false; ///< The RTL has the signals that they are found in.
};

class Model {
public:
  /// Loads an object and makes a chip of it, after reset; what reset does not reach starts with random bits from `seed`. Errors:
  /// RNV7524 (cannot be loaded, or is of another geometry or version).
  static Result<std::unique_ptr<Model>> open(const std::string &path, const Geometry &geometry, uint32_t seed);
  virtual ~Model() = default;

  // Through the bus.
  virtual void write(std::span<const ConfigWrite> writes) = 0;
  /// Fills in the words. Errors: RNV7525 (the chip does not answer).
  virtual Result<void> read(std::span<ConfigWrite> reads) = 0;
  // Through the back door. False: there is none to this space.
  virtual bool peek(uint32_t node, Space space, uint32_t first, std::span<uint32_t> words) = 0;
  virtual bool poke(uint32_t node, Space space, uint32_t first, std::span<const uint32_t> words) = 0;

  virtual StepResult step(std::span<const ModelInput> inputs, const StepOptions &options) = 0;
  /// False: built without trace, or the file cannot be made.
  virtual bool openTrace(const std::string &path) = 0;
  virtual void closeTrace() = 0;
  /// Verilator's data; false: built without.
  virtual bool writeCoverage(const std::string &path) = 0;
  /// Since the model was made; empty if it was built without.
  virtual std::vector<ModelBins> bins() = 0;
  /// Why the simulation ended itself; empty if it did not.
  virtual std::string failure() = 0;
};

/// Writes all memories: through the back door where there is one and `bus` does not say otherwise, else through the bus; the
/// registers through the bus.
void loadMemories(Model &model, const Memories &memories, bool bus = false);

} // namespace ranvier::rtl

#endif
