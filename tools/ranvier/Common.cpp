//===- Common.cpp - What the commands of `ranvier` share ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Common.h"
#include <cstdio>
#include <nlohmann/json.hpp>

using namespace ranvier;
using namespace ranvier::tools;

void Context::fail(const Error &error) {
  std::fprintf(stderr, "%s\n", error.str().c_str());
  exitCode = error.kind == ErrorKind::DoesNotFit ? DoesNotFit : BadInput;
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
  std::printf("%s\n", object.dump(2, ' ', false, Json::error_handler_t::replace).c_str());
}

void Context::warn(const std::string &sentence) const { std::fprintf(stderr, "warning: %s\n", sentence.c_str()); }

void Context::note(const std::string &line) const {
  if (!quiet)
    std::fprintf(stderr, "%s\n", line.c_str());
}

void Context::print(const Json &object, const std::string &text) const {
  if (json)
    std::printf("%s\n", object.dump(2, ' ', false, Json::error_handler_t::replace).c_str());
  else if (!quiet)
    std::fputs(text.c_str(), stdout);
  std::fflush(stdout);
}

CLI::App *tools::addCommand(CLI::App &app, Context &context, const std::string &name, const std::string &description, const std::string &examples,
                            std::function<Result<void>()> run) {
  CLI::App *command = app.add_subcommand(name, description);
  command->footer("Examples:\n" + examples);
  command->fallthrough();
  command->callback([&context, run = std::move(run)] {
    if (auto done = run(); !done)
      context.fail(done.error());
  });
  return command;
}

Result<std::shared_ptr<const image::Image>> tools::openImage(const std::string &path) {
  RANVIER_TRY(image::Image opened, image::open(path));
  return std::make_shared<const image::Image>(std::move(opened));
}

std::string tools::fileName(const std::string &path) { return path.substr(path.find_last_of('/') + 1); }
