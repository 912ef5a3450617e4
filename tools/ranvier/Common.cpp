//===- Common.cpp - What the commands of `ranvier` share ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Common.h"
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>

using namespace ranvier;
using namespace ranvier::tools;

volatile std::sig_atomic_t tools::resultPrinted = 0;

int tools::exitCodeOf(ErrorKind kind) {
  switch (kind) {
  case ErrorKind::DoesNotFit:
  case ErrorKind::CannotRun:
    return DoesNotFit;
  case ErrorKind::Usage:
    return BadCommandLine;
  default:
    return BadInput;
  }
}

void Context::fail(const Error &error) {
  progress.reset();
  // One that is silent ends well: with another exit code it would have mpirun end the one that speaks.
  if (!speaks)
    return;
  std::fprintf(stderr, "%s\n", error.str().c_str());
  exitCode = exitCodeOf(error.kind);
  if (!json)
    return;
  char code[16];
  std::snprintf(code, sizeof code, "RNV%04u", error.code);
  Json object = {{"error", {{"code", code}, {"message", error.message}}}};
  auto add = [&](const char *key, const std::string &value) {
    if (!value.empty())
      object["error"][key] = value;
  };
  add("file", error.file);
  add("place", error.place);
  add("expected", error.expected);
  add("found", error.found);
  add("hint", error.hint);
  printObject(object);
}

void Context::warn(const std::string &sentence) const {
  if (!speaks)
    return;
  Progress::clearLine();
  std::fprintf(stderr, "warning: %s\n", sentence.c_str());
}

void Context::note(const std::string &line) const {
  Progress::clearLine();
  if (!quiet && speaks)
    std::fprintf(stderr, "%s\n", line.c_str());
}

void Context::print(const Json &object, const std::string &text) {
  progress.reset();
  if (!speaks)
    return;
  if (json)
    printObject(object);
  else if (!quiet)
    std::fputs(text.c_str(), stdout);
  if (std::fflush(stdout) != 0 || std::ferror(stdout)) {
    const Error failure{.code = 9004,
                        .message = "cannot write the result",
                        .file = "standard output",
                        .found = std::strerror(errno),
                        .kind = ErrorKind::System};
    std::fprintf(stderr, "%s\n", failure.str().c_str());
    exitCode = BadInput;
  }
}

void Context::printObject(const Json &object) {
  resultPrinted = 1;
  std::printf("%s\n", object.dump(2, ' ', false, Json::error_handler_t::replace).c_str());
  std::fflush(stdout);
}

CLI::App *tools::addCommand(CLI::App &app, Context &context, const std::string &name, const std::string &description,
                            const std::string &examples, std::function<Result<void>()> run) {
  CLI::App *command = app.add_subcommand(name, description);
  command->footer("Examples:\n" + examples);
  command->fallthrough();
  command->callback([&context, name, run = std::move(run)] {
    context.progress.emplace(name, 0, !context.quiet && context.speaks);
    if (auto done = run(); !done)
      context.fail(done.error());
    context.progress.reset();
  });
  return command;
}

Result<void> tools::checkOutput(const std::string &output, std::initializer_list<std::string> inputs) {
  for (const std::string &input : inputs) {
    std::error_code absent;
    if (!output.empty() && !input.empty() && std::filesystem::equivalent(output, input, absent))
      return Error{.code = 8025,
                   .message = "the output would replace a file that the command reads",
                   .file = output,
                   .expected = "another name than that of an input",
                   .found = "the file '" + input + "'",
                   .kind = ErrorKind::Usage};
  }
  return {};
}

Error tools::pointlessOption(const std::string &option, const std::string &because, const std::string &hint) {
  return {.code = 8043, .message = option + " would have no effect: " + because, .hint = hint, .kind = ErrorKind::Usage};
}

Result<std::shared_ptr<const image::Image>> tools::openImage(const std::string &path) {
  RANVIER_TRY(image::Image opened, image::open(path));
  return std::make_shared<const image::Image>(std::move(opened));
}

std::string tools::fileName(const std::string &path) { return path.substr(path.find_last_of('/') + 1); }
