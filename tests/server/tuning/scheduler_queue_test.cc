// Who gets the places of the queue, and who is next.
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "proto/support/errors.h"
#include "tests/server/tuning/scheduler_fixture.h"

namespace tilewright {
namespace {

using Interest = Scheduler::Interest;

TEST_F(SchedulerTest, AFullQueueSaysWhenToComeBack) {
  const auto scheduler = Make({.devices = 1, .max_queue = 2});
  const auto running = *scheduler->Wait(RequestFor(1), Interest::kWaiting, kUnknownUser);
  tuning_.AwaitBegun(1);
  const auto second = *scheduler->Wait(RequestFor(2), Interest::kWaiting, kUnknownUser);
  const auto third = *scheduler->Wait(RequestFor(3), Interest::kWaiting, kUnknownUser);
  const auto refused = scheduler->Wait(RequestFor(4), Interest::kWaiting, kUnknownUser);
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kResourceExhausted);
  const auto info = ErrorInfoOf(refused.status());
  ASSERT_TRUE(info.has_value());
  EXPECT_EQ(info->reason(), "QUEUE_FULL");
  EXPECT_GT(std::stoi(info->metadata().at("retry_delay_ms")), 0);
  // Joining what is queued needs no room.
  EXPECT_TRUE(scheduler->Wait(RequestFor(3), Interest::kWaiting, kUnknownUser).ok());
}

TEST_F(SchedulerTest, BackgroundWorkLeavesHalfTheQueueToCallers) {
  const auto scheduler = Make({.devices = 1, .max_queue = 4});
  const auto running = *scheduler->Wait(RequestFor(1), Interest::kWaiting, kUnknownUser);
  tuning_.AwaitBegun(1);
  EXPECT_NE(scheduler->TryBackground(RequestFor(2)), nullptr);
  EXPECT_NE(scheduler->TryBackground(RequestFor(3)), nullptr);
  EXPECT_EQ(scheduler->TryBackground(RequestFor(4)), nullptr);
  EXPECT_TRUE(scheduler->Wait(RequestFor(5), Interest::kWaiting, kUnknownUser).ok());
}

TEST_F(SchedulerTest, WaitingCallersAreServedBeforeTheBackground) {
  const auto scheduler = Make();
  const auto running = *scheduler->Wait(RequestFor(1), Interest::kWaiting, kUnknownUser);
  tuning_.AwaitBegun(1);
  scheduler->TryBackground(RequestFor(2));
  const auto sweep = *scheduler->Wait(RequestFor(3), Interest::kSweep, kUnknownUser);
  ASSERT_TRUE(scheduler->Create(RequestFor(4), "", kUnknownUser).ok());
  const auto waiting = *scheduler->Wait(RequestFor(5), Interest::kWaiting, kUnknownUser);
  // A background tuning that somebody comes to wait for moves up.
  scheduler->TryBackground(RequestFor(6));
  const auto upgraded = *scheduler->Wait(RequestFor(6), Interest::kWaiting, kUnknownUser);
  tuning_.LetGo();
  tuning_.AwaitBegun(6);
  EXPECT_EQ(tuning_.begun(), (std::vector<int64_t>{1, 5, 6, 4, 3, 2}));
}

// 258 callers with deadlines of a millisecond held the queue for 70 s.
TEST_F(SchedulerTest, CallersThatAreGoneDoNotHoldTheQueue) {
  const auto scheduler = Make({.devices = 1, .max_queue = 8});
  const auto running = *scheduler->Wait(RequestFor(1), Interest::kWaiting, kUnknownUser);
  tuning_.AwaitBegun(1);
  int left_behind = 0;
  for (int m = 2; m <= 40; ++m) {
    auto ticket = scheduler->Wait(RequestFor(m), Interest::kWaiting, kUnknownUser);
    ASSERT_TRUE(ticket.ok()) << m << ": " << ticket.status();
    const auto job = ticket->job();
    if (ticket->LeaveRunning()) {
      ++left_behind;
      EXPECT_FALSE(job->finished());
    } else {
      EXPECT_EQ(job->Snapshot().state(), v1::WORK_STATE_CANCELLED);
    }
  }
  EXPECT_EQ(left_behind, 4) << "half of the queue";
  EXPECT_EQ(scheduler->queued(), 4u);
  const auto waiting = *scheduler->Wait(RequestFor(100), Interest::kWaiting, kUnknownUser);
  tuning_.LetGo();
  tuning_.AwaitBegun(2);
  EXPECT_EQ(tuning_.begun()[1], 100);
}

TEST_F(SchedulerTest, WorkThatOthersWaitForStaysWhenACallerLeaves) {
  const auto scheduler = Make({.devices = 1, .max_queue = 2});
  const auto running = *scheduler->Wait(RequestFor(1), Interest::kWaiting, kUnknownUser);
  tuning_.AwaitBegun(1);
  ASSERT_NE(scheduler->TryBackground(RequestFor(2)), nullptr);
  auto first = *scheduler->Wait(RequestFor(3), Interest::kWaiting, kUnknownUser);
  const auto second = *scheduler->Wait(RequestFor(3), Interest::kWaiting, kUnknownUser);
  EXPECT_TRUE(first.LeaveRunning());
  EXPECT_FALSE(second.job()->finished());
}

TEST_F(SchedulerTest, TheBackgroundYieldsToWhoeverWaits) {
  const auto scheduler = Make({.devices = 1, .max_queue = 4});
  const auto running = *scheduler->Wait(RequestFor(1), Interest::kWaiting, kUnknownUser);
  tuning_.AwaitBegun(1);
  const auto kept = scheduler->TryBackground(RequestFor(2));
  const auto youngest = scheduler->TryBackground(RequestFor(3));
  const auto a = *scheduler->Wait(RequestFor(4), Interest::kWaiting, 1);
  const auto b = *scheduler->Wait(RequestFor(5), Interest::kWaiting, 2);
  const auto c = scheduler->Wait(RequestFor(6), Interest::kWaiting, 3);
  ASSERT_TRUE(c.ok()) << c.status();
  EXPECT_TRUE(youngest->finished());
  EXPECT_EQ(youngest->Snapshot().error_reason(), "YIELDED");
  EXPECT_FALSE(kept->finished());
  EXPECT_EQ(scheduler->counters().yielded, 1);
  EXPECT_EQ(scheduler->queued(), 4u);
}

TEST_F(SchedulerTest, NoUserHasTheWholeQueue) {
  const auto scheduler = Make({.devices = 1, .max_queue = 8});
  const auto running = *scheduler->Wait(RequestFor(1), Interest::kWaiting, 1);
  tuning_.AwaitBegun(1);
  std::vector<Scheduler::Ticket> tickets;
  for (int m = 2; m <= 7; ++m) {
    auto ticket = scheduler->Wait(RequestFor(m), Interest::kWaiting, 1);
    ASSERT_TRUE(ticket.ok()) << m;
    tickets.push_back(*std::move(ticket));
  }
  const auto refused = scheduler->Wait(RequestFor(8), Interest::kWaiting, 1);
  EXPECT_EQ(ReasonOf(refused.status()), "QUEUE_FULL");
  EXPECT_TRUE(ErrorInfoOf(refused.status())->metadata().contains("retry_delay_ms"));
  const auto other = *scheduler->Wait(RequestFor(9), Interest::kWaiting, 2);
  // And who has been served less is next.
  tuning_.LetGo();
  tuning_.AwaitBegun(2);
  EXPECT_EQ(tuning_.begun()[1], 9);
  for (const auto& ticket : tickets) AwaitFinished(*ticket.job());
  EXPECT_TRUE(scheduler->Wait(RequestFor(10), Interest::kWaiting, 1).ok()) << "places come back";
}

// Who watched it waited for ever.
TEST_F(SchedulerTest, WorkThatMadeRoomEndsThoughTheRoomDoesNotSuffice) {
  const auto scheduler = Make({.devices = 1, .max_queue = 2});
  const auto running = *scheduler->Wait(RequestFor(1), Interest::kWaiting, kUnknownUser);
  tuning_.AwaitBegun(1);
  // What was let in before is queued again beyond the limit.
  for (int m = 2; m <= 4; ++m) scheduler->TuneAgain(RequestFor(m));
  const auto youngest = scheduler->TryBackground(RequestFor(4));
  ASSERT_NE(youngest, nullptr);
  EXPECT_EQ(ReasonOf(scheduler->Create(RequestFor(5), "", 7).status()), "QUEUE_FULL");
  EXPECT_TRUE(youngest->finished());
  EXPECT_EQ(youngest->Snapshot().error_reason(), "YIELDED");
}

}  // namespace
}  // namespace tilewright
