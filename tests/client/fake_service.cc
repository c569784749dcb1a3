#include "tests/client/fake_service.h"

#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <chrono>
#include <thread>

#include "absl/strings/str_cat.h"
#include "proto/support/errors.h"
#include "proto/support/sha256.h"
#include "tests/fakes/stub_cubin.h"
#include "tilewright/v1/cache_service.grpc.pb.h"
#include "tilewright/v1/kernel_service.grpc.pb.h"
#include "tilewright/v1/tuning_service.grpc.pb.h"

namespace tilewright {
namespace {

grpc::Status ToGrpc(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()), std::string(status.message()),
                      ToStatusDetails(status));
}

template <typename Response>
grpc::Status Answer(const absl::StatusOr<Response>& result, Response* response) {
  if (result.ok()) *response = *result;
  return ToGrpc(result.status());
}

bool Final(v1::WorkState state) { return state >= v1::WORK_STATE_SUCCEEDED; }

template <typename Message>
grpc::Status SendAll(const std::vector<Message>& updates, grpc::ServerContext& context,
                     grpc::ServerWriter<Message>& writer) {
  for (const Message& update : updates) writer.Write(update);
  while (!updates.empty() && !Final(updates.back().state()) && !context.IsCancelled()) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return grpc::Status::OK;
}

}  // namespace

std::string CubinOf(int64_t m, int64_t n, int64_t k) {
  return StubCubin(absl::StrCat("cubin of ", m, "x", n, "x", k), "sm_90a",
                   {"gemm_main", "tilewright_fused_dropout"});
}

v1::GetKernelResponse MeasuredKernel(const v1::GemmProblem& problem) {
  v1::GetKernelResponse response;
  v1::Kernel& kernel = *response.mutable_kernel();
  kernel.set_cubin(CubinOf(problem.m(), problem.n(), problem.k()));
  kernel.set_content_hash(Sha256(kernel.cubin()));
  kernel.set_architecture("sm_90a");
  kernel.mutable_variant()->set_template_name("gemm_sm80");
  v1::LaunchPlan& plan = *kernel.mutable_launch_plan();
  plan.set_arguments_version(1);
  plan.mutable_workspace()->set_partial_copies(2);
  plan.mutable_workspace()->set_element_bytes(4);
  plan.mutable_requirements()->set_a_alignment(16);
  v1::LaunchStep& step = *plan.add_steps();
  step.set_entry_symbol("gemm_main");
  step.set_block_threads(128);
  step.set_tile_m(128);
  step.set_tile_n(64);
  step.set_split_k(2);
  step.set_grid_rule(v1::GRID_RULE_TILES);
  response.set_match(v1::MATCH_EXACT);
  response.set_provenance(v1::PROVENANCE_MEASURED);
  response.set_epoch(7);
  response.set_measured_seconds(1e-4);
  response.set_predicted_seconds(9e-5);
  return response;
}

class FakeService::Kernels : public v1::KernelService::Service {
 public:
  explicit Kernels(FakeService& fake) : fake_(fake) {}

  grpc::Status GetKernel(grpc::ServerContext*, const v1::GetKernelRequest* request,
                         v1::GetKernelResponse* response) override {
    ++fake_.get_kernel_calls;
    return Answer(fake_.get_kernel(*request), response);
  }

  grpc::Status BatchGetKernels(grpc::ServerContext*, const v1::BatchGetKernelsRequest* request,
                               v1::BatchGetKernelsResponse* response) override {
    for (const v1::GetKernelRequest& one : request->requests()) {
      ++fake_.get_kernel_calls;
      auto& result = *response->add_results();
      const auto answer = fake_.get_kernel(one);
      result.set_code(static_cast<int>(answer.status().code()));
      result.set_message(std::string(answer.status().message()));
      if (answer.ok()) {
        *result.mutable_response() = *answer;
      } else {
        result.set_reason(ReasonOf(answer.status()));
        if (const auto info = ErrorInfoOf(answer.status())) {
          *result.mutable_metadata() = info->metadata();
        }
      }
    }
    return grpc::Status::OK;
  }

  grpc::Status WatchKernel(grpc::ServerContext* context, const v1::WatchKernelRequest*,
                           grpc::ServerWriter<v1::GetKernelResponse>* writer) override {
    ++fake_.watch_kernel_calls;
    for (const v1::GetKernelResponse& update : fake_.kernel_updates) writer->Write(update);
    while (fake_.kernel_watch_end.ok() && !context->IsCancelled()) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return ToGrpc(fake_.kernel_watch_end);
  }

  grpc::Status RenderSource(grpc::ServerContext*, const v1::RenderSourceRequest* request,
                            v1::RenderSourceResponse* response) override {
    return Answer(fake_.render_source(*request), response);
  }

 private:
  FakeService& fake_;
};

class FakeService::Tunings : public v1::TuningService::Service {
 public:
  explicit Tunings(FakeService& fake) : fake_(fake) {}

  grpc::Status CreateTuning(grpc::ServerContext*, const v1::CreateTuningRequest* request,
                            v1::Tuning* response) override {
    fake_.request_id = request->request_id();
    return Answer(fake_.create_tuning(*request), response);
  }

  grpc::Status WatchTuning(grpc::ServerContext* context, const v1::WatchTuningRequest*,
                           grpc::ServerWriter<v1::Tuning>* writer) override {
    if (!fake_.watch_tuning_end.ok()) return ToGrpc(fake_.watch_tuning_end);
    return SendAll(fake_.tuning_updates, *context, *writer);
  }

  grpc::Status GetTuning(grpc::ServerContext*, const v1::GetTuningRequest*,
                         v1::Tuning* response) override {
    return Answer(fake_.tuning_after_cancel, response);
  }

  grpc::Status CancelTuning(grpc::ServerContext*, const v1::CancelTuningRequest*,
                            v1::Tuning* response) override {
    ++fake_.cancel_calls;
    *response = fake_.cancelled_tuning;
    return grpc::Status::OK;
  }

  grpc::Status CreateSweep(grpc::ServerContext*, const v1::CreateSweepRequest* request,
                           v1::Sweep* response) override {
    return Answer(fake_.create_sweep(*request), response);
  }

  grpc::Status WatchSweep(grpc::ServerContext* context, const v1::WatchSweepRequest*,
                          grpc::ServerWriter<v1::Sweep>* writer) override {
    return SendAll(fake_.sweep_updates, *context, *writer);
  }

  grpc::Status CancelSweep(grpc::ServerContext*, const v1::CancelSweepRequest*,
                           v1::Sweep* response) override {
    ++fake_.cancel_calls;
    *response = fake_.cancelled_sweep;
    return grpc::Status::OK;
  }

  grpc::Status ListDevices(grpc::ServerContext*, const v1::ListDevicesRequest*,
                           v1::ListDevicesResponse* response) override {
    *response = fake_.devices;
    return grpc::Status::OK;
  }

 private:
  FakeService& fake_;
};

class FakeService::Cache : public v1::CacheService::Service {
 public:
  explicit Cache(FakeService& fake) : fake_(fake) {}

  // Pages of two, so that a few winners take several.
  grpc::Status ListWinners(grpc::ServerContext*, const v1::ListWinnersRequest* request,
                           v1::ListWinnersResponse* response) override {
    const size_t begin = request->page_token().empty() ? 0 : std::stoul(request->page_token());
    const size_t size = std::min<size_t>(2, static_cast<size_t>(request->page_size()));
    const size_t end = std::min(fake_.winners.size(), begin + size);
    for (size_t i = begin; i < end; ++i) *response->add_winners() = fake_.winners[i];
    for (const std::string& signer : fake_.distrusted_signers) {
      response->add_distrusted_signers(signer);
    }
    if (end < fake_.winners.size()) response->set_next_page_token(absl::StrCat(end));
    return grpc::Status::OK;
  }

  grpc::Status ExplainWinner(grpc::ServerContext*, const v1::ExplainWinnerRequest* request,
                             v1::ExplainWinnerResponse* response) override {
    return Answer(fake_.explain(*request), response);
  }

  grpc::Status GetCacheStats(grpc::ServerContext*, const v1::GetCacheStatsRequest*,
                             v1::CacheStats* response) override {
    *response = fake_.cache_stats;
    return grpc::Status::OK;
  }

  grpc::Status ExportBundle(grpc::ServerContext*, const v1::ExportBundleRequest*,
                            grpc::ServerWriter<v1::BundleChunk>* writer) override {
    v1::BundleChunk chunk;
    *chunk.mutable_summary() = fake_.export_summary;
    for (const char byte : fake_.bundle) {
      chunk.set_data(std::string(1, byte));
      writer->Write(chunk);
      chunk.clear_summary();
    }
    return grpc::Status::OK;
  }

  grpc::Status ImportBundle(grpc::ServerContext*, grpc::ServerReader<v1::BundleChunk>* reader,
                            v1::ImportBundleResponse* response) override {
    std::string all;
    v1::BundleChunk chunk;
    while (reader->Read(&chunk)) all += chunk.data();
    return Answer(fake_.import_bundle(all), response);
  }

  grpc::Status InspectBundle(grpc::ServerContext*, grpc::ServerReader<v1::BundleChunk>* reader,
                             v1::InspectBundleResponse* response) override {
    v1::BundleChunk chunk;
    while (reader->Read(&chunk)) {
    }
    *response = fake_.inspected;
    return grpc::Status::OK;
  }

  grpc::Status ListSigners(grpc::ServerContext*, const v1::ListSignersRequest*,
                           v1::ListSignersResponse* response) override {
    *response = fake_.signers;
    return grpc::Status::OK;
  }

 private:
  FakeService& fake_;
};

FakeService::FakeService(std::string socket_path)
    : socket_path_(std::move(socket_path)),
      kernels_(std::make_unique<Kernels>(*this)),
      tunings_(std::make_unique<Tunings>(*this)),
      cache_(std::make_unique<Cache>(*this)) {
  get_kernel = [](const v1::GetKernelRequest& request) {
    return MeasuredKernel(request.problem().gemm());
  };
  render_source = [](const v1::RenderSourceRequest&) {
    return absl::UnimplementedError("this test renders nothing");
  };
  create_tuning = [](const v1::CreateTuningRequest&) {
    return absl::UnimplementedError("this test sets no tuning");
  };
  create_sweep = [](const v1::CreateSweepRequest&) {
    return absl::UnimplementedError("this test sets no sweep");
  };
  explain = [](const v1::ExplainWinnerRequest&) {
    return absl::UnimplementedError("this test explains nothing");
  };
  import_bundle = [](const std::string&) {
    return absl::UnimplementedError("this test imports nothing");
  };
}

FakeService::~FakeService() { Stop(); }

void FakeService::Start() {
  grpc::EnableDefaultHealthCheckService(true);
  grpc::ServerBuilder builder;
  builder.AddListeningPort(absl::StrCat("unix:", socket_path_), grpc::InsecureServerCredentials());
  builder.RegisterService(kernels_.get());
  builder.RegisterService(tunings_.get());
  builder.RegisterService(cache_.get());
  server_ = builder.BuildAndStart();
}

void FakeService::Stop() {
  if (server_ == nullptr) return;
  server_->Shutdown(std::chrono::system_clock::now());
  server_->Wait();
  server_.reset();
}

}  // namespace tilewright
