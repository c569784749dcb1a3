// Forgetting, pruning and backups over gRPC, and what pins make of them.
#include <fstream>
#include <string>
#include <thread>

#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "gtest/gtest.h"
#include "proto/support/errors.h"
#include "tests/server/test_daemon.h"
#include "tests/server/winner_fixture.h"

namespace tilewright {
namespace {

class CacheRemovalTest : public ::testing::Test {
 protected:
  StoredWinner Put(int64_t m, v1::Provenance provenance = v1::PROVENANCE_MEASURED,
                   uint64_t seed = 0) {
    return PutWinner({.problem = GemmProblemOf(m, 4096, 4096),
                      .target = daemon_.TargetOf(""),
                      .provenance = provenance,
                      .cubin = FakeCubin(1000, static_cast<uint64_t>(m) + seed)},
                     daemon_.store, daemon_.index)
        .value();
  }

  absl::StatusOr<v1::ForgetWinnersResponse> Forget(const v1::ForgetWinnersRequest& request) {
    grpc::ClientContext context;
    v1::ForgetWinnersResponse response;
    const absl::Status status =
        FromGrpc(client_.cache->ForgetWinners(&context, request, &response));
    if (!status.ok()) return status;
    return response;
  }

  absl::StatusOr<v1::GetKernelResponse> GetCached(int64_t m, int64_t pinned_epoch = 0) {
    v1::GetKernelRequest request = RequestOf(m, v1::LOOKUP_MODE_CACHED_ONLY);
    request.mutable_problem()->CopyFrom(GemmProblemOf(m, 4096, 4096));
    request.set_pinned_epoch(pinned_epoch);
    return client_.Get(request);
  }

  TestDaemon daemon_{1};
  ServiceClient client_ = daemon_.Connect();
};

TEST_F(CacheRemovalTest, AForgottenProblemIsServedNoMore) {
  Put(256);
  Put(512);
  ASSERT_EQ(GetCached(256)->match(), v1::MATCH_EXACT);
  v1::ForgetWinnersRequest request;
  *request.mutable_problem() = GemmProblemOf(256, 4096, 4096);
  request.set_dry_run(true);
  EXPECT_EQ(Forget(request)->winners(), 1);
  EXPECT_EQ(GetCached(256)->match(), v1::MATCH_EXACT) << "a dry run";
  request.set_dry_run(false);
  EXPECT_EQ(Forget(request)->winners(), 1);
  EXPECT_EQ(GetCached(256)->match(), v1::MATCH_NEAREST_PROBLEM);
  EXPECT_EQ(ReasonOf(Forget(request).status()), "NO_WINNER");
}

TEST_F(CacheRemovalTest, SelectsByKeySignerProvenanceAndAge) {
  const StoredWinner one = Put(256);
  Put(512, v1::PROVENANCE_IMPORTED);
  Put(1024, v1::PROVENANCE_PREDICTED);
  v1::ForgetWinnersRequest request;
  EXPECT_EQ(ReasonOf(Forget(request).status()), "MISSING_FIELD");
  request.set_key("no key");
  EXPECT_EQ(ReasonOf(Forget(request).status()), "MALFORMED_KEY");
  request.set_signer("nobody");
  EXPECT_EQ(ReasonOf(Forget(request).status()), "MALFORMED_FINGERPRINT");
  request.mutable_older_than()->set_seconds(0);
  EXPECT_EQ(ReasonOf(Forget(request).status()), "OUT_OF_RANGE");
  request.set_signer("unknown");
  EXPECT_EQ(Forget(request)->winners(), 1);
  request.set_predicted(true);
  EXPECT_EQ(Forget(request)->winners(), 1);
  request.set_key(one.winner.key());
  EXPECT_EQ(Forget(request)->winners(), 1);
  EXPECT_EQ(daemon_.index.size(), 0u);
}

TEST(ForgettingTest, ReachesWhatCouldNotBeStoredYetAndNoOtherTarget) {
  TestDaemon daemon(1, {.store_retry = std::chrono::hours(1)});
  daemon.store.SetPutFailure(
      MakeError(absl::StatusCode::kResourceExhausted, "DISK_FULL", "the disk is full"));
  ServiceClient client = daemon.Connect();
  const auto ask = [](int64_t m, v1::LookupMode mode) {
    v1::GetKernelRequest request = RequestOf(m, mode);
    *request.mutable_problem() = GemmProblemOf(m, 4096, 4096);
    return request;
  };
  for (const int64_t m : {256, 512}) {
    ASSERT_EQ(client.Get(ask(m, v1::LOOKUP_MODE_WAIT_TUNED))->epoch(), 0) << m;
  }
  ASSERT_EQ(daemon.tuner.unstored(), 2u);
  v1::ForgetWinnersRequest request;
  *request.mutable_problem() = GemmProblemOf(256, 4096, 4096);
  grpc::ClientContext context;
  v1::ForgetWinnersResponse response;
  ASSERT_TRUE(FromGrpc(client.cache->ForgetWinners(&context, request, &response)).ok());
  EXPECT_EQ(response.winners(), 1);
  EXPECT_EQ(daemon.tuner.unstored(), 1u);
  const auto forgotten = client.Get(ask(256, v1::LOOKUP_MODE_CACHED_ONLY));
  EXPECT_TRUE(!forgotten.ok() || forgotten->match() == v1::MATCH_NEAREST_PROBLEM);
  EXPECT_EQ(client.Get(ask(512, v1::LOOKUP_MODE_CACHED_ONLY))->match(), v1::MATCH_EXACT);
  // Nor does it come back when the disk takes it.
  ASSERT_TRUE(daemon.tuner.StoreUnstored().ok());
  EXPECT_EQ(daemon.index.size(), 1u);
}

// A job that pinned an epoch gets the same kernel or a clear refusal, never another kernel.
TEST_F(CacheRemovalTest, APinIntoPrunedHistoryIsRefused) {
  const int64_t old = Put(256, v1::PROVENANCE_MEASURED, 1).winner.epoch();
  const int64_t now = Put(256, v1::PROVENANCE_MEASURED, 2).winner.epoch();
  ASSERT_TRUE(GetCached(256, old).ok());
  grpc::ClientContext context;
  v1::PruneCacheResponse response;
  ASSERT_TRUE(
      FromGrpc(client_.cache->PruneCache(&context, v1::PruneCacheRequest(), &response)).ok());
  EXPECT_EQ(response.superseded_winners(), 1);
  EXPECT_EQ(ReasonOf(GetCached(256, old).status()), "EPOCH_PRUNED");
  EXPECT_TRUE(GetCached(256, now).ok());
  EXPECT_TRUE(GetCached(256).ok());
}

// A sweep that was just done was gone after a prune: none of its kernels had been served.
TEST_F(CacheRemovalTest, WhatWasTunedOrPredictedCountsAsUsed) {
  v1::CreateTuningRequest tuning;
  *tuning.mutable_problem() = GemmProblemOf(256, 4096, 4096);
  ASSERT_EQ(client_.AwaitTuning(client_.CreateTuning(tuning).value().name())->state(),
            v1::WORK_STATE_SUCCEEDED);
  v1::CreateTuningRequest prediction = tuning;
  prediction.set_target("l4");
  ASSERT_EQ(client_.AwaitTuning(client_.CreateTuning(prediction).value().name())->state(),
            v1::WORK_STATE_SUCCEEDED);
  grpc::ClientContext context;
  v1::PruneCacheResponse response;
  ASSERT_TRUE(
      FromGrpc(client_.cache->PruneCache(&context, v1::PruneCacheRequest(), &response)).ok());
  EXPECT_EQ(daemon_.store.used().size(), 2u);
}

absl::StatusOr<std::string> Backup(const TestDaemon& daemon) {
  ServiceClient client = daemon.Connect();
  grpc::ClientContext context;
  const auto reader = client.cache->BackupCache(&context, v1::BackupCacheRequest());
  std::string database;
  v1::BackupChunk chunk;
  while (reader->Read(&chunk)) database += chunk.data();
  const absl::Status status = FromGrpc(reader->Finish());
  if (!status.ok()) return status;
  return database;
}

TEST_F(CacheRemovalTest, OneBackupIsMadeAtATime) {
  absl::Notification gate;
  daemon_.store.SetBackupGate(&gate);
  absl::StatusOr<std::string> first;
  std::thread caller([&] { first = Backup(daemon_); });
  while (daemon_.store.backups() == 0) absl::SleepFor(absl::Milliseconds(2));
  // One that is let in writes its copy at once.
  daemon_.store.SetBackupGate(nullptr);
  const absl::Status refused = Backup(daemon_).status();
  gate.Notify();
  caller.join();
  EXPECT_EQ(daemon_.store.backups(), 1) << "the refused one costs no copy";
  EXPECT_EQ(refused.code(), absl::StatusCode::kResourceExhausted) << refused;
  ASSERT_EQ(ReasonOf(refused), "TOO_MANY_BUNDLES");
  EXPECT_EQ(ErrorInfoOf(refused)->metadata().at("retry_delay_ms"), "1000");
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(*first, "a database");
  EXPECT_TRUE(Backup(daemon_).ok()) << "the place is free again";
}

}  // namespace
}  // namespace tilewright
