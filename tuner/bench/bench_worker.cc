#include "tuner/bench/bench_worker.h"

#include <memory>
#include <string>

#include "kernel_templates/launch/vendor/vendor_launcher.h"
#include "proto/support/errors.h"
#include "proto/support/failure.h"
#include "tuner/bench/bench_sandbox.h"
#include "tuner/bench/bench_worker.pb.h"
#include "tuner/bench/device_description.h"
#include "tuner/bench/nvml.h"
#include "tuner/bench/session.h"
#include "tuner/worker/worker_process.h"

namespace tilewright {
namespace {

v1::Failure ToFailure(const absl::Status& status) {
  const v1::FailureKind kind =
      absl::IsResourceExhausted(status) ? v1::FAILURE_KIND_DEFERRED : v1::FAILURE_KIND_LAUNCH_ERROR;
  return MakeFailure(kind, std::string(status.message()));
}

// Serves the requests of one connection. Lives in RunBenchWorker.
class BenchServer {
 public:
  explicit BenchServer(int fd) : fd_(fd) {}

  // Returns OK while the connection continues.
  absl::Status Serve(const bench::Request& request) {
    switch (request.what_case()) {
      case bench::Request::kDescribe:
        return Send(Describe(request.describe()));
      case bench::Request::kOpen:
        return Send(Open(request.open()));
      default:
        break;
    }
    if (session_ == nullptr) {
      return Send(ErrorReply(absl::FailedPreconditionError("no problem is open")));
    }
    switch (request.what_case()) {
      case bench::Request::kReference:
        return Send(Reference(request.reference()));
      case bench::Request::kInput:
        return Send(Input(request.input()));
      case bench::Request::kVendors:
        return Send(Vendors(request.vendors()));
      case bench::Request::kLoad:
        return SendCandidate(request.load().candidate(), session_->Load(request.load()));
      case bench::Request::kCheck:
        return Check(request.check());
      case bench::Request::kRound:
        return Round(request.round());
      default:
        return Send(ErrorReply(absl::InvalidArgumentError("the request is empty")));
    }
  }

 private:
  static bench::Reply ErrorReply(const absl::Status& status) {
    bench::Reply reply;
    reply.mutable_error()->set_code(static_cast<int>(status.code()));
    reply.mutable_error()->set_reason(ReasonOf(status));
    reply.mutable_error()->set_message(std::string(status.message()));
    return reply;
  }

  static bench::Reply Describe(const bench::DescribeRequest& request) {
    bench::Reply reply;
    bench::DescribeReply& describe = *reply.mutable_describe();
    if (request.other_libraries()) {
      *describe.add_libraries() = VendorLauncher::Library();
      *describe.add_libraries() = Nvml::Library();
      return reply;
    }
    if (const auto driver = DriverApi::Load(); driver.ok()) {
      for (v1::Device& device : DescribeDevices(**driver)) {
        *describe.add_devices() = std::move(device);
      }
    }
    *describe.add_libraries() = DriverLibrary();
    return reply;
  }

  bench::Reply Open(const bench::OpenRequest& request) {
    auto session = Session::Open(request.problem(), request.device_ordinal());
    if (!session.ok()) return ErrorReply(session.status());
    session_ = *std::move(session);
    OpenNvml(request.device_ordinal());
    bench::Reply reply;
    // By now the driver has started all that it starts, and no kernel is loaded yet.
    if (const absl::Status filtered = FilterBenchWorker(); !filtered.ok()) {
      reply.mutable_open()->set_filter_error(std::string(filtered.message()));
    }
    reply.mutable_open();
    return reply;
  }

  // Without NVML, rounds have no clocks. Nothing else changes.
  void OpenNvml(int ordinal) {
    const auto driver = DriverApi::Load();
    CUdevice device = 0;
    CUuuid uuid{};
    if (!driver.ok() || (*driver)->cuDeviceGet(&device, ordinal) != CUDA_SUCCESS ||
        (*driver)->cuDeviceGetUuid(&uuid, device) != CUDA_SUCCESS) {
      return;
    }
    auto nvml = Nvml::Open(FormatUuid(std::string_view(uuid.bytes, sizeof(uuid.bytes))));
    if (nvml.ok()) nvml_ = *std::move(nvml);
  }

  bench::Reply Reference(const bench::ReferenceRequest& request) {
    const absl::Status status =
        session_->LoadReference({request.cubins().begin(), request.cubins().end()});
    if (!status.ok()) return ErrorReply(status);
    bench::Reply reply;
    reply.mutable_reference();
    return reply;
  }

  bench::Reply Input(const bench::InputRequest& request) {
    if (const absl::Status status = session_->SetInput(request.kind()); !status.ok()) {
      return ErrorReply(status);
    }
    bench::Reply reply;
    reply.mutable_input();
    return reply;
  }

  bench::Reply Vendors(const bench::VendorsRequest& request) {
    const auto kernels = session_->Vendors(request.workspace_limit(), request.limit());
    if (!kernels.ok()) return ErrorReply(kernels.status());
    bench::Reply reply;
    reply.mutable_vendors();
    for (const v1::VendorKernel& kernel : *kernels) {
      *reply.mutable_vendors()->add_kernels() = kernel;
    }
    return reply;
  }

  absl::Status Check(const bench::CheckRequest& request) {
    const auto result = session_->Check(request.candidate(), request.repeat());
    if (!result.ok()) return SendCandidate(request.candidate(), result.status());
    bench::Reply reply;
    bench::CandidateReply& candidate = *reply.mutable_candidate();
    candidate.set_candidate(request.candidate());
    candidate.set_seconds(result->seconds);
    candidate.set_relative_error(result->relative_error);
    if (result->failure) *candidate.mutable_failure() = *result->failure;
    return Send(reply);
  }

  absl::Status Round(const bench::RoundRequest& request) {
    const NvmlSample before = nvml_ == nullptr ? NvmlSample() : nvml_->Sample();
    for (const int id : request.candidates()) {
      const auto seconds = session_->TimeSample(id, request.launches());
      const absl::Status sent = SendCandidate(id, seconds.status(), seconds.value_or(0));
      if (!sent.ok()) return sent;
    }
    const NvmlSample after = nvml_ == nullptr ? NvmlSample() : nvml_->Sample();
    bench::Reply reply;
    bench::RoundReply& round = *reply.mutable_round();
    round.set_sm_clock_mhz(after.sm_clock_mhz);
    round.set_power_watts(after.power_watts);
    round.set_throttle_reasons(before.throttle_reasons | after.throttle_reasons);
    round.set_disturbed(Nvml::SlowingReasons(before.throttle_reasons) !=
                            Nvml::SlowingReasons(after.throttle_reasons) ||
                        before.other_processes != after.other_processes);
    return Send(reply);
  }

  // Sends the reply for a candidate. Returns an error if the context is lost.
  absl::Status SendCandidate(int id, const absl::Status& status, double seconds = 0) {
    bench::Reply reply;
    bench::CandidateReply& candidate = *reply.mutable_candidate();
    candidate.set_candidate(id);
    candidate.set_seconds(seconds);
    if (!status.ok()) {
      *candidate.mutable_failure() = ToFailure(status);
      candidate.set_context_lost(session_->ContextLost());
    }
    const absl::Status sent = Send(reply);
    if (!sent.ok() || !candidate.context_lost()) return sent;
    return absl::AbortedError("the context is lost");
  }

  absl::Status Send(const bench::Reply& reply) { return WriteMessage(fd_, reply); }

  int fd_;
  std::unique_ptr<Session> session_;
  std::unique_ptr<Nvml> nvml_;
};

}  // namespace

int RunBenchWorker(int fd) {
  auto* server = new BenchServer(fd);
  bench::Request request;
  while (ReadMessage(fd, SteadyTime::InfiniteFuture(), &request).ok()) {
    if (!server->Serve(request).ok()) return kUnableExit;
  }
  // The session is not destroyed. The driver frees a process's memory faster than we free it piece
  // by piece, and every call would fail after a lost context.
  return 0;
}

}  // namespace tilewright
