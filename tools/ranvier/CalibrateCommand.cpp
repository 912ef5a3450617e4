//===- CalibrateCommand.cpp - `ranvier calibrate` -------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Common.h"
#include "ranvier/Rtl/Timing.h"
#include "ranvier/Support/File.h"
#include <nlohmann/json.hpp>

using namespace ranvier;
using namespace ranvier::tools;

namespace {
struct CalibrateFlags {
  std::string chip = "ranvier-n1", rtl, output;
  std::optional<uint64_t> seed;
  std::optional<uint32_t> count;
  bool validate = false;
};

std::string percent(double part) {
  char text[32];
  std::snprintf(text, sizeof text, "%.2f %%", 100 * part);
  return text;
}

class CalibrateCommand {
public:
  CalibrateCommand(Context &context, const CalibrateFlags &flags) : context(context), flags(flags) {}

  Result<void> run() {
    RANVIER_TRY(job.chip, hw::findTarget(flags.chip));
    RANVIER_TRY(job.sources, flags.rtl.empty() ? rtl::shippedSources() : rtl::readFileList(flags.rtl));
    if (job.chip.costs.empty() || !job.chip.costs.front().cycles)
      return Error{.code = 2019,
                   .message = "a description whose first cost profile does not count cycles",
                   .file = job.chip.path,
                   .place = "costs",
                   .expected = "a section 'cycles', as ranvier-n1 has it",
                   .found = job.chip.costs.empty() ? "no profile" : "none in '" + job.chip.costs.front().name + "'"};
    job.seed = flags.seed.value_or(job.seed);
    job.count = flags.count.value_or(job.count);
    job.build.note = [this](const std::string &line) {
      context.note(line);
      context.progress->phase(line);
    };
    job.progress = [this](const std::string &what, uint32_t done, uint32_t all) {
      if (done == 0)
        context.progress->phase(what, all);
      context.progress->advance(done);
    };
    return flags.validate ? validate() : fit();
  }

private:
  Result<void> fit() {
    RANVIER_TRY(rtl::TimingFit fit, rtl::fitTiming(job));
    std::string notMeasured;
    Json missing = Json::array();
    for (const hw::CycleModel::Number number : fit.notMeasured) {
      missing.push_back(hw::CycleModel::keys[number].name);
      notMeasured += std::string(notMeasured.empty() ? "; as before, not measured: " : ", ") + hw::CycleModel::keys[number].name;
    }
    const std::string source = "ranvier calibrate: " + std::to_string(fit.counts) + " counts of " + std::to_string(fit.networks) +
                               " networks on rtl/, error of a count " + percent(fit.mean) + " mean, " + percent(fit.worst) +
                               " worst" + notMeasured;
    Json numbers = Json::object();
    std::string text = "chip         " + job.chip.name + "\nmeasured     " + std::to_string(fit.counts) + " counts of " +
                       std::to_string(fit.networks) + " networks\n";
    const hw::CycleModel &before = *job.chip.costs.front().cycles;
    uint32_t changed = 0;
    for (unsigned n = 0; n < hw::CycleModel::NumNumbers; ++n) {
      const char *key = hw::CycleModel::keys[n].name;
      const uint32_t value = fit.model.numbers[n].value, old = before.numbers[n].value;
      changed += value != old;
      numbers[key] = {{"value", value}, {"exact", fit.exact[n]}, {"before", old}};
      char line[120];
      std::snprintf(line, sizeof line, "  %-14s %6u   %10.4f%s\n", key, value, fit.exact[n],
                    value == old ? "" : ("   was " + std::to_string(old)).c_str());
      text += line;
    }
    text += "error        " + percent(fit.mean) + " of a count, at worst " + percent(fit.worst) + "\n";
    for (const Json &key : missing)
      text += "not measured " + key.get<std::string>() + ", which stays as it was: no network of this chip depends on it\n";
    if (!flags.output.empty()) {
      RANVIER_TRY(const std::string description, readFile(job.chip.path));
      RANVIER_TRY(const std::string edited, hw::withCycles(description, job.chip.path, fit.model, source, hw::Provenance::Fitted));
      RANVIER_CHECK(writeFileAtomically(flags.output, edited));
      text += "written      " + flags.output + "\n";
    }
    context.print({{"command", "calibrate"},
                   {"chip", job.chip.name},
                   {"networks", fit.networks},
                   {"counts", fit.counts},
                   {"numbers", numbers},
                   {"changed", changed},
                   {"not_measured", missing},
                   {"error", {{"mean", fit.mean}, {"worst", fit.worst}}},
                   {"source", source}},
                  text);
    return {};
  }

  Result<void> validate() {
    RANVIER_TRY(const std::vector<rtl::TimingClass> classes, rtl::validateTiming(job));
    Json list = Json::array();
    std::string text = "chip         " + job.chip.name + ", profile '" + job.chip.costs.front().name + "'\nseed         " +
                       std::to_string(job.seed) + ", " + std::to_string(job.count) + " networks of each kind\n\n" +
                       "error of a step's cycles               steps      fast: mean     worst   detailed: mean     worst\n";
    bool within = true;
    for (const rtl::TimingClass &one : classes) {
      const auto side = [&](const rtl::TimingClass::Side &found) {
        within = within && found.within();
        return Json{{"mean", found.mean},
                    {"worst", found.worst},
                    {"worst_seed", found.worstSeed},
                    {"bound", found.bound},
                    {"within_bound", found.within()}};
      };
      list.push_back({{"kind", one.name},
                      {"description", one.description},
                      {"networks", one.networks},
                      {"steps", one.steps},
                      {"cycles", one.cycles},
                      {"fast", side(one.fast)},
                      {"detailed", side(one.detailed)}});
      char line[200];
      std::snprintf(line, sizeof line, "%-35s %8u %16s%10s%17s%10s\n", one.description.c_str(), one.steps,
                    percent(one.fast.mean).c_str(), percent(one.fast.worst).c_str(), percent(one.detailed.mean).c_str(),
                    percent(one.detailed.worst).c_str());
      text += line;
    }
    text += within ? "\nwithin the bounds\n" : "\nNOT within the bounds: fit the numbers with `ranvier calibrate`\n";
    context.print({{"command", "calibrate"},
                   {"chip", job.chip.name},
                   {"profile", job.chip.costs.front().name},
                   {"seed", job.seed},
                   {"count", job.count},
                   {"kinds", list},
                   {"within_bounds", within}},
                  text);
    if (!within)
      context.exitCode = BadInput;
    return {};
  }

  Context &context;
  const CalibrateFlags &flags;
  rtl::TimingJob job;
};
} // namespace

void tools::addCalibrate(CLI::App &app, Context &context) {
  auto flags = std::make_shared<CalibrateFlags>();
  CLI::App *command =
      addCommand(app, context, "calibrate", "Fit the cycles of a chip's description to its RTL, or hold them against it",
                 "  ranvier calibrate\n"
                 "  ranvier calibrate mychip.yaml --rtl mychip.f -o mychip.yaml\n"
                 "  ranvier calibrate --validate --seed 7 --count 30",
                 [&context, flags]() -> Result<void> {
                   if (flags->validate && !flags->output.empty())
                     return pointlessOption("--output", "--validate fits nothing");
                   if (!flags->validate && (flags->seed || flags->count))
                     return pointlessOption(flags->seed ? "--seed" : "--count", "it is of the random networks of --validate");
                   return CalibrateCommand(context, *flags).run();
                 });
  command->add_option("chip", flags->chip,
                      "Name of a shipped chip or a description (.yaml) whose profile counts cycles; default: ranvier-n1");
  command->add_option("--rtl", flags->rtl, "File list of another n1_chip, as for cosim");
  command->add_option("-o,--output", flags->output,
                      "Description with the fitted cycles and their error; may be the one that was read");
  command->add_flag("--validate", flags->validate,
                    "Fit nothing: run random networks on the RTL and the emulator and compare the cycles of their steps");
  command->add_option("--seed", flags->seed, "Of the random networks of --validate; default: 1");
  command->add_option("--count", flags->count, "Random networks of each kind, for --validate; default: 10")
      ->check(CLI::Range(1u, 100000u));
}
