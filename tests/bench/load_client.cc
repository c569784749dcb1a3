#include "tests/bench/load_client.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>

#include <optional>

#include "absl/time/clock.h"
#include "proto/support/status_macros.h"

namespace tilewright {
namespace {

std::shared_ptr<grpc::Channel> Connect(const std::string& socket) {
  grpc::ChannelArguments arguments;
  // A connection of its own for each client.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return grpc::CreateCustomChannel("unix:" + socket, grpc::InsecureChannelCredentials(), arguments);
}

absl::Status ToAbslStatus(const grpc::Status& status) {
  return absl::Status(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
}

}  // namespace

struct LoadClient::Call {
  std::optional<grpc::ClientContext> context;
  std::unique_ptr<grpc::GenericClientAsyncResponseReader> reader;
  grpc::ByteBuffer response;
  grpc::Status status;
};

LoadClient::LoadClient(const std::string& socket, const std::string& request)
    : request_slice_(request), request_(&request_slice_, 1), stub_(Connect(socket)) {}

void LoadClient::Begin(Call& call, grpc::CompletionQueue& queue) {
  call.context.emplace();
  call.reader = stub_.PrepareUnaryCall(&*call.context, "/tilewright.v1.KernelService/GetKernel",
                                       request_, &queue);
  call.reader->StartCall();
  call.reader->Finish(&call.response, &call.status, &call);
}

absl::StatusOr<std::string> LoadClient::Ask() {
  grpc::CompletionQueue queue;
  Call call;
  Begin(call, queue);
  void* tag = nullptr;
  bool ok = false;
  queue.Next(&tag, &ok);
  RETURN_IF_ERROR(ToAbslStatus(call.status));
  grpc::Slice slice;
  if (!call.response.DumpToSingleSlice(&slice).ok()) return absl::InternalError("no reply");
  return std::string(reinterpret_cast<const char*>(slice.begin()), slice.size());
}

absl::StatusOr<std::vector<double>> LoadClient::Latencies(absl::Duration duration) {
  std::vector<double> seconds;
  grpc::CompletionQueue queue;
  const absl::Time end = absl::Now() + duration;
  for (absl::Time begin = absl::Now(); begin < end;) {
    Call call;
    Begin(call, queue);
    void* tag = nullptr;
    bool ok = false;
    queue.Next(&tag, &ok);
    const absl::Time now = absl::Now();
    RETURN_IF_ERROR(ToAbslStatus(call.status));
    seconds.push_back(absl::ToDoubleSeconds(now - begin));
    begin = now;
  }
  return seconds;
}

absl::StatusOr<double> LoadClient::Throughput(int in_flight, absl::Duration duration) {
  grpc::CompletionQueue queue;
  std::vector<Call> calls(in_flight);
  const absl::Time begin = absl::Now();
  for (Call& call : calls) Begin(call, queue);
  int64_t done = 0;
  absl::Status failure;
  absl::Time last = begin;
  for (int under_way = in_flight; under_way > 0;) {
    void* tag = nullptr;
    bool ok = false;
    queue.Next(&tag, &ok);
    Call& call = *static_cast<Call*>(tag);
    failure.Update(ToAbslStatus(call.status));
    last = absl::Now();
    ++done;
    if (failure.ok() && last < begin + duration) {
      Begin(call, queue);
    } else {
      --under_way;
    }
  }
  RETURN_IF_ERROR(failure);
  return done / absl::ToDoubleSeconds(last - begin);
}

}  // namespace tilewright
