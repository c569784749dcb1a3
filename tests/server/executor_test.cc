#include "server/executor.h"

#include <sys/types.h>

#include <string>
#include <vector>

#include "absl/synchronization/notification.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tilewright {
namespace {

using ::testing::ElementsAre;

constexpr uid_t kOne = 1001;
constexpr uid_t kOther = 1002;

// One thread, which is busy until Open.
class ExecutorTest : public ::testing::Test {
 protected:
  ExecutorTest() {
    absl::Notification busy;
    executor_.Post([&] {
      busy.Notify();
      gate_.WaitForNotification();
    });
    busy.WaitForNotification();
  }
  ~ExecutorTest() override { Open(); }

  void Open() {
    if (!gate_.HasBeenNotified()) gate_.Notify();
    executor_.Stop();
  }

  bool TryPost(uid_t user, const std::string& name) {
    return executor_.TryPost(user, [this, name] { done_.push_back(name); });
  }

  absl::Notification gate_;
  std::vector<std::string> done_;  // By the one thread.
  Executor executor_{"test", 1, 8};
};

TEST_F(ExecutorTest, UsersAreServedInTurn) {
  for (const char* name : {"a", "b", "c"}) EXPECT_TRUE(TryPost(kOne, name));
  for (const char* name : {"x", "y"}) EXPECT_TRUE(TryPost(kOther, name));
  executor_.Post([this] { done_.push_back("rest"); });
  EXPECT_EQ(executor_.pending(), 7u);
  Open();
  EXPECT_THAT(done_, ElementsAre("a", "x", "rest", "b", "y", "c"));
}

TEST_F(ExecutorTest, AQuarterOfTheQueueIsLeftForOthers) {
  for (int i = 0; i < 6; ++i) EXPECT_TRUE(TryPost(kOne, "one"));
  EXPECT_FALSE(TryPost(kOne, "too many"));
  EXPECT_TRUE(TryPost(kOther, "other"));
  EXPECT_TRUE(TryPost(kOther, "other"));
  EXPECT_FALSE(TryPost(kOther, "full"));
  Open();
  EXPECT_EQ(done_.size(), 8u);
}

TEST_F(ExecutorTest, WhatMustBeDoneIsDoneWhateverTheQueue) {
  for (int i = 0; i < 6; ++i) EXPECT_TRUE(TryPost(kOne, "one"));
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(TryPost(kOther, "other"));
  executor_.Post([this] { done_.push_back("rest"); });
  Open();
  EXPECT_EQ(done_.size(), 9u);
  EXPECT_FALSE(TryPost(kOther, "stopped"));
  executor_.Post([this] { done_.push_back("by the caller"); });
  EXPECT_EQ(done_.back(), "by the caller");
}

}  // namespace
}  // namespace tilewright
