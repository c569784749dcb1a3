// The main of tests whose binary is its own compile worker: `--worker=compile` is the real
// one, `--worker=headers` has headers of the test, `--worker=missing` finds no NVRTC,
// `--worker=unloadable` one that is no library, `--worker=broken` ends at once,
// `--worker=scripted` does what a job's source says, `--worker=lost` is killed as it starts,
// `--worker=hangs` does not start,
// `--worker=useless` says that it cannot compile.
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "gtest/gtest.h"
#include "tuner/compile/compile_sandbox.h"
#include "tuner/compile/compile_worker.h"
#include "tuner/compile/compile_worker.pb.h"
#include "tuner/compile/nvrtc_api.h"
#include "tuner/worker/worker_process.h"

namespace tilewright {
namespace {

constexpr int kFd = WorkerProcess::kWorkerFd;
// Names the file that Count() shares, for the tests that need it.
constexpr char kCountVariable[] = "TILEWRIGHT_TEST_COUNT";

const std::vector<EmbeddedFile> kHeaders = {
    {"common/test_scale.cuh",
     "#include \"common/test_factor.cuh\"\n"
     "constexpr int Scale(int x) { return kFactor * x; }\n"},
    {"common/test_factor.cuh", "inline constexpr int kFactor = 3;\n"},
};

[[noreturn]] void EatMemory() {
  for (;;) {
    void* memory = std::malloc(16 << 20);
    if (memory == nullptr) std::abort();
    // Kept on purpose: the limit is to be reached.
    static_cast<volatile char*>(memory)[0] = 1;
  }
}

void Crash() {
  if (!kLimitsAddressSpace) signal(SIGSEGV, SIG_DFL);  // The sanitizer has a handler.
  raise(SIGSEGV);
}

// What the sandbox refuses, as text.
std::string TryWhatIsForbidden() {
  const auto error = [](int result) -> std::string {
    return result < 0 ? std::strerror(errno) : "allowed";
  };
  const std::string socket_error = error(socket(AF_INET, SOCK_STREAM, 0));
  char path[] = "/bin/true";
  char* const arguments[] = {path, nullptr};
  const std::string exec_error = error(execv(path, arguments));
  char name[] = "/tmp/tilewright-sandbox-XXXXXX";
  const int fd = mkstemp(name);
  const std::string write_error = error(fd);
  return absl::StrCat("socket: ", socket_error, "; exec: ", exec_error, "; write: ", write_error);
}

[[noreturn]] void Spin() {
  volatile unsigned spin = 0;
  for (;;) spin = spin + 1;
}

// Counts the workers that did what a job told the first ones alone to do. They can write no files,
// but they can write to memory that they share.
std::atomic<int>& Count() {
  static std::atomic<int>* const count = [] {
    const int fd = open(std::getenv(kCountVariable), O_RDWR | O_CLOEXEC);
    void* page = mmap(nullptr, sizeof(std::atomic<int>), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    return static_cast<std::atomic<int>*>(page);
  }();
  return *count;
}

// "crash 2": the first two workers crash, those after them answer.
std::string WithoutCount(std::string order) {
  const std::size_t space = order.rfind(' ');
  int first = 0;
  if (space == std::string::npos || !absl::SimpleAtoi(order.substr(space + 1), &first)) {
    return order;
  }
  return Count().fetch_add(1) < first ? order.substr(0, space) : "ok";
}

// Returns false where the worker is to end.
bool Obey(const std::string& text) {
  const std::string order = WithoutCount(text);
  compile_worker::Reply reply;
  if (order == "hang") pause();
  if (order == "crash") Crash();
  if (order == "killed") raise(SIGKILL);
  if (order == "terminated") {
    signal(SIGTERM, SIG_DFL);
    raise(SIGTERM);
  }
  if (order == "stopped") raise(SIGSTOP);
  if (order == "closes") {
    close(kFd);
    pause();
  }
  if (order == "exit") return false;
  if (order == "memory") EatMemory();
  if (order == "spin") Spin();
  if (order == "garbage") send(kFd, "\x04\0\0\0\xff\xff\xff\xff", 8, 0);
  if (order == "endless") send(kFd, "\xff\xff\xff\xff", 4, 0);
  if (order == "slow") absl::SleepFor(absl::Milliseconds(50));
  if (order == "error") {
    reply.mutable_failure()->set_kind(v1::FAILURE_KIND_COMPILE_ERROR);
    reply.mutable_failure()->set_message("told to fail");
  } else if (order != "empty") {
    reply.mutable_code()->set_cubin(order == "sandbox" ? TryWhatIsForbidden()
                                                       : absl::StrCat(getpid()));
  }
  reply.set_retires(order == "retire");
  return WriteMessage(kFd, reply).ok() && order != "retire" && order != "exit after";
}

int RunScriptedWorker(const std::string& compile_error = "") {
  compile_worker::Setup setup;
  if (!ReadMessage(kFd, SteadyTime::InfiniteFuture(), &setup).ok()) return 1;
  if (std::getenv(kCountVariable) != nullptr) Count();
  if (!EnterCompileSandbox(setup.memory_limit_bytes()).ok()) return 1;
  compile_worker::Ready ready;
  ready.mutable_library()->set_library("nvrtc");
  ready.mutable_library()->set_found(true);
  ready.mutable_library()->set_version("13.0");
  if (!WriteMessage(kFd, ready).ok()) return 1;
  compile_worker::SelfCheck check;
  check.set_filter_error(std::string(FilterCompileWorker().message()));
  check.set_compile_error(compile_error);
  if (!WriteMessage(kFd, check).ok()) return 1;
  compile_worker::Request request;
  while (ReadMessage(kFd, SteadyTime::InfiniteFuture(), &request).ok()) {
    if (!ApplyLimits({.cpu_seconds = setup.cpu_seconds()}).ok()) return 1;
    if (!Obey(request.source())) return 3;
  }
  return 0;
}

int RunWorker(std::string_view mode) {
  if (mode == "scripted") return RunScriptedWorker();
  if (mode == "useless") return RunScriptedWorker("NVRTC: it does not work; 41 (socket)");
  if (mode == "lost") return raise(SIGKILL);
  if (mode == "hangs") return pause();
  if (mode == "compile") return RunCompileWorker(kFd);
  if (mode == "headers") return RunCompileWorker(kFd, kHeaders, NvrtcApi::Candidates());
  if (mode == "missing") return RunCompileWorker(kFd, {}, {"nowhere/libnvrtc.so"});
  if (mode == "unloadable") return RunCompileWorker(kFd, {}, {"/proc/self/status"});
  return 7;
}

}  // namespace
}  // namespace tilewright

int main(int argc, char** argv) {
  constexpr std::string_view kFlag = "--worker=";
  if (argc == 2 && std::string_view(argv[1]).substr(0, kFlag.size()) == kFlag) {
    return tilewright::RunWorker(argv[1] + kFlag.size());
  }
  ::testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
