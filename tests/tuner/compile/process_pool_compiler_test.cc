// The pool and its supervision, with workers that do what a job tells them to.
#include "tuner/compile/process_pool_compiler.h"

#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/support/errors.h"
#include "tests/tuner/compile/pool_test_support.h"

namespace tilewright {
namespace {

using ::testing::HasSubstr;

std::unique_ptr<ProcessPoolCompiler> MakeScriptedPool(int workers) {
  ProcessPoolCompiler::Options options;
  options.workers = workers;
  options.deadline = absl::Seconds(20);
  options.memory_limit_bytes = std::int64_t{512} << 20;
  return MakePool(options, "scripted");
}

std::vector<CompileJob> Jobs(const std::vector<std::string>& orders) {
  std::vector<CompileJob> jobs;
  for (const std::string& order : orders) jobs.push_back({order, "sm_80", {}});
  return jobs;
}

// `order` between two good jobs on one worker: what became of it, once the neighbours are
// seen to be sound.
v1::Failure FailureOf(const std::string& order, ProcessPoolCompiler& pool) {
  const PoolRun run = RunJobs(pool, Jobs({"ok", order, "ok"}));
  EXPECT_TRUE(run.status.ok()) << run.status;
  EXPECT_EQ(run.outcomes.size(), 3u);
  EXPECT_NE(run.Cubin(0), "");
  EXPECT_NE(run.Cubin(2), "");
  return run.Failed(1);
}

TEST(ProcessPoolTest, KeepsAWorkerWarm) {
  const auto pool = MakeScriptedPool(3);
  const PoolRun first = RunJobs(*pool, Jobs({"ok"}));
  for (int i = 0; i < 5; ++i) EXPECT_EQ(RunJobs(*pool, Jobs({"ok"})).Cubin(0), first.Cubin(0));
}

TEST(ProcessPoolTest, SpreadsJobsOverWorkers) {
  const auto pool = MakeScriptedPool(4);
  const PoolRun run = RunJobs(*pool, Jobs(std::vector<std::string>(16, "slow")));
  ASSERT_TRUE(run.status.ok());
  ASSERT_EQ(run.outcomes.size(), 16u);
  std::set<std::string> workers;
  for (std::size_t i = 0; i < 16; ++i) workers.insert(run.Cubin(i));
  EXPECT_EQ(workers.size(), 4u);
}

TEST(ProcessPoolTest, NoJobsNoWork) {
  const auto pool = MakeScriptedPool(1);
  EXPECT_TRUE(RunJobs(*pool, {}).status.ok());
}

TEST(ProcessPoolTest, AFailureIsAnOutcome) {
  const auto pool = MakeScriptedPool(1);
  const v1::Failure failure = FailureOf("error", *pool);
  EXPECT_EQ(failure.kind(), v1::FAILURE_KIND_COMPILE_ERROR);
  EXPECT_EQ(failure.message(), "told to fail");
}

TEST(ProcessPoolTest, ACrashCostsOneJob) {
  const auto pool = MakeScriptedPool(1);
  const v1::Failure failure = FailureOf("crash", *pool);
  EXPECT_EQ(failure.kind(), v1::FAILURE_KIND_COMPILE_ERROR);
  EXPECT_THAT(failure.message(), HasSubstr("SIGSEGV"));
  EXPECT_THAT(FailureOf("exit", *pool).message(), HasSubstr("exited with 3"));
}

TEST(ProcessPoolTest, AHangCostsOneJob) {
  ProcessPoolCompiler::Options options;
  options.workers = 1;
  options.deadline = absl::Milliseconds(300);
  const auto pool = MakePool(options, "scripted");
  const v1::Failure failure = FailureOf("hang", *pool);
  EXPECT_EQ(failure.kind(), v1::FAILURE_KIND_RESOURCE_LIMIT);
  EXPECT_EQ(failure.message(), "compiling took longer than 300ms");
}

TEST(ProcessPoolTest, GarbageCostsOneJob) {
  const auto pool = MakeScriptedPool(1);
  for (const char* order : {"garbage", "endless", "empty"}) {
    const v1::Failure failure = FailureOf(order, *pool);
    EXPECT_EQ(failure.kind(), v1::FAILURE_KIND_COMPILE_ERROR) << order;
    EXPECT_THAT(failure.message(), HasSubstr("the compile worker failed")) << order;
  }
}

TEST(ProcessPoolTest, CpuTimeIsLimitedForEachJob) {
  ProcessPoolCompiler::Options options;
  options.workers = 1;
  options.cpu_seconds = 1;
  const auto pool = MakePool(options, "scripted");
  const v1::Failure failure = FailureOf("spin", *pool);
  EXPECT_EQ(failure.kind(), v1::FAILURE_KIND_RESOURCE_LIMIT);
  EXPECT_THAT(failure.message(), HasSubstr("SIGXCPU"));
}

// Beside builds on every core a nice worker was given up after 30 s of wall-clock, before it had
// its CPU time.
TEST(ProcessPoolTest, CpuTimeRunsOutFirstOnABusyMachine) {
  const ProcessPoolCompiler::Options options;
  EXPECT_GE(options.deadline, 10 * absl::Seconds(options.cpu_seconds));
}

#ifndef __SANITIZE_ADDRESS__  // Under which address space is not limited.
TEST(ProcessPoolTest, ACrashForLackOfMemoryIsToldFromOthers) {
  const auto pool = MakeScriptedPool(1);
  const v1::Failure failure = FailureOf("memory", *pool);
  EXPECT_EQ(failure.kind(), v1::FAILURE_KIND_RESOURCE_LIMIT);
  EXPECT_EQ(failure.message(), "compiling needs more than 512 MiB of memory");
}
#endif

TEST(ProcessPoolTest, WorkersReachNoNetworkProgramsOrFiles) {
  const auto pool = MakeScriptedPool(1);
  EXPECT_EQ(RunJobs(*pool, Jobs({"sandbox"})).Cubin(0),
            "socket: Operation not permitted; exec: Operation not permitted; "
            "write: Operation not permitted");
}

TEST(ProcessPoolTest, AWorkerThatRetiresOrDiesBetweenJobsCostsNone) {
  const auto pool = MakeScriptedPool(1);
  std::set<std::string> workers;
  for (const char* order : {"retire", "exit after", "ok"}) {
    const PoolRun run = RunJobs(*pool, Jobs({order}));
    EXPECT_NE(run.Cubin(0), "") << order;
    workers.insert(run.Cubin(0));
    absl::SleepFor(absl::Milliseconds(100));
  }
  EXPECT_EQ(workers.size(), 3u);
}

TEST(ProcessPoolTest, AnIdleWorkerEnds) {
  ProcessPoolCompiler::Options options;
  options.workers = 1;
  options.idle_timeout = absl::Milliseconds(50);
  const auto pool = MakePool(options, "scripted");
  const std::string first = RunJobs(*pool, Jobs({"ok"})).Cubin(0);
  absl::SleepFor(absl::Milliseconds(400));
  EXPECT_NE(RunJobs(*pool, Jobs({"ok"})).Cubin(0), first);
}

TEST(ProcessPoolTest, CancellationEndsWhatIsUnderWayAndDropsTheRest) {
  const auto pool = MakeScriptedPool(1);
  Cancellation cancellation;
  std::thread canceller([&] {
    absl::SleepFor(absl::Milliseconds(200));
    cancellation.Cancel();
  });
  const absl::Time start = absl::Now();
  const PoolRun run = RunJobs(*pool, Jobs({"ok", "hang", "ok"}), cancellation);
  canceller.join();
  EXPECT_TRUE(absl::IsCancelled(run.status)) << run.status;
  EXPECT_EQ(run.order, std::vector<std::size_t>{0});
  EXPECT_LT(absl::Now() - start, absl::Seconds(10));
  EXPECT_NE(RunJobs(*pool, Jobs({"ok"})).Cubin(0), "");
}

TEST(ProcessPoolTest, ALongCallDoesNotKeepAShortOneWaiting) {
  const auto pool = MakeScriptedPool(1);
  Cancellation cancellation;
  PoolRun long_run;
  std::thread long_call([&] {
    long_run = RunJobs(*pool, Jobs(std::vector<std::string>(200, "slow")), cancellation);
  });
  absl::SleepFor(absl::Milliseconds(150));
  const absl::Time start = absl::Now();
  EXPECT_EQ(RunJobs(*pool, Jobs({"ok", "ok"})).outcomes.size(), 2u);
  EXPECT_LT(absl::Now() - start, absl::Seconds(5)) << "of 10 s of jobs in the queue before it";
  cancellation.Cancel();
  long_call.join();
  EXPECT_TRUE(absl::IsCancelled(long_run.status));
}

TEST(ProcessPoolTest, WithoutNvrtcItSaysWhereItLooked) {
  ProcessPoolCompiler::Options options;
  options.workers = 2;
  const auto pool = MakePool(options, "missing");
  for (int i = 0; i < 2; ++i) {  // From a worker, then from memory.
    const PoolRun run = RunJobs(*pool, Jobs({"ok", "ok"}));
    EXPECT_EQ(run.status.code(), absl::StatusCode::kUnavailable);
    EXPECT_EQ(ReasonOf(run.status), "NVRTC_NOT_FOUND");
    EXPECT_THAT(std::string(run.status.message()), HasSubstr("nowhere/libnvrtc.so"));
    EXPECT_TRUE(run.outcomes.empty());
  }
  EXPECT_FALSE(pool->Library().found());
  EXPECT_THAT(pool->Library().searched(), ::testing::ElementsAre("nowhere/libnvrtc.so"));
}

// "Searched: /opt/libnvrtc.so.13" alone helps nobody if that file is there.
TEST(ProcessPoolTest, ALibraryThatDoesNotLoadIsNamedWithTheLoadersReason) {
  const auto pool = MakePool({}, "unloadable");
  const v1::LibraryStatus library = pool->Library();
  EXPECT_FALSE(library.found());
  ASSERT_EQ(library.searched_size(), 1);
  EXPECT_THAT(library.searched(0), HasSubstr("/proc/self/status ("));
}

TEST(ProcessPoolTest, WorkersThatDoNotStartAreAnErrorOfTheCall) {
  ProcessPoolCompiler::Options options;
  options.workers = 2;
  const auto broken = MakePool(options, "broken");
  const PoolRun run = RunJobs(*broken, Jobs({"ok", "ok"}));
  EXPECT_EQ(ReasonOf(run.status), "COMPILE_WORKER_FAILED");
  EXPECT_THAT(std::string(run.status.message()), HasSubstr("exited with 7"));
  EXPECT_FALSE(broken->Library().found());
  options.executable = "/nonexistent/worker";
  const auto absent = MakePool(options, "scripted");
  EXPECT_EQ(ReasonOf(RunJobs(*absent, Jobs({"ok"})).status), "COMPILE_WORKER_FAILED");
}

TEST(ProcessPoolTest, LibraryAsksAWorkerOnce) {
  const auto pool = MakeScriptedPool(1);
  EXPECT_TRUE(pool->Library().found());
  EXPECT_EQ(pool->Library().version(), "13.0");
}

TEST(ProcessPoolTest, RefusesSenselessOptions) {
  ProcessPoolCompiler::Options options;
  options.workers = -1;
  EXPECT_EQ(ProcessPoolCompiler::Create(options).status().code(),
            absl::StatusCode::kInvalidArgument);
  options = {};
  options.deadline = absl::ZeroDuration();
  EXPECT_EQ(ProcessPoolCompiler::Create(options).status().code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace tilewright
