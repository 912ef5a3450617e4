//===- NetworkFile.cpp - Networks from files ------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "NetworkFile.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"
#include "ranvier/Formats/Recording.h"
#include "ranvier/Frontend/ModelLibrary.h"
#include "ranvier/Frontend/NirImport.h"
#include "ranvier/Network/Network.h"
#include "ranvier/Support/File.h"
#include "ranvier/Support/Text.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/raw_ostream.h"
#include <charconv>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

using namespace ranvier;
using namespace ranvier::tools;

void NetworkOptions::addTo(CLI::App &command) {
  command.add_option("network", path, "NIR file, or snn text or bytecode")->required();
  command.add_option("--dt", dt, "Time step of a NIR file [s]; default: tau/r where the file implies it, else 1e-4 with a warning")
      ->check(CLI::Validator(
          [](std::string &text) {
            double value = 0;
            const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
            const bool right = error == std::errc() && end == text.data() + text.size() && std::isfinite(value) && value > 0;
            return right ? std::string() : "expected a positive number of seconds, found '" + text + "'";
          },
          "POSITIVE"));
  command.add_option("--reset", reset, "After a spike v becomes 0, v - threshold or v_reset; default: as the file says (v_reset)")
      ->check(CLI::IsMember({"zero", "subtract", "v_reset"}));
  command.add_option("--time-unit", timeUnit, "Unit of a NIR file's time constants; default: s")->check(CLI::IsMember({"s", "ms"}));
  // One folder an option: a list would swallow the file that follows.
  command.add_option("--models", models, "Folder with neuron models (*.mlir), besides the shipped ones; may be repeated")
      ->allow_extra_args(false);
}

std::string NetworkOptions::readingOptions() const {
  std::string out;
  for (const auto &[name, given] :
       {std::pair("--dt", dt > 0), std::pair("--reset", !reset.empty()), std::pair("--time-unit", !timeUnit.empty())})
    if (given)
      out += (out.empty() ? "" : " and ") + std::string(name);
  return out;
}

Json NetworkOptions::toJson() const {
  Json out = Json::object();
  if (dt > 0)
    out["dt"] = dt;
  if (!reset.empty())
    out["reset"] = reset;
  if (!timeUnit.empty())
    out["time_unit"] = timeUnit;
  return out;
}

NetworkOptions NetworkOptions::fromJson(const Json &json) {
  NetworkOptions out;
  if (!json.is_object())
    return out;
  if (auto at = json.find("dt"); at != json.end() && at->is_number())
    out.dt = at->get<double>();
  if (auto at = json.find("reset"); at != json.end() && at->is_string())
    out.reset = at->get<std::string>();
  if (auto at = json.find("time_unit"); at != json.end() && at->is_string())
    out.timeUnit = at->get<std::string>();
  return out;
}

//===--- Diagnostics -------------------------------------------------------===//

class tools::Diagnostics {
public:
  explicit Diagnostics(mlir::MLIRContext *context)
      : handler(sources, context, out), listener(context, [this](mlir::Diagnostic &diagnostic) {
          if (diagnostic.getSeverity() == mlir::DiagnosticSeverity::Error && !first)
            first = {placeOf(diagnostic.getLocation()), diagnostic.str()};
          return mlir::failure(); // Printed by the handler before.
        }) {}
  /// Place and text of the first error since the last call; empty if there was none.
  std::pair<std::string, std::string> takeFirst() {
    return std::exchange(first, {}).value_or(std::pair<std::string, std::string>());
  }

private:
  struct Stderr final : llvm::raw_ostream {
    ~Stderr() override { flush(); }
    void write_impl(const char *data, size_t size) override {
      Progress::clearLine();
      std::fputs(printable({data, size}).c_str(), stderr);
      written += size;
    }
    uint64_t current_pos() const override { return written; }
    uint64_t written = 0;
  };
  static std::string placeOf(mlir::Location location) {
    const auto at = location->findInstanceOf<mlir::FileLineColLoc>();
    return at && at.getLine() ? "line " + std::to_string(at.getLine()) + ", column " + std::to_string(at.getColumn()) : "";
  }
  Stderr out;
  llvm::SourceMgr sources;
  mlir::SourceMgrDiagnosticHandler handler;
  std::optional<std::pair<std::string, std::string>> first;
  mlir::ScopedDiagnosticHandler listener;
};

LoadedNetwork::LoadedNetwork() = default;
LoadedNetwork::LoadedNetwork(LoadedNetwork &&) = default;
LoadedNetwork::~LoadedNetwork() = default;

Error LoadedNetwork::failure(unsigned code, const std::string &message, const std::string &file) {
  auto [place, diagnostic] = diagnostics->takeFirst();
  return {
      .code = code, .message = message + (diagnostic.empty() ? "" : ": " + diagnostic), .file = file, .place = std::move(place)};
}

namespace {
/// The shipped folder, then the user's: a later folder overrides.
Result<std::vector<std::string>> modelFolders(const NetworkOptions &options) {
  RANVIER_TRY(std::string shipped, hw::dataFolder("models"));
  std::vector<std::string> folders{shipped};
  folders.insert(folders.end(), options.models.begin(), options.models.end());
  return folders;
}

/// Copies models that populations name, and rules that plasticities and rewirings name, from the model files where the module lacks
/// them.
Result<void> linkModels(mlir::ModuleOp module, const NetworkOptions &options,
                        std::vector<mlir::OwningOpRef<mlir::ModuleOp>> &keep) {
  std::vector<std::string> missing;
  module.walk([&](snn::PopulationOp population) {
    if (!module.lookupSymbol(population.getModel()) && llvm::find(missing, population.getModel().str()) == missing.end())
      missing.push_back(population.getModel().str());
  });
  module.walk([&](snn::PlasticityOp plasticity) {
    if (!module.lookupSymbol(plasticity.getRule()) && llvm::find(missing, plasticity.getRule().str()) == missing.end())
      missing.push_back(plasticity.getRule().str());
  });
  module.walk([&](snn::RewiringOp rewiring) {
    if (!module.lookupSymbol(rewiring.getRule()) && llvm::find(missing, rewiring.getRule().str()) == missing.end())
      missing.push_back(rewiring.getRule().str());
  });
  if (missing.empty())
    return {};
  RANVIER_TRY(auto folders, modelFolders(options));
  mlir::OpBuilder builder = mlir::OpBuilder::atBlockBegin(module.getBody());
  std::vector<std::string> files;
  for (const auto &folder : folders) {
    std::error_code error;
    std::vector<std::string> here;
    for (const auto &entry : std::filesystem::directory_iterator(folder, error))
      if (entry.path().extension() == ".mlir")
        here.push_back(entry.path().string());
    if (error)
      return Error{.code = 8010, .message = "cannot read the model folder", .file = folder, .found = error.message()};
    std::sort(here.begin(), here.end());
    files.insert(files.begin(), here.begin(), here.end());
  }
  for (const auto &file : files) {
    auto parsed = mlir::parseSourceFile<mlir::ModuleOp>(file, module.getContext());
    if (!parsed)
      return Error{.code = 8011, .message = "the model file does not parse (see the diagnostics above)", .file = file};
    for (mlir::Operation &op : *parsed->getBody()) {
      auto symbol = llvm::dyn_cast<mlir::SymbolOpInterface>(op);
      if (!symbol || !llvm::isa<snn::ModelOp, snn::RuleOp, snn::RewiringRuleOp>(op))
        continue;
      if (auto at = llvm::find(missing, symbol.getName().str()); at != missing.end()) {
        builder.clone(op);
        missing.erase(at);
      }
    }
    keep.push_back(std::move(parsed));
  }
  return {}; // A model still missing is the verifier's to report, at its population.
}

/// Not an HDF5 file, then: whether it can be snn text or bytecode.
bool canBeSnn(std::string_view bytes) {
  constexpr std::string_view bytecode = "ML\xefR";
  return bytes.starts_with(bytecode) || bytes.find('\0') == std::string_view::npos;
}

Result<LoadedNetwork> loadText(LoadedNetwork loaded, const NetworkOptions &options, std::string_view bytes) {
  if (!canBeSnn(bytes)) // Else the parser would show the terminal what it stumbles over.
    return Error{.code = 8011,
                 .message = "the file is no network",
                 .file = options.path,
                 .expected = "NIR (HDF5), snn text or MLIR bytecode",
                 .found = "bytes of another format"};
  if (const std::string given = options.readingOptions(); !given.empty())
    return Error{.code = 8012,
                 .message = given + " can only say how a NIR file is read; this file says it itself",
                 .file = options.path,
                 .expected = "a NIR file (HDF5)",
                 .found = "a text or bytecode",
                 .kind = ErrorKind::Usage};
  mlir::ParserConfig config(loaded.context.get(), /*verifyAfterParse=*/false);
  loaded.module = mlir::parseSourceString<mlir::ModuleOp>(bytes, config, options.path); // A pipe can be read once only.
  if (!loaded.module)
    return loaded.failure(8011, "the file does not parse as snn text or bytecode", options.path);
  std::vector<mlir::OwningOpRef<mlir::ModuleOp>> keep;
  RANVIER_CHECK(linkModels(*loaded.module, options, keep));
  if (failed(mlir::verify(*loaded.module)))
    return loaded.failure(8013, "the network does not verify", options.path);
  return loaded;
}
} // namespace

Result<LoadedNetwork> tools::loadNetwork(const NetworkOptions &options) {
  LoadedNetwork loaded;
  mlir::DialectRegistry registry;
  compiler::registerDialects(registry);
  loaded.context = std::make_unique<mlir::MLIRContext>(registry, mlir::MLIRContext::Threading::DISABLED);
  loaded.context->loadAllAvailableDialects();
  loaded.diagnostics = std::make_unique<Diagnostics>(loaded.context.get());
  for (const std::string &folder : options.models)
    if (std::error_code failure; !std::filesystem::is_directory(folder, failure))
      return Error{.code = 8010,
                   .message = "cannot read the model folder",
                   .file = folder,
                   .found = failure ? failure.message() : "no folder"};
  RANVIER_TRY(std::string bytes, readFile(options.path));
  loaded.hash = contentHash(bytes);
  if (!std::string_view(bytes).starts_with("\x89HDF\r\n\x1a\n"))
    return loadText(std::move(loaded), options, bytes);
  frontend::NirImportOptions import;
  if (options.dt > 0)
    import.dt = options.dt;
  import.reset = options.reset == "zero"       ? frontend::Reset::Zero
                 : options.reset == "subtract" ? frontend::Reset::Subtract
                 : options.reset == "v_reset"  ? frontend::Reset::VReset
                                               : frontend::Reset::FileDefault;
  import.timeUnit = options.timeUnit == "ms" ? frontend::TimeUnit::Milliseconds : frontend::TimeUnit::Seconds;
  RANVIER_TRY(import.modelFolders, modelFolders(options));
  std::string stem = std::filesystem::path(options.path).stem().string();
  import.networkName = stem.empty() ? "network" : stem;
  RANVIER_TRY(auto imported, frontend::importNirFile(options.path, loaded.context.get(), import));
  loaded.module = std::move(imported.module);
  loaded.warnings = std::move(imported.warnings);
  return loaded;
}

Result<snn::NetworkOp> tools::networkIn(LoadedNetwork &loaded, const NetworkOptions &options) {
  auto network = compiler::theNetwork(*loaded.module);
  if (!network && network.error().file.empty())
    network.error().file = options.path;
  return network;
}

std::string tools::printModule(mlir::ModuleOp module) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  module->print(stream);
  stream << "\n";
  return text;
}

mapping::Strategy tools::strategyNamed(const std::string &name) {
  return name == "sequential"   ? mapping::Strategy::Sequential
         : name == "multilevel" ? mapping::Strategy::Multilevel
                                : mapping::Strategy::Auto;
}

Result<std::map<std::string, std::vector<uint32_t>>> tools::spikesOfRun(const std::string &path, uint64_t *steps) {
  RANVIER_TRY(const formats::Recording recording, formats::readRecording(path));
  if (steps)
    *steps = recording.steps;
  std::map<std::string, std::vector<uint32_t>> spikes;
  for (const auto &population : recording.populations) {
    std::vector<uint32_t> &counts = spikes[population.name];
    counts.assign(population.count, 0);
    for (uint32_t neuron : population.spikeNeurons)
      ++counts[neuron];
  }
  return spikes;
}

void TargetOptions::addPlacement(CLI::App &command) {
  command
      .add_option(
          "--same-chip", sameChip,
          "Populations that must share a chip, separated by commas; may be repeated, and sets with a population in common are "
          "one set")
      ->type_name("A,B,...")
      ->allow_extra_args(false);
  command
      .add_option("--threads", threads, "Threads of placement; 0: all processors. The result does not depend on them; default: 0")
      ->check(CLI::Range(0u, 256u));
  command
      .add_option(
          "--spikes-per-second", spikesPerSecond,
          "Rate of every neuron, and of inputs that say none, for the times of a step that are foretold on chips with memories; "
          "default: the chip's")
      ->check(CLI::Range(0.001, 1e6));
  command
      .add_option(
          "--split", split,
          "Synapse cores beside cores with neurons, on chips with memories: off, auto (smaller cores and synapse cores where a "
          "core would work longer than a time step), or a number for each core; never changes a spike; default: off")
      ->check(CLI::IsMember({"off", "auto"}) | CLI::Range(1, 255));
}

std::vector<std::vector<std::string>> TargetOptions::sameChipSets() const {
  std::vector<std::vector<std::string>> sets;
  for (const std::string &given : sameChip) {
    sets.emplace_back();
    for (size_t at = 0, end = 0; end != std::string::npos; at = end + 1) {
      end = given.find(',', at);
      sets.back().push_back(given.substr(at, end == std::string::npos ? end : end - at));
    }
  }
  return sets;
}

Result<void> tools::runStages(mlir::ModuleOp module, const compiler::CompileOptions &options, compiler::Stage last,
                              compiler::CompileReport &report) {
  using compiler::Stage;
  RANVIER_TRY(Stage at, compiler::stageOf(module));
  if (at == Stage::Snn && last >= Stage::Quantised)
    RANVIER_CHECK(compiler::quantise(module, options, report));
  if (at <= Stage::Quantised && last >= Stage::Fabric)
    RANVIER_CHECK(compiler::map(module, options, report));
  return {};
}
