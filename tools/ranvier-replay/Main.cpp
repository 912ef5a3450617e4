//===- Main.cpp - ranvier-replay ------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Compiles golden cases, runs them and compares every cell: one line a file on stdout, details of wrong files on stderr.
//===----------------------------------------------------------------------===//
#include "Crossbar.h"
#include "Replay.h"
#include "ranvier/Support/File.h"
#include "ranvier/Support/Json.h"
#include <CLI/CLI.hpp>
#include <cstdio>
#include <nlohmann/json.hpp>

using namespace ranvier;
using namespace ranvier::tools;

namespace {
enum ExitCode : int { Done = 0, Mismatch = 1, BadCommandLine = 2, DoesNotFit = 3 };

struct Flags {
  std::vector<std::string> files;
  std::string out, target = "loihi1", executor = "jit";
  unsigned threads = 1;
  uint64_t seed = 1;
  bool json = false;
};
} // namespace

/// The exit code of a file that cannot be replayed.
static int refuse(const Flags &flags, const std::string &file, const Error &error, Json &record) {
  record["result"] = "error";
  record["error"] = error.str();
  std::fprintf(stderr, "%s\n", error.str().c_str());
  if (!flags.json)
    std::printf("FAIL %s: error RNV%04u: %s\n", file.c_str(), error.code, error.message.c_str());
  return error.kind == ErrorKind::DoesNotFit || error.kind == ErrorKind::CannotRun ? DoesNotFit : Mismatch;
}

static int replayCrossbarFile(const Flags &flags, const formats::CrossbarCase &golden, Json &record) {
  const std::string &file = golden.path;
  auto result = replayCrossbar(golden, flags.seed);
  if (!result)
    return refuse(flags, file, result.error(), record);
  if (!flags.out.empty())
    if (auto written = formats::writeCrossbarResults(flags.out, result->computed); !written)
      return refuse(flags, file, written.error(), record);
  record["vectors"] = golden.vectors;
  if (golden.trials)
    record["trials"] = golden.trials;
  record["compared_cells"] = result->comparedCells;
  record["other_codes"] = result->otherCodes;
  record["worst"] = result->worst;
  record["result"] = result->difference ? "fail" : "pass";
  if (const auto &d = result->difference) {
    record["difference"] = {{"what", d->what},         {"vector", d->vector}, {"output", d->output},
                            {"expected", d->expected}, {"found", d->found},   {"allowed", d->allowed}};
    if (!flags.json)
      std::printf("FAIL %s: %s, vector %llu, output %llu: expected %.9g, found %.9g, may differ by %.3g\n", file.c_str(),
                  d->what.c_str(), static_cast<unsigned long long>(d->vector), static_cast<unsigned long long>(d->output),
                  d->expected, d->found, d->allowed);
    return Mismatch;
  }
  if (!flags.json)
    std::printf("PASS %s\n", file.c_str());
  return Done;
}

/// One file: its JSON record, and its line on stdout unless --json. Returns the exit code of this file alone.
static int replayFile(const Flags &flags, const hw::Chip &chip, const std::string &file, Json &record) {
  record["file"] = file;
  const auto refuse = [&](const Error &error) { return ::refuse(flags, file, error, record); };
  auto any = formats::readAnyGoldenCase(file);
  if (!any)
    return refuse(any.error());
  if (const auto *crossbar = std::get_if<formats::CrossbarCase>(&*any))
    return replayCrossbarFile(flags, *crossbar, record);
  const formats::GoldenCase *golden = &std::get<formats::GoldenCase>(*any);
  const ReplayOptions options{.executor = flags.executor == "jit" ? emu::Executor::Jit : emu::Executor::Interp,
                              .threads = flags.threads};
  auto result = replay(*golden, chip, options);
  if (!result)
    return refuse(result.error());
  if (!flags.out.empty())
    if (auto written = formats::writeGoldenResults(flags.out, golden->steps, result->computed); !written)
      return refuse(written.error());
  if (result->comparedCells == 0 && flags.out.empty())
    return refuse({.code = 8086,
                   .message = "nothing to compare",
                   .file = file,
                   .place = "expected",
                   .expected = "at least one group",
                   .found = "none",
                   .hint = "write the results with --out"});
  record["steps"] = result->steps;
  record["cores"] = result->cores;
  record["compared_cells"] = result->comparedCells;
  record["result"] = result->difference ? "fail" : "pass";
  if (const auto &difference = result->difference) {
    record["difference"] = {{"step", difference->step}, {"group", difference->group},       {"neuron", difference->neuron},
                            {"what", difference->what}, {"expected", difference->expected}, {"found", difference->found}};
    if (!flags.json)
      std::printf("FAIL %s: step %u, group '%s', neuron %u: %s expected %lld, found %lld\n", file.c_str(), difference->step,
                  difference->group.c_str(), difference->neuron, difference->what.c_str(),
                  static_cast<long long>(difference->expected), static_cast<long long>(difference->found));
    return Mismatch;
  }
  if (!flags.json)
    std::printf("PASS %s\n", file.c_str());
  return Done;
}

static int runAll(const Flags &flags) {
  auto chip = hw::findTarget(flags.target);
  Json report{{"target", flags.target}, {"executor", flags.executor}};
  report["files"] = Json::array();
  int exitCode = Done;
  size_t passed = 0;
  if (!chip) {
    std::fprintf(stderr, "%s\n", chip.error().str().c_str());
    report["error"] = chip.error().str();
    exitCode = Mismatch;
  } else {
    for (const std::string &file : flags.files) {
      Json record;
      const int code = replayFile(flags, *chip, file, record);
      std::fflush(stdout);
      passed += code == Done;
      // A mismatch weighs more than a case that does not fit.
      if (code == Mismatch || (code == DoesNotFit && exitCode == Done))
        exitCode = code;
      report["files"].push_back(std::move(record));
    }
  }
  report["passed"] = passed;
  report["failed"] = flags.files.size() - passed;
  if (flags.json)
    std::printf("%s\n", report.dump(2, ' ', false, Json::error_handler_t::replace).c_str());
  return exitCode;
}

int main(int argc, char **argv) {
  installSignalCleanup();
  CLI::App app(
      "Replays golden cases. ranvier-golden-loihi: compiles each network, runs it and compares spikes, u and v of every step. "
      "ranvier-golden-crossbar: programs each matrix and compares its products",
      "ranvier-replay");
  app.footer("Examples:\n"
             "  ranvier-replay test/golden/loihi/p01_single_layer.h5\n"
             "  ranvier-replay product.h5 --json\n"
             "  ranvier-replay case.h5 --out computed.h5 --executor interp\n"
             "Exit codes: 0 all equal, 1 a mismatch or bad input, 2 command line, 3 does not fit the target");
  Flags flags;
  app.add_option("files", flags.files, "Golden case files (HDF5)")->required()->type_name("FILE");
  app.add_option("-o,--out", flags.out, "Write what was computed here (one FILE only)")->type_name("OUT.h5");
  app.add_option("--target", flags.target, "Chip: a shipped name or a path ending in .yaml")->capture_default_str();
  app.add_option("--executor", flags.executor, "interp: the definition of the microcode; jit: compiled")
      ->check(CLI::IsMember({"interp", "jit"}))
      ->capture_default_str();
  app.add_option("--threads", flags.threads, "Threads of the emulator (0: all)")->capture_default_str();
  app.add_option("--seed", flags.seed, "Of the devices that statistical crossbar cases try")->capture_default_str();
  app.add_flag("--json", flags.json, "Print exactly one JSON object on stdout");
  try {
    app.parse(argc, argv);
    if (!flags.out.empty() && flags.files.size() != 1)
      throw CLI::ValidationError("--out", "takes the results of exactly one FILE");
  } catch (const CLI::ParseError &error) {
    return app.exit(error) == 0 ? Done : BadCommandLine;
  }
  return runAll(flags);
}
