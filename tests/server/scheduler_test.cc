#include "server/scheduler.h"

#include <map>
#include <thread>
#include <vector>

#include "absl/synchronization/notification.h"
#include "gtest/gtest.h"
#include "proto/support/errors.h"
#include "server/unknown_user.h"
#include "tests/fakes/fake_clock.h"
#include "tests/server/winner_fixture.h"
#include "tuner/problem/canonical_problem.h"

namespace tilewright {
namespace {

using Interest = Scheduler::Interest;

// Tunings that wait until they are let go, and tell what was done.
class FakeTuning {
 public:
  Scheduler::TuneFunction Function() {
    return [this](const TuneRequest& request, const Cancellation& cancellation,
                  const ProgressSink& progress) { return Tune(request, cancellation, progress); };
  }

  void LetGo() {
    absl::MutexLock lock(&mutex_);
    held_ = false;
  }

  void Fail(absl::Status status) {
    absl::MutexLock lock(&mutex_);
    failure_ = std::move(status);
  }

  // The next `count` tunings lose workers; `found`: they have a winner all the same.
  void LoseWorkers(int count, bool found) {
    absl::MutexLock lock(&mutex_);
    losses_ = count;
    found_ = found;
  }

  // Whether the last tuning was to be done whatever is stored.
  bool forced() {
    absl::MutexLock lock(&mutex_);
    return forced_;
  }

  // m of the problems whose tuning has begun, in order.
  std::vector<int64_t> begun() {
    absl::MutexLock lock(&mutex_);
    return begun_;
  }

  void AwaitBegun(std::size_t count) {
    absl::MutexLock lock(&mutex_);
    const auto enough = [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
      return begun_.size() >= count;
    };
    mutex_.Await(absl::Condition(&enough));
  }

 private:
  absl::StatusOr<TuneResult> Tune(const TuneRequest& request, const Cancellation& cancellation,
                                  const ProgressSink& progress) {
    v1::TuningProgress half;
    half.set_fraction(0.5);
    progress(half);
    absl::MutexLock lock(&mutex_);
    begun_.push_back(request.problem.gemm().m());
    const auto free = [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return !held_; };
    while (!mutex_.AwaitWithTimeout(absl::Condition(&free), absl::Milliseconds(1))) {
      if (cancellation.IsCancelled()) return absl::CancelledError("cancelled");
    }
    if (!failure_.ok()) return failure_;
    forced_ = request.options.force();
    TuneResult result;
    result.worker_lost = losses_-- > 0;
    if (result.worker_lost && !found_) return WorkerLost("killed");
    *result.winner.winner.mutable_problem() = request.problem;
    result.compiled = 64;
    return result;
  }

  absl::Mutex mutex_;
  bool held_ ABSL_GUARDED_BY(mutex_) = true;
  absl::Status failure_ ABSL_GUARDED_BY(mutex_);
  std::vector<int64_t> begun_ ABSL_GUARDED_BY(mutex_);
  int losses_ ABSL_GUARDED_BY(mutex_) = 0;
  bool found_ ABSL_GUARDED_BY(mutex_) = false;
  bool forced_ ABSL_GUARDED_BY(mutex_) = false;
};

TuneRequest RequestFor(int64_t m, int device = 0) {
  TuneRequest request;
  request.problem = *Canonicalize(GemmProblemOf(m, 256, 256));
  request.target.mutable_silicon()->set_compute_capability(90);
  request.device_ordinal = device;
  return request;
}

void AwaitFinished(const TuningJob& job) {
  while (!job.finished()) absl::SleepFor(absl::Milliseconds(1));
}

class SchedulerTest : public ::testing::Test {
 protected:
  ~SchedulerTest() override { tuning_.LetGo(); }

  std::unique_ptr<Scheduler> Make(Scheduler::Options options = {.devices = 1}) {
    return std::make_unique<Scheduler>(options, tuning_.Function(), clock_);
  }

  FakeClock clock_;
  FakeTuning tuning_;
};

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
  while (scheduler->running() + scheduler->queued() > 0) absl::SleepFor(absl::Milliseconds(1));
  EXPECT_EQ(tuning_.begun().size(), 1u);
}

void AwaitIdle(const Scheduler& scheduler) {
  while (scheduler.running() + scheduler.queued() > 0) absl::SleepFor(absl::Milliseconds(1));
}

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
  while (scheduler->running() + scheduler->queued() > 0) absl::SleepFor(absl::Milliseconds(1));
  clock_.Advance(absl::Minutes(11));
  EXPECT_NE(scheduler->TryBackground(RequestFor(1)), nullptr);
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
