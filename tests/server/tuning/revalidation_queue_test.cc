#include "server/tuning/revalidation_queue.h"

#include <set>
#include <string>
#include <vector>

#include "absl/time/clock.h"
#include "gtest/gtest.h"
#include "proto/problem/problem.h"
#include "tests/server/test_daemon.h"
#include "tests/server/winner_fixture.h"

namespace tilewright {
namespace {

class RevalidationQueueTest : public ::testing::Test {
 protected:
  static TuneRequest Request(int64_t m, int device = 0) {
    return {.problem = *Canonicalize(GemmProblemOf(m, 64, 64)),
            .target = {},
            .device_ordinal = device,
            .options = {}};
  }

  RevalidationQueue queue_{{
      .is_needed = [this](const TuneRequest&) { return needed_; },
      .is_idle = [this](int device) { return busy_.count(device) == 0; },
      .tune =
          [this](const TuneRequest& request) {
            EXPECT_TRUE(request.options.force()) << "there is an answer already";
            tuned_.push_back(request.problem.gemm().m());
            return refused_.count(request.problem.gemm().m()) == 0;
          },
  }};
  bool needed_ = true;
  std::set<int64_t> refused_;
  std::set<int> busy_;
  std::vector<int64_t> tuned_;
};

TEST_F(RevalidationQueueTest, WaitsForAnIdleGpuAndTakesOneAtATime) {
  busy_ = {0};
  queue_.Add(Request(1));
  queue_.Add(Request(2));
  queue_.Add(Request(3, 1));
  queue_.Pump();
  EXPECT_EQ(tuned_, (std::vector<int64_t>{3})) << "GPU 1 has nothing to do";
  busy_.clear();
  queue_.Pump();
  EXPECT_EQ(tuned_, (std::vector<int64_t>{3, 1}));
  queue_.Pump();
  EXPECT_EQ(tuned_, (std::vector<int64_t>{3, 1, 2}));
  EXPECT_EQ(queue_.waiting(), 0u);
}

TEST_F(RevalidationQueueTest, HoldsEachWinnerOnceAndNothingWithoutAGpu) {
  busy_ = {0};
  for (int i = 0; i < 3; ++i) queue_.Add(Request(1));
  queue_.Add(Request(2, -1));
  queue_.Pump();
  EXPECT_EQ(queue_.waiting(), 1u);
  busy_.clear();
  queue_.Pump();
  queue_.Add(Request(1));
  EXPECT_EQ(queue_.waiting(), 1u) << "it may be asked for again once it was taken";
}

TEST_F(RevalidationQueueTest, ForgetsWhatIsNotNeededAnyMore) {
  queue_.Add(Request(1));
  needed_ = false;
  queue_.Pump();
  EXPECT_TRUE(tuned_.empty());
  EXPECT_EQ(queue_.waiting(), 0u);
}

// It used to be dropped, and the import was never measured.
TEST_F(RevalidationQueueTest, WhatIsRefusedWaitsOnAndHoldsNobodyUp) {
  refused_ = {1};
  queue_.Add(Request(1));
  queue_.Add(Request(2));
  queue_.Pump();
  EXPECT_EQ(tuned_, (std::vector<int64_t>{1})) << "one try a round";
  EXPECT_EQ(queue_.waiting(), 2u);
  queue_.Add(Request(1));
  EXPECT_EQ(queue_.waiting(), 2u) << "it waits already";
  queue_.Pump();
  EXPECT_EQ(tuned_, (std::vector<int64_t>{1, 2}));
  refused_.clear();
  queue_.Pump();
  EXPECT_EQ(tuned_, (std::vector<int64_t>{1, 2, 1}));
  EXPECT_EQ(queue_.waiting(), 0u);
}

// Until the GPU has measured it: an imported winner, or one that beat other templates.
class RevalidationTest : public ::testing::Test {
 protected:
  v1::GetKernelRequest Ask(int64_t m) {
    v1::GetKernelRequest request = RequestOf(m, v1::LOOKUP_MODE_BEST_AVAILABLE);
    *request.mutable_problem() = GemmProblemOf(m, 4096, 4096);
    return request;
  }

  v1::Provenance AwaitProvenance(int64_t m, v1::Provenance wanted) {
    v1::Provenance last = v1::PROVENANCE_UNSPECIFIED;
    for (int i = 0; i < 600 && last != wanted; ++i) {
      last = client_.Get(Ask(m))->provenance();
      absl::SleepFor(absl::Milliseconds(10));
    }
    return last;
  }

  WinnerSpec Spec(int64_t m, v1::Provenance provenance) {
    return {.problem = GemmProblemOf(m, 4096, 4096),
            .target = daemon_.TargetOf(""),
            .provenance = provenance};
  }

  TestDaemon daemon_{1, {.revalidation_interval = std::chrono::milliseconds(5)}};
  ServiceClient client_ = daemon_.Connect();
};

TEST_F(RevalidationTest, AnImportIsServedAtOnceAndMeasuredWhenTheGpuIsIdle) {
  ASSERT_TRUE(PutWinner(Spec(256, v1::PROVENANCE_IMPORTED), daemon_.store, daemon_.index).ok());
  const auto first = client_.Get(Ask(256));
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(first->match(), v1::MATCH_EXACT);
  EXPECT_EQ(first->provenance(), v1::PROVENANCE_IMPORTED);
  EXPECT_EQ(AwaitProvenance(256, v1::PROVENANCE_MEASURED), v1::PROVENANCE_MEASURED);
}

TEST_F(RevalidationTest, AWinnerOverTemplatesThatChangedStaysExactAndIsMeasuredAgain) {
  WinnerSpec spec = Spec(256, v1::PROVENANCE_MEASURED);
  spec.other_templates = true;
  const auto winner = PutWinner(spec, daemon_.store, daemon_.index);
  ASSERT_TRUE(winner.ok()) << winner.status();
  const auto first = client_.Get(Ask(256));
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(first->match(), v1::MATCH_EXACT);
  EXPECT_EQ(first->epoch(), winner->winner.epoch());
  EXPECT_EQ(first->tuning(), "") << "nobody waits for it";
  int64_t epoch = first->epoch();
  for (int i = 0; i < 600 && epoch == first->epoch(); ++i) {
    epoch = client_.Get(Ask(256))->epoch();
    absl::SleepFor(absl::Milliseconds(10));
  }
  EXPECT_GT(epoch, first->epoch());
  // And only once.
  const std::size_t profiles = daemon_.profiler.requests().size();
  ASSERT_TRUE(client_.Get(Ask(256)).ok());
  absl::SleepFor(absl::Milliseconds(50));
  EXPECT_EQ(daemon_.profiler.requests().size(), profiles);
}

TEST_F(RevalidationTest, AWinnerOverTheTemplatesOfTodayIsLeftAlone) {
  ASSERT_TRUE(PutWinner(Spec(256, v1::PROVENANCE_MEASURED), daemon_.store, daemon_.index).ok());
  ASSERT_TRUE(client_.Get(Ask(256)).ok());
  absl::SleepFor(absl::Milliseconds(50));
  EXPECT_TRUE(daemon_.profiler.requests().empty());
}

}  // namespace
}  // namespace tilewright
