// How look-ups wait, share work, fall back and end.
#include <atomic>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "absl/synchronization/notification.h"
#include "gtest/gtest.h"
#include "proto/support/errors.h"
#include "tests/server/test_daemon.h"
#include "tests/server/winner_fixture.h"
#include "tuner/target/target.h"

namespace tilewright {
namespace {

constexpr auto kCached = v1::LOOKUP_MODE_CACHED_ONLY;
constexpr auto kBest = v1::LOOKUP_MODE_BEST_AVAILABLE;
constexpr auto kTuned = v1::LOOKUP_MODE_WAIT_TUNED;

void AwaitTrue(const std::function<bool()>& condition) {
  while (!condition()) absl::SleepFor(absl::Milliseconds(2));
}

TEST(LookupLife, WaitTunedHonoursTheDeadlineAndTheTuningGoesOn) {
  TestDaemon daemon(1);
  absl::Notification gate;
  daemon.profiler.SetGate(&gate);
  ServiceClient client = daemon.Connect();
  const absl::Time begin = absl::Now();
  const auto answer = client.Get(RequestOf(256, kTuned), absl::Seconds(2));
  EXPECT_EQ(answer.status().code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_LT(absl::Now() - begin, absl::Seconds(10));
  const auto info = ErrorInfoOf(answer.status());
  ASSERT_TRUE(info.has_value()) << "ours must come before the client's own";
  EXPECT_EQ(info->reason(), "TUNING_UNFINISHED");
  gate.Notify();
  const auto tuning = client.AwaitTuning(info->metadata().at("tuning"));
  ASSERT_TRUE(tuning.ok()) << tuning.status();
  EXPECT_EQ(tuning->state(), v1::WORK_STATE_SUCCEEDED);
}

TEST(LookupLife, TheModelDoesNotPickAKernelThatFailedOnThisGpu) {
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
  ASSERT_TRUE(daemon.store.Quarantine(first_pick, silicon, "", v1::Failure()).ok());
  const auto answer = daemon.Connect().Get(RequestOf(256, kBest));
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->provenance(), v1::PROVENANCE_PREDICTED);
  EXPECT_NE(answer->kernel().content_hash(), first_pick);
  gate.Notify();
}

// It used to fail for ever: nothing measured what the model cannot prove.
TEST(LookupLife, AnErrorBudgetThatTakesAMeasurementIsMeasuredMeanwhile) {
  TestDaemon daemon(1);
  ServiceClient client = daemon.Connect();
  v1::GetKernelRequest request = RequestOf(256, kBest);
  request.mutable_problem()->mutable_gemm()->mutable_numerics()->set_error_budget(1e-12);
  const auto refused = client.Get(request);
  EXPECT_EQ(ReasonOf(refused.status()), "ERROR_BUDGET_NOT_PROVEN");
  const auto info = ErrorInfoOf(refused.status());
  ASSERT_TRUE(info.has_value());
  ASSERT_TRUE(info->metadata().contains("tuning")) << info->DebugString();
  ASSERT_TRUE(client.AwaitTuning(info->metadata().at("tuning")).ok());
  const auto answer = client.Get(request);
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->provenance(), v1::PROVENANCE_MEASURED);

  request.set_target("a100-sxm-80");
  const auto without_gpu = ErrorInfoOf(client.Get(request).status());
  ASSERT_TRUE(without_gpu.has_value());
  EXPECT_FALSE(without_gpu->metadata().contains("tuning"));
}

TEST(LookupLife, AKernelThatFailsIsNotServedFromMemoryAnyMore) {
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

TEST(LookupLife, ACallerThatGoesAwayCancelsItsTuningAlone) {
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

TEST(LookupLife, SixtyFourCallersShareOneTuning) {
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

// A caller that found nothing may come to the queue after another's tuning has ended.
TEST(LookupLife, WhatWasStoredSinceItWasAskedForIsNotTunedAgain) {
  TestDaemon daemon(1);
  absl::Notification gate;
  daemon.profiler.SetGate(&gate);
  ServiceClient client = daemon.Connect();
  v1::CreateTuningRequest request;
  *request.mutable_problem() = GemmProblemOf(512, 4096, 4096);
  ASSERT_TRUE(client.CreateTuning(request).ok());
  while (daemon.profiler.requests().empty()) absl::SleepFor(absl::Milliseconds(5));
  std::vector<std::string> queued;
  for (const int64_t m : {256, 257}) {
    *request.mutable_problem() = GemmProblemOf(m, 4096, 4096);
    const auto tuning = client.CreateTuning(request);
    ASSERT_TRUE(tuning.ok()) << tuning.status();
    queued.push_back(tuning->name());
    ASSERT_TRUE(PutWinner({.problem = GemmProblemOf(m, 4096, 4096), .target = daemon.TargetOf("")},
                          daemon.store, daemon.index)
                    .ok());
  }
  request.mutable_options()->set_force(true);
  const auto joined = client.CreateTuning(request);
  ASSERT_TRUE(joined.ok()) << joined.status();
  EXPECT_EQ(joined->name(), queued[1]);
  gate.Notify();
  const auto stored = client.AwaitTuning(queued[0]);
  ASSERT_TRUE(stored.ok()) << stored.status();
  EXPECT_EQ(stored->state(), v1::WORK_STATE_SUCCEEDED);
  EXPECT_EQ(stored->winner().provenance(), v1::PROVENANCE_MEASURED);
  EXPECT_EQ(stored->measured(), 0);
  const auto forced = client.AwaitTuning(queued[1]);
  ASSERT_TRUE(forced.ok()) << forced.status();
  EXPECT_GT(forced->measured(), 0) << "somebody has asked for a measurement";
}

TEST(LookupLife, AColdKernelIsReadOnceForAllWhoAsk) {
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

TEST(LookupLife, AMeasurementStoredWhileTheModelPickedIsNotCalledAPrediction) {
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

TEST(LookupLife, NvrtcMissingIsSaidAndCachedKernelsAreServed) {
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

TEST(LookupLife, ADaemonStartedWithoutNvrtcServesWhatIsStored) {
  TestDaemon daemon(1, {}, TestDaemon::Nvrtc::kMissing);
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

// It used to wait for a compile that could not begin, and what came of it was stored for an
// environment without NVRTC.
TEST(LookupLife, NothingIsPredictedBeforeNvrtcIsKnown) {
  DaemonServer::Options options;
  options.device_patience = absl::Milliseconds(20);
  TestDaemon daemon(0, options, TestDaemon::Nvrtc::kSilent);
  ASSERT_TRUE(PutWinner({.problem = GemmProblemOf(256, 4096, 4096),
                         .target = daemon.TargetOf("a100-sxm-40"),
                         .provenance = v1::PROVENANCE_PREDICTED},
                        daemon.store, daemon.index)
                  .ok());
  ServiceClient client = daemon.Connect();
  const absl::Status unknown = client.Get(RequestOf(256, kBest, "l4"), absl::Seconds(5)).status();
  EXPECT_EQ(unknown.code(), absl::StatusCode::kUnavailable) << unknown;
  ASSERT_EQ(ReasonOf(unknown), "DEVICES_UNKNOWN");
  EXPECT_EQ(ErrorInfoOf(unknown)->metadata().at("retry_delay_ms"), "1000");
  EXPECT_TRUE(daemon.compiler.jobs().empty());
  EXPECT_TRUE(client.Get(RequestOf(256, kBest, "a100-sxm-40")).ok()) << "which is stored";
  daemon.compiler.SetNvrtcSilent(false);
  auto predicted = client.Get(RequestOf(256, kBest, "l4"));
  for (int i = 0; i < 1000 && ReasonOf(predicted.status()) == "DEVICES_UNKNOWN"; ++i) {
    absl::SleepFor(absl::Milliseconds(5));
    predicted = client.Get(RequestOf(256, kBest, "l4"));
  }
  ASSERT_TRUE(predicted.ok()) << predicted.status();
  EXPECT_EQ(predicted->match(), v1::MATCH_PREDICTED);
  const auto listed = client.List(v1::ListWinnersRequest());
  ASSERT_TRUE(listed.ok()) << listed.status();
  ASSERT_EQ(listed->winners_size(), 2);
  for (const v1::Winner& winner : listed->winners()) {
    EXPECT_EQ(winner.target().environment().nvrtc_version(), "13.0");
  }
}

TEST(LookupLife, AGpuThatFellOutLeavesTheStoredKernel) {
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

TEST(LookupLife, AWatchEndsWhenTheServerStops) {
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

TEST(LookupLife, StopEndsCallersThatWait) {
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

TEST(LookupLife, StopEndsABatchAndAPredictionThatWait) {
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
  // The prediction and the tuning of the batch both wait for the compiler.
  AwaitTrue([&] { return daemon.compiler.calls() >= 2; });
  const absl::Time begin = absl::Now();
  daemon.server->Stop(absl::Seconds(20));
  EXPECT_LT(absl::Now() - begin, absl::Seconds(5));
  first.join();
  second.join();
  EXPECT_EQ(ReasonOf(predicted), "SERVER_STOPPING");
  ASSERT_TRUE(of_batch.ok()) << of_batch;
  EXPECT_EQ(batch.results(0).reason(), "SERVER_STOPPING");
}

// gRPC ended them as CANCELLED, without a reason.
TEST(LookupLife, CallsThatADiskHoldsUpAreToldOfTheStop) {
  TestDaemon daemon(1);
  // Kernels of their own: each read of one is counted.
  for (const int m : {256, 512}) {
    const WinnerSpec spec = {.problem = GemmProblemOf(m, 4096, 4096),
                             .target = daemon.TargetOf(""),
                             .cubin = FakeCubin(1000, static_cast<uint64_t>(m))};
    ASSERT_TRUE(PutWinner(spec, daemon.store, daemon.index).ok());
  }
  absl::Notification gate;
  daemon.store.SetCubinGate(&gate);
  daemon.store.SetStatsGate(&gate);
  daemon.store.SetSignerGate(&gate);
  absl::Status looked_up;
  absl::Status of_batch;
  v1::BatchGetKernelsResponse batch;
  absl::Status exported;
  absl::Status read;
  absl::Status written;
  absl::Status queued;
  const auto get_stats = [&daemon] {
    grpc::ClientContext context;
    v1::CacheStats response;
    return FromGrpc(daemon.Connect().cache->GetCacheStats(&context, {}, &response));
  };
  std::vector<std::thread> callers;
  callers.emplace_back([&] { looked_up = daemon.Connect().Get(RequestOf(256, kCached)).status(); });
  AwaitTrue([&] { return daemon.store.cubin_reads() == 1; });
  callers.emplace_back([&] {
    v1::BatchGetKernelsRequest request;
    *request.add_requests() = RequestOf(512, kCached);
    grpc::ClientContext context;
    of_batch = FromGrpc(daemon.Connect().kernels->BatchGetKernels(&context, request, &batch));
  });
  AwaitTrue([&] { return daemon.store.cubin_reads() == 2; });
  callers.emplace_back([&] {
    grpc::ClientContext context;
    const auto reader = daemon.Connect().cache->ExportBundle(&context, {});
    v1::BundleChunk chunk;
    while (reader->Read(&chunk)) continue;
    exported = FromGrpc(reader->Finish());
  });
  AwaitTrue([&] { return daemon.store.cubin_reads() == 3; });
  // These take the threads that the look-ups leave.
  callers.emplace_back([&] { read = get_stats(); });
  AwaitTrue([&] { return daemon.store.stats_reads() == 1; });
  callers.emplace_back([&] {
    v1::TrustSignerRequest request;
    request.set_signer(std::string(64, 'a'));
    request.set_display_name("somebody");
    grpc::ClientContext context;
    v1::Signer response;
    written = FromGrpc(daemon.Connect().cache->TrustSigner(&context, request, &response));
  });
  AwaitTrue([&] { return daemon.store.signer_writes() == 1; });
  const int64_t calls = daemon.server->Activity();
  callers.emplace_back([&] { queued = get_stats(); });
  AwaitTrue([&] { return daemon.server->Activity() > calls; });
  // The stop itself waits for its threads, which the gate holds.
  std::thread stopper([&] { daemon.server->Stop(absl::Seconds(5)); });
  for (std::thread& caller : callers) caller.join();
  gate.Notify();
  stopper.join();
  EXPECT_EQ(ReasonOf(looked_up), "SERVER_STOPPING") << looked_up;
  ASSERT_TRUE(of_batch.ok()) << of_batch;
  EXPECT_EQ(batch.results(0).reason(), "SERVER_STOPPING");
  EXPECT_EQ(daemon.store.stats_reads(), 1) << "what was queued is not begun";
  for (const absl::Status& status : {exported, read, queued}) {
    EXPECT_EQ(ReasonOf(status), "SERVER_STOPPING") << status;
    EXPECT_EQ(std::string(status.message()), "the server is stopping")
        << "there is no effect to look for";
  }
  EXPECT_EQ(ReasonOf(written), "SERVER_STOPPING") << written;
  EXPECT_NE(written.message().find("look whether it had its effect"), absl::string_view::npos)
      << written;
}

// A reader that cannot be opened says nothing of the kernel: sound ones were tuned again.
TEST(LookupLife, AKernelThatCannotBeReadNowIsNotMadeAgain) {
  for (const absl::Status& failure :
       {MakeError(absl::StatusCode::kFailedPrecondition, "DATABASE_UNWRITABLE", "no reader"),
        MakeError(absl::StatusCode::kResourceExhausted, "NO_DESCRIPTOR", "no descriptor")}) {
    TestDaemon daemon(1);
    const WinnerSpec spec = {.problem = GemmProblemOf(256, 4096, 4096),
                             .target = daemon.TargetOf("")};
    ASSERT_TRUE(PutWinner(spec, daemon.store, daemon.index).ok());
    daemon.store.SetCubinFailure(failure);
    for (const auto mode : {kCached, kBest, kTuned}) {
      EXPECT_EQ(ReasonOf(daemon.Connect().Get(RequestOf(256, mode)).status()), ReasonOf(failure));
    }
    EXPECT_EQ(daemon.compiler.calls(), 0);
  }
}

TEST(LookupLife, ADamagedKernelIsMadeAgain) {
  for (const absl::Status& damage :
       {MakeError(absl::StatusCode::kDataLoss, "CUBIN_DAMAGED", "damaged"),
        MakeError(absl::StatusCode::kNotFound, "CUBIN_NOT_STORED", "gone")}) {
    TestDaemon daemon(1);
    const WinnerSpec spec = {.problem = GemmProblemOf(256, 4096, 4096),
                             .target = daemon.TargetOf("")};
    ASSERT_TRUE(PutWinner(spec, daemon.store, daemon.index).ok());
    daemon.store.SetCubinFailure(damage);
    EXPECT_EQ(ReasonOf(daemon.Connect().Get(RequestOf(256, kCached)).status()), "KERNEL_DAMAGED");
    EXPECT_EQ(daemon.compiler.calls(), 0);
    daemon.Connect().Get(RequestOf(256, kTuned)).status().IgnoreError();
    EXPECT_GT(daemon.compiler.calls(), 0);
  }
}

}  // namespace
}  // namespace tilewright
