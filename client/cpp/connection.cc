#include "tilewright/connection.h"

#include <sys/un.h>

#include <cstdint>
#include <random>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/cpp/connection_impl.h"
#include "client/cpp/daemon_identity.h"
#include "proto/support/errors.h"
#include "proto/support/status_macros.h"
#include "tilewright/paths.h"

namespace tilewright {
namespace {

constexpr std::chrono::seconds kCallTimeout{30};
// A batch of 1000 kernels with their cubins is far above gRPC's default of 4 MiB.
constexpr int kMaxResponseBytes = 512 << 20;

absl::Status CheckSocketPath(const std::string& path) {
  if (path.empty() || path == SocketPathIn("")) {
    return InvalidField("socket", "SOCKET_UNKNOWN",
                        "no socket named, and neither TILEWRIGHT_SOCKET nor HOME is set");
  }
  constexpr size_t kLongest = sizeof(sockaddr_un::sun_path) - 1;
  if (path.size() > kLongest) {
    return InvalidField("socket", "SOCKET_PATH_TOO_LONG",
                        absl::StrCat("a Unix socket's path has at most ", kLongest,
                                     " bytes, this one has ", path.size(), ": ", path));
  }
  return absl::OkStatus();
}

std::shared_ptr<grpc::Channel> MakeChannel(const std::string& socket_path) {
  grpc::ChannelArguments arguments;
  // A socket has one daemon; a slow reconnect only keeps trainers waiting.
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 50);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 50);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 500);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetMaxReceiveMessageSize(kMaxResponseBytes);
  return grpc::CreateCustomChannel(absl::StrCat("unix:", socket_path),
                                   grpc::InsecureChannelCredentials(), arguments);
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

bool Connection::Impl::WaitBeforeRetry(const absl::Status& status,
                                       std::chrono::system_clock::time_point deadline) {
  const auto asked = RetryDelayOf(status);
  if (!asked.has_value()) return false;
  // A thousand ranks were refused at the same moment: they must not come back at the same moment.
  static thread_local std::minstd_rand generator{std::random_device{}()};
  std::uniform_int_distribution<int64_t> jitter(0, asked->count() / 2);
  const Milliseconds delay = *asked + Milliseconds(jitter(generator));
  if (std::chrono::system_clock::now() + delay >= deadline) return false;
  std::this_thread::sleep_for(delay);
  return true;
}

Connection::Connection(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Connection::~Connection() = default;

absl::StatusOr<std::shared_ptr<Connection>> Connection::Open(const ConnectOptions& options) {
  ConnectOptions resolved = options;
  if (resolved.socket_path.empty()) resolved.socket_path = DefaultSocketPath();
  if (absl::Status status = CheckSocketPath(resolved.socket_path); !status.ok()) return status;
  ASSIGN_OR_RETURN(resolved.daemon_user, ConfiguredDaemonUser(resolved.daemon_user));
  RETURN_IF_ERROR(CheckDaemonAt(resolved.socket_path, resolved.daemon_user));
  auto impl = std::make_unique<Impl>(resolved, MakeChannel(resolved.socket_path));
  if (!impl->WaitUntilConnected()) {
    return UnreachableError(resolved.socket_path, absl::OkStatus());
  }
  return std::shared_ptr<Connection>(new Connection(std::move(impl)));
}

const std::string& Connection::socket_path() const { return impl_->options.socket_path; }

absl::Status Connection::CheckHealth(Milliseconds timeout) {
  // grpc.health.v1: the request for the whole server is the empty message; the response's
  // field 1 is the state, 1 = SERVING.
  static constexpr char kServing[] = {0x08, 0x01};
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + timeout);
  grpc::GenericStub stub(impl_->channel);
  grpc::CompletionQueue queue;
  // Not a default ByteBuffer: one without a slice is no message at all.
  const grpc::Slice nothing;
  grpc::ByteBuffer request(&nothing, 1);
  grpc::ByteBuffer response;
  grpc::Status status;
  auto call = stub.PrepareUnaryCall(&context, "/grpc.health.v1.Health/Check", request, &queue);
  call->StartCall();
  call->Finish(&response, &status, nullptr);
  void* tag = nullptr;
  bool ok = false;
  queue.Next(&tag, &ok);
  if (!status.ok()) {
    const absl::Status failure = FromGrpcStatus(status);
    return IsTransportFailure(failure) ? UnreachableError(socket_path(), failure) : failure;
  }
  grpc::Slice slice;
  if (!response.DumpToSingleSlice(&slice).ok() ||
      std::string_view(reinterpret_cast<const char*>(slice.begin()), slice.size()) !=
          std::string_view(kServing, sizeof(kServing))) {
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

absl::StatusOr<v1::BatchGetKernelsResponse> Connection::BatchGetKernels(
    const v1::BatchGetKernelsRequest& request, Milliseconds timeout) {
  return impl_->Call<v1::BatchGetKernelsResponse>(
      *impl_->kernels, &v1::KernelService::Stub::BatchGetKernels, request, timeout);
}

absl::StatusOr<v1::Tuning> Connection::CreateTuning(v1::CreateTuningRequest request) {
  if (request.request_id().empty()) request.set_request_id(RandomUuid());
  return impl_->Call<v1::Tuning>(*impl_->tunings, &v1::TuningService::Stub::CreateTuning, request,
                                 kCallTimeout);
}

absl::StatusOr<v1::Tuning> Connection::GetTuning(const std::string& name) {
  v1::GetTuningRequest request;
  request.set_name(name);
  return impl_->Call<v1::Tuning>(*impl_->tunings, &v1::TuningService::Stub::GetTuning, request,
                                 kCallTimeout);
}

absl::StatusOr<v1::Tuning> Connection::CancelTuning(const std::string& name) {
  v1::CancelTuningRequest request;
  request.set_name(name);
  return impl_->Call<v1::Tuning>(*impl_->tunings, &v1::TuningService::Stub::CancelTuning, request,
                                 kCallTimeout);
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

absl::StatusOr<v1::Sweep> Connection::CancelSweep(const std::string& name) {
  v1::CancelSweepRequest request;
  request.set_name(name);
  return impl_->Call<v1::Sweep>(*impl_->tunings, &v1::TuningService::Stub::CancelSweep, request,
                                kCallTimeout);
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
    const v1::ExplainWinnerRequest& request) {
  return impl_->Call<v1::ExplainWinnerResponse>(
      *impl_->cache, &v1::CacheService::Stub::ExplainWinner, request, kCallTimeout);
}

absl::StatusOr<v1::CacheStats> Connection::GetCacheStats() {
  return impl_->Call<v1::CacheStats>(*impl_->cache, &v1::CacheService::Stub::GetCacheStats,
                                     v1::GetCacheStatsRequest(), kCallTimeout);
}

}  // namespace tilewright
