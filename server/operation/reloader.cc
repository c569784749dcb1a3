#include "server/operation/reloader.h"

#include <spdlog/spdlog.h>

#include <string>

#include "server/operation/logging.h"

namespace tilewright {

void Reloader::Reload() {
  const absl::StatusOr<Config> loaded = LoadConfig(layers_);
  Config next = config_;
  if (loaded.ok()) {
    next.log_level = loaded->log_level;
    next.log_format = loaded->log_format;
    next.log_file = loaded->log_file;
    next.idle_timeout = loaded->idle_timeout;
    next.max_connections_per_user = loaded->max_connections_per_user;
  }
  const absl::Status opened = OpenLogFile(next);
  if (!opened.ok()) {
    spdlog::error("reload: {}", std::string(opened.message()));
    next.log_file = config_.log_file;
  }
  if (!loaded.ok()) {
    spdlog::error("reload: the configuration stays as it was: {}",
                  std::string(loaded.status().message()));
    return;
  }
  SetUpLogging(next);
  config_ = std::move(next);
  apply_(config_);
  spdlog::info(
      "reload: log_level, log_format, log_file, idle_timeout and "
      "max_connections_per_user are as configured now; the rest changes at the next start");
}

}  // namespace tilewright
