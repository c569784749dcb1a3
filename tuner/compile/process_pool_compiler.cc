#include "tuner/compile/process_pool_compiler.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "proto/support/errors.h"
#include "proto/support/status_macros.h"

namespace tilewright {
namespace {

// A worker opens NVRTC in some 10 ms; a cold disk takes longer.
constexpr absl::Duration kStartDeadline = absl::Seconds(20);
// The longest time until a cancellation is noticed.
constexpr absl::Duration kCancellationPoll = absl::Milliseconds(20);
// Most running compiles end within this after a cancellation. The others are ended.
constexpr absl::Duration kCancellationGrace = absl::Seconds(1);
// Someone may install NVRTC while the daemon runs.
constexpr absl::Duration kMissingLibraryMemory = absl::Seconds(10);

absl::Status NvrtcNotFound(const v1::LibraryStatus& library) {
  if (const char* chosen = std::getenv("TILEWRIGHT_NVRTC"); chosen != nullptr && *chosen != 0) {
    return MakeError(absl::StatusCode::kUnavailable, "NVRTC_NOT_FOUND",
                     absl::StrCat("TILEWRIGHT_NVRTC names ", chosen,
                                  ", which cannot be used, so nothing can be compiled. Correct "
                                  "the path, or unset the variable to search for NVRTC. Tried: ",
                                  absl::StrJoin(library.searched(), ", ")));
  }
  return MakeError(absl::StatusCode::kUnavailable, "NVRTC_NOT_FOUND",
                   absl::StrCat("NVRTC was not found, so nothing can be compiled. Set "
                                "TILEWRIGHT_NVRTC to the path of libnvrtc.so. Searched: ",
                                absl::StrJoin(library.searched(), ", ")));
}

}  // namespace

absl::StatusOr<std::unique_ptr<ProcessPoolCompiler>> ProcessPoolCompiler::Create(Options options) {
  if (options.workers < 0) {
    return InvalidField("workers", "OUT_OF_RANGE", "must not be negative");
  }
  if (options.deadline <= absl::ZeroDuration() || options.idle_timeout <= absl::ZeroDuration()) {
    return InvalidField("deadline", "OUT_OF_RANGE", "must be positive");
  }
  if (options.cpu_seconds < 0 || options.memory_limit_bytes < 0) {
    return InvalidField("limits", "OUT_OF_RANGE", "must not be negative");
  }
  if (options.workers == 0) {
    options.workers = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  }
  return std::unique_ptr<ProcessPoolCompiler>(new ProcessPoolCompiler(std::move(options)));
}

ProcessPoolCompiler::ProcessPoolCompiler(Options options) : options_(std::move(options)) {
  for (int i = 0; i < options_.workers; ++i) threads_.emplace_back([this] { Serve(); });
}

ProcessPoolCompiler::~ProcessPoolCompiler() {
  queue_.Stop();
  for (std::thread& thread : threads_) thread.join();
}

absl::Status ProcessPoolCompiler::CompileAll(
    std::vector<CompileJob> jobs, const Cancellation& cancellation,
    std::function<void(std::size_t index, CompileOutcome outcome)> on_done) {
  if (jobs.empty()) return absl::OkStatus();
  if (const auto library = KnownLibrary(); library && !library->found()) {
    return NvrtcNotFound(*library);
  }
  const auto batch = std::make_shared<CompileBatch>(std::move(jobs));
  queue_.Add(batch);
  SteadyTime give_up = SteadyTime::InfiniteFuture();
  while (!queue_.IsComplete(*batch)) {
    if (auto finished = queue_.Collect(*batch, kCancellationPoll)) {
      on_done(finished->first, std::move(finished->second));
    }
    if (cancellation.IsCancelled() && give_up == SteadyTime::InfiniteFuture()) {
      if (queue_.IsComplete(*batch)) break;
      queue_.Drop(*batch, absl::CancelledError("compiling was cancelled"));
      give_up = SteadyTime::Now() + kCancellationGrace;
    }
    if (SteadyTime::Now() >= give_up) batch->abandoned = true;
  }
  return batch->error;
}

v1::LibraryStatus ProcessPoolCompiler::Library() {
  if (auto library = KnownLibrary()) return *library;
  const auto probe = std::make_shared<CompileBatch>(std::vector<CompileJob>(1), true);
  queue_.Add(probe);
  while (!queue_.IsComplete(*probe) && !stop_asking_) {
    queue_.Collect(*probe, kCancellationPoll);
  }
  if (auto library = KnownLibrary()) return *library;
  v1::LibraryStatus unknown;
  unknown.set_library("nvrtc");
  unknown.add_searched(stop_asking_ ? "the daemon is stopping"
                                    : std::string(probe->error.message()));
  return unknown;
}

void ProcessPoolCompiler::Serve() {
  WorkerSlot slot({options_.executable, options_.arguments, kStartDeadline, options_.deadline,
                   options_.memory_limit_bytes, options_.cpu_seconds});
  while (!queue_.IsStopped()) {
    if (const auto work = queue_.Take(slot.HasWorker(), options_.idle_timeout)) {
      Process(slot, *work);
    } else {
      slot.Stop();
    }
  }
}

void ProcessPoolCompiler::Process(WorkerSlot& slot, const CompileQueue::Work& work) {
  absl::StatusOr<std::optional<CompileOutcome>> outcome = std::nullopt;
  if (work.batch->is_probe) {
    const absl::Status started =
        StartWorker(slot, /*for_jobs=*/false, [this] { return queue_.IsStopped(); });
    if (!started.ok()) outcome = started;
  } else {
    outcome = CompileOn(slot, work);
  }
  if (!outcome.ok()) queue_.Drop(*work.batch, outcome.status());
  queue_.Finish(work, outcome.ok() ? *std::move(outcome) : std::nullopt, slot.HasWorker());
}

absl::StatusOr<std::optional<CompileOutcome>> ProcessPoolCompiler::CompileOn(
    WorkerSlot& slot, const CompileQueue::Work& work) {
  const auto is_abandoned = [&] { return work.batch->abandoned || queue_.IsStopped(); };
  int broken = 0;
  int lost = 0;
  while (true) {
    RETURN_IF_ERROR(StartWorker(slot, /*for_jobs=*/true, is_abandoned));
    CompileTry attempt = slot.Compile(work.job(), is_abandoned);
    switch (attempt.end) {
      case CompileTry::End::kAnswered:
        return attempt.outcome;
      case CompileTry::End::kAbandoned:
        return std::nullopt;
      case CompileTry::End::kBroken:
        // An earlier job may have damaged the worker, or the machine may be short of something.
        if (++broken == 2) return attempt.outcome;
        break;
      case CompileTry::End::kLost:
        if (++lost == 2) return attempt.outcome;
        break;
    }
  }
}

absl::Status ProcessPoolCompiler::StartWorker(WorkerSlot& slot, bool for_jobs,
                                              const std::function<bool()>& is_abandoned) {
  const auto start = [&](const std::string& path) {
    const absl::Status started = slot.EnsureStarted(path, is_abandoned);
    return started.ok() && for_jobs && slot.HasWorker() ? slot.EnsureChecked(is_abandoned)
                                                        : started;
  };
  const auto known = KnownLibrary();
  absl::Status status = start(known && known->found() ? known->path() : "");
  // Tries again: the library may have moved, or the machine was short of something.
  if (!slot.HasWorker() && !absl::IsCancelled(status)) status = start("");
  RETURN_IF_ERROR(status);
  Remember(slot.library());
  return slot.HasWorker() ? absl::OkStatus() : NvrtcNotFound(slot.library());
}

void ProcessPoolCompiler::Remember(const v1::LibraryStatus& library) {
  absl::MutexLock lock(&mutex_);
  // A worker that was given the path searched nowhere else, so the first list stays.
  const bool is_known = library_ && library_->found() && library_->path() == library.path() &&
                        library_->version() == library.version();
  if (!is_known) library_ = library;
  library_time_ = SteadyTime::Now();
}

std::optional<v1::LibraryStatus> ProcessPoolCompiler::KnownLibrary() {
  absl::MutexLock lock(&mutex_);
  const bool is_stale =
      library_ && !library_->found() && SteadyTime::Now() - library_time_ > kMissingLibraryMemory;
  return is_stale ? std::nullopt : library_;
}

}  // namespace tilewright
