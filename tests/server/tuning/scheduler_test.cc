// Who shares a tuning, which run beside each other, how they end.
#include "server/tuning/scheduler.h"

#include <string>
#include <thread>
#include <vector>

#include "absl/synchronization/notification.h"
#include "gtest/gtest.h"
#include "proto/support/errors.h"
#include "tests/server/tuning/scheduler_fixture.h"

namespace tilewright {
namespace {

using Interest = Scheduler::Interest;

TEST_F(SchedulerTest, AThousandCallersShareOneTuning) {
  const auto scheduler = Make();
  std::vector<Scheduler::Ticket> tickets;
  for (int i = 0; i < 1000; ++i) {
    auto ticket = scheduler->Wait(RequestFor(1), Interest::kWaiting, kUnknownUser);
    ASSERT_TRUE(ticket.ok()) << ticket.status();
    tickets.push_back(*std::move(ticket));
  }
  tuning_.LetGo();
  for (const auto& ticket : tickets) {
    AwaitFinished(*ticket.job());
    EXPECT_EQ(ticket.job()->name(), tickets[0].job()->name());
    EXPECT_TRUE(ticket.job()->result().ok());
  }
  EXPECT_EQ(tuning_.begun().size(), 1u);
  EXPECT_EQ(scheduler->counters().joined, 999);
}

TEST_F(SchedulerTest, CallersFromManyThreadsShareOneTuning) {
  const auto scheduler = Make();
  std::vector<std::thread> threads;
  for (int i = 0; i < 16; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 50; ++j) {
        auto ticket = scheduler->Wait(RequestFor(1), Interest::kWaiting, kUnknownUser);
        ASSERT_TRUE(ticket.ok());
        ticket->LeaveRunning();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  tuning_.LetGo();
  AwaitIdle(*scheduler);
  EXPECT_EQ(tuning_.begun().size(), 1u);
}

TEST_F(SchedulerTest, DevicesThatBecomeKnownLaterRunTunings) {
  const auto scheduler = Make({.devices = 0});
  const auto predicted = scheduler->Wait(RequestFor(1, -1), Interest::kWaiting, kUnknownUser);
  tuning_.AwaitBegun(1);
  scheduler->AddDevices(2);
  const auto first = scheduler->Wait(RequestFor(2, 0), Interest::kWaiting, kUnknownUser);
  const auto second = scheduler->Wait(RequestFor(3, 1), Interest::kWaiting, kUnknownUser);
  tuning_.AwaitBegun(3);
  tuning_.LetGo();
  AwaitFinished(*second->job());
}

TEST_F(SchedulerTest, ProblemsAndTargetsAreTunedApart) {
  const auto scheduler = Make();
  TuneRequest other_target = RequestFor(1);
  other_target.target.mutable_silicon()->set_sm_count(7);
  const auto a = scheduler->Wait(RequestFor(1), Interest::kWaiting, kUnknownUser);
  const auto b = scheduler->Wait(RequestFor(2), Interest::kWaiting, kUnknownUser);
  const auto c = scheduler->Wait(other_target, Interest::kWaiting, kUnknownUser);
  EXPECT_NE(a->job()->name(), b->job()->name());
  EXPECT_NE(a->job()->name(), c->job()->name());
}

TEST_F(SchedulerTest, WorkWithoutAGpuDoesNotWaitForOne) {
  const auto scheduler = Make();
  const auto measured = scheduler->Wait(RequestFor(1, 0), Interest::kWaiting, kUnknownUser);
  const auto predicted = scheduler->Wait(RequestFor(2, -1), Interest::kWaiting, kUnknownUser);
  tuning_.AwaitBegun(2);
  EXPECT_EQ(scheduler->running(), 2u);
}

TEST_F(SchedulerTest, LeavingCallersCancelNothingThatOthersWaitFor) {
  const auto scheduler = Make();
  auto first = *scheduler->Wait(RequestFor(1), Interest::kWaiting, kUnknownUser);
  auto second = *scheduler->Wait(RequestFor(1), Interest::kWaiting, kUnknownUser);
  tuning_.AwaitBegun(1);
  first.Release();
  absl::SleepFor(absl::Milliseconds(20));
  EXPECT_FALSE(second.job()->finished());
  tuning_.LetGo();
  AwaitFinished(*second.job());
  EXPECT_TRUE(second.job()->result().ok());
}

TEST_F(SchedulerTest, TheLastCallerToLeaveCancelsARunningTuning) {
  const auto scheduler = Make();
  auto ticket = *scheduler->Wait(RequestFor(1), Interest::kWaiting, kUnknownUser);
  const auto job = ticket.job();
  tuning_.AwaitBegun(1);
  ticket.Release();
  AwaitFinished(*job);
  EXPECT_EQ(job->Snapshot().state(), v1::WORK_STATE_CANCELLED);
  EXPECT_EQ(scheduler->counters().cancelled, 1);
}

TEST_F(SchedulerTest, AQueuedTuningThatNobodyWantsNeverBegins) {
  const auto scheduler = Make();
  const auto first = *scheduler->Wait(RequestFor(1), Interest::kWaiting, kUnknownUser);
  tuning_.AwaitBegun(1);
  auto second = *scheduler->Wait(RequestFor(2), Interest::kWaiting, kUnknownUser);
  const auto job = second.job();
  second.Release();
  EXPECT_TRUE(job->finished());
  EXPECT_EQ(scheduler->queued(), 0u);
  tuning_.LetGo();
  AwaitFinished(*first.job());
  EXPECT_EQ(tuning_.begun(), std::vector<int64_t>{1});
}

TEST_F(SchedulerTest, WhoComesAfterACancellationGetsANewTuning) {
  const auto scheduler = Make();
  auto first = *scheduler->Wait(RequestFor(1), Interest::kWaiting, kUnknownUser);
  const std::string name = first.job()->name();
  tuning_.AwaitBegun(1);
  first.Release();
  const auto second = *scheduler->Wait(RequestFor(1), Interest::kWaiting, kUnknownUser);
  EXPECT_NE(second.job()->name(), name);
  tuning_.LetGo();
  AwaitFinished(*second.job());
  EXPECT_TRUE(second.job()->result().ok());
}

TEST_F(SchedulerTest, ATuningLeftRunningGoesOn) {
  const auto scheduler = Make();
  auto ticket = *scheduler->Wait(RequestFor(1), Interest::kWaiting, kUnknownUser);
  const auto job = ticket.job();
  ticket.LeaveRunning();
  tuning_.LetGo();
  AwaitFinished(*job);
  EXPECT_EQ(job->Snapshot().state(), v1::WORK_STATE_SUCCEEDED);
}

TEST_F(SchedulerTest, ARepeatedRequestIdHasNoSecondEffect) {
  const auto scheduler = Make();
  const auto first = *scheduler->Create(RequestFor(1), "id-1", kUnknownUser);
  const auto again = *scheduler->Create(RequestFor(1), "id-1", kUnknownUser);
  EXPECT_EQ(first->name(), again->name());
  // One interest: one cancellation ends it.
  ASSERT_TRUE(scheduler->Cancel(first->name()).ok());
  AwaitFinished(*first);
  EXPECT_EQ(first->Snapshot().state(), v1::WORK_STATE_CANCELLED);
  EXPECT_EQ((*scheduler->Create(RequestFor(1), "id-1", kUnknownUser))->name(), first->name());
  const auto other = scheduler->Create(RequestFor(2), "id-1", kUnknownUser);
  EXPECT_EQ(ReasonOf(other.status()), "REQUEST_ID_REUSED");
}

TEST_F(SchedulerTest, CancelTakesBackOneCreateAlone) {
  const auto scheduler = Make();
  const auto job = *scheduler->Create(RequestFor(1), "a", kUnknownUser);
  ASSERT_EQ((*scheduler->Create(RequestFor(1), "b", kUnknownUser))->name(), job->name());
  const auto waiting = *scheduler->Wait(RequestFor(1), Interest::kSweep, kUnknownUser);
  tuning_.AwaitBegun(1);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(scheduler->Cancel(job->name()).ok());
  absl::SleepFor(absl::Milliseconds(20));
  EXPECT_FALSE(job->finished());
}

TEST_F(SchedulerTest, ARepeatedCancelDoesNotTakeBackAnothersCreate) {
  const auto scheduler = Make();
  const auto job = *scheduler->Create(RequestFor(1), "mine", kUnknownUser);
  ASSERT_EQ(*scheduler->Create(RequestFor(1), "theirs", kUnknownUser), job);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(scheduler->Cancel(job->name(), "mine").ok());
  absl::SleepFor(absl::Milliseconds(20));
  EXPECT_FALSE(job->finished());
  EXPECT_EQ(ReasonOf(scheduler->Cancel(job->name(), "nobody's").status()), "REQUEST_ID_UNKNOWN");
  ASSERT_TRUE(scheduler->Cancel(job->name(), "theirs").ok());
  AwaitFinished(*job);
  EXPECT_EQ(job->Snapshot().state(), v1::WORK_STATE_CANCELLED);
}

TEST_F(SchedulerTest, HistoryIsBounded) {
  const auto scheduler = Make({.devices = 1, .max_history = 2});
  tuning_.LetGo();
  std::vector<std::string> names;
  for (int m = 1; m <= 4; ++m) {
    const auto job = *scheduler->Create(RequestFor(m), "id-" + std::to_string(m), kUnknownUser);
    AwaitFinished(*job);
    names.push_back(job->name());
  }
  EXPECT_EQ(ReasonOf(scheduler->Find(names[0]).status()), "TUNING_NOT_FOUND");
  EXPECT_TRUE(scheduler->Find(names[3]).ok());
}

TEST_F(SchedulerTest, ObserversSeeProgressAndTheEnd) {
  const auto scheduler = Make();
  const auto job = *scheduler->Create(RequestFor(1), "", kUnknownUser);
  absl::Notification ended;
  job->Observe([&] {
    if (job->finished() && !ended.HasBeenNotified()) ended.Notify();
  });
  tuning_.AwaitBegun(1);
  EXPECT_EQ(job->Snapshot().state(), v1::WORK_STATE_RUNNING);
  EXPECT_EQ(job->Snapshot().progress().fraction(), 0.5);
  tuning_.LetGo();
  ended.WaitForNotification();
  EXPECT_EQ(job->Snapshot().compiled(), 64);
  bool called = false;
  job->Observe([&] { called = true; });
  EXPECT_TRUE(called) << "who comes late must not wait for ever";
}

TEST_F(SchedulerTest, StopEndsEverything) {
  auto scheduler = Make();
  const auto running = *scheduler->Create(RequestFor(1), "", kUnknownUser);
  const auto queued = *scheduler->Create(RequestFor(2), "", kUnknownUser);
  tuning_.AwaitBegun(1);
  scheduler->Stop();
  EXPECT_EQ(running->Snapshot().state(), v1::WORK_STATE_CANCELLED);
  EXPECT_EQ(queued->Snapshot().state(), v1::WORK_STATE_CANCELLED);
  EXPECT_EQ(ReasonOf(scheduler->Wait(RequestFor(3), Interest::kWaiting, kUnknownUser).status()),
            "SERVER_STOPPING");
}

}  // namespace
}  // namespace tilewright
