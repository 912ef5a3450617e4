//===- Completion.cpp - Shell completion ----------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Written from the parser's own tables, so that it cannot fall behind the options.
//===----------------------------------------------------------------------===//
#include "Common.h"
#include <nlohmann/json.hpp>

using namespace ranvier;
using namespace ranvier::tools;

namespace {
std::string words(const CLI::App *app) {
  std::string out;
  for (const CLI::Option *option : app->get_options())
    for (const std::string &name : option->get_lnames())
      out += " --" + name;
  return out;
}
} // namespace

void tools::addCompletion(CLI::App &app, Context &context) {
  auto shell = std::make_shared<std::string>("bash");
  CLI::App *command = addCommand(app, context, "completion", "Print a completion script for a shell",
                                 "  eval \"$(ranvier completion bash)\"", [&app, &context, shell]() -> Result<void> {
    std::string commands, cases;
    for (const CLI::App *sub : app.get_subcommands({})) {
      commands += " " + sub->get_name();
      cases += "    " + sub->get_name() + ") words='" + words(sub) + words(&app) + "' ;;\n";
    }
    std::string script = *shell == "zsh" ? "autoload -U +X bashcompinit && bashcompinit\n" : "";
    script += "_ranvier() {\n  local words='" + commands + words(&app) + "'\n  case ${COMP_WORDS[1]} in\n" + cases +
              "  esac\n  [ \"$COMP_CWORD\" -gt 1 ] || words='" + commands + words(&app) + "'\n"
              "  COMPREPLY=($(compgen -W \"$words\" -- \"${COMP_WORDS[COMP_CWORD]}\"))\n"
              "  [ ${#COMPREPLY[@]} -gt 0 ] || COMPREPLY=($(compgen -f -- \"${COMP_WORDS[COMP_CWORD]}\"))\n}\n"
              "complete -o filenames -F _ranvier ranvier\n";
    context.print(Json{{"shell", *shell}, {"script", script}}, script);
    return {};
  });
  command->add_option("shell", *shell, "bash or zsh")->check(CLI::IsMember({"bash", "zsh"}));
}
