#include "tilewright/client.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/cpp/dial.h"
#include "client/cpp/kernel_cache.h"
#include "client/cpp/loaded_module.h"
#include "client/cpp/owner_process.h"
#include "client/cpp/request_key.h"
#include "kernel_templates/launch/vendor/vendor_launcher.h"
#include "proto/problem/visit_problem.h"
#include "proto/support/errors.h"
#include "proto/support/sha256.h"
#include "proto/support/status_macros.h"
#include "proto/support/steady_time.h"

namespace tilewright {
namespace {

using KernelOr = absl::StatusOr<std::shared_ptr<const Kernel>>;

// Keeps a reply with its cubins (some hundred KiB each) far below the limit of messages.
constexpr size_t kBatchSize = 250;

std::chrono::milliseconds DeadlineOf(const GetOptions& options) {
  if (options.deadline.count() > 0) return options.deadline;
  if (options.mode == v1::LOOKUP_MODE_WAIT_TUNED) return std::chrono::minutes(10);
  return std::chrono::seconds(30);
}

template <typename Problem>
v1::GetKernelRequest MakeRequest(const Problem& problem, const GetOptions& options) {
  v1::GetKernelRequest request;
  *request.mutable_problem() = Whole(problem);
  request.set_target(options.target);
  request.set_mode(options.mode);
  request.set_pinned_epoch(options.pinned_epoch);
  request.set_pinned_content_hash(options.pinned_content_hash);
  request.set_device_ordinal(options.device_ordinal);
  request.set_vendor_library_version(VendorLauncher::LibraryVersion());
  return request;
}

// A cancelled tuning ends a moment later, unless others wait for it. The caller has asked for an
// end and does not wait for a frozen daemon.
constexpr std::chrono::milliseconds kCancelTimeout{1000};
constexpr absl::Duration kCancelPatience = absl::Milliseconds(1500);
constexpr absl::Duration kCancelPoll = absl::Milliseconds(50);

absl::StatusOr<v1::Tuning> TakeInterestBack(Connection& connection, const std::string& name) {
  const SteadyTime end = SteadyTime::Now() + kCancelPatience;
  auto tuning = connection.CancelTuning(name, kCancelTimeout);
  while (tuning.ok() && !IsFinal(tuning->state()) && SteadyTime::Now() + kCancelPoll < end) {
    absl::SleepFor(kCancelPoll);
    auto next = connection.GetTuning(name, kCancelTimeout);
    // The daemon did answer the cancelling.
    if (!next.ok()) return tuning;
    tuning = std::move(next);
  }
  return tuning;
}

ErrorMetadata ToMetadata(const google::protobuf::Map<std::string, std::string>& map) {
  ErrorMetadata metadata;
  for (const auto& [key, value] : map) metadata.emplace_back(key, value);
  return metadata;
}

absl::Status TuningFailure(const v1::Tuning& tuning) {
  const absl::Status failure =
      MakeError(static_cast<absl::StatusCode>(tuning.error_code()), tuning.error_reason(),
                tuning.error_message(), ToMetadata(tuning.error_metadata()));
  return WithMetadata(failure, "tuning", tuning.name());
}

// Checks that the served kernel is the pinned one. That the bytes have the hash that the service
// names does not say that they are the requested ones. A vendor's algorithm has no hash, so it
// never matches a pin.
absl::Status CheckPin(const GetOptions& options, const v1::GetKernelResponse& response) {
  const std::string& pinned = options.pinned_content_hash;
  const std::string& served = response.kernel().content_hash();
  if (pinned.empty() || served == pinned) return absl::OkStatus();
  return MakeError(
      absl::StatusCode::kDataLoss, "PINNED_HASH_MISMATCH",
      absl::StrCat("pinned_content_hash: the service answered with ",
                   served.empty() ? "a cublasLt algorithm" : absl::StrCat("kernel ", ToHex(served)),
                   ", but ", ToHex(pinned),
                   " is pinned: nothing was loaded; check tilewrightd, or pin the kernel anew"),
      {{"field", "pinned_content_hash"}});
}

}  // namespace

struct Client::Impl {
  explicit Impl(std::shared_ptr<Connection> opened) : connection(std::move(opened)) {}

  template <typename Problem>
  KernelOr Get(const Problem& problem, const GetOptions& options) {
    if (!owner.IsThis()) return ForkedError();
    if (auto kernel = cache.Find(MakeRequestKey(problem, options))) return kernel;
    ASSIGN_OR_RETURN(v1::GetKernelResponse response,
                     connection->GetKernel(MakeRequest(problem, options), DeadlineOf(options)));
    return Keep(problem, options, std::move(response));
  }

  template <typename Problem>
  KernelOr Keep(const Problem& problem, const GetOptions& options, v1::GetKernelResponse response) {
    ASSIGN_OR_RETURN(std::shared_ptr<const Kernel> kernel,
                     Kernel::FromResponse(Whole(problem), std::move(response), modules, vendors));
    RETURN_IF_ERROR(CheckPin(options, kernel->response()));
    // Makes the key again, because another request may have used its buffer meanwhile.
    return cache.Insert(MakeRequestKey(problem, options), std::move(kernel));
  }

  const OwnerProcess owner;
  const std::shared_ptr<Connection> connection;
  const std::shared_ptr<ModuleCache> modules = std::make_shared<ModuleCache>();
  const std::shared_ptr<VendorPool> vendors = MakeSharedHere<VendorPool>();
  KernelCache cache;
};

Client::Client(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

// In a child after fork(), all members belong to the parent, which still uses them.
Client::~Client() {
  if (!impl_->owner.IsThis()) static_cast<void>(impl_.release());
}

absl::StatusOr<std::unique_ptr<Client>> Client::Connect(const ConnectOptions& options) {
  ASSIGN_OR_RETURN(std::shared_ptr<Connection> connection, Connection::Open(options));
  return std::unique_ptr<Client>(new Client(std::make_unique<Impl>(std::move(connection))));
}

absl::StatusOr<std::shared_ptr<const Kernel>> Client::GetKernel(const v1::GemmProblem& problem,
                                                                const GetOptions& options) {
  return impl_->Get(problem, options);
}

absl::StatusOr<std::shared_ptr<const Kernel>> Client::GetKernel(
    const v1::FusedDropoutProblem& problem, const GetOptions& options) {
  return impl_->Get(problem, options);
}

absl::StatusOr<std::shared_ptr<const Kernel>> Client::GetKernel(const v1::Problem& problem,
                                                                const GetOptions& options) {
  return impl_->Get(problem, options);
}

absl::StatusOr<std::vector<KernelOr>> Client::BatchGetKernels(
    std::span<const v1::GemmProblem> problems, const GetOptions& options) {
  if (!impl_->owner.IsThis()) return ForkedError();
  std::vector<KernelOr> kernels(problems.size(), absl::UnknownError("not asked"));
  std::vector<size_t> missing;
  for (size_t i = 0; i < problems.size(); ++i) {
    if (auto kernel = impl_->cache.Find(MakeRequestKey(problems[i], options))) {
      kernels[i] = std::move(kernel);
    } else {
      missing.push_back(i);
    }
  }
  // The deadline is for all round trips together.
  const SteadyTime end = DeadlineAfter(DeadlineOf(options));
  for (size_t begin = 0; begin < missing.size(); begin += kBatchSize) {
    const std::span<const size_t> part =
        std::span(missing).subspan(begin, std::min(kBatchSize, missing.size() - begin));
    v1::BatchGetKernelsRequest request;
    for (size_t i : part) *request.add_requests() = MakeRequest(problems[i], options);
    ASSIGN_OR_RETURN(v1::BatchGetKernelsResponse response,
                     impl_->connection->BatchGetKernels(
                         request, std::max(TimeUntil(end), std::chrono::milliseconds(1))));
    if (response.results_size() != static_cast<int>(part.size())) {
      return MakeError(absl::StatusCode::kInternal, "RESULT_COUNT",
                       "the service sent another number of answers than there were requests");
    }
    for (size_t j = 0; j < part.size(); ++j) {
      auto& result = *response.mutable_results(static_cast<int>(j));
      kernels[part[j]] =
          result.code() == 0
              ? impl_->Keep(problems[part[j]], options, std::move(*result.mutable_response()))
              : KernelOr(MakeError(static_cast<absl::StatusCode>(result.code()), result.reason(),
                                   result.message(), ToMetadata(result.metadata())));
    }
  }
  return kernels;
}

absl::StatusOr<v1::Tuning> Client::Tune(const v1::Problem& problem, const TuneOptions& options,
                                        const TuneProgress& progress) {
  v1::CreateTuningRequest request;
  *request.mutable_problem() = problem;
  request.set_target(options.target);
  request.set_device_ordinal(options.device_ordinal);
  *request.mutable_options() = options.tuning;
  ASSIGN_OR_RETURN(v1::Tuning tuning,
                   impl_->connection->CreateTuning(std::move(request), options.stop));
  if (progress) progress(tuning);
  if (!IsFinal(tuning.state())) {
    auto watched = impl_->connection->WatchTuning(tuning.name(), options.stop, progress);
    if (!watched.ok() && options.stop.stop_requested()) {
      return TakeInterestBack(*impl_->connection, tuning.name());
    }
    // A daemon keeps the name of a tuning until long after its end, so this is another daemon.
    if (!watched.ok() && ReasonOf(watched.status()) == "TUNING_NOT_FOUND") {
      return MakeError(absl::StatusCode::kUnavailable, "DAEMON_RESTARTED",
                       "tilewrightd was restarted during the tuning: tune again");
    }
    if (!watched.ok()) return watched.status();
    tuning = *std::move(watched);
  }
  if (tuning.state() == v1::WORK_STATE_FAILED) return TuningFailure(tuning);
  return tuning;
}

int64_t Client::Refresh() { return impl_->owner.IsThis() ? impl_->cache.DropProvisional() : 0; }

Connection& Client::connection() { return *impl_->connection; }

}  // namespace tilewright
