// The settings of the daemon: a table of names, help and parsers for flags, environment and file.
#ifndef TILEWRIGHT_SERVER_OPERATION_SETTINGS_H_
#define TILEWRIGHT_SERVER_OPERATION_SETTINGS_H_

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace tilewright {

enum class LogFormat { kText, kJson };

// The settings that the daemon runs with. A plain value.
struct Config {
  std::string cache_dir;
  std::string socket;
  // The daemon ends after this long without work. Zero: never.
  absl::Duration idle_timeout = absl::ZeroDuration();
  int compile_workers = 0;  // 0: one for each core.
  int metrics_port = 0;     // 0: no metrics.
  std::string log_level = "info";
  LogFormat log_format = LogFormat::kText;
  std::string log_file;  // Empty: standard error.
  int max_queue = 256;
  int max_connections_per_user = 1024;
  bool resume_sweeps = false;
  std::vector<uid_t> administrators;  // In addition to the daemon's own user and root.
  int64_t max_cache_bytes = 0;        // 0: no limit.
  std::string keep_sources;           // Folder for what is compiled. Empty: none.
};

struct Setting {
  const char* name;  // "max_queue": the file's key; --max-queue; TILEWRIGHT_MAX_QUEUE.
  const char* value_name;
  const char* help;
  // The error says what is wrong with the value. The caller adds where the value came from.
  absl::Status (*apply)(std::string_view value, Config& config);
};

const std::vector<Setting>& Settings();

// Returns null if no setting has that name.
const Setting* FindSetting(std::string_view name);

std::string FlagName(const Setting& setting);         // "--max-queue"
std::string EnvironmentName(const Setting& setting);  // "TILEWRIGHT_MAX_QUEUE"

}  // namespace tilewright

#endif  // TILEWRIGHT_SERVER_OPERATION_SETTINGS_H_
