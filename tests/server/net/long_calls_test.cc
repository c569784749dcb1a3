// How many watches and batches may be under way at once.
#include "server/net/long_calls.h"

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "absl/time/clock.h"
#include "gtest/gtest.h"
#include "proto/support/errors.h"
#include "server/net/shared_limit.h"
#include "tests/server/test_daemon.h"
#include "tests/server/winner_fixture.h"

namespace tilewright {
namespace {

constexpr auto kCached = v1::LOOKUP_MODE_CACHED_ONLY;

// A watch of a kernel that is stored.
struct KernelWatch {
  explicit KernelWatch(ServiceClient& client) {
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
    v1::WatchKernelRequest request;
    *request.mutable_request() = RequestOf(256, kCached);
    reader = client.kernels->WatchKernel(&context, request);
  }
  bool IsAnswered() {
    v1::GetKernelResponse answer;
    return reader->Read(&answer);
  }
  // How the watch ended by itself.
  absl::Status AwaitEnd() {
    v1::GetKernelResponse answer;
    while (reader->Read(&answer)) {
    }
    return FromGrpc(reader->Finish());
  }
  absl::Status Cancel() {
    context.TryCancel();
    return AwaitEnd();
  }

  grpc::ClientContext context;
  std::unique_ptr<grpc::ClientReader<v1::GetKernelResponse>> reader;
};

absl::Status Batch(ServiceClient& client) {
  v1::BatchGetKernelsRequest request;
  *request.add_requests() = RequestOf(256, kCached);
  grpc::ClientContext context;
  v1::BatchGetKernelsResponse response;
  return FromGrpc(client.kernels->BatchGetKernels(&context, request, &response));
}

absl::Status WatchProgress(ServiceClient& client, const std::string& sweep) {
  v1::WatchSweepProgressRequest request;
  request.set_name(sweep);
  grpc::ClientContext context;
  const auto reader = client.tunings->WatchSweepProgress(&context, request);
  v1::SweepProgress progress;
  while (reader->Read(&progress)) {
  }
  return FromGrpc(reader->Finish());
}

class LongCallsTest : public ::testing::Test {
 protected:
  // A daemon of which a user may have that many long calls, and which has one winner.
  void Start(std::size_t of_user) {
    DaemonServer::Options options;
    options.max_long_calls_of_user = of_user;
    daemon_ = std::make_unique<TestDaemon>(1, options);
    const auto winner =
        PutWinner({.problem = GemmProblemOf(256, 4096, 4096), .target = daemon_->TargetOf("")},
                  daemon_->store, daemon_->index);
    ASSERT_TRUE(winner.ok()) << winner.status();
  }

  // Whether no call is under way within some seconds.
  bool IsDone() {
    for (int i = 0; i < 500 && daemon_->server->Busy(); ++i) absl::SleepFor(absl::Milliseconds(10));
    return !daemon_->server->Busy();
  }

  std::unique_ptr<TestDaemon> daemon_;
};

TEST(SharedLimitTest, NoUserTakesTheLastPlaces) {
  SharedLimit limit(3, 2);
  std::vector<SharedLimit::Place> places;
  for (int i = 0; i < 2; ++i) places.push_back(limit.TryTake(1));
  EXPECT_TRUE(places[0].held() && places[1].held());
  EXPECT_FALSE(limit.TryTake(1).held());
  places.push_back(limit.TryTake(2));
  EXPECT_TRUE(places[2].held());
  EXPECT_FALSE(limit.TryTake(3).held()) << "all are taken";
  places.erase(places.begin());
  EXPECT_TRUE(limit.TryTake(3).held());
  const absl::Status refusal = limit.Refusal("TOO_MANY_THINGS", "things");
  EXPECT_EQ(refusal.message(),
            "2 things of this user, or 3 of all users, are under way: try again in 1000 ms");
}

// One user could open as many as its connections carry, 262,144 of them.
TEST_F(LongCallsTest, AUserWhoHasAllItsPlacesIsRefusedWithADelay) {
  Start(2);
  ServiceClient client = daemon_->Connect();
  v1::CreateTuningRequest tuning;
  *tuning.mutable_problem() = GemmProblemOf(256, 4096, 4096);
  const auto created = client.CreateTuning(tuning);
  ASSERT_TRUE(created.ok()) << created.status();
  KernelWatch first(client);
  KernelWatch second(client);
  ASSERT_TRUE(first.IsAnswered());
  ASSERT_TRUE(second.IsAnswered());
  KernelWatch third(client);
  const absl::Status refused = third.AwaitEnd();
  EXPECT_EQ(refused.code(), absl::StatusCode::kResourceExhausted) << refused;
  ASSERT_EQ(ReasonOf(refused), "TOO_MANY_CALLS");
  EXPECT_EQ(ErrorInfoOf(refused)->metadata().at("retry_delay_ms"), "1000");
  EXPECT_EQ(ReasonOf(Batch(client)), "TOO_MANY_CALLS");
  EXPECT_EQ(ReasonOf(client.AwaitTuning(created->name()).status()), "TOO_MANY_CALLS");
  EXPECT_EQ(ReasonOf(client.AwaitSweep("sweeps/any").status()), "TOO_MANY_CALLS");
  EXPECT_EQ(ReasonOf(WatchProgress(client, "sweeps/any")), "TOO_MANY_CALLS");
  EXPECT_TRUE(client.Get(RequestOf(256, kCached)).ok()) << "which waits for nothing";
  EXPECT_EQ(first.Cancel().code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(second.Cancel().code(), absl::StatusCode::kCancelled);
  ASSERT_TRUE(IsDone());
  EXPECT_TRUE(Batch(client).ok()) << "the places are free again";
  EXPECT_TRUE(KernelWatch(client).IsAnswered());
}

TEST_F(LongCallsTest, ACallThatEndedHoldsNoPlace) {
  Start(1);
  ServiceClient client = daemon_->Connect();
  v1::CreateTuningRequest tuning;
  *tuning.mutable_problem() = GemmProblemOf(256, 4096, 4096);
  const auto created = client.CreateTuning(tuning);
  ASSERT_TRUE(created.ok()) << created.status();
  for (int round = 0; round < 200; ++round) {
    ASSERT_TRUE(client.AwaitTuning(created->name()).ok()) << "round " << round;
    ASSERT_TRUE(Batch(client).ok()) << "round " << round;
    ASSERT_EQ(ReasonOf(WatchProgress(client, "sweeps/none")), "SWEEP_NOT_FOUND") << round;
  }
}

TEST_F(LongCallsTest, AThousandRanksOfOneUserWatch) {
  constexpr int kConnections = 4;
  constexpr int kWatchesOfEach = 250;
  Start(kMaxLongCallsOfUser);
  std::vector<std::unique_ptr<ServiceClient>> clients;
  std::vector<std::unique_ptr<KernelWatch>> watches;
  for (int i = 0; i < kConnections; ++i) {
    clients.push_back(std::make_unique<ServiceClient>(daemon_->Connect()));
    for (int j = 0; j < kWatchesOfEach; ++j) {
      watches.push_back(std::make_unique<KernelWatch>(*clients.back()));
    }
  }
  for (const auto& watch : watches) ASSERT_TRUE(watch->IsAnswered());
  for (const auto& watch : watches) watch->context.TryCancel();
  watches.clear();
  EXPECT_TRUE(IsDone());
}

// Where the write under way failed after the cancellation was told, nobody ended the call, and the
// daemon could neither become idle nor stop.
TEST_F(LongCallsTest, AWatcherThatReadsNothingHoldsNothingUpOnceItIsGone) {
  Start(1);
  // More than gRPC takes for a client that reads nothing.
  ASSERT_TRUE(PutWinner({.problem = GemmProblemOf(256, 4096, 4096),
                         .target = daemon_->TargetOf(""),
                         .cubin = FakeCubin(std::size_t{16} << 20, 1)},
                        daemon_->store, daemon_->index)
                  .ok());
  ServiceClient client = daemon_->Connect();
  for (int round = 0; round < 20; ++round) {
    ServiceClient silent = daemon_->Connect();
    KernelWatch watch(silent);
    // It comes with the first message, which is under way from then on.
    watch.reader->WaitForInitialMetadata();
    ASSERT_TRUE(daemon_->server->Busy()) << "the watch was refused in round " << round;
    watch.context.TryCancel();
    EXPECT_FALSE(watch.reader->Finish().ok());
    ASSERT_TRUE(IsDone()) << "round " << round;
  }
  KernelWatch watch(client);
  EXPECT_TRUE(watch.IsAnswered());
}

}  // namespace
}  // namespace tilewright
