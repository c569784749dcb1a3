#ifndef TILEWRIGHT_TESTS_FAKES_FAKE_COMPILER_H_
#define TILEWRIGHT_TESTS_FAKES_FAKE_COMPILER_H_

#include <atomic>
#include <cstddef>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "proto/support/errors.h"
#include "proto/support/sha256.h"
#include "tests/fakes/stub_cubin.h"
#include "tuner/compile/compiler.h"

namespace tilewright {

// Compiles at once: the stub of a cubin names the source it came from, so equal sources give equal
// code. Any thread.
class FakeCompiler final : public Compiler {
 public:
  using Behaviour = std::function<CompileOutcome(const CompileJob&)>;

  static CompiledCode CodeFor(const CompileJob& job) {
    CompiledCode code;
    code.cubin = StubCubin(ToHex(Sha256(job.source)), job.architecture, job.entry_symbols);
    code.seconds = 0.3;
    for (const std::string& symbol : job.entry_symbols) {
      EntryResources entry;
      entry.entry_symbol = symbol;
      entry.registers_per_thread = 128;
      code.entries.push_back(entry);
    }
    return code;
  }

  static v1::Failure Failed(v1::FailureKind kind, const std::string& message) {
    v1::Failure failure;
    failure.set_kind(kind);
    failure.set_message(message);
    return failure;
  }

  // What comes of a job from now on, instead of CodeFor.
  void SetBehaviour(Behaviour behaviour) {
    absl::MutexLock lock(&mutex_);
    behaviour_ = std::move(behaviour);
  }

  // As on a machine without NVRTC.
  void SetNvrtcMissing(bool missing) {
    absl::MutexLock lock(&mutex_);
    missing_ = missing;
  }

  // As while NVRTC is being loaded from a place that hangs: it does not answer.
  void SetNvrtcSilent(bool silent) {
    absl::MutexLock lock(&mutex_);
    silent_ = silent;
  }

  // CompileAll waits for `gate`, which outlives this, or for cancellation, before its
  // first job.
  void SetGate(absl::Notification* gate) {
    absl::MutexLock lock(&mutex_);
    gate_ = gate;
  }

  // How often CompileAll was called, be it that it still waits.
  int calls() const { return calls_; }

  // Every job that was compiled, in order.
  std::vector<CompileJob> jobs() const {
    absl::MutexLock lock(&mutex_);
    return jobs_;
  }

  absl::Status CompileAll(
      std::vector<CompileJob> jobs, const Cancellation& cancellation,
      std::function<void(std::size_t index, CompileOutcome outcome)> on_done) override {
    ++calls_;
    absl::Notification* gate = Gate();
    while (gate != nullptr && !gate->WaitForNotificationWithTimeout(absl::Milliseconds(2))) {
      if (cancellation.IsCancelled()) return absl::CancelledError("compiling was cancelled");
    }
    if (!Library().found()) {
      return MakeError(absl::StatusCode::kUnavailable, "NVRTC_NOT_FOUND",
                       "libnvrtc was not found; looked for it in: nowhere/libnvrtc.so.13");
    }
    for (std::size_t i = 0; i < jobs.size(); ++i) {
      if (cancellation.IsCancelled()) return absl::CancelledError("compiling was cancelled");
      const Behaviour behaviour = Begin(jobs[i]);
      on_done(i, behaviour ? behaviour(jobs[i]) : CompileOutcome(CodeFor(jobs[i])));
    }
    return absl::OkStatus();
  }

  v1::LibraryStatus Library() override {
    absl::MutexLock lock(&mutex_);
    const auto answers = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
      return !silent_ || stop_asking_;
    };
    mutex_.Await(absl::Condition(&answers));
    v1::LibraryStatus status;
    status.set_library("nvrtc");
    status.set_found(!missing_);
    status.add_searched("nowhere/libnvrtc.so.13");
    if (!missing_) {
      status.set_path("nowhere/libnvrtc.so.13");
      status.set_version("13.0");
    }
    return status;
  }
  bool KnowsLibrary() override {
    absl::MutexLock lock(&mutex_);
    return !silent_;
  }
  void StopAsking() override {
    absl::MutexLock lock(&mutex_);
    stop_asking_ = true;
  }

 private:
  absl::Notification* Gate() {
    absl::MutexLock lock(&mutex_);
    return gate_;
  }

  Behaviour Begin(const CompileJob& job) {
    absl::MutexLock lock(&mutex_);
    jobs_.push_back(job);
    return behaviour_;
  }

  std::atomic<int> calls_{0};
  mutable absl::Mutex mutex_;
  Behaviour behaviour_ ABSL_GUARDED_BY(mutex_);
  bool missing_ ABSL_GUARDED_BY(mutex_) = false;
  bool silent_ ABSL_GUARDED_BY(mutex_) = false;
  bool stop_asking_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Notification* gate_ ABSL_GUARDED_BY(mutex_) = nullptr;
  std::vector<CompileJob> jobs_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tilewright

#endif  // TILEWRIGHT_TESTS_FAKES_FAKE_COMPILER_H_
