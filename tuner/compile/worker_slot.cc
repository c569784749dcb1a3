#include "tuner/compile/worker_slot.h"

#include <poll.h>

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "proto/support/errors.h"
#include "proto/support/status_macros.h"
#include "tuner/compile/compile_sandbox.h"
#include "tuner/compile/compile_worker.pb.h"

namespace tilewright {
namespace {

// How long an abandoned job may go unnoticed. An answer is noticed at once.
constexpr absl::Duration kAbandonmentPoll = absl::Milliseconds(20);
// From the first byte of an answer to its last.
constexpr absl::Duration kAnswerTransfer = absl::Seconds(10);

v1::Failure MakeFailure(v1::FailureKind kind, const std::string& message) {
  v1::Failure failure;
  failure.set_kind(kind);
  failure.set_message(message);
  return failure;
}

CompileOutcome ToOutcome(compile_worker::Reply reply) {
  if (reply.has_failure()) return std::move(*reply.mutable_failure());
  CompiledCode code;
  code.cubin = std::move(*reply.mutable_code()->mutable_cubin());
  code.seconds = reply.code().seconds();
  for (const compile_worker::Entry& entry : reply.code().entries()) {
    code.entries.push_back({entry.symbol(), entry.registers_per_thread(), entry.spill_bytes(),
                            entry.static_shared_memory_bytes()});
  }
  return code;
}

absl::Status WorkerFailed(const std::string& why) {
  return MakeError(absl::StatusCode::kUnavailable, "COMPILE_WORKER_FAILED",
                   absl::StrCat("the compile worker does not start: ", why));
}

}  // namespace

absl::Status WorkerSlot::EnsureStarted(const std::string& nvrtc_path) {
  // Between jobs a worker says nothing: it has ended.
  if (worker_ != nullptr && IsReadable(absl::ZeroDuration())) worker_.reset();
  if (worker_ != nullptr) return absl::OkStatus();
  auto started = WorkerProcess::Start(options_.executable, options_.arguments);
  if (!started.ok()) return WorkerFailed(std::string(started.status().message()));
  std::unique_ptr<WorkerProcess> worker = *std::move(started);

  compile_worker::Setup setup;
  setup.set_nvrtc_path(nvrtc_path);
  setup.set_memory_limit_bytes(options_.memory_limit_bytes);
  setup.set_cpu_seconds(options_.cpu_seconds);
  compile_worker::Ready ready;
  absl::Status status = worker->Send(setup);
  if (status.ok()) status = worker->Receive(absl::Now() + options_.start_deadline, &ready);
  if (!status.ok()) {
    return WorkerFailed(absl::StrCat(std::string(status.message()), " (the worker ",
                                     worker->KillAndDescribe(), ")"));
  }
  library_ = std::move(*ready.mutable_library());
  if (library_.found()) worker_ = std::move(worker);
  return absl::OkStatus();
}

bool WorkerSlot::IsReadable(absl::Duration patience) const {
  pollfd entry = {worker_->fd(), POLLIN, 0};
  return poll(&entry, 1, static_cast<int>(absl::ToInt64Milliseconds(patience))) > 0;
}

std::optional<CompileOutcome> WorkerSlot::Compile(const CompileJob& job,
                                                  const std::function<bool()>& is_abandoned) {
  const absl::Time deadline = absl::Now() + options_.job_deadline;
  compile_worker::Request request;
  request.set_source(job.source);
  request.set_architecture(job.architecture);
  *request.mutable_entry_symbols() = {job.entry_symbols.begin(), job.entry_symbols.end()};
  absl::Status status = worker_->Send(request);
  while (status.ok() && !IsReadable(kAbandonmentPoll)) {
    if (is_abandoned()) {
      worker_.reset();
      return std::nullopt;
    }
    if (absl::Now() >= deadline) status = absl::DeadlineExceededError("");
  }
  compile_worker::Reply reply;
  if (status.ok()) status = worker_->Receive(absl::Now() + kAnswerTransfer, &reply);
  if (status.ok() && reply.outcome_case() == compile_worker::Reply::OUTCOME_NOT_SET) {
    status = absl::DataLossError("the other process sent an empty answer");
  }
  if (!status.ok()) return Judge(status);
  if (reply.retires()) worker_.reset();
  return ToOutcome(std::move(reply));
}

// The verdict on a job that `status` kept from an answer. Ends the worker.
v1::Failure WorkerSlot::Judge(const absl::Status& status) {
  const std::string ending = worker_->KillAndDescribe();
  worker_.reset();
  if (absl::IsDeadlineExceeded(status)) {
    return MakeFailure(
        v1::FAILURE_KIND_RESOURCE_LIMIT,
        absl::StrCat("compiling took longer than ", absl::FormatDuration(options_.job_deadline)));
  }
  if (!absl::IsUnavailable(status)) {
    return MakeFailure(v1::FAILURE_KIND_COMPILE_ERROR,
                       absl::StrCat("the compile worker failed: ", std::string(status.message())));
  }
  if (ending == absl::StrCat("exited with ", kOutOfMemoryExit)) {
    return MakeFailure(v1::FAILURE_KIND_RESOURCE_LIMIT,
                       absl::StrCat("compiling needs more than ", options_.memory_limit_bytes >> 20,
                                    " MiB of memory"));
  }
  // The kernel's own killer: out of memory on this machine.
  const bool is_limit =
      absl::StrContains(ending, "SIGXCPU") || absl::StrContains(ending, "SIGKILL");
  return MakeFailure(is_limit ? v1::FAILURE_KIND_RESOURCE_LIMIT : v1::FAILURE_KIND_COMPILE_ERROR,
                     absl::StrCat("the compile worker ended: ", ending));
}

}  // namespace tilewright
