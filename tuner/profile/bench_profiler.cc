#include "tuner/profile/bench_profiler.h"

#include <future>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/support/errors.h"
#include "proto/support/status_macros.h"
#include "tuner/profile/reference_units.h"
#include "tuner/target/target.h"

namespace tilewright {
namespace {

constexpr absl::Duration kDescribeLimit = absl::Minutes(1);
// Someone may install a driver, or give us a GPU, while the daemon runs.
constexpr absl::Duration kAskAgainAfter = absl::Seconds(30);

absl::StatusOr<std::string> ArchitectureOf(const std::vector<v1::Device>& devices, int ordinal) {
  for (const v1::Device& device : devices) {
    if (device.ordinal() != ordinal) continue;
    if (device.error().empty()) return ArchitectureFor(device.target().silicon());
    return MakeError(absl::StatusCode::kUnavailable, "GPU_UNAVAILABLE", device.error());
  }
  return MakeError(absl::StatusCode::kUnavailable, "GPU_UNAVAILABLE",
                   absl::StrCat("this machine has no GPU ", ordinal));
}

}  // namespace

absl::StatusOr<std::unique_ptr<BenchProfiler>> BenchProfiler::Create(Options options,
                                                                     Compiler& compiler) {
  return std::unique_ptr<BenchProfiler>(new BenchProfiler(std::move(options), compiler));
}

bench::DescribeReply BenchProfiler::Ask(Answer& answer, bool other_libraries) {
  absl::MutexLock lock(&answer.asking);
  const bool complete = answer.answered && (other_libraries || answer.reply->devices_size() > 0);
  if (answer.reply && (complete || SteadyTime::Now() - answer.time < kAskAgainAfter)) {
    return *answer.reply;
  }
  answer.reply.emplace();
  if (auto client = BenchClient::Start(options_.command); client.ok()) {
    (*client)->EndCallsWhen([this] { return stop_asking_.load(); });
    bench::Request request;
    request.mutable_describe()->set_other_libraries(other_libraries);
    if (const auto reply = (*client)->Call(request, kDescribeLimit); reply.ok()) {
      answer.reply = reply->describe();
      answer.answered = true;
    }
  }
  answer.time = SteadyTime::Now();
  return *answer.reply;
}

std::vector<v1::Device> BenchProfiler::Devices() {
  const bench::DescribeReply reply = Ask(devices_, /*other_libraries=*/false);
  return {reply.devices().begin(), reply.devices().end()};
}

std::vector<v1::LibraryStatus> BenchProfiler::Libraries() {
  const bench::DescribeReply driver = Ask(devices_, /*other_libraries=*/false);
  const bench::DescribeReply others = Ask(libraries_, /*other_libraries=*/true);
  std::vector<v1::LibraryStatus> libraries(driver.libraries().begin(), driver.libraries().end());
  libraries.insert(libraries.end(), others.libraries().begin(), others.libraries().end());
  return libraries;
}

absl::Mutex& BenchProfiler::DeviceMutex(int ordinal) {
  absl::MutexLock lock(&mutex_);
  std::unique_ptr<absl::Mutex>& mutex = device_mutexes_[ordinal];
  if (mutex == nullptr) mutex = std::make_unique<absl::Mutex>();
  return *mutex;
}

absl::StatusOr<std::vector<std::string>> BenchProfiler::CompileReference(
    const v1::Problem& problem, const std::string& architecture, const Cancellation& cancellation) {
  std::vector<std::string> cubins;
  std::vector<CompileJob> jobs;
  for (ReferenceUnit& unit : ReferenceUnits(problem)) {
    absl::MutexLock lock(&mutex_);
    const auto found = references_.find({architecture, unit.source});
    if (found != references_.end()) {
      cubins.push_back(found->second);
    } else {
      jobs.push_back({std::move(unit.source), architecture, std::move(unit.entry_symbols)});
    }
  }
  absl::Status failed;
  RETURN_IF_ERROR(
      compiler_.CompileAll(jobs, cancellation, [&](std::size_t index, CompileOutcome outcome) {
        if (const v1::Failure* failure = std::get_if<v1::Failure>(&outcome)) {
          if (failure->kind() == v1::FAILURE_KIND_DEFERRED) {
            failed.Update(WorkerLost(
                absl::StrCat("cannot compile the reference kernels: ", failure->message())));
          }
          failed.Update(MakeError(
              absl::StatusCode::kInternal, "REFERENCE_NOT_COMPILED",
              absl::StrCat("cannot compile the reference kernels: ", failure->message())));
          return;
        }
        cubins.push_back(std::get<CompiledCode>(outcome).cubin);
        absl::MutexLock lock(&mutex_);
        references_[{architecture, jobs[index].source}] = cubins.back();
      }));
  RETURN_IF_ERROR(failed);
  return cubins;
}

absl::StatusOr<ProfileReport> BenchProfiler::Profile(const ProfileRequest& request,
                                                     const Cancellation& cancellation,
                                                     const ProfileProgress& progress) {
  ASSIGN_OR_RETURN(const std::string architecture,
                   ArchitectureOf(Devices(), request.device_ordinal));
  // Meanwhile the worker makes its context.
  ReferenceCubins reference = std::async(std::launch::async, [&, architecture] {
    return CompileReference(request.problem, architecture, cancellation);
  });
  absl::MutexLock lock(&DeviceMutex(request.device_ordinal));
  ProfileRun run(options_, request, std::move(reference), cancellation, progress);
  return run.Run();
}

}  // namespace tilewright
