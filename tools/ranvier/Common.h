//===- Common.h - What the commands of `ranvier` share ----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The driver is thin: every command parses options, calls libraries and prints. With --json a command prints exactly one JSON
// object on stdout, be it a result or an error; progress, warnings and diagnostics go to stderr.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_TOOLS_COMMON_H
#define RANVIER_TOOLS_COMMON_H

#include "ranvier/Image/Image.h"
#include "ranvier/Support/Error.h"
#include "ranvier/Support/Json.h"
#include "ranvier/Support/Progress.h"
#include <CLI/CLI.hpp>
#include <csignal>
#include <memory>
#include <optional>
#include <string>

namespace ranvier::tools {

/// Exit codes of the tool: docs/guide/command-line.md.
enum ExitCode : int { Done = 0, BadInput = 1, BadCommandLine = 2, DoesNotFit = 3 };

/// True from the moment on at which stdout may hold the one object or text: a signal handler asks.
extern volatile std::sig_atomic_t resultPrinted;

/// Of an error of this kind.
int exitCodeOf(ErrorKind kind);

struct Context {
  bool json = false;
  bool quiet = false;
  bool speaks = true; ///< Else another process of the same run says everything: this one prints nothing at all.
  int exitCode = Done;
  std::optional<Progress> progress; ///< Of the command that runs.

  /// Prints an error to stderr (and with --json {"error": ...} to stdout) and sets the exit code of its kind.
  void fail(const Error &error);
  void warn(const std::string &sentence) const;
  /// A line about progress: stderr, not with --quiet.
  void note(const std::string &line) const;
  /// The result: the object with --json, else the text, on stdout. A stdout that cannot be written is an error (RNV9004).
  void print(const Json &object, const std::string &text);

private:
  void printObject(const Json &object);
};

/// Adds a command whose `run` returns an Error or nothing.
CLI::App *addCommand(CLI::App &app, Context &context, const std::string &name, const std::string &description,
                     const std::string &examples, std::function<Result<void>()> run);

/// That `output` is none of the files that the command reads, by any name. An empty name is no file. Errors: RNV8025.
Result<void> checkOutput(const std::string &output, std::initializer_list<std::string> inputs);

/// An option that was given although nothing would come of it: RNV8043, naming it and the reason. Nothing is ever ignored in
/// silence.
Error pointlessOption(const std::string &option, const std::string &because, const std::string &hint = "");

/// Opens and validates an image.
Result<std::shared_ptr<const image::Image>> openImage(const std::string &path);

/// The last component of a path: reports and provenance never carry folders of the machine.
std::string fileName(const std::string &path);

void addTargets(CLI::App &app, Context &context);
void addCheck(CLI::App &app, Context &context);
void addCompile(CLI::App &app, Context &context);
void addInspect(CLI::App &app, Context &context);
void addImport(CLI::App &app, Context &context);
void addExport(CLI::App &app, Context &context);
void addVerify(CLI::App &app, Context &context);
void addDataset(CLI::App &app, Context &context);
void addDiff(CLI::App &app, Context &context);
void addMap(CLI::App &app, Context &context);
void addRun(CLI::App &app, Context &context);
void addCosim(CLI::App &app, Context &context);
void addCalibrate(CLI::App &app, Context &context);
void addEval(CLI::App &app, Context &context);
void addCompletion(CLI::App &app, Context &context);

} // namespace ranvier::tools

#endif
