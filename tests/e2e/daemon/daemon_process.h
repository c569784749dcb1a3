#ifndef TILEWRIGHT_TESTS_E2E_DAEMON_DAEMON_PROCESS_H_
#define TILEWRIGHT_TESTS_E2E_DAEMON_DAEMON_PROCESS_H_

#include <sys/types.h>

#include <map>
#include <string>
#include <vector>

#include "absl/time/time.h"

namespace tilewright {

// A folder that goes away with its owner.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// A tilewrightd of its own, killed at the end. Standard error goes to a file.
class DaemonProcess {
 public:
  // Serves `cache_dir`; `flags` follow the defaults, `environment` is added to this one's.
  explicit DaemonProcess(const std::string& cache_dir, std::vector<std::string> flags = {},
                         std::map<std::string, std::string> environment = {});
  ~DaemonProcess();
  DaemonProcess(const DaemonProcess&) = delete;
  DaemonProcess& operator=(const DaemonProcess&) = delete;

  // Whether it answers on its socket and has logged so within some seconds.
  bool AwaitServing();
  // Whether `text` is in the log within some seconds, or before the daemon ends.
  bool AwaitLog(const std::string& text);
  void Signal(int signal);
  // The exit status, 128 + signal where one ended it; -1 where it still runs after `limit`.
  int AwaitExit(absl::Duration limit = absl::Seconds(20));

  pid_t pid() const { return pid_; }
  const std::string& socket() const { return socket_; }
  std::string log() const;

 private:
  std::string socket_;
  std::string log_path_;
  pid_t pid_ = -1;
  int exit_status_ = -1;
};

// Runs tilewrightd with `flags` to its end: exit status and what it wrote.
struct RunResult {
  int exit_status = -1;
  std::string output;
};
RunResult RunDaemon(const std::vector<std::string>& flags);

// A connected Unix socket, or -1.
int ConnectTo(const std::string& socket);

}  // namespace tilewright

#endif  // TILEWRIGHT_TESTS_E2E_DAEMON_DAEMON_PROCESS_H_
