// Asks GetKernel over and over, in raw bytes, so that what is timed is the server and not
// the parsing of replies.
#ifndef TILEWRIGHT_TESTS_BENCH_LOAD_CLIENT_H_
#define TILEWRIGHT_TESTS_BENCH_LOAD_CLIENT_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "grpcpp/channel.h"
#include "grpcpp/generic/generic_stub.h"

namespace tilewright {

// Not thread-safe.
class LoadClient {
 public:
  LoadClient(const std::string& socket, const std::string& request);

  // The reply to one call.
  absl::StatusOr<std::string> Ask();

  // Seconds of each of the calls made one after the other for `duration`.
  absl::StatusOr<std::vector<double>> Latencies(absl::Duration duration);

  // Calls a second with `in_flight` of them under way at any moment.
  absl::StatusOr<double> Throughput(int in_flight, absl::Duration duration);

 private:
  struct Call;
  void Begin(Call& call, grpc::CompletionQueue& queue);

  const grpc::Slice request_slice_;
  const grpc::ByteBuffer request_;
  grpc::GenericStub stub_;
};

}  // namespace tilewright

#endif  // TILEWRIGHT_TESTS_BENCH_LOAD_CLIENT_H_
