#include "tilewright/connection.h"

#include <grpc/support/time.h>
#include <grpcpp/generic/generic_stub.h>

#include <algorithm>
#include <cstdint>
#include <random>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "client/cpp/connection_impl.h"
#include "client/cpp/daemon_identity.h"
#include "proto/support/errors.h"
#include "proto/support/status_macros.h"
#include "tilewright/paths.h"

namespace tilewright {
namespace {

// Reading a large database and making it smaller takes minutes.
constexpr std::chrono::minutes kRemovalTimeout{10};

constexpr char kHealthMethod[] = "/grpc.health.v1.Health/Check";

absl::StatusOr<std::string> AskHealth(const std::shared_ptr<grpc::Channel>& channel,
                                      SteadyTime deadline) {
  grpc::ClientContext context;
  context.set_deadline(GrpcDeadline(deadline));
  grpc::GenericStub stub(channel);
  grpc::CompletionQueue queue;
  // Not a default ByteBuffer: without a slice it is no message at all.
  const grpc::Slice nothing;
  grpc::ByteBuffer request(&nothing, 1);
  grpc::ByteBuffer response;
  grpc::Status status;
  auto call = stub.PrepareUnaryCall(&context, kHealthMethod, request, &queue);
  call->StartCall();
  call->Finish(&response, &status, nullptr);
  void* tag = nullptr;
  bool ok = false;
  queue.Next(&tag, &ok);
  if (!status.ok()) return FromGrpcStatus(status);
  grpc::Slice slice;
  if (!response.DumpToSingleSlice(&slice).ok()) return "";
  return std::string(reinterpret_cast<const char*>(slice.begin()), slice.size());
}

absl::StatusOr<std::string> AskHealthPlainly(const ConnectOptions& options, SteadyTime deadline) {
  const absl::StatusOr<int> fd = Dial(options.socket_path, deadline, options.daemon_user);
  if (!fd.ok()) return fd.status();
  return PlainCall(*fd, kHealthMethod, "", deadline);
}

std::string RandomUuid() {
  std::random_device device;
  return absl::StrFormat("%08x-%04x-4%03x-%04x-%08x%04x", device(), device() & 0xffff,
                         device() & 0xfff, 0x8000 | (device() & 0x3fff), device(),
                         device() & 0xffff);
}

}  // namespace

bool IsFinal(v1::WorkState state) {
  return state == v1::WORK_STATE_SUCCEEDED || state == v1::WORK_STATE_FAILED ||
         state == v1::WORK_STATE_CANCELLED;
}

bool Connection::Impl::WaitBeforeRetry(const absl::Status& status, SteadyTime deadline,
                                       const std::stop_token& stop) {
  constexpr absl::Duration kLook = absl::Milliseconds(100);
  const auto asked = RetryDelayOf(status);
  if (!asked.has_value()) return false;
  // A thousand ranks may be refused at the same moment. They must not come back at the same moment.
  static thread_local std::minstd_rand generator{std::random_device{}()};
  std::uniform_int_distribution<int64_t> jitter(0, asked->count() / 2);
  const absl::Duration delay = absl::FromChrono(*asked + Milliseconds(jitter(generator)));
  const SteadyTime end = SteadyTime::Now() + delay;
  if (end >= deadline) return false;
  if (!stop.stop_possible()) absl::SleepFor(delay);
  while (!stop.stop_requested()) {
    const absl::Duration left = end - SteadyTime::Now();
    if (left <= absl::ZeroDuration()) return true;
    absl::SleepFor(std::min(left, kLook));
  }
  return false;
}

gpr_timespec GrpcDeadline(SteadyTime deadline) {
  const absl::Duration left = deadline - SteadyTime::Now();
  return gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
                      gpr_time_from_nanos(absl::ToInt64Nanoseconds(left), GPR_TIMESPAN));
}

absl::Status NoStreamsError() {
  return MakeError(
      absl::StatusCode::kFailedPrecondition, "FORKED",
      "this process was forked from one that used Tilewright: look-ups and other single calls "
      "work, but watches, exports and imports do not; call them from a new process");
}

Connection::Connection(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

// In a child after fork(), all members belong to the parent, which still uses them.
Connection::~Connection() {
  if (!impl_->owner.IsThis()) static_cast<void>(impl_.release());
}

absl::StatusOr<std::shared_ptr<Connection>> Connection::Open(const ConnectOptions& options) {
  ConnectOptions resolved = options;
  if (resolved.socket_path.empty()) resolved.socket_path = DefaultSocketPath();
  if (absl::Status status = CheckDaemonSocket(resolved.socket_path); !status.ok()) return status;
  if (resolved.connect_timeout.count() < 0) {
    return InvalidField("connect_timeout", "OUT_OF_RANGE", "must not be negative");
  }
  ASSIGN_OR_RETURN(resolved.daemon_user, ConfiguredDaemonUser(resolved.daemon_user));
  auto impl = std::make_unique<Impl>(std::move(resolved));
  const auto link = impl->links.Get(DeadlineAfter(impl->options.connect_timeout));
  if (!link.ok()) return link.status();
  return std::shared_ptr<Connection>(new Connection(std::move(impl)));
}

const std::string& Connection::socket_path() const { return impl_->options.socket_path; }

absl::Status Connection::CheckHealth(Milliseconds timeout) {
  // grpc.health.v1: the request for the whole server is the empty message. Field 1 of the response
  // is the state; 1 means SERVING.
  static constexpr char kServing[] = {0x08, 0x01};
  if (!impl_->owner.IsThis()) return ForkedError();
  const SteadyTime deadline = DeadlineAfter(timeout);
  const absl::StatusOr<std::shared_ptr<Link>> link = impl_->links.Get(deadline);
  if (!link.ok()) return link.status();
  const SteadyTime answer_by = deadline - absl::FromChrono(Impl::TimeToExplain(timeout));
  const absl::StatusOr<std::string> state = (*link)->plain()
                                                ? AskHealthPlainly(impl_->options, answer_by)
                                                : AskHealth((*link)->channel, answer_by);
  if (!state.ok()) {
    if (IsUnanswered(state.status())) {
      return impl_->links.ExplainSilence(link->get(), timeout, deadline);
    }
    if (!IsTransportFailure(state.status())) return state.status();
    impl_->links.Lost(link->get());
    return UnreachableError(socket_path(), state.status());
  }
  if (*state != std::string_view(kServing, sizeof(kServing))) {
    return MakeError(absl::StatusCode::kUnavailable, "NOT_SERVING",
                     absl::StrCat("tilewrightd at ", socket_path(), " is not serving yet"));
  }
  return absl::OkStatus();
}

absl::StatusOr<v1::GetKernelResponse> Connection::GetKernel(const v1::GetKernelRequest& request,
                                                            Milliseconds timeout) {
  return impl_->Call<v1::GetKernelResponse>(*impl_->kernels, &v1::KernelService::Stub::GetKernel,
                                            request, timeout);
}

absl::StatusOr<v1::RenderSourceResponse> Connection::RenderSource(
    const v1::RenderSourceRequest& request, Milliseconds timeout) {
  return impl_->Call<v1::RenderSourceResponse>(
      *impl_->kernels, &v1::KernelService::Stub::RenderSource, request, timeout);
}

absl::StatusOr<v1::BatchGetKernelsResponse> Connection::BatchGetKernels(
    const v1::BatchGetKernelsRequest& request, Milliseconds timeout) {
  return impl_->Call<v1::BatchGetKernelsResponse>(
      *impl_->kernels, &v1::KernelService::Stub::BatchGetKernels, request, timeout);
}

absl::StatusOr<v1::Tuning> Connection::CreateTuning(v1::CreateTuningRequest request,
                                                    const std::stop_token& stop) {
  if (request.request_id().empty()) request.set_request_id(RandomUuid());
  return impl_->Call<v1::Tuning>(*impl_->tunings, &v1::TuningService::Stub::CreateTuning, request,
                                 kCallTimeout, stop);
}

absl::StatusOr<v1::Tuning> Connection::GetTuning(const std::string& name, Milliseconds timeout) {
  v1::GetTuningRequest request;
  request.set_name(name);
  return impl_->Call<v1::Tuning>(*impl_->tunings, &v1::TuningService::Stub::GetTuning, request,
                                 timeout);
}

absl::StatusOr<v1::Tuning> Connection::CancelTuning(const std::string& name, Milliseconds timeout) {
  v1::CancelTuningRequest request;
  request.set_name(name);
  return impl_->Call<v1::Tuning>(*impl_->tunings, &v1::TuningService::Stub::CancelTuning, request,
                                 timeout);
}

absl::StatusOr<v1::Sweep> Connection::CreateSweep(v1::CreateSweepRequest request) {
  if (request.request_id().empty()) request.set_request_id(RandomUuid());
  return impl_->Call<v1::Sweep>(*impl_->tunings, &v1::TuningService::Stub::CreateSweep, request,
                                kCallTimeout);
}

absl::StatusOr<v1::Sweep> Connection::GetSweep(const std::string& name) {
  v1::GetSweepRequest request;
  request.set_name(name);
  return impl_->Call<v1::Sweep>(*impl_->tunings, &v1::TuningService::Stub::GetSweep, request,
                                kCallTimeout);
}

absl::StatusOr<v1::Sweep> Connection::CancelSweep(const std::string& name, Milliseconds timeout) {
  v1::CancelSweepRequest request;
  request.set_name(name);
  return impl_->Call<v1::Sweep>(*impl_->tunings, &v1::TuningService::Stub::CancelSweep, request,
                                timeout);
}

absl::StatusOr<v1::ListDevicesResponse> Connection::ListDevices() {
  return impl_->Call<v1::ListDevicesResponse>(*impl_->tunings,
                                              &v1::TuningService::Stub::ListDevices,
                                              v1::ListDevicesRequest(), kCallTimeout);
}

absl::StatusOr<v1::ListWinnersResponse> Connection::ListWinners(
    const v1::ListWinnersRequest& request) {
  return impl_->Call<v1::ListWinnersResponse>(*impl_->cache, &v1::CacheService::Stub::ListWinners,
                                              request, kCallTimeout);
}

absl::StatusOr<v1::ExplainWinnerResponse> Connection::ExplainWinner(
    const v1::ExplainWinnerRequest& request, const std::stop_token& stop) {
  return impl_->Call<v1::ExplainWinnerResponse>(
      *impl_->cache, &v1::CacheService::Stub::ExplainWinner, request, kCallTimeout, stop);
}

absl::StatusOr<v1::CacheStats> Connection::GetCacheStats() {
  return impl_->Call<v1::CacheStats>(*impl_->cache, &v1::CacheService::Stub::GetCacheStats,
                                     v1::GetCacheStatsRequest(), kCallTimeout);
}

absl::StatusOr<v1::ForgetWinnersResponse> Connection::ForgetWinners(
    const v1::ForgetWinnersRequest& request) {
  return impl_->Call<v1::ForgetWinnersResponse>(
      *impl_->cache, &v1::CacheService::Stub::ForgetWinners, request, kRemovalTimeout);
}

absl::StatusOr<v1::PruneCacheResponse> Connection::PruneCache(
    const v1::PruneCacheRequest& request) {
  return impl_->Call<v1::PruneCacheResponse>(*impl_->cache, &v1::CacheService::Stub::PruneCache,
                                             request, kRemovalTimeout);
}

absl::StatusOr<int64_t> Connection::BackupCache(std::ostream& out) {
  return impl_->Receive<v1::BackupChunk>(&v1::CacheService::Stub::BackupCache,
                                         v1::BackupCacheRequest(), "the backup", out,
                                         [](const v1::BackupChunk&) {});
}

absl::StatusOr<v1::ListSignersResponse> Connection::ListSigners() {
  return impl_->Call<v1::ListSignersResponse>(*impl_->cache, &v1::CacheService::Stub::ListSigners,
                                              v1::ListSignersRequest(), kCallTimeout);
}

absl::StatusOr<v1::Signer> Connection::TrustSigner(const v1::TrustSignerRequest& request) {
  return impl_->Call<v1::Signer>(*impl_->cache, &v1::CacheService::Stub::TrustSigner, request,
                                 kCallTimeout);
}

absl::StatusOr<v1::DistrustSignerResponse> Connection::DistrustSigner(const std::string& signer) {
  v1::DistrustSignerRequest request;
  request.set_signer(signer);
  return impl_->Call<v1::DistrustSignerResponse>(
      *impl_->cache, &v1::CacheService::Stub::DistrustSigner, request, kCallTimeout);
}

absl::StatusOr<v1::AdoptWinnersResponse> Connection::AdoptWinners() {
  return impl_->Call<v1::AdoptWinnersResponse>(*impl_->cache, &v1::CacheService::Stub::AdoptWinners,
                                               v1::AdoptWinnersRequest(), kCallTimeout);
}

absl::StatusOr<v1::SigningKey> Connection::GetSigningKey() {
  return impl_->Call<v1::SigningKey>(*impl_->cache, &v1::CacheService::Stub::GetSigningKey,
                                     v1::GetSigningKeyRequest(), kCallTimeout);
}

absl::StatusOr<v1::SigningKey> Connection::RotateSigningKey() {
  return impl_->Call<v1::SigningKey>(*impl_->cache, &v1::CacheService::Stub::RotateSigningKey,
                                     v1::RotateSigningKeyRequest(), kCallTimeout);
}

}  // namespace tilewright
