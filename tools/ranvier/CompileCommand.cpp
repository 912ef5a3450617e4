//===- CompileCommand.cpp - `ranvier compile` -----------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "NetworkFile.h"
#include "RunReport.h"
#include "Provenance.h"
#include "ranvier/Network/Network.h"
#include "ranvier/Support/File.h"
#include <nlohmann/json.hpp>

using namespace ranvier;
using namespace ranvier::tools;
using compiler::Stage;

namespace {
struct CompileFlags {
  NetworkOptions network;
  TargetOptions target;
  std::string output, emit = "image", mapping;
  unsigned threads = 1;
};

Stage stageNamed(const std::string &name) {
  return name == "snn" ? Stage::Snn : name == "quantised" ? Stage::Quantised : name == "fabric" ? Stage::Fabric : Stage::Image;
}

std::string summary(const Json &mapping, const std::string &chip) {
  std::string text;
  if (mapping.contains("cores") && mapping.contains("chips"))
    text += "cores          " + mapping["cores"]["used"].dump() + " of " + chip + " on " + mapping["chips"]["used"].dump() + " chip(s)\n";
  return text + "limited by     " + bindingLimit(mapping) + "\n";
}

Result<void> compile(Context &context, CompileFlags flags) {
  RANVIER_TRY(LoadedNetwork loaded, loadNetwork(flags.network));
  for (const auto &warning : loaded.warnings)
    context.warn(warning);
  RANVIER_TRY(auto network, compiler::theNetwork(*loaded.module));
  // A resumed stage remembers its target.
  if (flags.target.target.empty() && network.getTarget())
    flags.target.target = network.getTarget()->str();
  const Stage last = stageNamed(flags.emit);
  if (flags.target.target.empty() && last != Stage::Snn)
    return Error{.code = 8040, .message = "no target", .file = flags.network.path, .hint = "--target NAME (see `ranvier targets`) or a chip's YAML file"};
  if (network.getTarget() && *network.getTarget() != flags.target.target)
    return Error{.code = 8041, .message = "the network was quantised for another target", .file = flags.network.path, .expected = network.getTarget()->str(),
                 .found = flags.target.target};
  compiler::CompileReport report;
  compiler::CompileOptions options;
  if (last != Stage::Snn) {
    if (!flags.target.calibrate.empty()) {
      RANVIER_TRY(flags.target.profileText, recordProfile(flags.network, flags.target.calibrate, context));
    }
    RANVIER_TRY(options, makeCompileOptions(flags.target));
    if (!flags.mapping.empty()) {
      RANVIER_TRY(options.mappingText, readFile(flags.mapping));
      options.mappingFile = flags.mapping;
    }
    options.threads = flags.threads;
    options.onStage = [&](const char *stage) { context.note(std::string("  ") + stage); };
    RANVIER_TRY(Stage at, compiler::stageOf(*loaded.module));
    if (at == Stage::Fabric && !flags.mapping.empty())
      return Error{.code = 8042, .message = "--mapping given for a network that is already mapped", .file = flags.network.path};
    RANVIER_CHECK(runStages(*loaded.module, options, last, report));
  }
  for (const auto &warning : report.warnings)
    context.warn(warning);
  Json result = {{"command", "compile"}, {"output", fileName(flags.output)}, {"stage", flags.emit}, {"network", network.getSymName().str()},
                 {"target", flags.target.target}};
  std::string text = "network        " + network.getSymName().str() + "\n";
  if (last == Stage::Image) {
    const std::string provenance = makeProvenance(flags.network, loaded.hash, flags.target, options.mappingText);
    RANVIER_TRY(image::ImageData data, compiler::emit(*loaded.module, options, provenance, report));
    RANVIER_CHECK(image::write(data, flags.output));
  } else {
    RANVIER_CHECK(writeFileAtomically(flags.output, printModule(*loaded.module)));
  }
  Json warnings = loaded.warnings;
  for (const auto &warning : report.warnings)
    warnings.push_back(warning);
  result["warnings"] = warnings;
  if (auto mapping = parseJson(report.mapping, "mapping")) {
    result["mapping"] = *mapping;
    text += summary(*mapping, options.chip.name);
  }
  if (auto quantisation = parseJson(report.quantisation, "quantisation"))
    result["quantisation"] = *quantisation;
  if (auto semantics = network.getSemantics())
    if (auto parsed = parseJson(semantics->str(), "semantics"))
      result["semantics"] = *parsed;
  context.print(result, text + "written        " + flags.output + "\n");
  return {};
}
} // namespace

void tools::addCompile(CLI::App &app, Context &context) {
  auto flags = std::make_shared<CompileFlags>();
  CLI::App *command = addCommand(app, context, "compile", "Compile a network for a target",
                                 "  ranvier compile network.nir --target loihi1 -o network.rvi\n"
                                 "  ranvier compile network.nir --target loihi1 --calibrate samples.h5 --weight-bits 6 -o network.rvi\n"
                                 "  ranvier compile network.nir --target loihi1 --emit quantised -o network.quantised.mlir\n"
                                 "  ranvier compile network.quantised.mlir -o network.rvi",
                                 [&context, flags] { return compile(context, *flags); });
  flags->network.addTo(*command);
  command->add_option("--target", flags->target.target, "Shipped chip, or a chip's YAML file");
  command->add_option("-o,--output", flags->output, "File to write")->required();
  command->add_option("--emit", flags->emit, "Stop after a stage and write it: snn, quantised, fabric (text), image")
      ->check(CLI::IsMember({"snn", "quantised", "fabric", "image"}))->capture_default_str();
  command->add_option("--weight-bits", flags->target.weightBits, "Magnitude bits of weights on integer targets")->check(CLI::Range(1, 8))->capture_default_str();
  command->add_option("--calibrate", flags->target.calibrate, "Sample set (HDF5, input_spikes [S,T,N]) to choose scales by; default: by range");
  command->add_option("--mapping", flags->mapping, "JSON file that says which neurons go to which core");
  command->add_option("--seed", flags->target.seed, "Seed of placement")->capture_default_str();
  command->add_option("--threads", flags->threads, "Threads of the mapper; the result does not depend on it")->capture_default_str();
}
