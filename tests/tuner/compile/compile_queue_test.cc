#include "tuner/compile/compile_queue.h"

#include <memory>
#include <string>
#include <thread>

#include "absl/time/time.h"
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
  queue.Finish(*work, CompiledCode{.cubin = "cubin"}, true);
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
  queue.Finish(*work, std::nullopt, true);
  EXPECT_TRUE(queue.IsComplete(*batch));
  EXPECT_EQ(batch->error.message(), "first");
}

// A worker used to count as idle only once its thread waited for work again: a call right
// after another then started a second process beside the warm one.
TEST(CompileQueueTest, AColdWorkerLeavesAJobToAWarmOne) {
  CompileQueue queue;
  const auto first = MakeBatch("first", 1);
  queue.Add(first);
  queue.Finish(*queue.Take(/*is_warm=*/false, kPatience), std::nullopt, /*is_warm=*/true);
  queue.Add(MakeBatch("second", 2));
  EXPECT_TRUE(queue.Take(/*is_warm=*/false, kMoment)) << "two jobs, one warm worker";
  EXPECT_FALSE(queue.Take(/*is_warm=*/false, kMoment)) << "the last is for the warm one";
  EXPECT_TRUE(queue.Take(/*is_warm=*/true, kPatience));
  queue.Add(MakeBatch("third", 1));
  EXPECT_TRUE(queue.Take(/*is_warm=*/false, kPatience)) << "the warm one is at work";
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
