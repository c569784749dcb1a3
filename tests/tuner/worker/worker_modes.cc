#include "tests/tuner/worker/worker_modes.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "google/protobuf/wrappers.pb.h"
#include "gtest/gtest.h"
#include "tuner/worker/worker_process.h"

namespace tilewright {
namespace {

using google::protobuf::StringValue;

constexpr int kFd = WorkerProcess::kWorkerFd;

int Say(const std::string& text) {
  StringValue message;
  message.set_value(text);
  return WriteMessage(kFd, message).ok() ? 0 : 1;
}

int Echo() {
  StringValue message;
  while (ReadMessage(kFd, SteadyTime::InfiniteFuture(), &message).ok()) {
    if (Say(message.value()) != 0) return 1;
  }
  return 0;
}

std::string OpenFiles() {
  std::string numbers;
  DIR* folder = opendir("/proc/self/fd");
  while (const dirent* entry = readdir(folder)) {
    const int fd = std::atoi(entry->d_name);
    if (entry->d_name[0] != '.' && fd != dirfd(folder)) absl::StrAppend(&numbers, " ", fd);
  }
  closedir(folder);
  return numbers;
}

// One line on what the worker inherited.
int Facts() {
  sigset_t mask;
  sigprocmask(SIG_SETMASK, nullptr, &mask);
  struct sigaction pipe_action;
  sigaction(SIGPIPE, nullptr, &pipe_action);
  return Say(absl::StrCat("files", OpenFiles(), "; leads group ", getpgrp() == getpid(),
                          "; blocked ", sigismember(&mask, SIGTERM), "; ignored ",
                          pipe_action.sa_handler == SIG_IGN));
}

int Crash() {
  signal(SIGSEGV, SIG_DFL);  // A sanitizer has a handler.
  return raise(SIGSEGV);
}

int RunIntoCpuLimit() {
  if (!ApplyLimits({.cpu_seconds = 1}).ok()) return 2;
  volatile unsigned spin = 0;
  for (;;) spin = spin + 1;
}

int RunIntoMemoryLimit() {
  constexpr std::size_t kLimit = std::size_t{64} << 30;
  if (!ApplyLimits({.address_space_bytes = std::int64_t{kLimit}}).ok()) return 2;
  void* memory =
      mmap(nullptr, kLimit, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return Say(memory == MAP_FAILED ? "refused" : "granted");
}

int RunIntoFileLimit() {
  if (!ApplyLimits({.file_size_bytes = 0}).ok()) return 2;
  char path[] = "/tmp/tilewright-limit-XXXXXX";
  const int fd = mkstemp(path);
  if (fd < 0) return Say(std::strerror(errno));
  unlink(path);
  return Say(write(fd, "x", 1) == 1 ? "written" : std::strerror(errno));
}

// Starts a worker of its own, says its process id, and waits.
int StartGrandchild() {
  auto worker = WorkerProcess::Start("", {"--worker=hang"});
  if (!worker.ok()) return 2;
  Say(absl::StrCat((*worker)->pid()));
  return Echo();
}

}  // namespace

int RunWorkerMode(const std::string& mode) {
  if (mode == "echo") return Echo();
  if (mode == "facts") return Facts();
  if (mode == "crash") return Crash();
  if (mode == "exit") return 3;
  if (mode == "cpu") return RunIntoCpuLimit();
  if (mode == "memory") return RunIntoMemoryLimit();
  if (mode == "file") return RunIntoFileLimit();
  if (mode == "grandchild") return StartGrandchild();
  for (;;) pause();
}

}  // namespace tilewright

int main(int argc, char** argv) {
  constexpr std::string_view kFlag = "--worker=";
  if (argc == 2 && std::string_view(argv[1]).substr(0, kFlag.size()) == kFlag) {
    return tilewright::RunWorkerMode(argv[1] + kFlag.size());
  }
  ::testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
