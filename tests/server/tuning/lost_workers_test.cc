// What callers see of tunings whose workers are lost.
#include <memory>
#include <string>

#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/support/errors.h"
#include "proto/support/steady_time.h"
#include "tests/server/test_daemon.h"

namespace tilewright {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kTarget[] = "h100-sxm";

// The first `count` compiles are lost.
void LoseCompiles(TestDaemon& daemon, int count) {
  daemon.compiler.SetBehaviour(
      [count, seen = std::make_shared<int>(0)](const CompileJob& job) -> CompileOutcome {
        if ((*seen)++ >= count) return FakeCompiler::CodeFor(job);
        return FakeCompiler::Failed(v1::FAILURE_KIND_DEFERRED, "lost: SIGKILL");
      });
}

// Why the only winner won, once it is the `count`-th that was stored.
std::string ReasonOfWinner(ServiceClient& client, int64_t count) {
  const SteadyTime end = SteadyTime::Now() + absl::Seconds(20);
  while (SteadyTime::Now() < end) {
    const auto list = client.List({});
    if (list.ok() && list->winners_size() == 1 && list->winners(0).epoch() == count) {
      return list->winners(0).reason();
    }
    absl::SleepFor(absl::Milliseconds(1));
  }
  ADD_FAILURE() << "no winner of epoch " << count;
  return "";
}

// The slower winner used to stay for good.
TEST(LostWorkers, ATuningIsServedAndMadeAgainInTheBackground) {
  TestDaemon daemon(1);
  LoseCompiles(daemon, 1);
  ServiceClient client = daemon.Connect();
  const auto answer = client.Get(RequestOf(4096, v1::LOOKUP_MODE_WAIT_TUNED));
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_THAT(ReasonOfWinner(client, 2), Not(HasSubstr("could not be tried")));
}

TEST(LostWorkers, APredictionForANamedTargetIsMadeAgainToo) {
  TestDaemon daemon(0);
  LoseCompiles(daemon, 1);
  ServiceClient client = daemon.Connect();
  const auto answer = client.Get(RequestOf(4096, v1::LOOKUP_MODE_BEST_AVAILABLE, kTarget));
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_THAT(ReasonOfWinner(client, 2), Not(HasSubstr("could not be tried")));
}

TEST(LostWorkers, WorkersThatAreLostForEverAreSaid) {
  TestDaemon daemon(1);
  LoseCompiles(daemon, 1000000);
  ServiceClient client = daemon.Connect();
  const auto answer = client.Get(RequestOf(4096, v1::LOOKUP_MODE_WAIT_TUNED));
  EXPECT_EQ(answer.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ReasonOf(answer.status()), "WORKER_LOST");
}

}  // namespace
}  // namespace tilewright
