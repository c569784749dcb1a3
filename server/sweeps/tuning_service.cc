#include "server/sweeps/tuning_service.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/time/time.h"
#include "proto/support/status_macros.h"
#include "server/lookup/lookup_plan.h"
#include "server/net/caller.h"
#include "server/net/long_calls.h"
#include "server/net/request_check.h"
#include "server/net/state_stream.h"
#include "server/net/unary_reply.h"
#include "server/tuning/tuning_options.h"

namespace tilewright {
namespace {

// The shortest intervals for watchers of a sweep: once a second for the whole sweep, perhaps
// thousands of problems; ten times a second for changes.
constexpr absl::Duration kSweepInterval = absl::Seconds(1);
constexpr absl::Duration kProgressInterval = absl::Milliseconds(100);

void Count(Metrics& metrics) { metrics.other_calls.fetch_add(1, std::memory_order_relaxed); }

grpc::ServerUnaryReactor* ReplyWith(grpc::CallbackServerContext* context,
                                    const absl::StatusOr<std::shared_ptr<TuningJob>>& job,
                                    v1::Tuning* response) {
  if (job.ok()) *response = (*job)->Snapshot();
  return Reply(context, job.status());
}

}  // namespace

absl::StatusOr<std::shared_ptr<TuningJob>> TuningServiceImpl::Create(
    const v1::CreateTuningRequest& request, uid_t user) {
  RETURN_IF_ERROR(CheckRequestId(request.request_id()));
  RETURN_IF_ERROR(CheckTuningOptions(request.options()));
  ASSIGN_OR_RETURN(TuneRequest tune, ResolveTuning(request.problem(), request.target(),
                                                   request.device_ordinal(), devices_));
  tune.options = request.options();
  const IndexHit hit = FindStored(tune, index_, devices_);
  // A tuning recorded as finished also belongs to its caller, who may cancel it without error.
  ASSIGN_OR_RETURN(std::shared_ptr<TuningJob> job,
                   NeedsNoTuning(hit, tune)
                       ? scheduler_.Record(tune, *hit.winner, request.request_id())
                       : scheduler_.Create(tune, request.request_id(), user));
  owners_.AddTuning(job->name(), user, request.request_id());
  return job;
}

absl::StatusOr<std::shared_ptr<TuningJob>> TuningServiceImpl::Cancel(
    const v1::CancelTuningRequest& request, uid_t user) {
  ASSIGN_OR_RETURN(std::shared_ptr<TuningJob> job, scheduler_.Find(request.name()));
  ASSIGN_OR_RETURN(const std::optional<std::string> taken_back,
                   owners_.TakeBack(request.name(), user, request.request_id()));
  if (!taken_back) return job;
  return scheduler_.Cancel(request.name(), *taken_back);
}

absl::StatusOr<v1::Sweep> TuningServiceImpl::Create(const v1::CreateSweepRequest& request,
                                                    uid_t user) {
  ASSIGN_OR_RETURN(SweepRunner::Created created, sweeps_.Create(request, user));
  owners_.AddSweep(created.sweep.name(), user, created.joined);
  return std::move(created.sweep);
}

absl::StatusOr<v1::Sweep> TuningServiceImpl::Cancel(const v1::CancelSweepRequest& request,
                                                    uid_t user) {
  RETURN_IF_ERROR(sweeps_.Get(request.name()).status());
  RETURN_IF_ERROR(owners_.CheckCancelSweep(request.name(), user));
  return sweeps_.Cancel(request.name());
}

grpc::ServerUnaryReactor* TuningServiceImpl::CreateTuning(grpc::CallbackServerContext* context,
                                                          const v1::CreateTuningRequest* request,
                                                          v1::Tuning* response) {
  Count(metrics_);
  if (const absl::Status known = CheckKnown(*request); !known.ok()) return Reply(context, known);
  return ReplyWith(context, Create(*request, CallerOf(*context)), response);
}

grpc::ServerUnaryReactor* TuningServiceImpl::GetTuning(grpc::CallbackServerContext* context,
                                                       const v1::GetTuningRequest* request,
                                                       v1::Tuning* response) {
  Count(metrics_);
  if (const absl::Status known = CheckKnown(*request); !known.ok()) return Reply(context, known);
  return ReplyWith(context, scheduler_.Find(request->name()), response);
}

grpc::ServerUnaryReactor* TuningServiceImpl::CancelTuning(grpc::CallbackServerContext* context,
                                                          const v1::CancelTuningRequest* request,
                                                          v1::Tuning* response) {
  Count(metrics_);
  if (const absl::Status known = CheckKnown(*request); !known.ok()) return Reply(context, known);
  return ReplyWith(context, Cancel(*request, CallerOf(*context)), response);
}

grpc::ServerWriteReactor<v1::Tuning>* TuningServiceImpl::WatchTuning(
    grpc::CallbackServerContext* context, const v1::WatchTuningRequest* request) {
  Count(metrics_);
  const absl::Status known = CheckKnown(*request);
  const absl::StatusOr<std::shared_ptr<TuningJob>> job =
      known.ok() ? scheduler_.Find(request->name()) : known;
  using Stream = StateStream<v1::Tuning>;
  const auto source = [found = job](v1::Tuning* message) {
    *message = (*found)->Snapshot();
    return IsFinal(message->state()) ? StreamStep::kLast : StreamStep::kMessage;
  };
  std::shared_ptr<Stream> stream = Stream::Create(stop_, metrics_.open_calls, source);
  if (!job.ok()) {
    stream->End(job.status());
    return stream.get();
  }
  if (!stream->Admit(long_calls_.TryTake(CallerOf(*context)))) {
    stream->End(TooManyCalls(long_calls_));
    return stream.get();
  }
  const int64_t observer = (*job)->Observe([weak = std::weak_ptr<Stream>(stream)] {
    if (auto self = weak.lock()) self->Poke();
  });
  stream->SetCleanup([found = *job, observer] { found->Unobserve(observer); });
  stream->Poke();
  return stream.get();
}

grpc::ServerUnaryReactor* TuningServiceImpl::CreateSweep(grpc::CallbackServerContext* context,
                                                         const v1::CreateSweepRequest* request,
                                                         v1::Sweep* response) {
  Count(metrics_);
  if (const absl::Status known = CheckKnown(*request); !known.ok()) return Reply(context, known);
  const uid_t user = CallerOf(*context);
  return ReplyLater(context, executor_, stop_, CallKind::kChanges, response,
                    [this, user, wanted = *request] { return Create(wanted, user); });
}

grpc::ServerUnaryReactor* TuningServiceImpl::GetSweep(grpc::CallbackServerContext* context,
                                                      const v1::GetSweepRequest* request,
                                                      v1::Sweep* response) {
  Count(metrics_);
  if (const absl::Status known = CheckKnown(*request); !known.ok()) return Reply(context, known);
  return ReplyLater(context, executor_, stop_, CallKind::kReads, response,
                    [this, name = request->name()] { return sweeps_.Get(name); });
}

grpc::ServerUnaryReactor* TuningServiceImpl::CancelSweep(grpc::CallbackServerContext* context,
                                                         const v1::CancelSweepRequest* request,
                                                         v1::Sweep* response) {
  Count(metrics_);
  if (const absl::Status known = CheckKnown(*request); !known.ok()) return Reply(context, known);
  const uid_t user = CallerOf(*context);
  return ReplyLater(context, executor_, stop_, CallKind::kChanges, response,
                    [this, user, wanted = *request] { return Cancel(wanted, user); });
}

// Streams messages that `read` makes from the sweep of that name.
template <typename Message, typename Request>
grpc::ServerWriteReactor<Message>* TuningServiceImpl::Watch(
    const Request& request, uid_t user, absl::Duration interval,
    std::function<void(const SweepState&, Message&)> read) {
  Count(metrics_);
  using Stream = StateStream<Message>;
  // The executor fills this before the first Poke: a sweep that does not run is on disk.
  auto watched = std::make_shared<std::shared_ptr<SweepState>>();
  const auto source = [watched, read = std::move(read)](Message* message) {
    read(**watched, *message);
    return IsFinal(message->state()) ? StreamStep::kLast : StreamStep::kMessage;
  };
  std::shared_ptr<Stream> stream = Stream::Create(stop_, metrics_.open_calls, source, interval);
  if (const absl::Status known = CheckKnown(request); !known.ok()) {
    stream->End(known);
    return stream.get();
  }
  if (!stream->Admit(long_calls_.TryTake(user))) {
    stream->End(TooManyCalls(long_calls_));
    return stream.get();
  }
  executor_.Post(user,
                 [this, watched, weak = std::weak_ptr<Stream>(stream), name = request.name()] {
                   const auto self = weak.lock();
                   if (self == nullptr) return;
                   absl::StatusOr<std::shared_ptr<SweepState>> found = sweeps_.Find(name);
                   if (!found.ok()) return self->End(found.status());
                   *watched = *std::move(found);
                   (*watched)->Observe([weak](v1::WorkState state) {
                     const auto alive = weak.lock();
                     if (alive != nullptr) alive->Poke(IsFinal(state));
                     return alive != nullptr;
                   });
                   self->Poke();
                 });
  return stream.get();
}

grpc::ServerWriteReactor<v1::Sweep>* TuningServiceImpl::WatchSweep(
    grpc::CallbackServerContext* context, const v1::WatchSweepRequest* request) {
  return Watch<v1::Sweep>(
      *request, CallerOf(*context), kSweepInterval,
      [](const SweepState& sweep, v1::Sweep& message) { message = sweep.Snapshot(); });
}

grpc::ServerWriteReactor<v1::SweepProgress>* TuningServiceImpl::WatchSweepProgress(
    grpc::CallbackServerContext* context, const v1::WatchSweepProgressRequest* request) {
  return Watch<v1::SweepProgress>(
      *request, CallerOf(*context), kProgressInterval,
      [version = int64_t{-1}](const SweepState& sweep, v1::SweepProgress& message) mutable {
        version = sweep.Progress(version, message);
      });
}

grpc::ServerUnaryReactor* TuningServiceImpl::ListDevices(grpc::CallbackServerContext* context,
                                                         const v1::ListDevicesRequest* request,
                                                         v1::ListDevicesResponse* response) {
  Count(metrics_);
  if (const absl::Status known = CheckKnown(*request); !known.ok()) return Reply(context, known);
  return ReplyLater(context, executor_, stop_, CallKind::kReads, response,
                    [this]() -> absl::StatusOr<v1::ListDevicesResponse> {
                      devices_.FindMissing();
                      return devices_.listing();
                    });
}

}  // namespace tilewright
