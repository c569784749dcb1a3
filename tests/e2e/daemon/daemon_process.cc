#include "tests/e2e/daemon/daemon_process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "proto/support/socket_path.h"

namespace tilewright {
namespace {

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
}

// The daemon beside this program: in the build's folder as in an installed tree.
std::string DaemonPath() {
  return std::filesystem::read_symlink("/proc/self/exe").parent_path() / "tilewrightd";
}

pid_t Spawn(const std::vector<std::string>& flags, const std::string& log_path,
            const std::map<std::string, std::string>& environment) {
  std::vector<std::string> words = {DaemonPath()};
  words.insert(words.end(), flags.begin(), flags.end());
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const pid_t pid = fork();
  if (pid != 0) return pid;
  const int log = open(log_path.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
  dup2(log, STDOUT_FILENO);
  dup2(log, STDERR_FILENO);
  // The settings of whoever runs the tests are not the test's.
  for (const char* name : {"TILEWRIGHT_CACHE_DIR", "TILEWRIGHT_SOCKET", "TILEWRIGHT_CONFIG"}) {
    unsetenv(name);
  }
  for (const auto& [name, value] : environment) setenv(name.c_str(), value.c_str(), 1);
  execv(arguments[0], arguments.data());
  perror(arguments[0]);
  _exit(127);
}

int StatusOf(int wait_status) {
  return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

}  // namespace

TemporaryFolder::TemporaryFolder() {
  char folder[] = "/tmp/tilewright-e2e-XXXXXX";
  path_ = mkdtemp(folder);
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

DaemonProcess::DaemonProcess(const std::string& cache_dir, std::vector<std::string> flags,
                             std::map<std::string, std::string> environment)
    : socket_(cache_dir + "/tilewrightd.sock") {
  static std::atomic<int> count{0};
  log_path_ = absl::StrCat(cache_dir, ".", ++count, ".log");
  flags.insert(flags.begin(), {"--cache-dir", cache_dir});
  pid_ = Spawn(flags, log_path_, environment);
}

DaemonProcess::~DaemonProcess() {
  if (exit_status_ >= 0) return;
  kill(pid_, SIGKILL);
  AwaitExit();
}

bool DaemonProcess::AwaitServing() {
  const absl::Time deadline = absl::Now() + absl::Seconds(20);
  while (absl::Now() < deadline) {
    const int fd = ConnectTo(socket_);
    if (fd >= 0) {
      close(fd);
      return AwaitLog(" serves ");
    }
    if (AwaitExit(absl::Milliseconds(5)) >= 0) return false;
  }
  return false;
}

bool DaemonProcess::AwaitLog(const std::string& text) {
  const absl::Time deadline = absl::Now() + absl::Seconds(20);
  bool ended = false;
  while (!absl::StrContains(log(), text)) {
    if (ended || absl::Now() > deadline) return false;
    ended = AwaitExit(absl::Milliseconds(5)) >= 0;
  }
  return true;
}

void DaemonProcess::Signal(int signal) { kill(pid_, signal); }

int DaemonProcess::AwaitExit(absl::Duration limit) {
  const absl::Time deadline = absl::Now() + limit;
  while (exit_status_ < 0) {
    int status = 0;
    if (waitpid(pid_, &status, WNOHANG) == pid_) exit_status_ = StatusOf(status);
    if (exit_status_ < 0 && absl::Now() > deadline) return -1;
    if (exit_status_ < 0) absl::SleepFor(absl::Milliseconds(5));
  }
  return exit_status_;
}

std::string DaemonProcess::log() const { return ReadFile(log_path_); }

RunResult RunDaemon(const std::vector<std::string>& flags) {
  const TemporaryFolder folder;
  const std::string log_path = folder.path() + "/log";
  const pid_t pid = Spawn(flags, log_path, {});
  int status = 0;
  waitpid(pid, &status, 0);
  return {StatusOf(status), ReadFile(log_path)};
}

int ConnectTo(const std::string& socket_path) {
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_un address = SocketAddress(socket_path);
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0) return fd;
  close(fd);
  return -1;
}

}  // namespace tilewright
