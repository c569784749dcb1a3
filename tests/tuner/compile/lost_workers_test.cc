// Whose fault it is that a compile worker ended: the job's, or nobody's here.
#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/support/errors.h"
#include "proto/support/steady_time.h"
#include "tests/fakes/stepping_clock.h"
#include "tests/tuner/compile/pool_test_support.h"

namespace tilewright {
namespace {

using ::testing::HasSubstr;

// With a pool of one worker, and the count that "crash 1" needs: see compile_worker_modes.cc.
class LostWorkersTest : public ::testing::Test {
 protected:
  LostWorkersTest() {
    close(mkstemp(count_path_));
    ResetCount();
    setenv("TILEWRIGHT_TEST_COUNT", count_path_, 1);
  }

  ~LostWorkersTest() override {
    unsetenv("TILEWRIGHT_TEST_COUNT");
    unlink(count_path_);
    StepWallClock(absl::ZeroDuration());
  }

  static std::unique_ptr<ProcessPoolCompiler> MakeScriptedPool(
      absl::Duration deadline = absl::Seconds(20)) {
    ProcessPoolCompiler::Options options;
    options.workers = 1;
    options.deadline = deadline;
    options.memory_limit_bytes = std::int64_t{512} << 20;
    return MakePool(options, "scripted");
  }

  // No worker has done yet what the first ones are told to do.
  void ResetCount() {
    const int fd = open(count_path_, O_WRONLY | O_CLOEXEC);
    EXPECT_EQ(write(fd, "\0\0\0\0", 4), 4);
    close(fd);
  }

  // What comes of `order` between two good jobs.
  PoolRun Run(const std::string& order) {
    const auto pool = MakeScriptedPool();
    PoolRun run = RunJobs(*pool, {{"ok", "sm_80", {}}, {order, "sm_80", {}}, {"ok", "sm_80", {}}});
    EXPECT_TRUE(run.status.ok()) << run.status;
    EXPECT_EQ(run.outcomes.size(), 3u);
    EXPECT_NE(run.Cubin(0), "");
    EXPECT_NE(run.Cubin(2), "");
    return run;
  }

  char count_path_[64] = "/tmp/tilewright-lost-workers-XXXXXX";
};

// Memory pressure kills workers, and the best candidates used to be marked for it.
TEST_F(LostWorkersTest, AJobWhoseWorkerIsLostOnceIsCompiledInTheEnd) {
  for (const std::string how : {"killed", "terminated", "stopped", "closes"}) {
    ResetCount();
    const PoolRun run = Run(how + " 1");
    EXPECT_NE(run.Cubin(1), "") << how << ": " << run.Failed(1).message();
  }
}

TEST_F(LostWorkersTest, AJobWhoseWorkersAreLostTwiceIsDeferred) {
  for (const std::string how : {"killed", "terminated", "stopped", "closes"}) {
    const v1::Failure failure = Run(how).Failed(1);
    EXPECT_EQ(failure.kind(), v1::FAILURE_KIND_DEFERRED) << how << ": " << failure.message();
    EXPECT_THAT(failure.message(), HasSubstr("the compile worker was lost")) << how;
  }
}

TEST_F(LostWorkersTest, ACrashOrALimitIsAVerdictOnlyWhenItRepeats) {
  for (const std::string how : {"crash", "exit", "memory", "garbage"}) {
    ResetCount();
    EXPECT_NE(Run(how + " 1").Cubin(1), "") << how;
    ResetCount();
    const v1::Failure failure = Run(how + " 2").Failed(1);
    EXPECT_NE(failure.kind(), v1::FAILURE_KIND_UNSPECIFIED) << how;
    EXPECT_NE(failure.kind(), v1::FAILURE_KIND_DEFERRED) << how;
  }
}

TEST_F(LostWorkersTest, AStoppedWorkerIsNoticedWithinSeconds) {
  const SteadyTime start = SteadyTime::Now();
  EXPECT_NE(Run("stopped 1").Cubin(1), "");
  EXPECT_LT(SteadyTime::Now() - start, absl::Seconds(5)) << "of a deadline of 20 s";
}

// A step by two hours used to be a compile of two hours.
TEST_F(LostWorkersTest, AStepOfTheWallClockChangesNothing) {
  for (const absl::Duration step : {absl::Hours(2), -absl::Hours(2)}) {
    StepWallClock(absl::ZeroDuration());
    const auto pool = MakeScriptedPool();
    std::thread stepping([&] {
      absl::SleepFor(absl::Milliseconds(300));
      StepWallClock(step);
    });
    const PoolRun run = RunJobs(*pool, std::vector<CompileJob>(20, {"slow", "sm_80", {}}));
    stepping.join();
    ASSERT_TRUE(run.status.ok()) << run.status;
    for (std::size_t i = 0; i < 20; ++i) EXPECT_NE(run.Cubin(i), "") << run.Failed(i).message();
    // Waits that begin after the step end in time as well.
    EXPECT_NE(RunJobs(*pool, {{"ok", "sm_80", {}}}).Cubin(0), "");
  }
}

TEST_F(LostWorkersTest, WorkersLostAsTheyStartAreAnErrorOfTheirOwn) {
  const auto pool = MakePool({.workers = 1}, "lost");
  const PoolRun run = RunJobs(*pool, {{"ok", "sm_80", {}}});
  EXPECT_EQ(ReasonOf(run.status), "WORKER_LOST") << run.status;
}

// Every candidate would fail, and each would look like its own fault.
TEST_F(LostWorkersTest, AWorkerThatCannotCompileInItsFilterJudgesNothing) {
  const auto pool = MakePool({.workers = 1}, "useless");
  const PoolRun run = RunJobs(*pool, {{"ok", "sm_80", {}}});
  EXPECT_EQ(ReasonOf(run.status), "COMPILE_WORKER_FAILED") << run.status;
  EXPECT_THAT(std::string(run.status.message()), HasSubstr("41 (socket)"));
  EXPECT_TRUE(run.outcomes.empty());
}

TEST_F(LostWorkersTest, NeitherAQuestionNorAnEndWaitsForALibraryThatHangs) {
  auto pool = MakePool({.workers = 1}, "hangs");
  std::thread stopping([&] {
    absl::SleepFor(absl::Milliseconds(200));
    pool->StopAsking();
  });
  const SteadyTime start = SteadyTime::Now();
  EXPECT_FALSE(pool->Library().found());
  EXPECT_FALSE(pool->KnowsLibrary());
  stopping.join();
  pool.reset();
  EXPECT_LT(SteadyTime::Now() - start, absl::Seconds(5)) << "of 20 s for a start";
}

}  // namespace
}  // namespace tilewright
