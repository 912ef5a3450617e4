//===- Main.cpp - The `ranvier` driver ------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Common.h"
#include "ranvier/Emulator/Mpi.h"
#include "ranvier/Support/File.h"
#include <algorithm>
#include <cstring>
#include <exception>
#include <nlohmann/json.hpp>
#include <sstream>
#include <unistd.h>

using namespace ranvier;
using namespace ranvier::tools;

namespace {
/// Set before a signal can come, read by its handler.
bool jsonOnStdout = false;
/// Likewise: Context::speaks.
bool speaks = true;

/// Says on the way out that the files are as before. Only write() may be used here.
void sayInterrupted(int) {
  if (!speaks)
    return;
  static const char plain[] = "\nerror RNV8004: interrupted; no output was written and earlier files are as they were\n";
  static const char object[] = "{\"error\": {\"code\": \"RNV8004\", \"message\": \"interrupted\"}}\n";
  [[maybe_unused]] ssize_t ignored = ::write(STDERR_FILENO, plain, sizeof plain - 1);
  if (jsonOnStdout && !resultPrinted)
    ignored = ::write(STDOUT_FILENO, object, sizeof object - 1);
}

/// --json before parsing: a wrong command line is to be reported as JSON too.
bool asksForJson(int argc, char **argv) {
  for (int k = 1; k < argc && std::strcmp(argv[k], "--") != 0; ++k)
    if (std::strcmp(argv[k], "--json") == 0)
      return true;
  return false;
}

/// Of commands that have commands: the first word where one of them should stand and none does, and those that could. The parser
/// would only say that it wants a command.
std::pair<std::string, const CLI::App *> unknownCommand(const CLI::App &app, int argc, char **argv) {
  const CLI::App *within = &app;
  for (int k = 1; k < argc && !within->get_subcommands({}).empty(); ++k) {
    if (argv[k][0] == '-')
      continue;
    const auto commands = within->get_subcommands({});
    const auto found =
        std::find_if(commands.begin(), commands.end(), [&](const CLI::App *one) { return one->get_name() == argv[k]; });
    if (found == commands.end())
      return {argv[k], within};
    within = *found;
  }
  return {};
}

/// Started by mpirun as one of several, a command other than `run` would be done by each of them: "`compile`"; else empty.
std::string refusedOnRanks(int argc, char **argv) {
  if (emu::launchedRanks() == 1)
    return "";
  for (int k = 1; k < argc; ++k)
    if (argv[k][0] != '-')
      return std::strcmp(argv[k], "run") == 0 ? "" : "`" + std::string(argv[k]) + "`";
  return "";
}

std::string commandsOf(const CLI::App &app) {
  std::string out;
  for (const CLI::App *command : app.get_subcommands({}))
    out += (out.empty() ? "" : ", ") + command->get_name();
  return out;
}

/// Help and version, which the parser reports like errors, and real errors.
void report(Context &context, const CLI::App &app, const CLI::ParseError &error) {
  if (error.get_exit_code() != 0) {
    context.fail({.code = 8003,
                  .message = error.what(),
                  .place = "command line",
                  .hint = "`ranvier COMMAND --help` shows options and examples",
                  .kind = ErrorKind::Usage});
    return;
  }
  std::ostringstream text;
  app.exit(error, text, text);
  context.quiet = false;
  context.print(Json{{error.get_name() == "CallForVersion" ? "version" : "help", text.str()}}, text.str());
}
} // namespace

int main(int argc, char **argv) {
  Context context;
  context.json = jsonOnStdout = asksForJson(argc, argv);
  context.speaks = speaks = emu::launchedRank() == 0; // of several ranks the first says everything
  installSignalCleanup(sayInterrupted);
  CLI::App app{"Ranvier compiles spiking neural networks to neuromorphic hardware images and runs them.", "ranvier"};
  app.require_subcommand(1);
  app.set_version_flag("--version", "ranvier " RANVIER_VERSION);
  app.add_flag("--json", context.json, "Print exactly one JSON object on stdout");
  app.add_flag("-q,--quiet", context.quiet, "No result as text and no progress; warnings, errors and --json stay");
  app.footer("Exit codes: 0 done, 1 bad input or mismatch, 2 command line, 3 does not fit the target.\n"
             "`ranvier COMMAND --help` shows options and examples.");
  addTargets(app, context);
  addCheck(app, context);
  addCompile(app, context);
  addInspect(app, context);
  addImport(app, context);
  addExport(app, context);
  addVerify(app, context);
  addDiff(app, context);
  addMap(app, context);
  addRun(app, context);
  addCosim(app, context);
  addCalibrate(app, context);
  addEval(app, context);
  addDataset(app, context);
  addCompletion(app, context);
  if (const std::string several = refusedOnRanks(argc, argv); !several.empty()) {
    context.fail(
        {.code = 8046,
         .message = "only `run` works on several ranks",
         .place = "command line",
         .expected = "one process",
         .found = several + " of " + std::to_string(emu::launchedRanks()) + " processes, which would all write the same files",
         .kind = ErrorKind::Usage});
    return context.exitCode;
  }
  if (const auto [word, within] = unknownCommand(app, argc, argv); within) {
    context.fail({.code = 8005,
                  .message = "no such command",
                  .place = "command line",
                  .expected = commandsOf(*within),
                  .found = "'" + word + "'",
                  .hint = "`ranvier --help` says what they do",
                  .kind = ErrorKind::Usage});
    return context.exitCode;
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError &error) {
    report(context, app, error);
  } catch (const std::bad_alloc &) {
    context.fail({.code = 8001, .message = "out of memory", .kind = ErrorKind::System});
  } catch (const std::exception &error) {
    context.fail({.code = 8002, .message = "internal failure", .found = error.what(), .hint = "please report this"});
  }
  return context.exitCode;
}
