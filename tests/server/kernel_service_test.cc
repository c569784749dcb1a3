#include <thread>
#include <vector>

#include "absl/synchronization/notification.h"
#include "gtest/gtest.h"
#include "proto/support/errors.h"
#include "proto/support/sha256.h"
#include "tests/server/test_daemon.h"
#include "tests/server/winner_fixture.h"
#include "tuner/target/target.h"

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

TEST(KernelService, WaitTunedHonoursTheDeadlineAndTheTuningGoesOn) {
  TestDaemon daemon(1);
  absl::Notification gate;
  daemon.profiler.SetGate(&gate);
  ServiceClient client = daemon.Connect();
  const absl::Time begin = absl::Now();
  const auto answer = client.Get(RequestOf(256, kTuned), absl::Milliseconds(300));
  EXPECT_EQ(answer.status().code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_LT(absl::Now() - begin, absl::Seconds(5));
  const auto info = ErrorInfoOf(answer.status());
  ASSERT_TRUE(info.has_value()) << "ours must come before the client's own";
  EXPECT_EQ(info->reason(), "TUNING_UNFINISHED");
  gate.Notify();
  const auto tuning = client.AwaitTuning(info->metadata().at("tuning"));
  ASSERT_TRUE(tuning.ok()) << tuning.status();
  EXPECT_EQ(tuning->state(), v1::WORK_STATE_SUCCEEDED);
}

TEST(KernelService, TheModelDoesNotPickAKernelThatFailedOnThisGpu) {
  std::string first_pick;
  {
    TestDaemon daemon(1);
    const auto answer = daemon.Connect().Get(RequestOf(256, kBest));
    ASSERT_TRUE(answer.ok()) << answer.status();
    first_pick = answer->kernel().content_hash();
  }
  TestDaemon daemon(1);
  absl::Notification gate;
  daemon.profiler.SetGate(&gate);
  const std::string silicon = SiliconKey(daemon.TargetOf("").silicon());
  ASSERT_TRUE(daemon.store.Quarantine(first_pick, silicon, v1::Failure()).ok());
  const auto answer = daemon.Connect().Get(RequestOf(256, kBest));
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->provenance(), v1::PROVENANCE_PREDICTED);
  EXPECT_NE(answer->kernel().content_hash(), first_pick);
  gate.Notify();
}

TEST(KernelService, AKernelThatFailsIsNotServedFromMemoryAnyMore) {
  TestDaemon daemon(1);
  ServiceClient client = daemon.Connect();
  ASSERT_TRUE(client.Get(RequestOf(256, kTuned)).ok());
  ASSERT_TRUE(client.Get(RequestOf(256, kCached)).ok());
  daemon.profiler.SetBehaviour([](const v1::Problem&, const v1::Kernel&) {
    return FakeProfiler::Result(
        FakeCompiler::Failed(v1::FAILURE_KIND_WRONG_RESULT, "it is wrong after all"));
  });
  v1::CreateTuningRequest again;
  *again.mutable_problem() = GemmProblemOf(256, 4096, 4096);
  again.mutable_options()->set_force(true);
  const auto tuning = client.AwaitTuning(client.CreateTuning(again)->name());
  ASSERT_TRUE(tuning.ok()) << tuning.status();
  EXPECT_EQ(tuning->error_reason(), "NO_CANDIDATE");
  EXPECT_EQ(ReasonOf(client.Get(RequestOf(256, kCached)).status()), "NO_WINNER");
}

TEST(KernelService, ACallerThatGoesAwayCancelsItsTuningAlone) {
  TestDaemon daemon(1);
  absl::Notification gate;
  daemon.profiler.SetGate(&gate);
  ServiceClient client = daemon.Connect();
  const auto call = [&](int64_t m, grpc::ClientContext& context) {
    v1::GetKernelResponse response;
    return FromGrpc(client.kernels->GetKernel(&context, RequestOf(m, kTuned), &response));
  };
  grpc::ClientContext leaving;
  grpc::ClientContext staying;
  absl::Status of_leaving;
  absl::Status of_staying;
  std::thread first([&] { of_leaving = call(256, leaving); });
  std::thread second([&] { of_staying = call(256, staying); });
  while (daemon.profiler.requests().empty()) absl::SleepFor(absl::Milliseconds(5));
  leaving.TryCancel();
  first.join();
  EXPECT_EQ(of_leaving.code(), absl::StatusCode::kCancelled);
  absl::SleepFor(absl::Milliseconds(50));
  gate.Notify();
  second.join();
  EXPECT_TRUE(of_staying.ok()) << of_staying;
}

TEST(KernelService, SixtyFourCallersShareOneTuning) {
  TestDaemon daemon(1);
  absl::Notification gate;
  daemon.profiler.SetGate(&gate);
  std::vector<std::thread> threads;
  std::atomic<int> answered{0};
  for (int i = 0; i < 64; ++i) {
    threads.emplace_back([&] {
      const auto answer = daemon.Connect().Get(RequestOf(256, kTuned));
      ASSERT_TRUE(answer.ok()) << answer.status();
      ++answered;
    });
  }
  while (daemon.profiler.requests().empty()) absl::SleepFor(absl::Milliseconds(5));
  gate.Notify();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(answered, 64);
  EXPECT_EQ(daemon.profiler.requests().size(), 1u);
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

TEST(KernelService, AColdKernelIsReadOnceForAllWhoAsk) {
  TestDaemon daemon(1);
  ASSERT_TRUE(PutWinner({.problem = GemmProblemOf(256, 4096, 4096), .target = daemon.TargetOf("")},
                        daemon.store, daemon.index)
                  .ok());
  absl::Notification gate;
  daemon.store.SetCubinGate(&gate);
  std::vector<std::thread> ranks;
  std::atomic<int> answered{0};
  for (int i = 0; i < 32; ++i) {
    ranks.emplace_back([&] {
      const auto answer = daemon.Connect().Get(RequestOf(256, kCached));
      EXPECT_TRUE(answer.ok()) << answer.status();
      ++answered;
    });
  }
  absl::SleepFor(absl::Milliseconds(300));
  EXPECT_EQ(answered, 0);
  gate.Notify();
  for (std::thread& rank : ranks) rank.join();
  EXPECT_EQ(daemon.store.cubin_reads(), 1);
}

TEST(KernelService, AMeasurementStoredWhileTheModelPickedIsNotCalledAPrediction) {
  TestDaemon daemon(1);
  absl::Notification gate;
  daemon.compiler.SetGate(&gate);
  absl::StatusOr<v1::GetKernelResponse> answer;
  std::thread caller([&] { answer = daemon.Connect().Get(RequestOf(256, kBest)); });
  absl::SleepFor(absl::Milliseconds(200));
  ASSERT_TRUE(PutWinner({.problem = GemmProblemOf(256, 4096, 4096), .target = daemon.TargetOf("")},
                        daemon.store, daemon.index)
                  .ok());
  gate.Notify();
  caller.join();
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->provenance(), v1::PROVENANCE_MEASURED);
  EXPECT_EQ(answer->match(), v1::MATCH_EXACT);
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

TEST(KernelService, NvrtcMissingIsSaidAndCachedKernelsAreServed) {
  TestDaemon daemon(1);
  ASSERT_TRUE(PutWinner({.problem = GemmProblemOf(256, 4096, 4096), .target = daemon.TargetOf("")},
                        daemon.store, daemon.index)
                  .ok());
  daemon.compiler.SetNvrtcMissing(true);
  ServiceClient client = daemon.Connect();
  EXPECT_TRUE(client.Get(RequestOf(256, kBest)).ok());
  const auto other = client.Get(RequestOf(256, kBest, "l4"));
  EXPECT_EQ(other.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ReasonOf(other.status()), "NVRTC_NOT_FOUND");
  EXPECT_NE(other.status().message().find("nowhere/libnvrtc.so.13"), absl::string_view::npos);
}

TEST(KernelService, ADaemonStartedWithoutNvrtcServesWhatIsStored) {
  TestDaemon daemon(1, {}, /*nvrtc_missing=*/true);
  ASSERT_TRUE(PutWinner({.problem = GemmProblemOf(256, 4096, 4096), .target = daemon.TargetOf("")},
                        daemon.store, daemon.index)
                  .ok());
  ASSERT_TRUE(PutWinner({.problem = GemmProblemOf(256, 4096, 4096),
                         .target = daemon.TargetOf("l4"),
                         .provenance = v1::PROVENANCE_PREDICTED},
                        daemon.store, daemon.index)
                  .ok());
  ServiceClient client = daemon.Connect();
  for (const v1::LookupMode mode : {kCached, kBest, kTuned}) {
    const auto measured = client.Get(RequestOf(256, mode));
    ASSERT_TRUE(measured.ok()) << mode << ": " << measured.status();
    EXPECT_EQ(measured->match(), v1::MATCH_OTHER_ENVIRONMENT);
    EXPECT_EQ(measured->provenance(), v1::PROVENANCE_MEASURED);
    const auto predicted = client.Get(RequestOf(256, mode, "l4"));
    ASSERT_TRUE(predicted.ok()) << mode << ": " << predicted.status();
    EXPECT_EQ(predicted->match(), v1::MATCH_PREDICTED);
  }
  const auto unknown = client.Get(RequestOf(256, kTuned, "a100-sxm-40"));
  EXPECT_EQ(unknown.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ReasonOf(unknown.status()), "NVRTC_NOT_FOUND");
}

TEST(KernelService, AGpuThatFellOutLeavesTheStoredKernel) {
  TestDaemon daemon(1);
  v1::Target older = daemon.TargetOf("");
  older.mutable_environment()->set_driver_version(12000);
  ASSERT_TRUE(PutWinner({.problem = GemmProblemOf(256, 4096, 4096), .target = older}, daemon.store,
                        daemon.index)
                  .ok());
  daemon.profiler.SetError(MakeError(absl::StatusCode::kUnavailable, "GPU_GONE", "it fell out"));
  const auto answer = daemon.Connect().Get(RequestOf(256, kTuned));
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->match(), v1::MATCH_OTHER_ENVIRONMENT);
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

TEST(KernelService, AWatchEndsWhenTheServerStops) {
  TestDaemon daemon(1);
  ServiceClient client = daemon.Connect();
  grpc::ClientContext context;
  v1::WatchKernelRequest request;
  *request.mutable_request() = RequestOf(256, kTuned);
  const auto reader = client.kernels->WatchKernel(&context, request);
  v1::GetKernelResponse answer;
  ASSERT_TRUE(reader->Read(&answer));
  const absl::Time begin = absl::Now();
  daemon.server->Stop(absl::Seconds(20));
  EXPECT_LT(absl::Now() - begin, absl::Seconds(10));
  EXPECT_FALSE(reader->Read(&answer));
  EXPECT_EQ(ReasonOf(FromGrpc(reader->Finish())), "SERVER_STOPPING");
}

TEST(KernelService, StopEndsCallersThatWait) {
  TestDaemon daemon(1);
  absl::Notification gate;
  daemon.profiler.SetGate(&gate);
  absl::Status status;
  std::thread caller([&] { status = daemon.Connect().Get(RequestOf(256, kTuned)).status(); });
  while (daemon.profiler.requests().empty()) absl::SleepFor(absl::Milliseconds(5));
  const absl::Time begin = absl::Now();
  daemon.server->Stop(absl::Seconds(20));
  EXPECT_LT(absl::Now() - begin, absl::Seconds(5)) << "the grace is not for those who wait";
  caller.join();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ReasonOf(status), "SERVER_STOPPING");
}

TEST(KernelService, StopEndsABatchAndAPredictionThatWait) {
  TestDaemon daemon(1);
  absl::Notification gate;
  daemon.compiler.SetGate(&gate);
  absl::Status predicted;
  v1::BatchGetKernelsResponse batch;
  absl::Status of_batch;
  std::thread first([&] { predicted = daemon.Connect().Get(RequestOf(256, kBest)).status(); });
  std::thread second([&] {
    v1::BatchGetKernelsRequest request;
    *request.add_requests() = RequestOf(512, kTuned);
    grpc::ClientContext context;
    of_batch = FromGrpc(daemon.Connect().kernels->BatchGetKernels(&context, request, &batch));
  });
  absl::SleepFor(absl::Milliseconds(300));
  const absl::Time begin = absl::Now();
  daemon.server->Stop(absl::Seconds(20));
  EXPECT_LT(absl::Now() - begin, absl::Seconds(5));
  first.join();
  second.join();
  EXPECT_EQ(ReasonOf(predicted), "SERVER_STOPPING");
  ASSERT_TRUE(of_batch.ok()) << of_batch;
  EXPECT_EQ(batch.results(0).reason(), "SERVER_STOPPING");
}

}  // namespace
}  // namespace tilewright
