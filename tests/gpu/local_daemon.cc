#include "tests/gpu/local_daemon.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>
#include <thread>

namespace tilewright {
namespace {

namespace fs = std::filesystem;

// A tuning under way is given up at once; what is left of the time is for the workers to end.
constexpr std::chrono::seconds kStopPatience{15};

// Runs in the child: only what is safe between fork and exec.
[[noreturn]] void Become(const std::string& program, const std::string& cache,
                         const std::string& log_path) {
  const int log = open(log_path.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
  dup2(log, STDOUT_FILENO);
  dup2(log, STDERR_FILENO);
  execl(program.c_str(), program.c_str(), "--cache-dir", cache.c_str(), nullptr);
  _exit(127);
}

bool Ended(pid_t pid) { return waitpid(pid, nullptr, WNOHANG) == pid; }

}  // namespace

LocalDaemon::LocalDaemon() {
  std::error_code error;
  const std::string program =
      fs::read_symlink("/proc/self/exe", error).parent_path().string() + "/tilewrightd";
  if (access(program.c_str(), X_OK) != 0) return;
  std::string pattern = (fs::temp_directory_path() / "tilewright-gpu-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) return;
  folder_ = pattern;
  // The settings of whoever runs the tests are not the test's.
  for (const char* name : {"TILEWRIGHT_CACHE_DIR", "TILEWRIGHT_SOCKET", "TILEWRIGHT_CONFIG"}) {
    unsetenv(name);
  }
  const std::string cache = folder_ + "/cache";
  const std::string log_path = folder_ + "/log";
  pid_ = fork();
  if (pid_ == 0) Become(program, cache, log_path);
}

LocalDaemon::~LocalDaemon() {
  if (started()) {
    kill(pid_, SIGTERM);
    const auto deadline = std::chrono::steady_clock::now() + kStopPatience;
    while (!Ended(pid_)) {
      if (std::chrono::steady_clock::now() > deadline) {
        kill(pid_, SIGKILL);
        waitpid(pid_, nullptr, 0);
        break;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  }
  std::error_code ignored;
  if (!folder_.empty()) fs::remove_all(folder_, ignored);
}

std::string LocalDaemon::log() const {
  std::ifstream file(folder_ + "/log", std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
}

}  // namespace tilewright
