#include "tuner/worker/worker_process.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "google/protobuf/wrappers.pb.h"
#include "gtest/gtest.h"

namespace tilewright {
namespace {

using google::protobuf::StringValue;
using ::testing::HasSubstr;

constexpr absl::Duration kPatience = absl::Seconds(20);

std::unique_ptr<WorkerProcess> StartMode(const std::string& mode) {
  auto worker = WorkerProcess::Start("", {absl::StrCat("--worker=", mode)});
  EXPECT_TRUE(worker.ok()) << worker.status();
  return worker.ok() ? *std::move(worker) : nullptr;
}

std::string ReceiveText(WorkerProcess& worker) {
  StringValue message;
  const absl::Status status = worker.Receive(SteadyTime::Now() + kPatience, &message);
  EXPECT_TRUE(status.ok()) << status;
  return message.value();
}

std::string Ask(WorkerProcess& worker, const std::string& text) {
  StringValue message;
  message.set_value(text);
  EXPECT_TRUE(worker.Send(message).ok());
  return ReceiveText(worker);
}

TEST(WorkerProcessTest, RunsThisBinaryAgainAndTalks) {
  const auto worker = StartMode("echo");
  EXPECT_EQ(Ask(*worker, "one"), "one");
  EXPECT_EQ(Ask(*worker, "two"), "two");
  EXPECT_EQ(worker->KillAndDescribe(), "killed by signal 9 (SIGKILL)");
  EXPECT_EQ(worker->KillAndDescribe(), "killed by signal 9 (SIGKILL)");
}

TEST(WorkerProcessTest, SaysHowAWorkerEnded) {
  StringValue message;
  const auto crashed = StartMode("crash");
  EXPECT_EQ(crashed->Receive(SteadyTime::Now() + kPatience, &message).code(),
            absl::StatusCode::kUnavailable);
  EXPECT_EQ(crashed->KillAndDescribe(), "killed by signal 11 (SIGSEGV)");
  const auto left = StartMode("exit");
  EXPECT_EQ(left->Receive(SteadyTime::Now() + kPatience, &message).code(),
            absl::StatusCode::kUnavailable);
  EXPECT_EQ(left->KillAndDescribe(), "exited with 3");
}

TEST(WorkerProcessTest, AWorkerThatHangsMissesTheDeadline) {
  const auto worker = StartMode("hang");
  StringValue message;
  EXPECT_EQ(worker->Receive(SteadyTime::Now() + absl::Milliseconds(100), &message).code(),
            absl::StatusCode::kDeadlineExceeded);
}

// It would not answer for as long as somebody pleases: a deadline of minutes would be its end.
TEST(WorkerProcessTest, AStoppedWorkerIsNoticedWithinSeconds) {
  const auto worker = StartMode("echo");
  EXPECT_EQ(Ask(*worker, "one"), "one");
  EXPECT_FALSE(worker->IsStopped());
  kill(worker->pid(), SIGSTOP);
  const SteadyTime begin = SteadyTime::Now();
  StringValue message;
  EXPECT_EQ(worker->Receive(begin + kPatience, &message).code(), absl::StatusCode::kUnavailable);
  EXPECT_LT(SteadyTime::Now() - begin, absl::Seconds(5));
  EXPECT_EQ(worker->KillAndDescribe(), "was stopped by a signal");
  EXPECT_FALSE(worker->EndedByItself());
}

TEST(WorkerProcessTest, AWorkerThatGoesOnIsNotStopped) {
  const auto worker = StartMode("echo");
  EXPECT_EQ(Ask(*worker, "one"), "one");
  kill(worker->pid(), SIGSTOP);
  while (!worker->IsStopped()) absl::SleepFor(absl::Milliseconds(1));
  EXPECT_TRUE(worker->IsStopped()) << "however often it is asked";
  kill(worker->pid(), SIGCONT);
  while (worker->IsStopped()) absl::SleepFor(absl::Milliseconds(1));
  EXPECT_EQ(Ask(*worker, "two"), "two");
}

TEST(WorkerProcessTest, KnowsWhetherAWorkerEndedByItsOwnDoing) {
  StringValue message;
  for (const char* mode : {"crash", "exit"}) {
    const auto worker = StartMode(mode);
    worker->Receive(SteadyTime::Now() + kPatience, &message).IgnoreError();
    worker->KillAndDescribe();
    EXPECT_TRUE(worker->EndedByItself()) << mode;
  }
  for (const int signal_number : {SIGKILL, SIGTERM, SIGHUP}) {
    const auto worker = StartMode("echo");
    EXPECT_EQ(Ask(*worker, "one"), "one");
    kill(worker->pid(), signal_number);
    worker->Receive(SteadyTime::Now() + kPatience, &message).IgnoreError();
    worker->KillAndDescribe();
    EXPECT_FALSE(worker->EndedByItself()) << signal_number;
  }
  const auto cut_off = StartMode("echo");
  cut_off->KillAndDescribe();
  EXPECT_FALSE(cut_off->EndedByItself()) << "it was still there";
}

TEST(WorkerProcessTest, AWaitEndsWhenItsCheckSaysSo) {
  const auto worker = StartMode("hang");
  StringValue message;
  const SteadyTime begin = SteadyTime::Now();
  EXPECT_EQ(
      worker->Receive(begin + kPatience, &message, [] { return absl::CancelledError("given up"); })
          .code(),
      absl::StatusCode::kCancelled);
  EXPECT_LT(SteadyTime::Now() - begin, absl::Seconds(5));
}

TEST(WorkerProcessTest, AMissingExecutableIsAnError) {
  const auto worker = WorkerProcess::Start("/nonexistent/worker", {});
  EXPECT_EQ(worker.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(worker.status().message()), HasSubstr("No such file"));
}

TEST(WorkerProcessTest, InheritsNothingButItsSocket) {
  // Deliberately without O_CLOEXEC, as a library might open it.
  const int leaked = open("/dev/null", O_RDONLY);
  ASSERT_GE(leaked, 0);
  signal(SIGPIPE, SIG_IGN);
  sigset_t mask;
  sigemptyset(&mask);
  sigaddset(&mask, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &mask, nullptr);
  const auto worker = StartMode("facts");
  pthread_sigmask(SIG_UNBLOCK, &mask, nullptr);
  signal(SIGPIPE, SIG_DFL);
  close(leaked);
  EXPECT_EQ(ReceiveText(*worker), "files 0 1 2 3; leads group 1; blocked 0; ignored 0");
}

// PR_SET_PDEATHSIG fires at the end of the thread that forked, not of the process.
TEST(WorkerProcessTest, AWorkerOutlivesTheThreadThatStartedIt) {
  std::unique_ptr<WorkerProcess> worker;
  std::thread([&] { worker = StartMode("echo"); }).join();
  absl::SleepFor(absl::Milliseconds(50));
  EXPECT_EQ(Ask(*worker, "still here"), "still here");
}

TEST(WorkerProcessTest, AWorkerDiesWithItsParent) {
  const auto parent = StartMode("grandchild");
  const pid_t grandchild = std::atoi(ReceiveText(*parent).c_str());
  ASSERT_GT(grandchild, 0);
  ASSERT_EQ(kill(grandchild, 0), 0);
  // The parent alone: the grandchild leads a group of its own.
  parent->KillAndDescribe();
  const SteadyTime give_up = SteadyTime::Now() + kPatience;
  const std::string stat_path = absl::StrCat("/proc/", grandchild, "/fd/3");
  while (access(stat_path.c_str(), F_OK) == 0 && SteadyTime::Now() < give_up) {
    absl::SleepFor(absl::Milliseconds(5));
  }
  EXPECT_NE(access(stat_path.c_str(), F_OK), 0) << "the grandchild lives on";
}

TEST(WorkerProcessTest, ManyThreadsMayStartWorkers) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([i] {
      const auto worker = StartMode("echo");
      EXPECT_EQ(Ask(*worker, absl::StrCat(i)), absl::StrCat(i));
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST(WorkerLimitsTest, CpuTime) {
  const auto worker = StartMode("cpu");
  StringValue message;
  EXPECT_EQ(worker->Receive(SteadyTime::Now() + kPatience, &message).code(),
            absl::StatusCode::kUnavailable);
  EXPECT_EQ(worker->KillAndDescribe(), "killed by signal 24 (SIGXCPU)");
}

TEST(WorkerLimitsTest, FileSize) {
  const auto worker = StartMode("file");
  EXPECT_EQ(ReceiveText(*worker), "File too large");
}

#ifndef __SANITIZE_ADDRESS__  // Under which address space is not limited.
TEST(WorkerLimitsTest, AddressSpace) {
  const auto worker = StartMode("memory");
  EXPECT_EQ(ReceiveText(*worker), "refused");
}
#endif

}  // namespace
}  // namespace tilewright
