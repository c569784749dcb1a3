#ifndef TILEWRIGHT_SERVER_OPERATION_RELOADER_H_
#define TILEWRIGHT_SERVER_OPERATION_RELOADER_H_

#include <functional>
#include <utility>

#include "server/operation/config.h"

namespace tilewright {

// The configuration of a running daemon. SIGHUP reloads it. Owned by main(); used by the thread
// that waits for signals.
class Reloader {
 public:
  // Calls `apply` with each new configuration, after the log has changed to it.
  Reloader(ConfigLayers layers, Config config, std::function<void(const Config&)> apply)
      : layers_(std::move(layers)), config_(std::move(config)), apply_(std::move(apply)) {}

  // Opens the log file again and applies the settings that can change while the daemon runs:
  // log_level, log_format, log_file, idle_timeout and max_connections_per_user. The others change
  // at the next start. A wrong configuration changes nothing; the log says why.
  void Reload();

  const Config& config() const { return config_; }

 private:
  const ConfigLayers layers_;
  Config config_;
  const std::function<void(const Config&)> apply_;
};

}  // namespace tilewright

#endif  // TILEWRIGHT_SERVER_OPERATION_RELOADER_H_
