#include "client/cli/commands/completion.h"

#include <CLI/CLI.hpp>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "client/cli/commands/commands.h"
#include "proto/support/errors.h"
#include "proto/support/status_macros.h"

namespace tilewright::cli {
namespace {

// Returns the names in "Activation (default none): none, relu, gelu_tanh", as help texts list them.
std::vector<std::string> ValuesIn(const std::string& help) {
  const size_t colon = help.find("): ");
  if (colon == std::string::npos) return {};
  std::vector<std::string> values = absl::StrSplit(help.substr(colon + 3), ", ");
  for (const std::string& value : values) {
    for (const char letter : value) {
      if (!absl::ascii_isalnum(static_cast<unsigned char>(letter)) && letter != '_') return {};
    }
  }
  return values;
}

std::vector<FlagWords> FlagsOf(const CLI::App& app) {
  std::vector<FlagWords> flags;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) {
      const bool takes_value = option->get_items_expected_max() > 0;
      flags.push_back({"--" + name, option->get_description(), takes_value,
                       ValuesIn(option->get_description())});
    }
  }
  return flags;
}

void Collect(const CLI::App& app, const std::string& path, std::vector<FlagWords> inherited,
             std::vector<CommandWords>& all) {
  CommandWords words{path, app.get_description(), FlagsOf(app), {}};
  if (!path.empty()) {
    words.flags.insert(words.flags.end(), inherited.begin(), inherited.end());
  } else {
    inherited = words.flags;
  }
  const auto subcommands = app.get_subcommands([](const CLI::App*) { return true; });
  for (const CLI::App* sub : subcommands) {
    words.commands.emplace_back(sub->get_name(), sub->get_description());
  }
  all.push_back(words);
  for (const CLI::App* sub : subcommands) {
    Collect(*sub, path.empty() ? sub->get_name() : absl::StrCat(path, " ", sub->get_name()),
            inherited, all);
  }
}

std::string WordList(const CommandWords& command) {
  std::vector<std::string> words;
  for (const auto& [name, help] : command.commands) words.push_back(name);
  for (const FlagWords& flag : command.flags) words.push_back(flag.flag);
  if (command.path == "completion") words.insert(words.end(), {"bash", "zsh", "fish"});
  return absl::StrJoin(words, " ");
}

// zsh runs this script too, through its bashcompinit.
std::string BashScript(const std::vector<CommandWords>& commands) {
  std::string script =
      "# bash completion of tilewright: eval \"$(tilewright completion bash)\"\n"
      "_tilewright() {\n"
      "  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}\n"
      "  local path= word words=\n"
      "  for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
      "    case \"${path:+$path }$word\" in\n      ";
  std::vector<std::string> paths;
  for (const CommandWords& command : commands) {
    if (!command.path.empty()) paths.push_back(absl::StrCat("'", command.path, "'"));
  }
  absl::StrAppend(&script, absl::StrJoin(paths, "|"), ") path=\"${path:+$path }$word\" ;;\n",
                  "    esac\n  done\n  case \"$path $previous\" in\n");
  for (const CommandWords& command : commands) {
    for (const FlagWords& flag : command.flags) {
      if (!flag.takes_value || (flag.values.empty() && command.path.empty())) continue;
      const std::string pattern = absl::StrCat("'", command.path, " ", flag.flag, "'");
      absl::StrAppend(&script, "    ", pattern, ") ",
                      flag.values.empty() ? "COMPREPLY=($(compgen -f -- \"$current\")); return ;;\n"
                                          : absl::StrCat("COMPREPLY=($(compgen -W '",
                                                         absl::StrJoin(flag.values, " "),
                                                         "' -- \"$current\")); return ;;\n"));
    }
  }
  absl::StrAppend(&script, "  esac\n  case \"$path\" in\n");
  for (const CommandWords& command : commands) {
    absl::StrAppend(&script, "    '", command.path, "') words='", WordList(command), "' ;;\n");
  }
  absl::StrAppend(&script,
                  "  esac\n"
                  "  COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
                  "  if [[ ${#COMPREPLY[@]} -eq 0 ]]; then "
                  "COMPREPLY=($(compgen -f -- \"$current\")); fi\n"
                  "}\n"
                  "complete -o filenames -F _tilewright tilewright\n");
  return script;
}

std::string ZshScript(const std::vector<CommandWords>& commands) {
  return absl::StrCat(
      "#compdef tilewright\n"
      "# zsh completion of tilewright: source <(tilewright completion zsh)\n"
      "autoload -U +X compinit && compinit\n"
      "autoload -U +X bashcompinit && bashcompinit\n",
      BashScript(commands));
}

std::string FishQuote(const std::string& text) {
  return absl::StrCat("'", absl::StrReplaceAll(text, {{"\\", "\\\\"}, {"'", "\\'"}}), "'");
}

// Returns the condition under which fish offers the words of a command.
std::string FishCondition(const CommandWords& command) {
  if (command.path.empty()) return "__fish_use_subcommand";
  std::vector<std::string> parts;
  const std::vector<std::string> words = absl::StrSplit(command.path, ' ');
  for (const std::string& word : words) {
    parts.push_back(absl::StrCat("__fish_seen_subcommand_from ", word));
  }
  return absl::StrJoin(parts, "; and ");
}

std::string FishScript(const std::vector<CommandWords>& commands) {
  std::string script = "# fish completion of tilewright: tilewright completion fish | source\n";
  for (const CommandWords& command : commands) {
    const std::string start =
        absl::StrCat("complete -c tilewright -n ", FishQuote(FishCondition(command)));
    for (const auto& [name, help] : command.commands) {
      absl::StrAppend(&script, start, " -f -a ", name, " -d ", FishQuote(help), "\n");
    }
    if (command.path == "completion") {
      absl::StrAppend(&script, start, " -f -a 'bash zsh fish'\n");
    }
    for (const FlagWords& flag : command.flags) {
      absl::StrAppend(&script, start, " -l ", flag.flag.substr(2), flag.takes_value ? " -r" : "",
                      flag.values.empty()
                          ? ""
                          : absl::StrCat(" -f -a ", FishQuote(absl::StrJoin(flag.values, " "))),
                      " -d ", FishQuote(flag.help), "\n");
    }
  }
  return script;
}

}  // namespace

std::vector<CommandWords> CollectWords(const CLI::App& root) {
  std::vector<CommandWords> all;
  Collect(root, "", {}, all);
  // The names of the commands follow `help` too.
  const auto commands = all.front().commands;
  for (CommandWords& words : all) {
    if (words.path == "help") words.commands = commands;
  }
  return all;
}

absl::StatusOr<std::string> CompletionScript(std::string_view shell,
                                             const std::vector<CommandWords>& commands) {
  if (shell == "bash") return BashScript(commands);
  if (shell == "zsh") return ZshScript(commands);
  if (shell == "fish") return FishScript(commands);
  return InvalidField(
      "shell", "UNKNOWN_NAME",
      absl::StrCat("must be one of bash, zsh, fish, was '", std::string(shell), "'"));
}

void AddCompletion(CLI::App& app, const CLI::App& root, Action& action) {
  CLI::App* command = app.add_subcommand("completion", "Print a script that completes commands");
  auto shell = std::make_shared<std::string>();
  command->add_option("shell", *shell, "bash, zsh or fish")->type_name("SHELL")->required();
  SetAction(*command, action, [&root, shell](CommandContext& context) -> absl::StatusOr<int> {
    ASSIGN_OR_RETURN(const std::string script, CompletionScript(*shell, CollectWords(root)));
    context.out() << script;
    return kExitOk;
  });
}

}  // namespace tilewright::cli
