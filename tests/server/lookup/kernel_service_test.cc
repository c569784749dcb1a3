#include "absl/synchronization/notification.h"
#include "gtest/gtest.h"
#include "proto/support/errors.h"
#include "proto/support/sha256.h"
#include "tests/server/test_daemon.h"
#include "tests/server/winner_fixture.h"

namespace tilewright {
namespace {

constexpr auto kCached = v1::LOOKUP_MODE_CACHED_ONLY;
constexpr auto kBest = v1::LOOKUP_MODE_BEST_AVAILABLE;
constexpr auto kTuned = v1::LOOKUP_MODE_WAIT_TUNED;

TEST(KernelService, CachedOnlyStartsNoWork) {
  TestDaemon daemon(1);
  const auto answer = daemon.Connect().Get(RequestOf(256, kCached));
  EXPECT_EQ(answer.status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(ReasonOf(answer.status()), "NO_WINNER");
  EXPECT_TRUE(daemon.compiler.jobs().empty());
}

TEST(KernelService, BestAvailableAnswersAtOnceAndTunesBehind) {
  TestDaemon daemon(1);
  absl::Notification gate;
  daemon.profiler.SetGate(&gate);
  ServiceClient client = daemon.Connect();
  const auto first = client.Get(RequestOf(256, kBest));
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(first->match(), v1::MATCH_PREDICTED);
  EXPECT_EQ(first->provenance(), v1::PROVENANCE_PREDICTED);
  EXPECT_EQ(first->measured_seconds(), 0);
  EXPECT_EQ(first->kernel().content_hash(), Sha256(first->kernel().cubin()));
  ASSERT_FALSE(first->tuning().empty());
  gate.Notify();
  const auto tuning = client.AwaitTuning(first->tuning());
  ASSERT_TRUE(tuning.ok()) << tuning.status();
  EXPECT_EQ(tuning->state(), v1::WORK_STATE_SUCCEEDED);
  const auto second = client.Get(RequestOf(256, kBest));
  EXPECT_EQ(second->match(), v1::MATCH_EXACT);
  EXPECT_EQ(second->provenance(), v1::PROVENANCE_MEASURED);
  EXPECT_TRUE(second->tuning().empty());
  EXPECT_GT(second->epoch(), first->epoch());
}

TEST(KernelService, BestAvailableServesAMeasuredNeighbourRatherThanCompile) {
  TestDaemon daemon(1);
  ASSERT_TRUE(PutWinner({.problem = GemmProblemOf(512, 4096, 4096), .target = daemon.TargetOf("")},
                        daemon.store, daemon.index)
                  .ok());
  absl::Notification gate;
  daemon.profiler.SetGate(&gate);
  const auto answer = daemon.Connect().Get(RequestOf(384, kBest));
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->match(), v1::MATCH_NEAREST_PROBLEM);
  EXPECT_FALSE(answer->tuning().empty());
  gate.Notify();
}

TEST(KernelService, WithoutAGpuEachProblemGetsItsOwnPick) {
  TestDaemon daemon(0);
  ServiceClient client = daemon.Connect();
  for (const int64_t m : {256, 512}) {
    const auto answer = client.Get(RequestOf(m, kBest, "h100-sxm"));
    ASSERT_TRUE(answer.ok()) << answer.status();
    EXPECT_EQ(answer->match(), v1::MATCH_PREDICTED);
    EXPECT_TRUE(answer->tuning().empty()) << "there is no GPU to tune on";
  }
  EXPECT_EQ(daemon.index.size(), 2u);
}

TEST(KernelService, WaitTunedGivesTheMeasuredKernel) {
  TestDaemon daemon(1);
  const auto answer = daemon.Connect().Get(RequestOf(256, kTuned));
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->match(), v1::MATCH_EXACT);
  EXPECT_EQ(answer->provenance(), v1::PROVENANCE_MEASURED);
  EXPECT_GT(answer->measured_seconds(), 0);
}

TEST(KernelService, ABetterWinnerReplacesTheCachedReply) {
  TestDaemon daemon(1);
  const v1::Target target = daemon.TargetOf("");
  const v1::Problem problem = GemmProblemOf(256, 4096, 4096);
  ASSERT_TRUE(PutWinner({.problem = problem, .target = target}, daemon.store, daemon.index).ok());
  ServiceClient client = daemon.Connect();
  const auto first = client.Get(RequestOf(256, kBest));
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(client.Get(RequestOf(256, kBest))->SerializeAsString(), first->SerializeAsString());
  }
  ASSERT_TRUE(PutWinner({.problem = problem, .target = target, .cubin = FakeCubin(1000, 2)},
                        daemon.store, daemon.index)
                  .ok());
  const auto second = client.Get(RequestOf(256, kBest));
  EXPECT_EQ(second->kernel().cubin(), FakeCubin(1000, 2));
  EXPECT_EQ(second->epoch(), first->epoch() + 1);
}

TEST(KernelService, PinsServeTheOldKernel) {
  TestDaemon daemon(1);
  const v1::Target target = daemon.TargetOf("");
  const v1::Problem problem = GemmProblemOf(256, 4096, 4096);
  const auto old = PutWinner({.problem = problem, .target = target}, daemon.store, daemon.index);
  ASSERT_TRUE(PutWinner({.problem = problem, .target = target, .cubin = FakeCubin(1000, 2)},
                        daemon.store, daemon.index)
                  .ok());
  ServiceClient client = daemon.Connect();
  v1::GetKernelRequest request = RequestOf(256, kBest);
  request.set_pinned_epoch(old->winner.epoch());
  EXPECT_EQ(client.Get(request)->kernel().content_hash(), old->kernel.content_hash());
  request = RequestOf(256, kBest);
  request.set_pinned_content_hash(old->kernel.content_hash());
  EXPECT_EQ(client.Get(request)->kernel().content_hash(), old->kernel.content_hash());
  request.set_pinned_content_hash(std::string(32, 'x'));
  EXPECT_EQ(ReasonOf(client.Get(request).status()), "KERNEL_NOT_FOUND");
  request = RequestOf(300, kBest, "l4");
  request.set_pinned_epoch(1);
  const absl::Status none = client.Get(request).status();
  EXPECT_EQ(none.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(ReasonOf(none), "EPOCH_HAS_NO_WINNER");
}

TEST(KernelService, AnEpochStillToComeCannotBePinned) {
  TestDaemon daemon(1);
  const auto winner =
      PutWinner({.problem = GemmProblemOf(256, 4096, 4096), .target = daemon.TargetOf("")},
                daemon.store, daemon.index);
  v1::GetKernelRequest request = RequestOf(256, kBest);
  request.set_pinned_epoch(winner->winner.epoch() + 1);
  const absl::Status status = daemon.Connect().Get(request).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ReasonOf(status), "EPOCH_IN_FUTURE");
}

TEST(KernelService, AKernelTheCallerHoldsComesWithoutItsCubin) {
  TestDaemon daemon(1);
  const auto winner =
      PutWinner({.problem = GemmProblemOf(256, 4096, 4096), .target = daemon.TargetOf("")},
                daemon.store, daemon.index);
  v1::GetKernelRequest request = RequestOf(256, kBest);
  request.add_known_content_hashes(winner->kernel.content_hash());
  const auto answer = daemon.Connect().Get(request);
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_TRUE(answer->kernel().cubin().empty());
  EXPECT_EQ(answer->kernel().content_hash(), winner->kernel.content_hash());
}

TEST(KernelService, NoGpuSaysHowToGoOn) {
  TestDaemon daemon(0);
  const auto answer = daemon.Connect().Get(RequestOf(256, kBest));
  EXPECT_EQ(answer.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ReasonOf(answer.status()), "NO_GPU");
  EXPECT_NE(answer.status().message().find("--target h100-sxm"), absl::string_view::npos);
  EXPECT_NE(answer.status().message().find("l40s"), absl::string_view::npos);
}

TEST(KernelService, BadInputNamesItsField) {
  TestDaemon daemon(1);
  ServiceClient client = daemon.Connect();
  const auto expect = [&](const v1::GetKernelRequest& request, const std::string& field) {
    const auto answer = client.Get(request);
    EXPECT_EQ(answer.status().code(), absl::StatusCode::kInvalidArgument) << field;
    const auto info = ErrorInfoOf(answer.status());
    ASSERT_TRUE(info.has_value()) << field;
    EXPECT_FALSE(info->reason().empty());
    ASSERT_EQ(info->metadata().count("field"), 1u) << field;
    EXPECT_EQ(info->metadata().at("field"), field);
  };
  v1::GetKernelRequest request = RequestOf(0, kBest);
  expect(request, "gemm.m");
  expect(RequestOf(256, kBest, "h900"), "target");
  request = RequestOf(256, static_cast<v1::LookupMode>(77));
  expect(request, "mode");
  request = RequestOf(256, kBest);
  request.set_device_ordinal(3);
  expect(request, "device_ordinal");
  request.set_target("h100-sxm");
  expect(request, "device_ordinal");
  request = RequestOf(256, kBest);
  request.set_pinned_epoch(-1);
  expect(request, "pinned_epoch");
  request = RequestOf(256, kBest);
  request.set_pinned_content_hash("short");
  expect(request, "pinned_content_hash");
  request = RequestOf(256, kBest);
  request.add_known_content_hashes("short");
  expect(request, "known_content_hashes[0]");
}

TEST(KernelService, ABatchAnswersEachOnItsOwn) {
  TestDaemon daemon(1);
  ASSERT_TRUE(PutWinner({.problem = GemmProblemOf(256, 4096, 4096), .target = daemon.TargetOf("")},
                        daemon.store, daemon.index)
                  .ok());
  ServiceClient client = daemon.Connect();
  v1::BatchGetKernelsRequest request;
  *request.add_requests() = RequestOf(256, kBest);
  *request.add_requests() = RequestOf(-1, kBest);
  *request.add_requests() = RequestOf(512, kTuned);
  *request.add_requests() = RequestOf(256, kCached, "l4");
  v1::BatchGetKernelsResponse response;
  grpc::ClientContext context;
  const grpc::Status status = client.kernels->BatchGetKernels(&context, request, &response);
  ASSERT_TRUE(status.ok()) << status.error_message();
  ASSERT_EQ(response.results_size(), 4);
  EXPECT_EQ(response.results(0).response().match(), v1::MATCH_EXACT);
  EXPECT_EQ(response.results(0).response().kernel().cubin().size(), 40000u);
  EXPECT_EQ(response.results(1).code(), static_cast<int>(absl::StatusCode::kInvalidArgument));
  EXPECT_FALSE(response.results(1).reason().empty());
  EXPECT_EQ(response.results(2).response().match(), v1::MATCH_EXACT);
  EXPECT_EQ(response.results(3).reason(), "NO_WINNER");
}

TEST(KernelService, ABatchIsLimited) {
  TestDaemon daemon(0);
  ServiceClient client = daemon.Connect();
  v1::BatchGetKernelsRequest request;
  for (int i = 0; i < 1001; ++i) request.add_requests();
  v1::BatchGetKernelsResponse response;
  grpc::ClientContext context;
  const absl::Status status =
      FromGrpc(client.kernels->BatchGetKernels(&context, request, &response));
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ErrorInfoOf(status)->metadata().at("field"), "requests");
}

TEST(KernelService, AWatchTellsOfABetterKernel) {
  TestDaemon daemon(1);
  absl::Notification gate;
  daemon.profiler.SetGate(&gate);
  ServiceClient client = daemon.Connect();
  grpc::ClientContext context;
  v1::WatchKernelRequest request;
  *request.mutable_request() = RequestOf(256, kBest);
  const auto reader = client.kernels->WatchKernel(&context, request);
  v1::GetKernelResponse answer;
  ASSERT_TRUE(reader->Read(&answer));
  EXPECT_EQ(answer.provenance(), v1::PROVENANCE_PREDICTED);
  gate.Notify();
  ASSERT_TRUE(reader->Read(&answer));
  EXPECT_EQ(answer.provenance(), v1::PROVENANCE_MEASURED);
  context.TryCancel();
  EXPECT_FALSE(reader->Read(&answer));
  EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::CANCELLED);
}

}  // namespace
}  // namespace tilewright
