#include "client/cli/commands/child_process.h"

#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "proto/support/errors.h"

namespace tilewright::cli {
namespace {

absl::Status ChildError(const std::string& program, const char* what, int error) {
  return MakeError(absl::StatusCode::kUnavailable, "DAEMON_FAILED",
                   absl::StrCat(program, " ", what, ": ", std::strerror(error)));
}

std::string ContentOf(int fd) {
  std::string text;
  char buffer[4096];
  ssize_t count = 0;
  while ((count = pread(fd, buffer, sizeof(buffer), static_cast<off_t>(text.size()))) > 0) {
    text.append(buffer, static_cast<size_t>(count));
  }
  return text;
}

// Starts `command` with these output streams and no blocked signals. Returns 0 or an errno.
int Spawn(const std::vector<std::string>& command, int out, int err, pid_t& pid) {
  std::vector<char*> words;
  for (const std::string& word : command) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&files);
  posix_spawnattr_init(&attributes);
  const auto destroy = absl::MakeCleanup([&] {
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
  });
  posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&files, err, STDERR_FILENO);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
  return posix_spawn(&pid, words[0], &files, &attributes, words.data(), environ);
}

}  // namespace

absl::StatusOr<Ended> RunToEnd(const std::vector<std::string>& command) {
  // Files in memory, not pipes: a full pipe would block the child until somebody reads it.
  const int out = memfd_create("out", MFD_CLOEXEC);
  const int err = memfd_create("err", MFD_CLOEXEC);
  const int memory_error = errno;
  const auto close_both = absl::MakeCleanup([&] {
    close(out);
    close(err);
  });
  if (out < 0 || err < 0) return ChildError(command[0], "could not be started", memory_error);
  // If this process ignores SIGCHLD, the kernel does not keep how the child ended.
  std::signal(SIGCHLD, SIG_DFL);
  pid_t pid = 0;
  if (const int error = Spawn(command, out, err, pid); error != 0) {
    return ChildError(command[0], "could not be started", error);
  }
  int status = 0;
  pid_t ended = 0;
  while ((ended = waitpid(pid, &status, 0)) < 0 && errno == EINTR) {
  }
  if (ended < 0) return ChildError(command[0], "could not be waited for", errno);
  return Ended{WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), ContentOf(out),
               ContentOf(err)};
}

}  // namespace tilewright::cli
