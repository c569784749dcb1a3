#include "client/cli/commands/daemon_environment.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <string_view>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "client/cpp/daemon_identity.h"
#include "client/cpp/dial.h"

extern char** environ;

namespace tilewright::cli {
namespace {

constexpr std::string_view kPassedPrefixes[] = {"TILEWRIGHT_", "XDG_", "CUDA_"};
constexpr std::string_view kPassed[] = {"HOME",        "PATH",         "LD_LIBRARY_PATH",
                                        "VIRTUAL_ENV", "CONDA_PREFIX", "TZ"};
constexpr std::string_view kFiles[] = {"TILEWRIGHT_NVRTC", "TILEWRIGHT_CUBLASLT",
                                       "TILEWRIGHT_CONFIG"};
constexpr std::string_view kFolders[] = {"TILEWRIGHT_KEEP_SOURCES"};
// These say how commands find the daemon, how long it stays and what it keeps. They do not change
// which libraries it finds.
constexpr std::string_view kHarmless[] = {"TILEWRIGHT_SOCKET", "TILEWRIGHT_CACHE_DIR",
                                          "TILEWRIGHT_DAEMON", "TILEWRIGHT_IDLE_TIMEOUT",
                                          "TILEWRIGHT_KEEP_SOURCES"};
constexpr std::string_view kLibraryPaths[] = {"LD_LIBRARY_PATH", "VIRTUAL_ENV", "CONDA_PREFIX"};
constexpr std::chrono::milliseconds kAskTimeout{200};

std::string_view VariableName(std::string_view entry) { return entry.substr(0, entry.find('=')); }

std::string ValueOf(std::string_view entry) {
  const size_t equals = entry.find('=');
  return equals == std::string_view::npos ? "" : std::string(entry.substr(equals + 1));
}

template <typename List>
bool Contains(const List& list, std::string_view name) {
  return std::find(std::begin(list), std::end(list), name) != std::end(list);
}

bool IsPassed(std::string_view name) {
  if (Contains(kPassed, name)) return true;
  return std::any_of(
      std::begin(kPassedPrefixes), std::end(kPassedPrefixes),
      [name](std::string_view prefix) { return name.substr(0, prefix.size()) == prefix; });
}

bool Matters(std::string_view name) {
  if (Contains(kLibraryPaths, name)) return true;
  return IsPassed(name) && !Contains(kPassed, name) && name.substr(0, 4) != "XDG_" &&
         !Contains(kHarmless, name);
}

// A library name without a folder is searched for, so it is no relative path.
bool IsRelativePath(std::string_view name, const std::string& value) {
  if (value.empty() || value.front() == '/') return false;
  return Contains(kFolders, name) || (Contains(kFiles, name) && absl::StrContains(value, "/"));
}

std::map<std::string, std::string> WhatMatters(const EnvironmentEntries& entries) {
  std::map<std::string, std::string> found;
  for (const std::string& entry : entries) {
    // An empty variable counts as unset, for the daemon too.
    if (Matters(VariableName(entry)) && !ValueOf(entry).empty()) {
      found[std::string(VariableName(entry))] = ValueOf(entry);
    }
  }
  return found;
}

std::string Quoted(const std::map<std::string, std::string>& entries, const std::string& name) {
  const auto found = entries.find(name);
  return found == entries.end() ? "unset" : absl::StrCat("'", found->second, "'");
}

EnvironmentEntries EnvironmentOf(int pid) {
  std::ifstream in(absl::StrCat("/proc/", pid, "/environ"), std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  return absl::StrSplit(text, '\0', absl::SkipEmpty());
}

}  // namespace

EnvironmentEntries OwnEnvironment() {
  EnvironmentEntries entries;
  for (char** entry = environ; *entry != nullptr; ++entry) entries.emplace_back(*entry);
  return entries;
}

EnvironmentEntries DaemonEnvironment(const EnvironmentEntries& own, const std::string& folder) {
  EnvironmentEntries passed;
  for (const std::string& entry : own) {
    const std::string_view name = VariableName(entry);
    if (!IsPassed(name)) continue;
    const std::string value = ValueOf(entry);
    passed.push_back(
        IsRelativePath(name, value)
            ? absl::StrCat(std::string(name), "=", (std::filesystem::path(folder) / value).string())
            : entry);
  }
  return passed;
}

std::vector<std::string> EnvironmentDifferences(const EnvironmentEntries& daemons,
                                                const EnvironmentEntries& own) {
  const std::map<std::string, std::string> there = WhatMatters(daemons);
  const std::map<std::string, std::string> here = WhatMatters(own);
  std::map<std::string, std::string> names = there;
  names.insert(here.begin(), here.end());
  std::vector<std::string> differences;
  for (const auto& [name, value] : names) {
    const std::string daemons_value = Quoted(there, name);
    const std::string own_value = Quoted(here, name);
    if (daemons_value == own_value) continue;
    differences.push_back(
        absl::StrCat(name, " is ", daemons_value, " there and ", own_value, " here"));
  }
  return differences;
}

std::string ExplainByEnvironment(const std::string& socket) {
  const absl::StatusOr<std::optional<uid_t>> user = ConfiguredDaemonUser(std::nullopt);
  if (!user.ok()) return "";
  const absl::StatusOr<int> fd = Dial(socket, DeadlineAfter(kAskTimeout), *user);
  if (!fd.ok()) return "";
  const int pid = PeerProcess(*fd);
  close(*fd);
  const EnvironmentEntries daemons = EnvironmentOf(pid);
  if (pid <= 0 || daemons.empty()) return "";
  std::error_code error;
  const EnvironmentEntries own =
      DaemonEnvironment(OwnEnvironment(), std::filesystem::current_path(error).string());
  const std::vector<std::string> differences = EnvironmentDifferences(daemons, own);
  if (differences.empty()) return "";
  return absl::StrCat("the running tilewrightd (process ", pid,
                      ") was started with another environment: ", absl::StrJoin(differences, ", "),
                      "; end it (`kill ", pid, "`) and run the command again");
}

}  // namespace tilewright::cli
