//===- Check.cpp - `ranvier check` ----------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/Check/Check.h"
#include "NetworkFile.h"
#include "ranvier/Network/Network.h"
#include "ranvier/Quantize/Quantize.h"
#include <nlohmann/json.hpp>

using namespace ranvier;
using namespace ranvier::tools;

namespace {
Result<void> runCheck(Context &context, const NetworkOptions &options, const std::string &target) {
  RANVIER_TRY(hw::Chip chip, hw::findChip(target));
  RANVIER_TRY(LoadedNetwork loaded, loadNetwork(options));
  RANVIER_CHECK(compiler::theNetwork(*loaded.module)); // A file without a network is bad input, not a finding about one.
  check::CheckOptions how;
  how.modelFits = [&](snn::PopulationOp population) { return compiler::canExecute(population, chip); };
  const check::Findings findings = check::check(*loaded.module, chip, how);
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
    list.push_back(entry);
    text += std::string(check::severityName(finding.severity)) + ": @" + finding.op +
            (finding.parameter.empty() ? "" : " " + finding.parameter) + ": " + finding.message + "\n" +
            (finding.hint.empty() ? "" : "  hint: " + finding.hint + "\n");
  }
  text += errors ? "The target cannot run this network: " + std::to_string(errors) + " errors.\n"
                 : "The target can run this network (" + std::to_string(warnings) + " warnings).\n";
  context.print(Json{{"command", "check"},
                     {"target", chip.name},
                     {"runs", errors == 0},
                     {"errors", errors},
                     {"warnings", warnings},
                     {"findings", list}},
                text);
  if (errors)
    context.exitCode = DoesNotFit;
  return {};
}
} // namespace

void tools::addCheck(CLI::App &app, Context &context) {
  auto options = std::make_shared<NetworkOptions>();
  auto target = std::make_shared<std::string>();
  CLI::App *command = addCommand(app, context, "check", "List everything a target cannot honour, before compiling",
                                 "  ranvier check network.nir --target loihi1",
                                 [&context, options, target] { return runCheck(context, *options, *target); });
  options->addTo(*command);
  command->add_option("--target", *target, "Shipped chip, or a chip's YAML file")->required();
}
