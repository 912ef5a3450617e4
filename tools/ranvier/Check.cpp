//===- Check.cpp - `ranvier check` ----------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/Check/Check.h"
#include "NetworkFile.h"
#include "Provenance.h"
#include "TableReport.h"
#include "ranvier/Network/Network.h"
#include "ranvier/Quantize/Quantize.h"
#include "ranvier/Support/Text.h"
#include <algorithm>
#include <nlohmann/json.hpp>

using namespace ranvier;
using namespace ranvier::tools;

namespace {
/// What only compiling finds out (scales, rounding, the mapping): it is tried where no rule found an error, without writing
/// anything. The mapping that `compile` with these options makes, null where there is none.
Result<Json> tryCompiling(mlir::ModuleOp module, const TargetOptions &target, check::Findings &findings) {
  RANVIER_TRY(const compiler::CompileOptions options, makeCompileOptions(target));
  compiler::CompileReport report;
  if (auto done = runStages(module, options, compiler::Stage::Fabric, report); !done) {
    const Error &error = done.error();
    std::string message = error.message + (error.expected.empty() ? "" : ": expected " + error.expected + ", found " + error.found);
    findings.push_back({check::Severity::Error, "", error.place, std::move(message), error.hint, error.code});
    return Json(nullptr);
  }
  return parseJson(report.mapping, "mapping");
}

Result<void> runCheck(Context &context, const NetworkOptions &options, const TargetOptions &chosen, bool quick) {
  if (quick)
    for (const auto &[name, given] :
         {std::pair("--same-chip", !chosen.sameChip.empty()), std::pair("--threads", chosen.threads.has_value()),
          std::pair("--spikes-per-second", chosen.spikesPerSecond.has_value()), std::pair("--split", chosen.split != "off")})
      if (given)
        return pointlessOption(name, "--quick places nothing");
  RANVIER_TRY(hw::Chip chip, chipOf(chosen));
  RANVIER_TRY(LoadedNetwork loaded, loadNetwork(options));
  RANVIER_CHECK(networkIn(loaded, options)); // A file without a network is bad input, not a finding about one.
  check::CheckOptions how;
  how.modelFits = [&](snn::PopulationOp population) { return compiler::canExecute(population, chip); };
  check::Findings findings = check::check(*loaded.module, chip, how);
  const auto isError = [](const check::Finding &finding) { return finding.severity == check::Severity::Error; };
  Json mapping;
  if (!quick && std::none_of(findings.begin(), findings.end(), isError)) {
    RANVIER_TRY(mapping, tryCompiling(*loaded.module, chosen, findings));
  }
  Json list = Json::array();
  std::string text;
  unsigned errors = 0, warnings = 0;
  for (const auto &warning : loaded.warnings) {
    list.push_back({{"severity", "warning"}, {"op", ""}, {"message", warning}});
    text += "warning: " + warning + "\n";
    ++warnings;
  }
  for (const auto &finding : findings) {
    errors += finding.severity == check::Severity::Error;
    warnings += finding.severity == check::Severity::Warning;
    Json entry = {{"severity", check::severityName(finding.severity)}, {"op", finding.op}};
    if (!finding.parameter.empty())
      entry["parameter"] = finding.parameter;
    entry["message"] = finding.message;
    if (!finding.hint.empty())
      entry["hint"] = finding.hint;
    if (finding.code)
      entry["code"] = "RNV" + std::to_string(finding.code);
    list.push_back(entry);
    text += std::string(check::severityName(finding.severity)) + (finding.code ? " RNV" + std::to_string(finding.code) : "") + ":" +
            (finding.op.empty() ? "" : " @" + finding.op) + (finding.parameter.empty() ? "" : " " + finding.parameter) + ": " +
            finding.message + "\n" + (finding.hint.empty() ? "" : "  hint: " + finding.hint + "\n");
  }
  text += errors ? "The target cannot run this network: " + counted(errors, "error") + ".\n"
                 : "The target can run this network (" + counted(warnings, "warning") + ").\n";
  Json result{{"command", "check"}, {"target", chip.name},  {"runs", errors == 0},
              {"errors", errors},   {"warnings", warnings}, {"findings", list}};
  if (mapping.is_object() && mapping.contains("memories")) {
    result["memories"] = mapping["memories"];
    result["load"] = mapping["load"];
    text += "It will take:\n" + memoryLines(mapping) + loadLines(mapping);
  }
  context.print(result, text);
  if (errors)
    context.exitCode = DoesNotFit;
  return {};
}
} // namespace

void tools::addCheck(CLI::App &app, Context &context) {
  auto options = std::make_shared<NetworkOptions>();
  auto target = std::make_shared<TargetOptions>();
  auto quick = std::make_shared<bool>(false);
  CLI::App *command =
      addCommand(app, context, "check", "List everything a target cannot honour, before compiling",
                 "  ranvier check network.nir --target loihi1\n  ranvier check network.nir --target loihi1 --quick\n"
                 "  ranvier check network.nir --target loihi1 --faults board7.yaml",
                 [&context, options, target, quick] { return runCheck(context, *options, *target, *quick); });
  options->addTo(*command);
  command->add_option("--target", target->target, "Shipped chip, or a chip's YAML file")->required();
  command->add_option("--faults", target->faults,
                      "YAML file of dead chips, cores and links; default: those of the chip's own file");
  target->addPlacement(*command);
  command->add_flag("--quick", *quick, "Apply the rules only; else compiling is tried, too, where they find no error");
}
