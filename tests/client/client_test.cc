#include "tilewright/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <thread>

#include "client/cpp/request_key.h"
#include "proto/support/errors.h"
#include "proto/support/sha256.h"
#include "tests/client/fake_service.h"

namespace tilewright {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

v1::GemmProblem Gemm(int64_t m, int64_t n, int64_t k) {
  v1::GemmProblem problem;
  problem.set_m(m);
  problem.set_n(n);
  problem.set_k(k);
  return problem;
}

class ClientTest : public ::testing::Test {
 protected:
  void SetUp() override {
    service_.Start();
    ConnectOptions options;
    options.socket_path = service_.socket_path();
    auto client = Client::Connect(options);
    ASSERT_TRUE(client.ok()) << client.status();
    client_ = *std::move(client);
  }

  TemporaryFolder folder_;
  FakeService service_{folder_.path() + "/socket"};
  std::unique_ptr<Client> client_;
};

TEST_F(ClientTest, GivesTheKernelAndKeepsIt) {
  const auto first = client_->GetKernel(Gemm(64, 32, 16));
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ((*first)->cubin(), "cubin of 64x32x16");
  EXPECT_EQ((*first)->match(), v1::MATCH_EXACT);
  EXPECT_FALSE((*first)->provisional());
  const auto second = client_->GetKernel(Gemm(64, 32, 16));
  ASSERT_TRUE(second.ok());
  EXPECT_EQ(first->get(), second->get());
  EXPECT_EQ(service_.get_kernel_calls, 1);
}

TEST_F(ClientTest, KeepsAnswersOfDifferentRequestsApart) {
  const v1::GemmProblem problem = Gemm(64, 32, 16);
  GetOptions other_target;
  other_target.target = "h100-sxm";
  GetOptions other_mode;
  other_mode.mode = v1::LOOKUP_MODE_CACHED_ONLY;
  GetOptions other_epoch;
  other_epoch.pinned_epoch = 3;
  GetOptions other_device;
  other_device.device_ordinal = 1;
  GetOptions pinned;
  pinned.pinned_content_hash = Sha256("cubin of 64x32x16");
  for (const GetOptions& options :
       {GetOptions(), other_target, other_mode, other_epoch, other_device, pinned}) {
    ASSERT_TRUE(client_->GetKernel(problem, options).ok());
    ASSERT_TRUE(client_->GetKernel(problem, options).ok());
  }
  ASSERT_TRUE(client_->GetKernel(Gemm(64, 32, 17)).ok());
  EXPECT_EQ(service_.get_kernel_calls, 7);
}

// A target and a hash would give the same bytes if the fields were only strung together.
TEST(RequestKey, TellsATargetFromAHash) {
  GetOptions target;
  target.target = "h100-sxm";
  GetOptions hash;
  hash.pinned_content_hash = "h100-sxm";
  const std::string of_target(MakeRequestKey(Gemm(64, 32, 16), target).bytes);
  EXPECT_NE(of_target, MakeRequestKey(Gemm(64, 32, 16), hash).bytes);
}

TEST_F(ClientTest, SendsEveryOption) {
  v1::GetKernelRequest seen;
  service_.get_kernel = [&seen](const v1::GetKernelRequest& request) {
    seen = request;
    return MeasuredKernel(request.problem().gemm());
  };
  GetOptions options;
  options.mode = v1::LOOKUP_MODE_WAIT_TUNED;
  options.target = "h100-sxm";
  options.pinned_epoch = 5;
  options.device_ordinal = 2;
  options.pinned_content_hash = Sha256("cubin of 8x8x8");
  ASSERT_TRUE(client_->GetKernel(Gemm(8, 8, 8), options).ok());
  EXPECT_EQ(seen.mode(), v1::LOOKUP_MODE_WAIT_TUNED);
  EXPECT_EQ(seen.target(), "h100-sxm");
  EXPECT_EQ(seen.pinned_epoch(), 5);
  EXPECT_EQ(seen.device_ordinal(), 2);
  EXPECT_EQ(seen.pinned_content_hash(), Sha256("cubin of 8x8x8"));
}

// The reply was hashed against its own content hash, never against what the caller pinned.
TEST_F(ClientTest, RefusesAKernelOtherThanThePinnedOne) {
  GetOptions options;
  options.pinned_content_hash = Sha256("cubin of the lockfile");
  for (int i = 0; i < 2; ++i) {
    const auto kernel = client_->GetKernel(Gemm(8, 8, 8), options);
    EXPECT_EQ(kernel.status().code(), absl::StatusCode::kDataLoss);
    const auto info = ErrorInfoOf(kernel.status());
    ASSERT_TRUE(info.has_value());
    EXPECT_EQ(info->reason(), "PINNED_HASH_MISMATCH");
    EXPECT_EQ(info->metadata().at("field"), "pinned_content_hash");
  }
  const auto batch = client_->BatchGetKernels(std::vector{Gemm(8, 8, 8)}, options);
  ASSERT_TRUE(batch.ok());
  EXPECT_EQ(ReasonOf(batch->front().status()), "PINNED_HASH_MISMATCH");
}

TEST_F(ClientTest, RefusesAVendorAlgorithmWhereAKernelIsPinned) {
  service_.get_kernel = [](const v1::GetKernelRequest&) {
    v1::GetKernelResponse response;
    response.mutable_vendor()->set_library_version(1);
    return response;
  };
  GetOptions options;
  options.pinned_content_hash = Sha256("cubin of the lockfile");
  EXPECT_EQ(ReasonOf(client_->GetKernel(Gemm(8, 8, 8), options).status()),
            "PINNED_HASH_MISMATCH");
}

TEST_F(ClientTest, RefusesAKernelWhoseBytesAreNotWhatWasPromised) {
  service_.get_kernel = [](const v1::GetKernelRequest& request) {
    v1::GetKernelResponse response = MeasuredKernel(request.problem().gemm());
    response.mutable_kernel()->mutable_cubin()->append("!");
    return response;
  };
  const auto kernel = client_->GetKernel(Gemm(8, 8, 8));
  EXPECT_EQ(kernel.status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(ReasonOf(kernel.status()), "CONTENT_HASH_MISMATCH");
}

TEST_F(ClientTest, RefusesAKernelWithoutItsCubin) {
  service_.get_kernel = [](const v1::GetKernelRequest& request) {
    v1::GetKernelResponse response = MeasuredKernel(request.problem().gemm());
    response.mutable_kernel()->clear_cubin();
    return response;
  };
  EXPECT_EQ(ReasonOf(client_->GetKernel(Gemm(8, 8, 8)).status()), "CONTENT_HASH_MISMATCH");
}

TEST_F(ClientTest, RefusesAnEmptyAnswer) {
  service_.get_kernel = [](const v1::GetKernelRequest&) { return v1::GetKernelResponse(); };
  EXPECT_EQ(ReasonOf(client_->GetKernel(Gemm(8, 8, 8)).status()), "EMPTY_RESPONSE");
}

TEST_F(ClientTest, CarriesTheReasonAndFieldOfAnErrorAndKeepsNone) {
  service_.get_kernel = [](const v1::GetKernelRequest&) -> absl::StatusOr<v1::GetKernelResponse> {
    return InvalidField("gemm.m", "OUT_OF_RANGE", "must be at least 1, was 0");
  };
  const auto kernel = client_->GetKernel(Gemm(0, 8, 8));
  ASSERT_EQ(kernel.status().code(), absl::StatusCode::kInvalidArgument);
  const auto info = ErrorInfoOf(kernel.status());
  ASSERT_TRUE(info.has_value());
  EXPECT_EQ(info->reason(), "OUT_OF_RANGE");
  EXPECT_EQ(info->metadata().at("field"), "gemm.m");
  EXPECT_FALSE(client_->GetKernel(Gemm(0, 8, 8)).ok());
  EXPECT_EQ(service_.get_kernel_calls, 2);
}

TEST_F(ClientTest, ServesProvisionalAnswersUntilRefreshed) {
  service_.get_kernel = [](const v1::GetKernelRequest& request) {
    v1::GetKernelResponse response = MeasuredKernel(request.problem().gemm());
    if (request.problem().gemm().m() == 1) {
      response.set_match(v1::MATCH_PREDICTED);
      response.set_provenance(v1::PROVENANCE_PREDICTED);
    }
    return response;
  };
  ASSERT_TRUE(client_->GetKernel(Gemm(1, 1, 1))->get()->provisional());
  ASSERT_TRUE(client_->GetKernel(Gemm(1, 1, 1)).ok());
  ASSERT_TRUE(client_->GetKernel(Gemm(2, 1, 1)).ok());
  EXPECT_EQ(service_.get_kernel_calls, 2);
  EXPECT_EQ(client_->Refresh(), 1);
  ASSERT_TRUE(client_->GetKernel(Gemm(1, 1, 1)).ok());
  ASSERT_TRUE(client_->GetKernel(Gemm(2, 1, 1)).ok());
  EXPECT_EQ(service_.get_kernel_calls, 3);
}

TEST_F(ClientTest, BatchAnswersInOrderAndKeepsFailuresToThemselves) {
  service_.get_kernel =
      [](const v1::GetKernelRequest& request) -> absl::StatusOr<v1::GetKernelResponse> {
    if (request.problem().gemm().m() == 2) {
      return MakeError(absl::StatusCode::kNotFound, "NO_WINNER", "nothing is known");
    }
    return MeasuredKernel(request.problem().gemm());
  };
  ASSERT_TRUE(client_->GetKernel(Gemm(3, 1, 1)).ok());
  const std::vector<v1::GemmProblem> problems{Gemm(1, 1, 1), Gemm(2, 1, 1), Gemm(3, 1, 1)};
  const auto kernels = client_->BatchGetKernels(problems);
  ASSERT_TRUE(kernels.ok()) << kernels.status();
  ASSERT_EQ(kernels->size(), 3u);
  EXPECT_EQ((*kernels)[0].value()->cubin(), "cubin of 1x1x1");
  EXPECT_EQ(ReasonOf((*kernels)[1].status()), "NO_WINNER");
  EXPECT_EQ((*kernels)[2].value()->cubin(), "cubin of 3x1x1");
  EXPECT_EQ(service_.get_kernel_calls, 3);
}

TEST_F(ClientTest, BatchOfMoreThanOneRoundTripAnswersAll) {
  std::vector<v1::GemmProblem> problems;
  for (int m = 1; m <= 600; ++m) problems.push_back(Gemm(m, 1, 1));
  const auto kernels = client_->BatchGetKernels(problems);
  ASSERT_TRUE(kernels.ok());
  EXPECT_EQ(kernels->back().value()->cubin(), "cubin of 600x1x1");
  EXPECT_EQ(service_.get_kernel_calls, 600);
}

TEST_F(ClientTest, ThreadsThatMissTogetherGetTheSameKernel) {
  std::vector<std::shared_ptr<const Kernel>> kernels(8);
  std::vector<std::thread> threads;
  for (auto& kernel : kernels) {
    threads.emplace_back([this, &kernel] {
      for (int i = 0; i < 50; ++i) kernel = client_->GetKernel(Gemm(5, 5, 5)).value();
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const auto& kernel : kernels) EXPECT_EQ(kernel, kernels[0]);
}

TEST_F(ClientTest, FindsADaemonThatWasRestarted) {
  ASSERT_TRUE(client_->GetKernel(Gemm(1, 1, 1)).ok());
  service_.Stop();
  std::thread restart([this] {
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    service_.Start();
  });
  const auto kernel = client_->GetKernel(Gemm(2, 1, 1));
  restart.join();
  EXPECT_TRUE(kernel.ok()) << kernel.status();
}

TEST_F(ClientTest, SaysWhichSocketNobodyAnswersAt) {
  ConnectOptions options;
  options.socket_path = folder_.path() + "/nobody";
  options.connect_timeout = std::chrono::milliseconds(100);
  const absl::Status status = Client::Connect(options).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ReasonOf(status), "DAEMON_UNREACHABLE");
  EXPECT_THAT(std::string(status.message()), HasSubstr(options.socket_path));
}

TEST_F(ClientTest, RefusesASocketPathThatIsTooLong) {
  ConnectOptions options;
  options.socket_path = "/" + std::string(200, 'x');
  EXPECT_EQ(ReasonOf(Client::Connect(options).status()), "SOCKET_PATH_TOO_LONG");
}

TEST_F(ClientTest, ReportsServing) {
  const absl::Status health = client_->connection().CheckHealth(std::chrono::seconds(5));
  EXPECT_TRUE(health.ok()) << health;
}

v1::Tuning TuningIn(v1::WorkState state, double fraction) {
  v1::Tuning tuning;
  tuning.set_name("tunings/1");
  tuning.set_state(state);
  tuning.mutable_progress()->set_fraction(fraction);
  return tuning;
}

TEST_F(ClientTest, TuneReportsProgressAndGivesTheEnd) {
  service_.create_tuning = [](const v1::CreateTuningRequest&) {
    return TuningIn(v1::WORK_STATE_QUEUED, 0);
  };
  service_.tuning_updates = {TuningIn(v1::WORK_STATE_RUNNING, 0.5),
                             TuningIn(v1::WORK_STATE_SUCCEEDED, 1)};
  std::vector<double> fractions;
  const auto tuned = client_->Tune(v1::Problem(), {}, [&](const v1::Tuning& tuning) {
    fractions.push_back(tuning.progress().fraction());
  });
  ASSERT_TRUE(tuned.ok()) << tuned.status();
  EXPECT_EQ(tuned->state(), v1::WORK_STATE_SUCCEEDED);
  EXPECT_THAT(fractions, ElementsAre(0, 0.5, 1));
  EXPECT_EQ(service_.request_id.size(), 36u);
}

TEST_F(ClientTest, TuneOfWhatIsDoneDoesNotWatch) {
  service_.create_tuning = [](const v1::CreateTuningRequest&) {
    return TuningIn(v1::WORK_STATE_SUCCEEDED, 1);
  };
  EXPECT_EQ(client_->Tune(v1::Problem())->state(), v1::WORK_STATE_SUCCEEDED);
}

TEST_F(ClientTest, TuneGivesTheFailureOfTheTuning) {
  service_.create_tuning = [](const v1::CreateTuningRequest&) {
    v1::Tuning tuning = TuningIn(v1::WORK_STATE_FAILED, 0.2);
    tuning.set_error_code(static_cast<int>(absl::StatusCode::kFailedPrecondition));
    tuning.set_error_reason("NO_CANDIDATE");
    tuning.set_error_message("every candidate failed");
    return tuning;
  };
  const absl::Status status = client_->Tune(v1::Problem()).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ReasonOf(status), "NO_CANDIDATE");
}

TEST_F(ClientTest, TuneThatIsStoppedTakesItsInterestBack) {
  service_.create_tuning = [](const v1::CreateTuningRequest&) {
    return TuningIn(v1::WORK_STATE_RUNNING, 0);
  };
  service_.tuning_updates = {TuningIn(v1::WORK_STATE_RUNNING, 0.1)};
  service_.cancelled_tuning = TuningIn(v1::WORK_STATE_RUNNING, 0.1);
  service_.tuning_after_cancel = TuningIn(v1::WORK_STATE_CANCELLED, 0.1);
  std::stop_source stop;
  TuneOptions options;
  options.stop = stop.get_token();
  const auto tuned = client_->Tune(v1::Problem(), options, [&](const v1::Tuning& tuning) {
    if (tuning.progress().fraction() > 0) stop.request_stop();
  });
  ASSERT_TRUE(tuned.ok()) << tuned.status();
  EXPECT_EQ(tuned->state(), v1::WORK_STATE_CANCELLED);
  EXPECT_EQ(service_.cancel_calls, 1);
}

TEST_F(ClientTest, CarriesBundlesBothWays) {
  std::ostringstream out;
  const auto bytes = client_->connection().ExportBundle({}, out);
  ASSERT_TRUE(bytes.ok());
  EXPECT_EQ(out.str(), service_.bundle);
  EXPECT_EQ(*bytes, 8);
  std::string received;
  service_.import_bundle = [&received](const std::string& bundle) {
    received = bundle;
    v1::ImportBundleResponse response;
    response.set_winners_imported(3);
    return response;
  };
  const std::string large(3 << 20, 'b');
  std::istringstream in(large);
  const auto imported = client_->connection().ImportBundle(in);
  ASSERT_TRUE(imported.ok()) << imported.status();
  EXPECT_EQ(imported->winners_imported(), 3);
  EXPECT_EQ(received, large);
}

TEST_F(ClientTest, WorkspaceFollowsTheRuleAndTheShape) {
  v1::GemmProblem problem = Gemm(64, 32, 16);
  problem.set_batch(3);
  EXPECT_EQ(client_->GetKernel(problem).value()->WorkspaceBytes(), 2 * 4 * 3 * 64 * 32);
}

TEST_F(ClientTest, LaunchWithoutADriverSaysSo) {
  const absl::Status status =
      client_->GetKernel(Gemm(8, 8, 8)).value()->Launch(GemmArguments(), nullptr);
  // On a machine with a GPU no context is current here; elsewhere there is no driver.
  EXPECT_THAT(ReasonOf(status), ::testing::AnyOf("NO_CUDA_DRIVER", "NO_CUDA_CONTEXT"));
}

TEST_F(ClientTest, LaunchOfAnotherFamilyIsRefused) {
  v1::GemmProblem other = Gemm(16, 16, 16);
  other.set_a_type(v1::DATA_TYPE_FP16);
  const auto kernel = client_->GetKernel(Gemm(8, 8, 8)).value();
  EXPECT_EQ(ReasonOf(kernel->Launch(other, GemmArguments(), nullptr)), "OTHER_FAMILY");
}

}  // namespace
}  // namespace tilewright
