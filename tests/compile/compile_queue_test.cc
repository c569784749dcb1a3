#include "tuner/compile/compile_queue.h"

#include <memory>
#include <string>
#include <thread>

#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "gtest/gtest.h"

namespace tilewright {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(20);
constexpr absl::Duration kMoment = absl::Milliseconds(20);

std::shared_ptr<CompileBatch> MakeBatch(const std::string& source, int count) {
  return std::make_shared<CompileBatch>(
      std::vector<CompileJob>(static_cast<std::size_t>(count), CompileJob{source, "sm_80", {}}));
}

std::string SourcesTaken(CompileQueue& queue, int count) {
  std::string sources;
  for (int i = 0; i < count; ++i) sources += queue.Take(false, kPatience)->job().source;
  return sources;
}

TEST(CompileQueueTest, BatchesTakeTurns) {
  CompileQueue queue;
  queue.Add(MakeBatch("a", 5));
  queue.Add(MakeBatch("b", 2));
  EXPECT_EQ(SourcesTaken(queue, 7), "ababaaa");
  EXPECT_FALSE(queue.Take(false, absl::ZeroDuration()));
}

TEST(CompileQueueTest, ABatchIsCompleteOnceAllIsCollected) {
  CompileQueue queue;
  const auto batch = MakeBatch("a", 1);
  queue.Add(batch);
  const auto work = queue.Take(false, kPatience);
  EXPECT_FALSE(queue.IsComplete(*batch));
  EXPECT_FALSE(queue.Collect(*batch, absl::ZeroDuration()));
  queue.Finish(*work, CompiledCode{"cubin", {}, 0});
  EXPECT_FALSE(queue.IsComplete(*batch));
  const auto outcome = queue.Collect(*batch, kPatience);
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->first, 0u);
  EXPECT_EQ(std::get<CompiledCode>(outcome->second).cubin, "cubin");
  EXPECT_TRUE(queue.IsComplete(*batch));
}

TEST(CompileQueueTest, ADroppedBatchKeepsWhatIsUnderWay) {
  CompileQueue queue;
  const auto batch = MakeBatch("a", 3);
  queue.Add(batch);
  const auto work = queue.Take(false, kPatience);
  queue.Drop(*batch, absl::CancelledError("first"));
  queue.Drop(*batch, absl::CancelledError("second"));
  EXPECT_FALSE(queue.Take(false, absl::ZeroDuration()));
  EXPECT_FALSE(queue.IsComplete(*batch));
  queue.Finish(*work, std::nullopt);
  EXPECT_TRUE(queue.IsComplete(*batch));
  EXPECT_EQ(batch->error.message(), "first");
}

TEST(CompileQueueTest, AColdWorkerLeavesAJobToAWarmOne) {
  CompileQueue queue;
  absl::Notification warm_got_it;
  std::thread warm([&] {
    EXPECT_TRUE(queue.Take(true, kPatience));
    warm_got_it.Notify();
  });
  absl::SleepFor(kMoment);  // The warm one waits before there is work.
  std::optional<CompileQueue::Work> cold_work;
  std::thread cold([&] { cold_work = queue.Take(false, 5 * kMoment); });
  absl::SleepFor(kMoment);
  queue.Add(MakeBatch("a", 1));
  EXPECT_TRUE(warm_got_it.WaitForNotificationWithTimeout(kPatience));
  cold.join();
  warm.join();
  EXPECT_FALSE(cold_work);
}

TEST(CompileQueueTest, StoppingWakesThoseWhoWait) {
  CompileQueue queue;
  std::thread waiting([&] { EXPECT_FALSE(queue.Take(false, absl::InfiniteDuration())); });
  queue.Stop();
  waiting.join();
  EXPECT_TRUE(queue.IsStopped());
}

}  // namespace
}  // namespace tilewright
