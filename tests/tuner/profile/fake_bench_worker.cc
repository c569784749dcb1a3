#include "tests/tuner/profile/fake_bench_worker.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <map>
#include <string_view>

#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "proto/support/failure.h"
#include "tuner/bench/bench_worker.pb.h"
#include "tuner/worker/worker_process.h"

namespace tilewright {
namespace {

[[noreturn]] void Crash() {
  signal(SIGSEGV, SIG_DFL);  // A sanitizer has a handler, which would exit instead.
  kill(getpid(), SIGSEGV);
  for (;;) pause();
}

// Leaves `marker` behind; whether it was not there, so that the next worker goes on.
bool IsFirst(const std::string& marker) {
  const int fd = open(marker.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
  if (fd >= 0) close(fd);
  return fd >= 0;
}

// What is done to a worker from outside: "killed", "terminated", "stopped", or "cut_off".
void BeLost(std::string_view how) {
  if (how == "killed") raise(SIGKILL);
  if (how == "terminated") {
    signal(SIGTERM, SIG_DFL);
    raise(SIGTERM);
  }
  if (how == "stopped") raise(SIGSTOP);
  close(WorkerProcess::kWorkerFd);
  for (;;) pause();
}

// "check_killed", "check_killed_once", "time_stopped_once", ...: loses the worker where the
// behaviour is one of `stage`; that of the first worker alone where it ends in "once".
void BeLostAt(std::string_view stage, std::string_view behaviour, const std::string& marker) {
  constexpr std::string_view kOnce = "_once";
  if (behaviour.substr(0, stage.size()) != stage) return;
  behaviour.remove_prefix(stage.size());
  const bool once =
      behaviour.size() > kOnce.size() && behaviour.substr(behaviour.size() - kOnce.size()) == kOnce;
  if (once) behaviour.remove_suffix(kOnce.size());
  for (const std::string_view how : {"killed", "terminated", "stopped", "cut_off"}) {
    if (behaviour == how && (!once || IsFirst(marker))) BeLost(how);
  }
}

[[noreturn]] void Hang() {
  for (;;) pause();
}

class FakeServer {
 public:
  FakeServer(int fd, std::string mode) : fd_(fd), mode_(std::move(mode)) {}

  bool Serve(const bench::Request& request) {
    switch (request.what_case()) {
      case bench::Request::kDescribe:
        return Describe(request.describe());
      case bench::Request::kOpen:
        return Open();
      case bench::Request::kReference:
        reply_.mutable_reference();
        return Send();
      case bench::Request::kInput:
        input_ = request.input().kind();
        reply_.mutable_input();
        return Send();
      case bench::Request::kVendors:
        return Vendors();
      case bench::Request::kLoad:
        return Load(request.load());
      case bench::Request::kCheck:
        return Check(request.check());
      default:
        return Round(request.round());
    }
  }

 private:
  struct Loaded {
    std::string behaviour;
    double seconds = 0;
    std::string hash;
    int repeats = 0;
  };

  bool Send() {
    const bool sent = WriteMessage(fd_, reply_).ok();
    reply_.Clear();
    return sent;
  }

  bool Describe(const bench::DescribeRequest& request) {
    bench::DescribeReply& describe = *reply_.mutable_describe();
    if (request.other_libraries()) {
      if (mode_ == "libraries_hang") Hang();
      return Send();
    }
    if (mode_ == "driver_hangs") Hang();
    describe.add_libraries()->set_library("cuda");
    if (mode_ == "no_gpu") return Send();
    v1::Device& device = *describe.add_devices();
    device.set_uuid("GPU-0");
    device.mutable_target()->mutable_silicon()->set_compute_capability(90);
    return Send();
  }

  bool Open() {
    if (mode_ == "dies_opening") Crash();
    if (mode_ == "killed_opening") BeLost("killed");
    if (mode_ == "out_of_memory") {
      reply_.mutable_error()->set_code(static_cast<int>(absl::StatusCode::kResourceExhausted));
      reply_.mutable_error()->set_reason("GPU_OUT_OF_MEMORY");
      reply_.mutable_error()->set_message("no memory for it");
      return Send();
    }
    reply_.mutable_open();
    return Send();
  }

  bool Vendors() {
    if (mode_ == "vendors_fail") {
      reply_.mutable_error()->set_code(static_cast<int>(absl::StatusCode::kInternal));
      reply_.mutable_error()->set_message("cublasLt cannot be initialized");
      return Send();
    }
    reply_.mutable_vendors();
    for (int rank = 0; rank < 3; ++rank) {
      v1::VendorKernel& kernel = *reply_.mutable_vendors()->add_kernels();
      kernel.set_heuristic_rank(rank);
    }
    return Send();
  }

  bool Load(const bench::LoadRequest& request) {
    Loaded& loaded = loaded_[request.candidate()];
    loaded = Loaded();
    if (request.has_vendor()) {
      loaded.behaviour = "ok";
      const int rank = request.vendor().heuristic_rank();
      loaded.seconds = 1e-3 * (mode_ == "vendors_slowest_first" ? 3 - rank : 1 + rank);
    } else {
      loaded.behaviour = request.kernel().variant().template_name();
      loaded.hash = request.kernel().content_hash();
      for (const v1::Parameter& parameter : request.kernel().variant().config().parameters()) {
        loaded.seconds = 1e-9 * static_cast<double>(parameter.value());
      }
    }
    if (loaded.behaviour == "load_crash") Crash();
    BeLostAt("load_", loaded.behaviour, loaded.hash);
    bench::CandidateReply& candidate = Reply(request.candidate());
    if (loaded.behaviour == "no_memory") {
      *candidate.mutable_failure() = MakeFailure(v1::FAILURE_KIND_DEFERRED, "no memory");
    }
    return Send();
  }

  bench::CandidateReply& Reply(int candidate) {
    reply_.mutable_candidate()->set_candidate(candidate);
    return *reply_.mutable_candidate();
  }

  bool Check(const bench::CheckRequest& request) {
    // The real worker loses what it loaded when it is started anew, and so does this one.
    if (loaded_.count(request.candidate()) == 0) Crash();
    Loaded& loaded = loaded_[request.candidate()];
    loaded.repeats += request.repeat();
    if (loaded.behaviour == "check_crash") Crash();
    if (loaded.behaviour == "check_crash_once" && IsFirst(loaded.hash)) Crash();
    BeLostAt("check_", loaded.behaviour, loaded.hash);
    if (loaded.behaviour == "check_hang") Hang();
    bench::CandidateReply& candidate = Reply(request.candidate());
    candidate.set_seconds(loaded.seconds);
    candidate.set_relative_error(loaded.behaviour == "inexact" ? 0.1 : 0.001);
    if (loaded.behaviour == "out_of_bounds") {
      overwritten_ = true;
      *candidate.mutable_failure() = MakeFailure(v1::FAILURE_KIND_OUT_OF_BOUNDS, "outside of D");
      return Send();
    }
    const bool is_hard = input_ == bench::INPUT_KIND_ADVERSARIAL;
    if (overwritten_ || loaded.behaviour == "wrong" ||
        (loaded.behaviour == "wrong_on_hard_input" && is_hard) ||
        (loaded.behaviour == "wrong_later" && loaded.repeats > 1)) {
      *candidate.mutable_failure() = MakeFailure(v1::FAILURE_KIND_WRONG_RESULT, "wrong");
    }
    if (loaded.behaviour == "context_lost") {
      *candidate.mutable_failure() = MakeFailure(v1::FAILURE_KIND_LAUNCH_ERROR, "illegal");
      candidate.set_context_lost(true);
      Send();
      return false;
    }
    return Send();
  }

  bool Round(const bench::RoundRequest& request) {
    ++rounds_;
    for (const int id : request.candidates()) {
      if (loaded_.count(id) == 0) Crash();
      const Loaded& loaded = loaded_[id];
      if (loaded.behaviour == "time_crash") Crash();
      if (loaded.behaviour == "time_crash_once" && IsFirst(loaded.hash)) Crash();
      BeLostAt("time_", loaded.behaviour, loaded.hash);
      if (loaded.behaviour == "time_hang") Hang();
      Reply(id).set_seconds(loaded.seconds);
      if (!Send()) return false;
    }
    bench::RoundReply& round = *reply_.mutable_round();
    round.set_sm_clock_mhz(1500);
    round.set_power_watts(600);
    round.set_throttle_reasons(4);
    round.set_disturbed(mode_ == "disturbed" || (mode_ == "busy" && rounds_ <= 3));
    return Send();
  }

  int fd_;
  std::string mode_;
  bench::Reply reply_;
  std::map<int, Loaded> loaded_;
  bench::InputKind input_ = bench::INPUT_KIND_UNSPECIFIED;
  int rounds_ = 0;
  bool overwritten_ = false;  // What later checks are judged by.
};

}  // namespace

int RunFakeBenchWorker(int fd, const std::string& mode) {
  FakeServer server(fd, mode);
  bench::Request request;
  while (ReadMessage(fd, SteadyTime::InfiniteFuture(), &request).ok()) {
    if (!server.Serve(request)) return 1;
  }
  return 0;
}

}  // namespace tilewright

int main(int argc, char** argv) {
  constexpr std::string_view kFlag = "--worker=";
  if (argc == 2 && std::string_view(argv[1]).substr(0, kFlag.size()) == kFlag) {
    return tilewright::RunFakeBenchWorker(tilewright::WorkerProcess::kWorkerFd,
                                          argv[1] + kFlag.size());
  }
  ::testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
