#include "tuner/compile/worker_slot.h"

#include <poll.h>

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "proto/support/errors.h"
#include "proto/support/failure.h"
#include "spdlog/spdlog.h"
#include "tuner/compile/compile_sandbox.h"
#include "tuner/compile/compile_worker.pb.h"

namespace tilewright {
namespace {

CompileOutcome ToOutcome(compile_worker::Reply reply) {
  if (reply.has_failure()) return std::move(*reply.mutable_failure());
  CompiledCode code;
  code.cubin = std::move(*reply.mutable_code()->mutable_cubin());
  code.ptx = std::move(*reply.mutable_code()->mutable_ptx());
  code.seconds = reply.code().seconds();
  for (const compile_worker::Entry& entry : reply.code().entries()) {
    code.entries.push_back({entry.symbol(), entry.registers_per_thread(), entry.spill_bytes(),
                            entry.static_shared_memory_bytes()});
  }
  return code;
}

// Ends a wait once nobody needs its result.
WaitCheck UnlessAbandoned(const std::function<bool()>& is_abandoned) {
  return [&is_abandoned] {
    return is_abandoned() ? absl::CancelledError("the job was given up") : absl::OkStatus();
  };
}

absl::Status WorkerFailed(const std::string& why) {
  return MakeError(absl::StatusCode::kUnavailable, "COMPILE_WORKER_FAILED",
                   absl::StrCat("the compile worker does not start: ", why));
}

}  // namespace

absl::Status WorkerSlot::EnsureStarted(const std::string& nvrtc_path,
                                       const std::function<bool()>& is_abandoned) {
  // A worker sends nothing between jobs, so readable means ended. A stopped worker is useless too.
  if (worker_ != nullptr && (worker_->IsStopped() || (checked_ && IsReadable()))) worker_.reset();
  if (worker_ != nullptr) return absl::OkStatus();
  checked_ = false;
  auto started = WorkerProcess::Start(options_.executable, options_.arguments);
  if (!started.ok()) return WorkerFailed(std::string(started.status().message()));
  worker_ = *std::move(started);

  compile_worker::Setup setup;
  setup.set_nvrtc_path(nvrtc_path);
  setup.set_memory_limit_bytes(options_.memory_limit_bytes);
  setup.set_cpu_seconds(options_.cpu_seconds);
  compile_worker::Ready ready;
  absl::Status status = worker_->Send(setup);
  if (status.ok()) status = ReceiveFirst(options_.start_deadline, is_abandoned, &ready);
  if (!status.ok()) return NotStarted(status);
  library_ = std::move(*ready.mutable_library());
  if (!library_.found()) worker_.reset();
  return absl::OkStatus();
}

absl::Status WorkerSlot::EnsureChecked(const std::function<bool()>& is_abandoned) {
  if (checked_) return absl::OkStatus();
  compile_worker::SelfCheck check;
  // The worker compiles now, and a nice worker may wait long for a processor.
  const absl::Duration limit = std::max(options_.start_deadline, options_.job_deadline);
  const absl::Status received = ReceiveFirst(limit, is_abandoned, &check);
  if (!received.ok()) return NotStarted(received);
  if (!check.filter_error().empty()) {
    spdlog::error("a compile worker runs without its system call filter: {}", check.filter_error());
  }
  if (!check.compile_error().empty()) {
    worker_.reset();
    spdlog::error("NVRTC at {} cannot compile a small kernel: {}", library_.path(),
                  check.compile_error());
    return WorkerFailed(absl::StrCat("NVRTC at ", library_.path(),
                                     " cannot compile a small kernel: ", check.compile_error()));
  }
  checked_ = true;
  return absl::OkStatus();
}

absl::Status WorkerSlot::ReceiveFirst(absl::Duration limit,
                                      const std::function<bool()>& is_abandoned,
                                      google::protobuf::MessageLite* message) {
  return worker_->Receive(SteadyTime::Now() + limit, message, UnlessAbandoned(is_abandoned));
}

absl::Status WorkerSlot::NotStarted(const absl::Status& status) {
  const std::string ending = worker_->KillAndDescribe();
  const bool lost = absl::IsUnavailable(status) && !worker_->EndedByItself();
  worker_.reset();
  if (absl::IsCancelled(status)) return status;
  if (lost) return WorkerLost(absl::StrCat("a compile worker was lost as it started: ", ending));
  return WorkerFailed(absl::StrCat(std::string(status.message()), " (the worker ", ending, ")"));
}

bool WorkerSlot::IsReadable() const {
  pollfd entry = {worker_->fd(), POLLIN, 0};
  return poll(&entry, 1, 0) > 0;
}

CompileTry WorkerSlot::Compile(const CompileJob& job, const std::function<bool()>& is_abandoned) {
  compile_worker::Request request;
  request.set_source(job.source);
  request.set_architecture(job.architecture);
  *request.mutable_entry_symbols() = {job.entry_symbols.begin(), job.entry_symbols.end()};
  request.set_wants_ptx(job.wants_ptx);
  compile_worker::Reply reply;
  absl::Status status = worker_->Send(request);
  if (status.ok()) {
    status = worker_->Receive(SteadyTime::Now() + options_.job_deadline, &reply,
                              UnlessAbandoned(is_abandoned));
  }
  if (absl::IsCancelled(status)) {
    worker_.reset();
    return {CompileTry::End::kAbandoned, {}};
  }
  if (status.ok() && reply.outcome_case() == compile_worker::Reply::OUTCOME_NOT_SET) {
    status = absl::DataLossError("the other process sent an empty answer");
  }
  if (!status.ok()) return Judge(status);
  // The compiler ran out of something, perhaps only because earlier jobs made the process grow.
  const bool exhausted = reply.failure().kind() == v1::FAILURE_KIND_RESOURCE_LIMIT;
  if (reply.retires() || exhausted) worker_.reset();
  return {exhausted ? CompileTry::End::kBroken : CompileTry::End::kAnswered,
          ToOutcome(std::move(reply))};
}

// Judges a job that got no answer because of `status`. Ends the worker.
CompileTry WorkerSlot::Judge(const absl::Status& status) {
  const std::string ending = worker_->KillAndDescribe();
  const bool lost = absl::IsUnavailable(status) && !worker_->EndedByItself();
  worker_.reset();
  if (lost) {
    return {CompileTry::End::kLost,
            MakeFailure(v1::FAILURE_KIND_DEFERRED,
                        absl::StrCat("the compile worker was lost: ", ending))};
  }
  const auto broken = [](v1::FailureKind kind, const std::string& message) -> CompileTry {
    return {CompileTry::End::kBroken, MakeFailure(kind, message)};
  };
  if (absl::IsDeadlineExceeded(status)) {
    return broken(
        v1::FAILURE_KIND_RESOURCE_LIMIT,
        absl::StrCat("compiling took longer than ", absl::FormatDuration(options_.job_deadline)));
  }
  if (!absl::IsUnavailable(status)) {
    return broken(v1::FAILURE_KIND_COMPILE_ERROR,
                  absl::StrCat("the compile worker failed: ", std::string(status.message())));
  }
  if (ending == absl::StrCat("exited with ", kOutOfMemoryExit)) {
    return broken(v1::FAILURE_KIND_RESOURCE_LIMIT,
                  absl::StrCat("compiling needs more than ", options_.memory_limit_bytes >> 20,
                               " MiB of memory"));
  }
  return broken(absl::StrContains(ending, "SIGXCPU") ? v1::FAILURE_KIND_RESOURCE_LIMIT
                                                     : v1::FAILURE_KIND_COMPILE_ERROR,
                absl::StrCat("the compile worker ended: ", ending));
}

}  // namespace tilewright
