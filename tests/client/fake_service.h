// The three services in this process on a Unix socket, with answers that a test sets: what a
// client sees of a daemon, without one.
#ifndef TILEWRIGHT_TESTS_CLIENT_FAKE_SERVICE_H_
#define TILEWRIGHT_TESTS_CLIENT_FAKE_SERVICE_H_

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tests/client/temporary_folder.h"
#include "tilewright/v1/cache_service.pb.h"
#include "tilewright/v1/kernel_service.pb.h"
#include "tilewright/v1/tuning_service.pb.h"

namespace grpc {
class Server;
}

namespace tilewright {

// What MeasuredKernel has for a problem of this shape.
std::string CubinOf(int64_t m, int64_t n, int64_t k);

// A measured kernel whose hash is right, of the stub CubinOf.
v1::GetKernelResponse MeasuredKernel(const v1::GemmProblem& problem);

class FakeService {
 public:
  // What the RPCs answer; set before the calls. Unset: UNIMPLEMENTED.
  std::function<absl::StatusOr<v1::GetKernelResponse>(const v1::GetKernelRequest&)> get_kernel;
  std::function<absl::StatusOr<v1::RenderSourceResponse>(const v1::RenderSourceRequest&)>
      render_source;
  std::function<absl::StatusOr<v1::Tuning>(const v1::CreateTuningRequest&)> create_tuning;
  std::function<absl::StatusOr<v1::Sweep>(const v1::CreateSweepRequest&)> create_sweep;
  // Sent in order to a watch, which ends with the last unless that is not final: then it stays
  // open until the client cancels.
  std::vector<v1::Tuning> tuning_updates;
  // What WatchTuning fails with at once; OK: it sends the updates.
  absl::Status watch_tuning_end;
  std::vector<v1::Sweep> sweep_updates;
  // Sent in order to a watch of a kernel, which then ends with `kernel_watch_end`, or, where that
  // is OK, stays open until the client cancels.
  std::vector<v1::GetKernelResponse> kernel_updates;
  absl::Status kernel_watch_end;
  // What CancelTuning answers, and GetTuning.
  v1::Tuning cancelled_tuning;
  absl::StatusOr<v1::Tuning> tuning_after_cancel = v1::Tuning();
  v1::Sweep cancelled_sweep;
  v1::ListDevicesResponse devices;
  std::vector<v1::Winner> winners;
  std::vector<std::string> distrusted_signers;
  v1::CacheStats cache_stats;
  std::function<absl::StatusOr<v1::ExplainWinnerResponse>(const v1::ExplainWinnerRequest&)> explain;
  std::string bundle = "a bundle";
  v1::ExportSummary export_summary;
  std::function<absl::StatusOr<v1::ImportBundleResponse>(const std::string&)> import_bundle;
  v1::InspectBundleResponse inspected;
  v1::ListSignersResponse signers;

  // Calls seen.
  std::atomic<int> get_kernel_calls{0};
  std::atomic<int> watch_kernel_calls{0};
  std::atomic<int> cancel_calls{0};
  std::string request_id;

  explicit FakeService(std::string socket_path);
  ~FakeService();

  const std::string& socket_path() const { return socket_path_; }
  void Start();
  void Stop();

 private:
  class Kernels;
  class Tunings;
  class Cache;

  const std::string socket_path_;
  std::unique_ptr<Kernels> kernels_;
  std::unique_ptr<Tunings> tunings_;
  std::unique_ptr<Cache> cache_;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace tilewright

#endif  // TILEWRIGHT_TESTS_CLIENT_FAKE_SERVICE_H_
