//===- Completion.cpp - Shell completion ----------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Written from the parser's own tables, so that it cannot fall behind the options: words that a check lists ("{jit,interp}")
// complete as values, chips by the names that are installed, everything else that takes a value as a file.
//===----------------------------------------------------------------------===//
#include "Common.h"
#include "ranvier/HwModels/Chip.h"
#include <algorithm>
#include <nlohmann/json.hpp>

using namespace ranvier;
using namespace ranvier::tools;

namespace {
struct OptionInfo {
  std::vector<std::string> names; ///< "--output", "-o"; empty for a positional.
  std::string description;
  bool takesValue, takesFile;
  std::vector<std::string> values;
};
struct CommandInfo {
  std::string name, description;
  std::vector<OptionInfo> options;
};

/// The words between the braces of a type name such as "TEXT:{jit,interp}".
std::vector<std::string> choices(const std::string &type) {
  std::vector<std::string> out;
  const size_t open = type.find('{'), close = type.find('}', open == std::string::npos ? 0 : open);
  if (open == std::string::npos || close == std::string::npos)
    return out;
  for (size_t at = open + 1; at < close;) {
    const size_t comma = std::min(type.find(',', at), close);
    out.push_back(type.substr(at, comma - at));
    at = comma + 1;
  }
  return out;
}

std::vector<OptionInfo> optionsOf(const CLI::App *app) {
  std::vector<OptionInfo> out;
  for (const CLI::Option *option : app->get_options()) {
    OptionInfo info;
    for (const auto &name : option->get_lnames())
      info.names.push_back("--" + name);
    for (const auto &name : option->get_snames())
      info.names.push_back("-" + name);
    info.description = option->get_description();
    info.takesValue = option->get_items_expected_max() > 0;
    const std::string type = option->get_type_name();
    info.values = choices(type);
    info.takesFile = info.takesValue && info.values.empty() && type.starts_with("TEXT");
    if (option->check_lname("target"))
      for (const auto &[name, path] : hw::listChips())
        info.values.push_back(name);
    if (option->check_lname("costs")) {
      for (const auto &[name, path] : hw::listChips())
        if (auto chip = hw::loadChip(path))
          for (const auto &profile : chip->costs)
            if (std::find(info.values.begin(), info.values.end(), profile.name) == info.values.end())
              info.values.push_back(profile.name);
      info.takesFile = false;
    }
    for (const char *free : {"record", "shift", "population"})
      if (option->check_lname(free))
        info.takesFile = false;
    out.push_back(std::move(info));
  }
  return out;
}

std::string joined(const std::vector<std::string> &words, const std::string &between = " ") {
  std::string out;
  for (const auto &word : words)
    out += (out.empty() ? "" : between) + word;
  return out;
}

std::string bashScript(const std::vector<CommandInfo> &commands, const std::vector<OptionInfo> &global) {
  std::string names, globalWords, cases, values;
  for (const auto &option : global)
    globalWords += " " + joined(option.names);
  for (const auto &command : commands) {
    names += (names.empty() ? "" : " ") + command.name;
    std::string words;
    for (const auto &option : command.options) {
      words += (option.names.empty() ? "" : " ") + joined(option.names);
      if (option.takesValue) {
        std::vector<std::string> patterns;
        for (const auto &name : option.names)
          patterns.push_back(command.name + ":" + name);
        if (patterns.empty() && !option.values.empty())
          patterns.push_back(command.name + ":" + command.name); // The first positional.
        if (!patterns.empty())
          values += "    " + joined(patterns, "|") + ") words='" + joined(option.values) +
                    "' files=" + (option.takesFile ? "1" : "0") + " ;;\n";
      }
    }
    cases += "      " + command.name + ") words='" + words.substr(words.empty() ? 0 : 1) + globalWords + "' ;;\n";
  }
  return "_ranvier() {\n"
         "  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} command= words= files=1 k\n"
         "  # --option=value arrives as three words.\n"
         "  if [[ $cur == '=' ]]; then cur=; elif [[ $prev == '=' && $COMP_CWORD -gt 2 ]]; then prev=${COMP_WORDS[COMP_CWORD-2]}; "
         "fi\n"
         "  for ((k = 1; k < COMP_CWORD; k++)); do\n"
         "    case ${COMP_WORDS[k]} in\n      " +
         joined(
             [&] {
               std::vector<std::string> list;
               for (const auto &command : commands)
                 list.push_back(command.name);
               return list;
             }(),
             "|") +
         ") command=${COMP_WORDS[k]}; break ;;\n    esac\n  done\n"
         "  case $command:$prev in\n" +
         values + "    :*) words='" + names + globalWords +
         "' files=0 ;;\n"
         "    *) [[ $cur == -* ]] && case $command in\n" +
         cases +
         "    esac ;;\n"
         "  esac\n"
         "  COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
         "  if [[ $files == 1 && $cur != -* ]]; then\n"
         "    compopt -o filenames 2>/dev/null\n"
         "    local file\n"
         "    while IFS= read -r file; do COMPREPLY+=(\"$file\"); done < <(compgen -f -- \"$cur\")\n"
         "  fi\n"
         "}\n"
         "complete -F _ranvier ranvier\n";
}

/// For a description inside '...[...]' of _arguments.
std::string zshText(const std::string &text) {
  std::string out;
  for (char c : text) {
    if (c == '[' || c == ']' || c == ':' || c == '\\')
      out += '\\';
    out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  }
  return out;
}

/// The specification of one option for _arguments, several words where it has several names.
std::string zshOption(const OptionInfo &option) {
  std::string action;
  if (option.takesValue) {
    action = ":value:";
    if (!option.values.empty() && option.takesFile)
      action += "{compadd " + joined(option.values) + "; _files}";
    else if (!option.values.empty())
      action += "(" + joined(option.values) + ")";
    else if (option.takesFile)
      action += "_files";
    else
      action += " ";
  }
  std::string out;
  for (const auto &name : option.names)
    out += " '" + name + (option.takesValue && name.starts_with("--") ? "=" : "") + "[" + zshText(option.description) + "]" +
           action + "'";
  return out;
}

std::string zshScript(const std::vector<CommandInfo> &commands, const std::vector<OptionInfo> &global) {
  std::string list, cases, globals;
  for (const auto &option : global)
    globals += zshOption(option);
  for (const auto &command : commands) {
    list += "        '" + command.name + ":" + zshText(command.description) + "'\n";
    std::string options, positional = "'*:file:_files'";
    for (const auto &option : command.options)
      if (!option.names.empty())
        options += zshOption(option);
      else if (!option.values.empty())
        positional = "'1:" + command.name + ":(" + joined(option.values) + ")'";
    cases += "        " + command.name + ") _arguments" + options + globals + " " + positional + " ;;\n";
  }
  return "#compdef ranvier\n"
         "_ranvier() {\n"
         "  local context state state_descr line curcontext=\"$curcontext\"\n"
         "  typeset -A opt_args\n"
         "  _arguments -C" +
         globals +
         " '1:command:->command' '*::argument:->argument'\n"
         "  case $state in\n"
         "    command)\n"
         "      local -a commands\n"
         "      commands=(\n" +
         list +
         "      )\n"
         "      _describe command commands ;;\n"
         "    argument)\n"
         "      case $words[1] in\n" +
         cases +
         "      esac ;;\n"
         "  esac\n"
         "}\n"
         "(( $+functions[compdef] )) || { autoload -Uz compinit && compinit }\n"
         "compdef _ranvier ranvier\n";
}
} // namespace

void tools::addCompletion(CLI::App &app, Context &context) {
  auto shell = std::make_shared<std::string>("bash");
  CLI::App *command = addCommand(
      app, context, "completion", "Print a completion script for a shell",
      "  eval \"$(ranvier completion bash)\"     # in ~/.bashrc\n  eval \"$(ranvier completion zsh)\"      # in ~/.zshrc",
      [&app, &context, shell]() -> Result<void> {
        std::vector<CommandInfo> commands;
        for (const CLI::App *sub : app.get_subcommands({}))
          commands.push_back({sub->get_name(), sub->get_description(), optionsOf(sub)});
        const std::string script = *shell == "zsh" ? zshScript(commands, optionsOf(&app)) : bashScript(commands, optionsOf(&app));
        context.print(Json{{"command", "completion"}, {"shell", *shell}, {"script", script}}, script);
        return {};
      });
  command->add_option("shell", *shell, "bash or zsh")->check(CLI::IsMember({"bash", "zsh"}))->capture_default_str();
}
