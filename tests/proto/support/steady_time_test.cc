#include "proto/support/steady_time.h"

#include <thread>

#include "absl/time/clock.h"
#include "gtest/gtest.h"
#include "proto/support/steady_mutex.h"
#include "tests/fakes/stepping_clock.h"

namespace tilewright {
namespace {

class SteadyTimeTest : public ::testing::Test {
 protected:
  ~SteadyTimeTest() override { StepWallClock(absl::ZeroDuration()); }
};

TEST_F(SteadyTimeTest, InfiniteTimesStayInfinite) {
  const SteadyTime now = SteadyTime::Now();
  EXPECT_EQ(SteadyTime::InfiniteFuture() - now, absl::InfiniteDuration());
  EXPECT_EQ(now - SteadyTime::InfinitePast(), absl::InfiniteDuration());
  EXPECT_EQ(now + absl::InfiniteDuration(), SteadyTime::InfiniteFuture());
  EXPECT_EQ(now + (SteadyTime::InfiniteFuture() - now) * 0.5, SteadyTime::InfiniteFuture());
  EXPECT_LT(now, SteadyTime::InfiniteFuture());
  EXPECT_GT(now, SteadyTime::InfinitePast());
}

TEST_F(SteadyTimeTest, StepsOfTheWallClockDoNotMoveIt) {
  const SteadyTime begin = SteadyTime::Now();
  const absl::Time wall = absl::Now();
  for (const absl::Duration step : {absl::Hours(2), -absl::Hours(2)}) {
    StepWallClock(step);
    ASSERT_GT(absl::AbsDuration(absl::Now() - wall), absl::Hours(1)) << "no step, no test";
    EXPECT_GE(SteadyTime::Now(), begin);
    EXPECT_LT(SteadyTime::Now() - begin, absl::Minutes(1));
  }
}

// The wait of absl::Mutex lasts two hours here.
TEST_F(SteadyTimeTest, AWaitLastsAsLongAsItWasToldWhateverTheWallClockSays) {
  for (const absl::Duration step : {absl::Hours(2), -absl::Hours(2)}) {
    StepWallClock(step);
    SteadyEvent never;
    const SteadyTime begin = SteadyTime::Now();
    EXPECT_FALSE(never.WaitFor(absl::Milliseconds(60)));
    EXPECT_GE(SteadyTime::Now() - begin, absl::Milliseconds(60));
    EXPECT_LT(SteadyTime::Now() - begin, absl::Minutes(1));
  }
}

TEST_F(SteadyTimeTest, WhoWaitsIsWokenByAnyChange) {
  SteadyMutex mutex;
  int count = 0;
  std::thread counting([&] {
    for (int i = 0; i < 3; ++i) {
      absl::SleepFor(absl::Milliseconds(5));
      SteadyLock lock(&mutex);
      ++count;
    }
  });
  {
    SteadyLock lock(&mutex);
    EXPECT_TRUE(mutex.AwaitFor([&] { return count == 3; }, absl::InfiniteDuration()));
    EXPECT_FALSE(mutex.AwaitFor([&] { return count == 4; }, absl::ZeroDuration()));
  }
  counting.join();
}

}  // namespace
}  // namespace tilewright
