#include "tests/server/test_daemon.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <stdexcept>

#include "absl/strings/str_cat.h"
#include "proto/support/errors.h"
#include "tests/server/winner_fixture.h"

namespace tilewright {
namespace {

std::string MakeFolder() {
  char folder[] = "/tmp/tilewright-test-XXXXXX";
  return mkdtemp(folder);
}

void SetDeadline(grpc::ClientContext& context, absl::Duration timeout) {
  context.set_deadline(std::chrono::system_clock::now() + absl::ToChronoMilliseconds(timeout));
}

template <class Message>
absl::StatusOr<Message> LastOf(std::unique_ptr<grpc::ClientReader<Message>> reader) {
  Message message;
  Message next;
  while (reader->Read(&next)) message.Swap(&next);
  const absl::Status status = FromGrpc(reader->Finish());
  if (!status.ok()) return status;
  return message;
}

}  // namespace

absl::Status FromGrpc(const grpc::Status& status) {
  return FromStatusDetails(static_cast<absl::StatusCode>(status.error_code()),
                           status.error_message(), status.error_details());
}

namespace {

std::shared_ptr<grpc::Channel> ChannelTo(const std::string& socket) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetMaxReceiveMessageSize(-1);
  return grpc::CreateCustomChannel("unix:" + socket, grpc::InsecureChannelCredentials(), arguments);
}

}  // namespace

ServiceClient::ServiceClient(const std::string& socket) : ServiceClient(ChannelTo(socket)) {}

ServiceClient::ServiceClient(std::shared_ptr<grpc::Channel> opened) : channel(std::move(opened)) {
  kernels = v1::KernelService::NewStub(channel);
  tunings = v1::TuningService::NewStub(channel);
  cache = v1::CacheService::NewStub(channel);
}

absl::StatusOr<v1::GetKernelResponse> ServiceClient::Get(const v1::GetKernelRequest& request,
                                                         absl::Duration timeout) {
  grpc::ClientContext context;
  SetDeadline(context, timeout);
  v1::GetKernelResponse response;
  const absl::Status status = FromGrpc(kernels->GetKernel(&context, request, &response));
  if (!status.ok()) return status;
  return response;
}

absl::StatusOr<v1::Tuning> ServiceClient::CreateTuning(const v1::CreateTuningRequest& request) {
  grpc::ClientContext context;
  v1::Tuning tuning;
  const absl::Status status = FromGrpc(tunings->CreateTuning(&context, request, &tuning));
  if (!status.ok()) return status;
  return tuning;
}

absl::StatusOr<v1::Tuning> ServiceClient::AwaitTuning(const std::string& name) {
  grpc::ClientContext context;
  SetDeadline(context, absl::Seconds(60));
  v1::WatchTuningRequest request;
  request.set_name(name);
  return LastOf(tunings->WatchTuning(&context, request));
}

absl::StatusOr<v1::Sweep> ServiceClient::CreateSweep(const v1::CreateSweepRequest& request) {
  grpc::ClientContext context;
  v1::Sweep sweep;
  const absl::Status status = FromGrpc(tunings->CreateSweep(&context, request, &sweep));
  if (!status.ok()) return status;
  return sweep;
}

absl::StatusOr<v1::Sweep> ServiceClient::AwaitSweep(const std::string& name) {
  grpc::ClientContext context;
  SetDeadline(context, absl::Seconds(100));
  v1::WatchSweepRequest request;
  request.set_name(name);
  return LastOf(tunings->WatchSweep(&context, request));
}

absl::StatusOr<v1::ListWinnersResponse> ServiceClient::List(const v1::ListWinnersRequest& request) {
  grpc::ClientContext context;
  v1::ListWinnersResponse response;
  const absl::Status status = FromGrpc(cache->ListWinners(&context, request, &response));
  if (!status.ok()) return status;
  return response;
}

TestDaemon::TestDaemon(int devices, DaemonServer::Options options, Nvrtc nvrtc)
    : folder_(MakeFolder()), socket_(folder_ + "/daemon.sock") {
  std::vector<v1::Device> list;
  for (int i = 0; i < devices; ++i) {
    list.push_back(FakeProfiler::Hopper());
    list.back().set_ordinal(i);
  }
  profiler.SetDevices(list);
  compiler.SetNvrtcMissing(nvrtc == Nvrtc::kMissing);
  compiler.SetNvrtcSilent(nvrtc == Nvrtc::kSilent);
  options.socket = socket_;
  options.cache_dir = folder_;
  auto started = DaemonServer::Start(options, {compiler, profiler, store, index, tuner, clock});
  if (!started.ok()) throw std::runtime_error(std::string(started.status().message()));
  server = *std::move(started);
}

TestDaemon::~TestDaemon() {
  server.reset();
  std::filesystem::remove_all(folder_);
}

v1::Target TestDaemon::TargetOf(const std::string& profile) const {
  FakeCompiler same_compiler;
  FakeProfiler same_profiler;
  return DeviceTable(same_compiler, same_profiler).Resolve(profile, 0)->target;
}

v1::GetKernelRequest RequestOf(int64_t m, v1::LookupMode mode, const std::string& target) {
  v1::GetKernelRequest request;
  *request.mutable_problem() = GemmProblemOf(m, 4096, 4096);
  request.set_mode(mode);
  request.set_target(target);
  return request;
}

}  // namespace tilewright
