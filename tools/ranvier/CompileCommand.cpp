//===- CompileCommand.cpp - `ranvier compile` -----------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "CalibrateMacros.h"
#include "NetworkFile.h"
#include "Provenance.h"
#include "RunReport.h"
#include "StageClock.h"
#include "TableReport.h"
#include "ranvier/HwModels/CellFaults.h"
#include "ranvier/Mapping/Crossbars.h"
#include "ranvier/Network/Network.h"
#include "ranvier/Support/File.h"
#include "ranvier/Support/Text.h"
#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

using namespace ranvier;
using namespace ranvier::tools;
using compiler::Stage;

namespace {
struct CompileFlags {
  NetworkOptions network;
  TargetOptions target;
  std::string output, emit = "image", mapping;
  std::string cellFaults; ///< --faults, where it speaks of cells.
  std::optional<std::string> compensate;
  std::optional<unsigned> weightBits;
  std::optional<uint64_t> seed;
  std::optional<std::string> partition;
};

Stage stageNamed(const std::string &name) {
  return name == "snn" ? Stage::Snn : name == "quantised" ? Stage::Quantised : name == "fabric" ? Stage::Fabric : Stage::Image;
}

std::string summary(const Json &mapping, const std::string &chip) {
  std::string text;
  if (mapping.contains("cores") && mapping.contains("chips"))
    text += "cores          " + mapping["cores"]["used"].dump() + " of " + chip + " on " + mapping["chips"]["used"].dump() +
            " chip(s)\n";
  if (mapping.contains("faults"))
    text += "dead           " + mapping["faults"]["chips"].dump() + " chips, " + mapping["faults"]["cores"].dump() + " cores, " +
            mapping["faults"]["links"].dump() + " links of the machine\n";
  if (mapping.contains("same_chip"))
    for (const Json &set : mapping["same_chip"]) {
      text += "same chip      ";
      for (size_t i = 0; i < set["populations"].size(); ++i)
        text += (i ? ", " : "") + set["populations"][i].get<std::string>();
      text += ": chip " + set["chip"].dump() + ", " + counted(set["cores"].get<uint64_t>(), "core") + "\n";
    }
  return text + "limited by     " + bindingLimit(mapping) + "\n" + memoryLines(mapping) + loadLines(mapping);
}

std::string reportPartners(const mapping::FaultReport &faults, Json &result) {
  result["cell_faults"] = {{"stuck", faults.stuck},
                           {"weights", faults.weights},
                           {"wrong", faults.wrong},
                           {"error_before", faults.before},
                           {"error_after", faults.after}};
  return "stuck cells    " + std::to_string(faults.stuck) + " in " + counted(faults.weights, "weight") + ", of which " +
         std::to_string(faults.wrong) + " stay wrong (summed error " + decimal(faults.after) + " of " + decimal(faults.before) +
         ")\n";
}

/// Of macros whose weights were placed; the errors of all together are weighted by their columns.
std::string reportMacros(const std::string &text, Json &result) {
  const auto macros = parseJson(text, "macros");
  if (!macros)
    return "";
  uint64_t stuck = 0, rows = 0;
  double before = 0, after = 0, columns = 0;
  for (const Json &macro : *macros) {
    stuck += macro["stuck_cells"].get<uint64_t>();
    rows += macro["repair_rows"].get<uint64_t>();
    const double width = macro["columns"].get<double>(), plain = macro["error_levels"]["plain"].get<double>(),
                 repaired = macro["error_levels"]["repaired"].get<double>();
    columns += width;
    before += width * plain * plain;
    after += width * repaired * repaired;
  }
  result["macros"] = *macros;
  if (stuck == 0)
    return "";
  return "stuck cells    " + std::to_string(stuck) + " in " + counted(macros->size(), "macro") + "; error of a column " +
         decimal(std::sqrt(after / std::max(columns, 1.0))) + " of " + decimal(std::sqrt(before / std::max(columns, 1.0))) +
         " levels, " + counted(rows, "repair row") + "\n";
}

const char *stageName(Stage stage) {
  const char *names[] = {"snn", "quantised", "fabric", "image"};
  return names[static_cast<int>(stage)];
}

/// Options that decide a stage the compilation does not pass through: an error where the file has that stage behind it (it then
/// holds other decisions), a warning where the user asked to stop before.
Result<void> checkStages(const Context &context, const CompileFlags &flags, Stage at, Stage last, const hw::Chip *chip,
                         std::vector<std::string> &warnings) {
  const struct {
    const char *name;
    bool given;
    Stage decides;
    bool integerOnly;
  } options[] = {{"--weight-bits", flags.weightBits.has_value(), Stage::Quantised, true},
                 {"--calibrate", !flags.target.calibrate.empty(), Stage::Quantised, true},
                 {"--mapping", !flags.mapping.empty(), Stage::Fabric, false},
                 {"--partition", flags.partition.has_value(), Stage::Fabric, false},
                 {"--profile", !flags.target.profile.empty(), Stage::Fabric, false},
                 {"--seed", flags.seed.has_value(), Stage::Fabric, false},
                 {"--same-chip", !flags.target.sameChip.empty(), Stage::Fabric, false},
                 {"--threads", flags.target.threads.has_value(), Stage::Fabric, false},
                 {"--split", flags.target.split != "off", Stage::Fabric, false},
                 {"--spikes-per-second", flags.target.spikesPerSecond.has_value(), Stage::Fabric, false},
                 {"--faults", !flags.target.faults.empty(), Stage::Fabric, false},
                 {"--faults", !flags.cellFaults.empty(), Stage::Image, false},
                 {"--compensate", flags.compensate.has_value(), Stage::Image, false}};
  for (const auto &option : options) {
    if (!option.given)
      continue;
    // What is placed already is held against the faults, and the image carries them.
    if (at >= option.decides && option.name != std::string("--faults")) {
      Error refused =
          pointlessOption(option.name, std::string("the network has passed the stage '") + stageName(option.decides) + "'");
      refused.file = flags.network.path;
      if (option.decides == Stage::Fabric && option.name == std::string("--mapping"))
        refused.code = 8042;
      return refused;
    }
    if (option.integerOnly && chip && chip->profile == isa::Profile::F32)
      return pointlessOption(option.name, "'" + chip->name + "' computes in binary32 and quantises nothing");
    // A placed network that stays one is neither placed nor held against faults.
    if (last < option.decides || (at == Stage::Fabric && last == Stage::Fabric)) {
      warnings.push_back(std::string(option.name) + " has no effect: compilation " +
                         (last < option.decides ? "stops" : "starts and ends") + " at '" + stageName(last) + "'");
      context.warn(warnings.back());
    }
  }
  for (const auto &[name, given] :
       {std::pair("--seed", flags.seed.has_value()), std::pair("--partition", flags.partition.has_value()),
        std::pair("--profile", !flags.target.profile.empty()), std::pair("--threads", flags.target.threads.has_value()),
        std::pair("--split", flags.target.split != "off")})
    if (given && !flags.mapping.empty())
      return pointlessOption(name, "--mapping leaves nothing to place");
  return {};
}

/// The stuck cells of --faults, and how weights are placed by them unless the other cell of a pair is all that makes up for them.
Result<void> knowCells(CompileFlags &flags, compiler::CompileOptions &options, hw::CellFaults &stuck) {
  if (flags.cellFaults.empty())
    return flags.compensate ? Result<void>(pointlessOption("--compensate", "no stuck cells are known (--faults)")) : Result<void>();
  RANVIER_TRY(stuck, hw::cellFaultsOf(flags.cellFaults, options.chip));
  const auto bytes = readFile(flags.cellFaults);
  flags.target.faultsHash = contentHash(bytes ? *bytes : flags.cellFaults);
  const bool single = options.chip.crossbar->form == hw::Crossbar::Form::Pair;
  flags.target.compensate = flags.compensate.value_or(single ? "repair" : "partners");
  if (flags.target.compensate != "partners")
    options.cells = mapping::CellKnowledge{.faults = stuck, .how = {.repair = flags.target.compensate == "repair"}};
  return {};
}

Result<void> compile(Context &context, CompileFlags flags) {
  RANVIER_CHECK(checkOutput(flags.output, {flags.network.path, flags.target.calibrate, flags.mapping, flags.target.target,
                                           flags.target.faults, flags.target.profile}));
  if (hw::speaksOfCells(flags.target.faults))
    std::swap(flags.cellFaults, flags.target.faults);
  StageClock clock;
  const auto begin = [&](const std::string &stage) {
    clock.begin(stage);
    context.progress->phase("compile: " + stage);
  };
  begin("read");
  RANVIER_TRY(LoadedNetwork loaded, loadNetwork(flags.network));
  for (const auto &warning : loaded.warnings)
    context.warn(warning);
  RANVIER_TRY(auto network, networkIn(loaded, flags.network));
  RANVIER_TRY(const Stage at, compiler::stageOf(*loaded.module));
  // A resumed stage remembers its target.
  if (flags.target.target.empty() && network.getTarget())
    flags.target.target = network.getTarget()->str();
  const Stage last = stageNamed(flags.emit);
  if (at > last)
    return Error{.code = 8044,
                 .message = "the network is past the stage asked for",
                 .file = flags.network.path,
                 .expected = flags.emit,
                 .found = stageName(at),
                 .kind = ErrorKind::Usage};
  if (flags.target.target.empty() && last != Stage::Snn)
    return Error{.code = 8040,
                 .message = "no target",
                 .file = flags.network.path,
                 .hint = "--target NAME (see `ranvier targets`) or a chip's YAML file",
                 .kind = ErrorKind::Usage};
  if (network.getTarget() && *network.getTarget() != flags.target.target)
    return Error{.code = 8041,
                 .message = "the network was quantised for another target",
                 .file = flags.network.path,
                 .expected = network.getTarget()->str(),
                 .found = flags.target.target,
                 .kind = ErrorKind::Usage};
  flags.target.weightBits = flags.weightBits;
  flags.target.seed = flags.seed.value_or(flags.target.seed);
  flags.target.partition = flags.partition.value_or(flags.target.partition);
  compiler::CompileReport report;
  compiler::CompileOptions options;
  hw::CellFaults stuck;
  std::vector<std::string> ineffective;
  if (last == Stage::Snn) {
    RANVIER_CHECK(checkStages(context, flags, at, last, nullptr, ineffective));
  } else {
    RANVIER_TRY(options, makeCompileOptions(flags.target));
    flags.target.weightBits = options.weightBits;
    RANVIER_CHECK(knowCells(flags, options, stuck));
    if (!flags.target.faults.empty()) {
      RANVIER_TRY(const std::string bytes, readFile(flags.target.faults));
      flags.target.faultsHash = contentHash(bytes);
    }
    RANVIER_CHECK(checkStages(context, flags, at, last, &options.chip, ineffective));
    if (!flags.mapping.empty()) {
      RANVIER_TRY(options.mappingText, readFile(flags.mapping));
      options.mappingFile = flags.mapping;
      RANVIER_CHECK(parseJson(options.mappingText, flags.mapping)); // An empty text would mean no mapping to the library.
    }
    if (!flags.target.calibrate.empty()) {
      begin("calibrate");
      RANVIER_TRY(flags.target.profileText, recordProfile(flags.network, flags.target.calibrate, context));
      options.calibration = flags.target.profileText;
    }
    if (!flags.target.profile.empty() && last >= Stage::Fabric) {
      RANVIER_TRY(const std::string bytes, readFile(flags.target.profile));
      flags.target.profileHash = contentHash(bytes);
      RANVIER_TRY(options.spikes, spikesOfRun(flags.target.profile, &options.spikeSteps));
    }
    options.onStage = [&](const char *stage) {
      context.note(std::string("  ") + stage);
      begin(stage);
    };
    RANVIER_CHECK(runStages(*loaded.module, options, last, report));
  }
  for (const auto &warning : report.warnings)
    context.warn(warning);
  Json result = {{"command", "compile"},
                 {"output", fileName(flags.output)},
                 {"stage", flags.emit},
                 {"network", network.getSymName().str()},
                 {"target", flags.target.target}};
  std::string text = "network        " + network.getSymName().str() + "\n";
  if (last == Stage::Image) {
    const std::string provenance = makeProvenance(flags.network, loaded.hash, flags.target, options.mappingText);
    RANVIER_TRY(image::ImageData data, compiler::emit(*loaded.module, options, provenance, report));
    if (options.chip.crossbar && !flags.target.calibrate.empty())
      RANVIER_CHECK(calibrateMacros(data, options.chip, flags.target.calibrate, context));
    if (!flags.cellFaults.empty() && !options.cells)
      text += reportPartners(mapping::compensateFaults(data, options.chip, stuck), result);
    else if (!report.macros.empty()) // Without --faults by what wires take alone.
      text += reportMacros(report.macros, result);
    begin("validate");
    if (auto valid = image::validate(data); !valid) {
      valid.error().hint =
          "an error of the compiler, please report it" + (valid.error().hint.empty() ? "" : "; " + valid.error().hint);
      return std::move(valid.error());
    }
    begin("write");
    RANVIER_CHECK(image::write(data, flags.output));
  } else {
    begin("write");
    RANVIER_CHECK(writeFileAtomically(flags.output, printModule(*loaded.module)));
  }
  clock.end();
  result["seconds"] = clock.json();
  Json warnings = loaded.warnings;
  for (const auto *more : {&ineffective, &report.warnings})
    for (const std::string &warning : *more)
      warnings.push_back(warning);
  result["warnings"] = warnings;
  if (auto mapping = parseJson(report.mapping, "mapping")) {
    result["mapping"] = *mapping;
    text += summary(*mapping, options.chip.name);
  }
  if (auto partition = parseJson(report.partition, "partition"))
    result["partition"] = *partition;
  if (auto quantisation = parseJson(report.quantisation, "quantisation"))
    result["quantisation"] = *quantisation;
  if (auto semantics = network.getSemantics())
    if (auto parsed = parseJson(semantics->str(), "semantics"))
      result["semantics"] = *parsed;
  text += "seconds        " + clock.text() + "\n";
  context.print(result, text + "written        " + flags.output + "\n");
  return {};
}
} // namespace

void tools::addCompile(CLI::App &app, Context &context) {
  auto flags = std::make_shared<CompileFlags>();
  CLI::App *command =
      addCommand(app, context, "compile", "Compile a network for a target",
                 "  ranvier compile network.nir --target loihi1 -o network.rvi\n"
                 "  ranvier compile network.nir --target loihi1 --calibrate samples.h5 --weight-bits 6 -o network.rvi\n"
                 "  ranvier compile network.nir --target loihi1 --emit quantised -o network.quantised.mlir\n"
                 "  ranvier compile network.quantised.mlir -o network.rvi\n"
                 "  ranvier compile network.nir --target loihi1 --faults board7.yaml -o network.rvi",
                 [&context, flags] { return compile(context, *flags); });
  flags->network.addTo(*command);
  command->add_option("--target", flags->target.target, "Shipped chip, or a chip's YAML file");
  command->add_option("-o,--output", flags->output, "File to write")->required();
  command->add_option("--emit", flags->emit, "Stop after a stage and write it: snn, quantised, fabric (text), image")
      ->check(CLI::IsMember({"snn", "quantised", "fabric", "image"}))
      ->capture_default_str();
  command
      ->add_option("--weight-bits", flags->weightBits,
                   "Magnitude bits of weights on integer targets, 1 to 8; default: 8 (chips with ring buffers: all they have)")
      ->check(CLI::Range(1, 8));
  command->add_option("--calibrate", flags->target.calibrate,
                      "Sample set (HDF5, input_spikes [S,T,N]) to choose scales by, and ranges of converters; default: by range");
  command->add_option(
      "--faults", flags->target.faults,
      "YAML file of dead chips, cores and links, which the mapping avoids; default: those of the chip's own file. On a "
      "chip with crossbars also stuck cells, for which others make up: rate=R,seed=S, low=L,high=H,seed=S, or a file of "
      "format ranvier-cell-faults");
  command
      ->add_option(
          "--compensate", flags->compensate,
          "What makes up for stuck cells that --faults names: partners (the other cell of a pair), move (rows, columns and "
          "signs too), repair (rows left over carry what is still missing, too); default: repair where weights are single pairs, "
          "else partners")
      ->check(CLI::IsMember({"partners", "move", "repair"}));
  command->add_option("--mapping", flags->mapping, "JSON file that says which neurons go to which core");
  command
      ->add_option(
          "--partition", flags->partition,
          "How neurons are cut into cores: sequential (in order), multilevel (searches long for the least spikes x hops), auto "
          "(a short search up to 1.5 million synapses); default: auto")
      ->check(CLI::IsMember({"auto", "sequential", "multilevel"}));
  command->add_option("--profile", flags->target.profile,
                      "Recorded run (HDF5 of `run -o`) whose spikes say what messages weigh; default: all neurons alike");
  flags->target.addPlacement(*command);
  command->add_option("--seed", flags->seed, "Seed of partition and placement; default: 0");
}
