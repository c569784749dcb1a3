#include "client/cli/daemon.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "proto/support/errors.h"
#include "proto/support/private_files.h"
#include "proto/support/status_macros.h"
#include "tilewright/connection.h"
#include "tilewright/paths.h"

extern char** environ;

namespace tilewright::cli {
namespace {

using Clock = std::chrono::steady_clock;
namespace fs = std::filesystem;

constexpr std::chrono::seconds kStartTimeout{60};
constexpr std::chrono::milliseconds kPollInterval{20};
constexpr std::chrono::seconds kPatience{1};
constexpr char kIdleTimeout[] = "10s";
// A daemon that is on its way out, idle, serves no longer and still holds the directory; it
// is gone within this time.
constexpr std::chrono::seconds kLeasePatience{5};
// tilewrightd's exit code where another one holds its cache directory.
constexpr int kCacheInUseExit = EX_TEMPFAIL;

std::string Variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

absl::Status StartError(std::string_view reason, const std::string& message) {
  return MakeError(absl::StatusCode::kUnavailable, reason, message);
}

absl::Status AsStartError(const absl::Status& status) {
  if (status.ok()) return status;
  return StartError("CACHE_DIRECTORY_UNUSABLE", std::string(status.message()));
}

bool IsExecutable(const std::string& path) {
  std::error_code error;
  return fs::is_regular_file(path, error) && access(path.c_str(), X_OK) == 0;
}

// A file descriptor that is closed, and with it a lock given up, at the end of its scope.
class FileDescriptor {
 public:
  explicit FileDescriptor(int fd) : fd_(fd) {}
  ~FileDescriptor() {
    if (fd_ >= 0) close(fd_);
  }
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  int get() const { return fd_; }

 private:
  const int fd_;
};

// The last line that says something from `offset` on.
std::string LastLogLine(const std::string& log, std::uintmax_t offset) {
  std::ifstream in(log);
  in.seekg(static_cast<std::streamoff>(offset));
  std::string last;
  for (std::string line; std::getline(in, line);) {
    if (!line.empty()) last = line;
  }
  return last;
}

std::uintmax_t SizeOf(const std::string& file) {
  std::error_code error;
  const std::uintmax_t size = fs::file_size(file, error);
  return error ? 0 : size;
}

// A process of its own session, with default signals, whose output goes to `log`.
absl::StatusOr<pid_t> Spawn(const std::vector<std::string>& command, const std::string& log) {
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, log.c_str(),
                                   O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW, 0600);
  posix_spawn_file_actions_adddup2(&files, STDOUT_FILENO, STDERR_FILENO);
  posix_spawn_file_actions_addchdir_np(&files, "/");
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t signals;
  sigemptyset(&signals);
  posix_spawnattr_setsigmask(&attributes, &signals);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK);
  std::vector<char*> arguments;
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  pid_t pid = 0;
  const int error =
      posix_spawn(&pid, command[0].c_str(), &files, &attributes, arguments.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&files);
  if (error != 0) {
    return StartError("DAEMON_FAILED",
                      absl::StrCat(command[0], " could not be started: ", std::strerror(error)));
  }
  return pid;
}

absl::Status CheckServing(const std::string& socket) {
  ConnectOptions options;
  options.socket_path = socket;
  options.connect_timeout = std::chrono::milliseconds(500);
  ASSIGN_OR_RETURN(const std::shared_ptr<Connection> connection, Connection::Open(options));
  return connection->CheckHealth(std::chrono::seconds(2));
}

// Waits until the daemon serves. `exit_reason` says why it will not, or nothing while it may.
absl::Status WaitUntilServing(const DaemonPlace& place, const std::string& what,
                              const std::function<std::string()>& exit_reason,
                              const std::function<void(const std::string&)>& say) {
  const auto start = Clock::now();
  bool said = false;
  absl::Status status;
  while (Clock::now() - start < kStartTimeout) {
    if (IsListening(place.socket)) {
      status = CheckServing(place.socket);
      if (status.ok()) return status;
    }
    if (const std::string reason = exit_reason(); !reason.empty()) {
      return StartError("DAEMON_FAILED", reason);
    }
    if (!said && Clock::now() - start > kPatience) {
      say(what);
      said = true;
    }
    std::this_thread::sleep_for(kPollInterval);
  }
  return StartError("DAEMON_FAILED",
                    absl::StrCat("tilewrightd at ", place.socket, " did not serve within ",
                                 kStartTimeout.count(), " s: ", status.message()));
}

absl::Status Start(const DaemonPlace& place, const std::function<void(const std::string&)>& say) {
  ASSIGN_OR_RETURN(const std::string binary, FindDaemonBinary());
  const std::string log = StateFile(place.cache_directory, "tilewrightd.log");
  const std::uintmax_t log_offset = SizeOf(log);
  std::vector<std::string> command{binary, "--cache-dir", place.cache_directory, "--socket",
                                   place.socket};
  // The user's own setting, where there is one, reaches the daemon through its environment.
  if (Variable("TILEWRIGHT_IDLE_TIMEOUT").empty()) {
    command.insert(command.end(), {"--idle-timeout", kIdleTimeout});
  }
  ASSIGN_OR_RETURN(pid_t pid, Spawn(command, log));
  const auto give_up = Clock::now() + kLeasePatience;
  const auto exit_reason = [&]() -> std::string {
    int wait_status = 0;
    if (waitpid(pid, &wait_status, WNOHANG) != pid) return "";
    if (WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == kCacheInUseExit &&
        Clock::now() < give_up) {
      const absl::StatusOr<pid_t> next = Spawn(command, log);
      if (!next.ok()) return std::string(next.status().message());
      pid = *next;
      return "";
    }
    const std::string line = LastLogLine(log, log_offset);
    return absl::StrCat("tilewrightd ended at its start: ", line.empty() ? "no message" : line,
                        " (log: ", log, ")");
  };
  return WaitUntilServing(place, absl::StrCat("starting tilewrightd (log: ", log, ")"), exit_reason,
                          say);
}

}  // namespace

absl::StatusOr<DaemonPlace> ResolvePlace(const std::string& socket_flag,
                                         const std::string& cache_directory_flag) {
  DaemonPlace place;
  place.cache_directory =
      cache_directory_flag.empty() ? DefaultCacheDirectory() : cache_directory_flag;
  if (place.cache_directory.empty()) {
    return InvalidField("cache-dir", "CACHE_DIRECTORY_UNKNOWN",
                        "give --cache-dir, or set TILEWRIGHT_CACHE_DIR, XDG_CACHE_HOME or HOME");
  }
  place.cache_directory = fs::absolute(place.cache_directory).lexically_normal();
  if (!socket_flag.empty()) {
    place.socket = socket_flag;
  } else if (!Variable("TILEWRIGHT_SOCKET").empty() && cache_directory_flag.empty()) {
    place.socket = Variable("TILEWRIGHT_SOCKET");
  } else {
    place.socket = SocketPathIn(place.cache_directory);
  }
  place.socket = fs::absolute(place.socket).lexically_normal();
  return place;
}

absl::StatusOr<std::string> FindDaemonBinary() {
  constexpr char kName[] = "tilewrightd";
  if (const std::string named = Variable("TILEWRIGHT_DAEMON"); !named.empty()) {
    const std::string binary = fs::absolute(named);
    if (IsExecutable(binary)) return binary;
    return StartError("DAEMON_NOT_FOUND",
                      absl::StrCat("TILEWRIGHT_DAEMON names ", named, ", which is no program"));
  }
  std::error_code error;
  const fs::path self = fs::read_symlink("/proc/self/exe", error).parent_path();
  if (IsExecutable(self / kName)) return self / kName;
  const std::vector<std::string> folders = absl::StrSplit(Variable("PATH"), ':');
  for (const std::string& folder : folders) {
    const fs::path binary = fs::absolute(fs::path(folder) / kName);
    if (!folder.empty() && IsExecutable(binary)) return binary;
  }
  return StartError("DAEMON_NOT_FOUND",
                    absl::StrCat("tilewrightd is neither in ", self.string(),
                                 " nor on PATH; TILEWRIGHT_DAEMON may name it"));
}

bool IsListening(const std::string& socket_path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (socket_path.size() >= sizeof(address.sun_path)) return false;
  std::memcpy(address.sun_path, socket_path.data(), socket_path.size());
  const FileDescriptor fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  return connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
}

absl::Status EnsureDaemon(const DaemonPlace& place, bool may_start,
                          const std::function<void(const std::string&)>& say) {
  const auto nothing_ended = [] { return std::string(); };
  const std::string waiting = absl::StrCat("waiting for tilewrightd at ", place.socket);
  if (IsListening(place.socket)) return WaitUntilServing(place, waiting, nothing_ended, say);
  if (!may_start) {
    return StartError("DAEMON_UNREACHABLE",
                      absl::StrCat("no tilewrightd answers at ", place.socket));
  }
  if (IsReadOnlyDirectory(place.cache_directory)) {
    RETURN_IF_ERROR(AsStartError(MakeRuntimeDirectory()));
  } else {
    RETURN_IF_ERROR(AsStartError(MakePrivateDirectory(place.cache_directory)));
  }
  const absl::StatusOr<int> opened =
      OpenPrivateFile(StateFile(place.cache_directory, "start.lock"), O_RDWR | O_CREAT, 0600);
  RETURN_IF_ERROR(AsStartError(opened.status()));
  const FileDescriptor lock(*opened);
  // Whoever holds the lock starts the daemon; it serves by the time the others get here.
  flock(lock.get(), LOCK_EX);
  if (IsListening(place.socket)) return WaitUntilServing(place, waiting, nothing_ended, say);
  return Start(place, say);
}

}  // namespace tilewright::cli
