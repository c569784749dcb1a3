// What is tuned again: what lost its workers, and what failed.
#include "gtest/gtest.h"
#include "proto/support/errors.h"
#include "tests/server/tuning/scheduler_fixture.h"

namespace tilewright {
namespace {

using Interest = Scheduler::Interest;

TEST_F(SchedulerTest, ATuningThatLostWorkersIsServedAndQueuedAgain) {
  const auto scheduler = Make();
  tuning_.LoseWorkers(1, /*found=*/true);
  tuning_.LetGo();
  const auto ticket = scheduler->Wait(RequestFor(1), Interest::kWaiting, kUnknownUser);
  AwaitFinished(*ticket->job());
  EXPECT_TRUE(ticket->job()->result().ok()) << "what was found is served meanwhile";
  AwaitIdle(*scheduler);
  EXPECT_EQ(tuning_.begun().size(), 2u);
  EXPECT_TRUE(tuning_.forced()) << "whatever is stored by now";
}

TEST_F(SchedulerTest, ATuningThatFoundNothingIsRunAgainForThoseWhoWait) {
  const auto scheduler = Make();
  tuning_.LoseWorkers(2, /*found=*/false);
  tuning_.LetGo();
  const auto ticket = scheduler->Wait(RequestFor(1), Interest::kWaiting, kUnknownUser);
  AwaitFinished(*ticket->job());
  EXPECT_TRUE(ticket->job()->result().ok()) << ticket->job()->result().status();
  EXPECT_EQ(tuning_.begun().size(), 3u);
  EXPECT_EQ(scheduler->counters().failed, 0);
}

TEST_F(SchedulerTest, WorkersLostAgainAndAgainEndTheTuning) {
  for (const bool found : {true, false}) {
    FakeTuning tuning;
    tuning.LetGo();
    tuning.LoseWorkers(1000, found);
    Scheduler scheduler({.devices = 1}, tuning.Function(), clock_);
    const auto ticket = scheduler.Wait(RequestFor(1), Interest::kWaiting, kUnknownUser);
    AwaitFinished(*ticket->job());
    EXPECT_EQ(ticket->job()->result().ok(), found);
    EXPECT_EQ(ReasonOf(ticket->job()->result().status()), found ? "OK" : "WORKER_LOST");
    AwaitIdle(scheduler);
    EXPECT_EQ(tuning.begun().size(), 4u) << "once, and three times more";
  }
}

TEST_F(SchedulerTest, NobodyWaitsNoSecondTry) {
  const auto scheduler = Make();
  tuning_.LoseWorkers(1, /*found=*/false);
  auto ticket = scheduler->Wait(RequestFor(1), Interest::kWaiting, kUnknownUser);
  tuning_.AwaitBegun(1);
  ticket->Release();
  tuning_.LetGo();
  AwaitIdle(*scheduler);
  EXPECT_EQ(tuning_.begun().size(), 1u);
}

// Its place was given back twice, and the user was refused for ever.
TEST_F(SchedulerTest, AUserWhoseWorkerWasLostIsNotRefusedAfterwards) {
  const auto scheduler = Make();
  tuning_.LoseWorkers(1, /*found=*/false);
  tuning_.LetGo();
  AwaitFinished(**scheduler->Create(RequestFor(1), "", 7));
  EXPECT_EQ(tuning_.begun().size(), 2u);
  const auto again = scheduler->Create(RequestFor(2), "", 7);
  ASSERT_TRUE(again.ok()) << again.status();
  AwaitFinished(**again);
}

TEST_F(SchedulerTest, AFailedTuningIsNotQueuedAgainInTheBackgroundAtOnce) {
  const auto scheduler = Make();
  tuning_.Fail(absl::UnavailableError("no GPU"));
  tuning_.LetGo();
  const auto job = scheduler->TryBackground(RequestFor(1));
  ASSERT_NE(job, nullptr);
  AwaitFinished(*job);
  EXPECT_EQ(job->Snapshot().state(), v1::WORK_STATE_FAILED);
  EXPECT_EQ(scheduler->TryBackground(RequestFor(1)), nullptr);
  // Whoever asks for it gets it.
  EXPECT_TRUE(scheduler->Wait(RequestFor(1), Interest::kWaiting, kUnknownUser).ok());
  clock_.Advance(absl::Minutes(11));
  AwaitIdle(*scheduler);
  clock_.Advance(absl::Minutes(11));
  EXPECT_NE(scheduler->TryBackground(RequestFor(1)), nullptr);
}

TEST_F(SchedulerTest, AStepOfTheWallClockDoesNotBringAFailedTuningBack) {
  const auto scheduler = Make();
  tuning_.Fail(absl::InternalError("no"));
  tuning_.LetGo();
  ASSERT_NE(scheduler->TryBackground(RequestFor(1)), nullptr);
  AwaitIdle(*scheduler);
  clock_.StepWallClock(absl::Hours(2));
  EXPECT_EQ(scheduler->TryBackground(RequestFor(1)), nullptr);
  clock_.StepWallClock(-absl::Hours(4));
  clock_.Advance(absl::Minutes(11));
  EXPECT_NE(scheduler->TryBackground(RequestFor(1)), nullptr);
}

}  // namespace
}  // namespace tilewright
