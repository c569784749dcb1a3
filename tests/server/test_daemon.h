#ifndef TILEWRIGHT_TESTS_SERVER_TEST_DAEMON_H_
#define TILEWRIGHT_TESTS_SERVER_TEST_DAEMON_H_

#include <memory>
#include <string>

#include "grpcpp/channel.h"
#include "grpcpp/client_context.h"
#include "server/daemon_server.h"
#include "tests/fakes/fake_compiler.h"
#include "tests/fakes/fake_profiler.h"
#include "tests/server/watched_store.h"
#include "tilewright/v1/cache_service.grpc.pb.h"
#include "tilewright/v1/kernel_service.grpc.pb.h"
#include "tilewright/v1/tuning_service.grpc.pb.h"

namespace tilewright {

// Status of ours behind a call's result.
absl::Status FromGrpc(const grpc::Status& status);

// The stubs of all services, over one connection to `socket`.
struct ServiceClient {
  explicit ServiceClient(const std::string& socket);
  explicit ServiceClient(std::shared_ptr<grpc::Channel> opened);

  std::shared_ptr<grpc::Channel> channel;
  std::unique_ptr<v1::KernelService::Stub> kernels;
  std::unique_ptr<v1::TuningService::Stub> tunings;
  std::unique_ptr<v1::CacheService::Stub> cache;

  absl::StatusOr<v1::GetKernelResponse> Get(const v1::GetKernelRequest& request,
                                            absl::Duration timeout = absl::Seconds(30));
  absl::StatusOr<v1::Tuning> CreateTuning(const v1::CreateTuningRequest& request);
  absl::StatusOr<v1::Tuning> AwaitTuning(const std::string& name);
  absl::StatusOr<v1::Sweep> CreateSweep(const v1::CreateSweepRequest& request);
  absl::StatusOr<v1::Sweep> AwaitSweep(const std::string& name);
  absl::StatusOr<v1::ListWinnersResponse> List(const v1::ListWinnersRequest& request);
};

// A daemon inside the test: real services, scheduler and socket; a fake compiler and a fake GPU;
// winners in memory.
class TestDaemon {
 public:
  enum class Nvrtc { kThere, kMissing, kSilent };

  // `devices`: how many fake GPUs. `nvrtc`: how it is at the start.
  explicit TestDaemon(int devices, DaemonServer::Options options = {}, Nvrtc nvrtc = Nvrtc::kThere);
  ~TestDaemon();

  ServiceClient Connect() const { return ServiceClient(socket_); }
  const std::string& folder() const { return folder_; }
  // The target of a request that names `profile`, or of GPU 0.
  v1::Target TargetOf(const std::string& profile) const;

  FakeCompiler compiler;
  FakeProfiler profiler;
  WatchedStore store;
  WinnerIndex index;
  RealClock clock;
  Tuner tuner{compiler, profiler, store, index, clock};
  std::unique_ptr<DaemonServer> server;

 private:
  std::string folder_;
  std::string socket_;
};

v1::GetKernelRequest RequestOf(int64_t m, v1::LookupMode mode, const std::string& target = "");

}  // namespace tilewright

#endif  // TILEWRIGHT_TESTS_SERVER_TEST_DAEMON_H_
