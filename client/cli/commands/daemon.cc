#include "client/cli/commands/daemon.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "client/cli/commands/daemon_environment.h"
#include "client/cli/commands/detached_process.h"
#include "client/cli/output/format.h"
#include "client/cpp/daemon_identity.h"
#include "client/cpp/dial.h"
#include "proto/support/daemon_files.h"
#include "proto/support/errors.h"
#include "proto/support/private_files.h"
#include "proto/support/status_macros.h"
#include "proto/support/steady_time.h"
#include "proto/support/unique_fd.h"
#include "tilewright/paths.h"

namespace tilewright::cli {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using Say = std::function<void(const std::string&)>;

constexpr absl::Duration kPollInterval = absl::Milliseconds(20);
// A daemon that serves sends its greeting within this time.
constexpr absl::Duration kGreeting = absl::Milliseconds(200);
// A wait that takes longer is reported.
constexpr absl::Duration kPatience = absl::Seconds(1);
constexpr char kIdleTimeout[] = "10s";
// An idle daemon that is ending still holds the directory, but no longer than this.
constexpr absl::Duration kLeasePatience = absl::Seconds(5);
// The exit code of tilewrightd if another one holds its cache directory.
constexpr int kCacheInUseExit = EX_TEMPFAIL;

constexpr char kLockName[] = "start.lock";

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

// Returns the last line of the log, from `offset` on, that is not empty.
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

// Reports once what the command waits for, if the wait takes longer than a moment.
class WaitNote {
 public:
  WaitNote(std::string what, const Say& say) : what_(std::move(what)), say_(say) {}
  void Tick() {
    if (said_ || SteadyTime::Now() - begin_ < kPatience) return;
    said_ = true;
    say_(what_);
  }

 private:
  const std::string what_;
  const Say& say_;
  const SteadyTime begin_ = SteadyTime::Now();
  bool said_ = false;
};

std::string TimeBetween(SteadyTime begin, SteadyTime end) {
  return FormatWait(absl::ToDoubleSeconds(end - begin));
}

void Pause(SteadyTime deadline) {
  absl::SleepFor(std::min(kPollInterval, deadline - SteadyTime::Now()));
}

bool IsAbsent(const absl::Status& status) { return ReasonOf(status) == "DAEMON_UNREACHABLE"; }

// Returns OK if the daemon at `socket` answers before `deadline`. Fails at once if nobody listens.
absl::Status Answers(const std::string& socket, SteadyTime deadline) {
  ASSIGN_OR_RETURN(const std::optional<uid_t> user, ConfiguredDaemonUser(std::nullopt));
  const absl::StatusOr<int> fd = Dial(socket, deadline, user);
  if (fd.ok()) close(*fd);
  return fd.status();
}

// Waits until the daemon answers. Waits for a frozen daemon until `frozen_limit`, and for one that
// has no room until `deadline`. DAEMON_UNREACHABLE, at once: nobody listens.
absl::Status AwaitAnswer(const std::string& socket, SteadyTime frozen_limit, SteadyTime deadline,
                         const Say& say) {
  WaitNote note(absl::StrCat("waiting for tilewrightd at ", socket), say);
  absl::Status status;
  while (true) {
    const SteadyTime now = SteadyTime::Now();
    const SteadyTime answer_by = std::min({deadline, frozen_limit, now + kPatience});
    status = MoreTelling(status, Answers(socket, answer_by), answer_by - now);
    if (status.ok() || IsAbsent(status)) return status;
    const std::string reason = ReasonOf(status);
    const SteadyTime limit = reason == "DAEMON_FROZEN" ? frozen_limit : deadline;
    const bool may_pass = reason == "DAEMON_FROZEN" || reason == "TOO_MANY_CONNECTIONS" ||
                          reason == "CONNECTION_CLOSED";
    if (!may_pass || SteadyTime::Now() >= std::min(limit, deadline)) return status;
    note.Tick();
    Pause(deadline);
  }
}

// Waits until the daemon that was started serves. `exit_reason` returns why it never will, or ""
// while it still may.
absl::Status AwaitStart(const DaemonPlace& place, SteadyTime deadline, const std::string& what,
                        const std::function<std::string()>& exit_reason, const Say& say) {
  const SteadyTime begin = SteadyTime::Now();
  WaitNote note(what, say);
  while (true) {
    const absl::Status status =
        Answers(place.socket, std::min(deadline, SteadyTime::Now() + kPatience));
    if (status.ok()) return status;
    if (const std::string reason = exit_reason(); !reason.empty()) {
      return StartError("DAEMON_FAILED", reason);
    }
    if (SteadyTime::Now() >= deadline) {
      const std::string found =
          IsAbsent(status) ? "it does not listen yet" : std::string(status.message());
      return StartError(
          "DAEMON_STARTING",
          absl::StrCat("tilewrightd at ", place.socket, " was started but did not serve within ",
                       TimeBetween(begin, SteadyTime::Now()), ": ", found,
                       "; it is still starting, so try again (log: ",
                       StateFile(place.cache_directory, kDaemonLogName), ")"));
    }
    note.Tick();
    Pause(deadline);
  }
}

absl::Status Start(const DaemonPlace& place, SteadyTime deadline, const Say& say) {
  ASSIGN_OR_RETURN(const std::string binary, FindDaemonBinary());
  const std::string log = StateFile(place.cache_directory, kDaemonLogName);
  const std::uintmax_t log_offset = SizeOf(log);
  std::vector<std::string> command{
      binary, "--cache-dir", place.cache_directory, "--socket", place.socket, "--log-file", log};
  // If the user has a setting of their own, it reaches the daemon through the environment.
  if (Variable("TILEWRIGHT_IDLE_TIMEOUT").empty()) {
    command.insert(command.end(), {"--idle-timeout", kIdleTimeout});
  }
  std::error_code error;
  const EnvironmentEntries environment =
      DaemonEnvironment(OwnEnvironment(), fs::current_path(error).string());
  ASSIGN_OR_RETURN(pid_t pid, StartDetached(command, environment, log));
  const SteadyTime give_up = SteadyTime::Now() + kLeasePatience;
  const auto exit_reason = [&]() -> std::string {
    int wait_status = 0;
    if (waitpid(pid, &wait_status, WNOHANG) != pid) return "";
    if (WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == kCacheInUseExit &&
        SteadyTime::Now() < give_up) {
      const absl::StatusOr<pid_t> next = StartDetached(command, environment, log);
      if (!next.ok()) return std::string(next.status().message());
      pid = *next;
      return "";
    }
    const std::string line = LastLogLine(log, log_offset);
    return absl::StrCat(
        "tilewrightd ended while it started: ",
        line.empty() ? "no message" : absl::StripPrefix(line, "tilewrightd: error: "),
        " (log: ", log, ")");
  };
  return AwaitStart(place, deadline, absl::StrCat("starting tilewrightd (log: ", log, ")"),
                    exit_reason, say);
}

// Returns the process id that the holder of the lock wrote to it, or 0 if it cannot be read.
int HolderOf(int lock) {
  char text[32] = {};
  int pid = 0;
  if (pread(lock, text, sizeof(text) - 1, 0) <= 0 || !absl::SimpleAtoi(text, &pid)) return 0;
  return pid;
}

// Takes the lock that a process holds while it starts a daemon here, unless a daemon answers first.
absl::Status TakeStartLock(int lock, const DaemonPlace& place, SteadyTime deadline,
                           const Say& say) {
  const SteadyTime begin = SteadyTime::Now();
  const int holder = HolderOf(lock);
  const std::string who =
      holder > 0 ? absl::StrCat("process ", holder) : std::string("another process");
  WaitNote note(absl::StrCat("waiting for ", who, ", which is starting tilewrightd"), say);
  while (flock(lock, LOCK_EX | LOCK_NB) != 0) {
    const SteadyTime answer_by = std::min(deadline, SteadyTime::Now() + kGreeting);
    if (Answers(place.socket, answer_by).ok()) return absl::OkStatus();
    if (SteadyTime::Now() >= deadline) {
      return StartError("START_LOCK_HELD",
                        absl::StrCat(who, " has been starting tilewrightd for ",
                                     TimeBetween(begin, SteadyTime::Now()), " and holds ",
                                     StateFile(place.cache_directory, kLockName),
                                     ": if it hangs, end it, and try again"));
    }
    note.Tick();
    Pause(deadline);
  }
  const std::string own = absl::StrCat(getpid(), "\n");
  if (ftruncate(lock, 0) == 0) {
    // Only for the message of the processes that wait.
    [[maybe_unused]] const ssize_t written = pwrite(lock, own.data(), own.size(), 0);
  }
  return absl::OkStatus();
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
    return StartError("DAEMON_NOT_FOUND", absl::StrCat("TILEWRIGHT_DAEMON names ", named,
                                                       ", which is not an executable file"));
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
                                 " nor on PATH; set TILEWRIGHT_DAEMON to its path"));
}

absl::Status EnsureDaemon(const DaemonPlace& place, bool may_start,
                          std::optional<milliseconds> timeout, const Say& say) {
  RETURN_IF_ERROR(CheckDaemonSocket(place.socket));
  const SteadyTime deadline = DeadlineAfter(timeout.value_or(kStartTimeout));
  const SteadyTime frozen_limit = DeadlineAfter(timeout.value_or(kFrozenTimeout));
  absl::Status status = AwaitAnswer(place.socket, frozen_limit, deadline, say);
  if (status.ok() || !IsAbsent(status) || !may_start) return status;
  if (IsReadOnlyDirectory(place.cache_directory)) {
    RETURN_IF_ERROR(AsStartError(MakeRuntimeDirectory()));
  } else {
    RETURN_IF_ERROR(AsStartError(MakePrivateDirectory(place.cache_directory)));
  }
  const absl::StatusOr<int> opened =
      OpenPrivateFile(StateFile(place.cache_directory, kLockName), O_RDWR | O_CREAT, 0600);
  RETURN_IF_ERROR(AsStartError(opened.status()));
  const UniqueFd lock(*opened);
  // The holder of the lock starts the daemon. It serves before the others get the lock.
  RETURN_IF_ERROR(TakeStartLock(lock.get(), place, deadline, say));
  status = AwaitAnswer(place.socket, frozen_limit, deadline, say);
  if (status.ok() || !IsAbsent(status)) return status;
  return Start(place, deadline, say);
}

}  // namespace tilewright::cli
