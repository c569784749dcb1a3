#include "server/operation/settings.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "proto/support/byte_size.h"
#include "server/net/permissions.h"

namespace tilewright {
namespace {

absl::string_view ToAbsl(std::string_view text) {
  return absl::string_view(text.data(), text.size());
}

absl::Status ParseInt(std::string_view value, int low, int high, int* out) {
  int parsed = 0;
  if (!absl::SimpleAtoi(ToAbsl(value), &parsed) || parsed < low || parsed > high) {
    return absl::InvalidArgumentError(
        absl::StrCat("'", ToAbsl(value), "' is not a whole number between ", low, " and ", high));
  }
  *out = parsed;
  return absl::OkStatus();
}

absl::Status ParsePath(std::string_view value, std::string* out) {
  if (value.empty()) return absl::InvalidArgumentError("the path is empty");
  *out = std::string(value);
  return absl::OkStatus();
}

// Accepts "5m", "90s" or a plain number of seconds.
absl::Status ParseDuration(std::string_view value, absl::Duration* out) {
  absl::Duration parsed;
  double seconds = 0;
  if (absl::SimpleAtod(ToAbsl(value), &seconds)) {
    parsed = absl::Seconds(seconds);
  } else if (!absl::ParseDuration(ToAbsl(value), &parsed)) {
    return absl::InvalidArgumentError(
        absl::StrCat("'", ToAbsl(value), "' is not a duration such as 90s, 5m or 0"));
  }
  // In this form, the check also refuses NaN.
  if (!(parsed >= absl::ZeroDuration() && parsed <= absl::Hours(24 * 365))) {
    return absl::InvalidArgumentError(
        absl::StrCat("'", ToAbsl(value), "' is not between 0 and a year"));
  }
  *out = parsed;
  return absl::OkStatus();
}

absl::Status ParseLogLevel(std::string_view value, std::string* out) {
  static constexpr std::string_view kLevels[] = {"trace", "debug", "info", "warning", "error"};
  if (std::find(std::begin(kLevels), std::end(kLevels), value) == std::end(kLevels)) {
    return absl::InvalidArgumentError(
        absl::StrCat("'", ToAbsl(value), "' is not one of trace, debug, info, warning, error"));
  }
  *out = std::string(value);
  return absl::OkStatus();
}

absl::Status ParseLogFormat(std::string_view value, LogFormat* out) {
  if (value != "text" && value != "json") {
    return absl::InvalidArgumentError(
        absl::StrCat("'", ToAbsl(value), "' is not one of text, json"));
  }
  *out = value == "json" ? LogFormat::kJson : LogFormat::kText;
  return absl::OkStatus();
}

absl::Status ParseBytes(std::string_view value, int64_t* out) {
  const std::optional<int64_t> bytes = ParseByteSize(value);
  if (bytes) {
    *out = *bytes;
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      absl::StrCat("'", ToAbsl(value), "' is not a number of bytes such as 500MB, 2GiB or 0"));
}

absl::Status ParseBool(std::string_view value, bool* out) {
  if (!absl::SimpleAtob(ToAbsl(value), out)) {
    return absl::InvalidArgumentError(
        absl::StrCat("'", ToAbsl(value), "' is neither true nor false"));
  }
  return absl::OkStatus();
}

absl::Status ParseAdministrators(std::string_view value, std::vector<uid_t>* out) {
  absl::StatusOr<std::vector<uid_t>> users = ParseUsers(value);
  if (!users.ok()) return users.status();
  *out = *std::move(users);
  return absl::OkStatus();
}

std::vector<Setting> MakeSettings() {
  using View = std::string_view;
  return {
      {"cache_dir", "DIR",
       "Where winners and kernels are kept "
       "(default $XDG_CACHE_HOME/tilewright or ~/.cache/tilewright)",
       [](View value, Config& config) { return ParsePath(value, &config.cache_dir); }},
      {"socket", "PATH", "Unix socket to serve on (default <cache-dir>/tilewrightd.sock)",
       [](View value, Config& config) { return ParsePath(value, &config.socket); }},
      {"idle_timeout", "DURATION", "End after this long without work; 0: never (default 0)",
       [](View value, Config& config) { return ParseDuration(value, &config.idle_timeout); }},
      {"compile_workers", "N", "Compile processes; 0: one per core (default 0)",
       [](View value, Config& config) { return ParseInt(value, 0, 256, &config.compile_workers); }},
      {"metrics_port", "PORT", "Prometheus metrics on this port of 127.0.0.1; 0: off (default 0)",
       [](View value, Config& config) { return ParseInt(value, 0, 65535, &config.metrics_port); }},
      {"log_level", "LEVEL", "trace, debug, info, warning or error (default info)",
       [](View value, Config& config) { return ParseLogLevel(value, &config.log_level); }},
      {"log_file", "FILE",
       "Append the log to this file, and open it again on SIGHUP (default: log "
       "to standard error)",
       [](View value, Config& config) { return ParsePath(value, &config.log_file); }},
      {"log_format", "FORMAT", "text or json (default text)",
       [](View value, Config& config) { return ParseLogFormat(value, &config.log_format); }},
      {"max_queue", "N", "Tunings that may wait (default 256)",
       [](View value, Config& config) { return ParseInt(value, 1, 1000000, &config.max_queue); }},
      {"max_connections_per_user", "N", "Open connections of one user id (default 1024)",
       [](View value, Config& config) {
         return ParseInt(value, 1, 1000000, &config.max_connections_per_user);
       }},
      {"resume_sweeps", "BOOL",
       "Continue unfinished sweeps at the start; if false, a sweep continues when it is asked for "
       "again (default false)",
       [](View value, Config& config) { return ParseBool(value, &config.resume_sweeps); }},
      {"administrators", "USERS",
       "Users by name or id, separated by commas; like root and the daemon's own user, they may "
       "import, adopt and forget winners, prune the cache and back it up, trust signers, see and "
       "rotate the signing key and cancel the work of others (default none)",
       [](View value, Config& config) {
         return ParseAdministrators(value, &config.administrators);
       }},
      {"max_cache_bytes", "BYTES",
       "Database size that `tilewright prune` leaves, such as 500MB or 2GiB; 0: no limit "
       "(default 0)",
       [](View value, Config& config) { return ParseBytes(value, &config.max_cache_bytes); }},
      {"keep_sources", "DIR",
       "Keep source and cubin of each kernel that a tuning compiles in this folder, named by "
       "content hash (default: keep none)",
       [](View value, Config& config) { return ParsePath(value, &config.keep_sources); }},
  };
}

}  // namespace

const std::vector<Setting>& Settings() {
  static const auto* const settings = new std::vector<Setting>(MakeSettings());
  return *settings;
}

const Setting* FindSetting(std::string_view name) {
  for (const Setting& setting : Settings()) {
    if (name == setting.name) return &setting;
  }
  return nullptr;
}

std::string FlagName(const Setting& setting) {
  return absl::StrCat("--", absl::StrReplaceAll(setting.name, {{"_", "-"}}));
}

std::string EnvironmentName(const Setting& setting) {
  return absl::StrCat("TILEWRIGHT_", absl::AsciiStrToUpper(setting.name));
}

}  // namespace tilewright
