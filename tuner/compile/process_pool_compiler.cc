#include "tuner/compile/process_pool_compiler.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "proto/support/errors.h"
#include "proto/support/status_macros.h"

namespace tilewright {
namespace {

// A worker opens NVRTC in some 10 ms; a cold disk takes longer.
constexpr absl::Duration kStartDeadline = absl::Seconds(20);
// How late a cancellation may be noticed.
constexpr absl::Duration kCancellationPoll = absl::Milliseconds(20);
// Compiles under way when it is noticed: most end within this, the others are ended.
constexpr absl::Duration kCancellationGrace = absl::Seconds(1);
// NVRTC may be installed while the daemon runs.
constexpr absl::Duration kMissingLibraryMemory = absl::Seconds(10);

absl::Status NvrtcNotFound(const v1::LibraryStatus& library) {
  if (const char* chosen = std::getenv("TILEWRIGHT_NVRTC"); chosen != nullptr && *chosen != 0) {
    return MakeError(absl::StatusCode::kUnavailable, "NVRTC_NOT_FOUND",
                     absl::StrCat("TILEWRIGHT_NVRTC names ", chosen,
                                  ", which cannot be used, so nothing can be compiled: correct it, "
                                  "or unset it to have NVRTC looked for. Tried: ",
                                  absl::StrJoin(library.searched(), ", ")));
  }
  return MakeError(absl::StatusCode::kUnavailable, "NVRTC_NOT_FOUND",
                   absl::StrCat("NVRTC was not found, so nothing can be compiled; set "
                                "TILEWRIGHT_NVRTC to libnvrtc.so. Looked for it in: ",
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
  absl::Time give_up = absl::InfiniteFuture();
  while (!queue_.IsComplete(*batch)) {
    if (auto finished = queue_.Collect(*batch, kCancellationPoll)) {
      on_done(finished->first, std::move(finished->second));
    }
    if (cancellation.IsCancelled() && give_up == absl::InfiniteFuture()) {
      if (queue_.IsComplete(*batch)) break;
      queue_.Drop(*batch, absl::CancelledError("compiling was cancelled"));
      give_up = absl::Now() + kCancellationGrace;
    }
    if (absl::Now() >= give_up) batch->abandoned = true;
  }
  return batch->error;
}

v1::LibraryStatus ProcessPoolCompiler::Library() {
  if (auto library = KnownLibrary()) return *library;
  const auto probe = std::make_shared<CompileBatch>(std::vector<CompileJob>(1), true);
  queue_.Add(probe);
  while (!queue_.IsComplete(*probe)) queue_.Collect(*probe, absl::InfiniteDuration());
  if (auto library = KnownLibrary()) return *library;
  v1::LibraryStatus unknown;
  unknown.set_library("nvrtc");
  unknown.add_searched(std::string(probe->error.message()));
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
  const absl::Status started = StartWorker(slot);
  if (!started.ok()) queue_.Drop(*work.batch, started);
  if (!started.ok() || work.batch->is_probe) {
    queue_.Finish(work, std::nullopt, slot.HasWorker());
    return;
  }
  const auto is_abandoned = [&] { return work.batch->abandoned || queue_.IsStopped(); };
  auto outcome = slot.Compile(work.job(), is_abandoned);
  queue_.Finish(work, std::move(outcome), slot.HasWorker());
}

absl::Status ProcessPoolCompiler::StartWorker(WorkerSlot& slot) {
  const auto known = KnownLibrary();
  absl::Status status = slot.EnsureStarted(known && known->found() ? known->path() : "");
  // Once more: the library may have moved since, or the machine was short of something.
  if (!slot.HasWorker()) status = slot.EnsureStarted("");
  RETURN_IF_ERROR(status);
  Remember(slot.library());
  return slot.HasWorker() ? absl::OkStatus() : NvrtcNotFound(slot.library());
}

void ProcessPoolCompiler::Remember(const v1::LibraryStatus& library) {
  absl::MutexLock lock(&mutex_);
  // A worker that was told the path searched nowhere else: the first list is the whole one.
  const bool is_known = library_ && library_->found() && library_->path() == library.path() &&
                        library_->version() == library.version();
  if (!is_known) library_ = library;
  library_time_ = absl::Now();
}

std::optional<v1::LibraryStatus> ProcessPoolCompiler::KnownLibrary() {
  absl::MutexLock lock(&mutex_);
  const bool is_stale =
      library_ && !library_->found() && absl::Now() - library_time_ > kMissingLibraryMemory;
  return is_stale ? std::nullopt : library_;
}

}  // namespace tilewright
