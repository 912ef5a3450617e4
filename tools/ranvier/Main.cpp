//===- Main.cpp - The `ranvier` driver ------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Common.h"
#include "ranvier/Support/File.h"
#include <cstdio>
#include <exception>

using namespace ranvier;
using namespace ranvier::tools;

int main(int argc, char **argv) {
  installSignalCleanup();
  Context context;
  CLI::App app{"Ranvier compiles spiking neural networks to neuromorphic hardware images and runs them.", "ranvier"};
  app.require_subcommand(1);
  app.set_version_flag("--version", "ranvier " RANVIER_VERSION);
  app.add_flag("--json", context.json, "Print exactly one JSON object on stdout");
  app.add_flag("-q,--quiet", context.quiet, "Print results with --json only, and no progress notes");
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
  addEval(app, context);
  addCompletion(app, context);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError &error) {
    const int code = app.exit(error);
    return code == 0 ? Done : BadCommandLine;
  } catch (const std::bad_alloc &) {
    std::fprintf(stderr, "error RNV8001: out of memory\n");
    return BadInput;
  } catch (const std::exception &error) {
    std::fprintf(stderr, "error RNV8002: internal failure: %s\n", error.what());
    return BadInput;
  }
  return context.exitCode;
}
