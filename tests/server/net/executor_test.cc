// The executor, and the work that is done once for all who ask for it on one.
#include "server/net/executor.h"

#include <sys/types.h>

#include <string>
#include <vector>

#include "absl/synchronization/notification.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/net/single_flight.h"

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
    executor_.Post(kOne, [&] {
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
  EXPECT_EQ(executor_.pending(), 6u);
  Open();
  EXPECT_THAT(done_, ElementsAre("a", "x", "b", "y", "c"));
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

TEST_F(ExecutorTest, WhatMustBeDoneIsDoneWhateverTheQueueAndTakesNoRoom) {
  for (int i = 0; i < 20; ++i) executor_.Post(kOne, [this] { done_.push_back("rest"); });
  for (int i = 0; i < 6; ++i) EXPECT_TRUE(TryPost(kOne, "one"));
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(TryPost(kOther, "other"));
  executor_.Post(kOther, [this] { done_.push_back("rest"); });
  Open();
  EXPECT_EQ(done_.size(), 29u);
  EXPECT_FALSE(TryPost(kOther, "stopped"));
  executor_.Post(kOther, [this] { done_.push_back("by the caller"); });
  EXPECT_EQ(done_.back(), "by the caller");
}

class SingleFlightTest : public ExecutorTest {
 protected:
  void Ask(uid_t user, const std::string& key) {
    flights_.Do(
        key, user,
        [this, key] {
          ++works_;
          return key;
        },
        [this](const std::string& result) { done_.push_back(result); },
        [] { return std::string("refused"); });
  }

  int works_ = 0;
  SingleFlight<std::string> flights_{executor_};
};

TEST_F(SingleFlightTest, WhatManyAskForIsDoneOnce) {
  for (const uid_t user : {kOne, kOther, kOne, kOther}) Ask(user, "a");
  Open();
  EXPECT_EQ(works_, 1);
  EXPECT_THAT(done_, ElementsAre("a", "a", "a", "a"));
}

TEST_F(SingleFlightTest, NobodyWaitsBehindTheWorkOfAnotherUserForTheSame) {
  for (const char* key : {"a", "b", "c", "d"}) Ask(kOne, key);
  Ask(kOther, "d");
  Open();
  EXPECT_EQ(works_, 4);
  EXPECT_THAT(done_, ElementsAre("a", "d", "d", "b", "c"));
}

TEST_F(SingleFlightTest, ARefusalIsForItsUserAlone) {
  for (const char* key : {"a", "b", "c", "d", "e", "f"}) Ask(kOne, key);
  Ask(kOther, "g");
  Ask(kOne, "g");
  EXPECT_THAT(done_, ElementsAre("refused"));
  Open();
  EXPECT_THAT(done_, ElementsAre("refused", "a", "g", "b", "c", "d", "e", "f"));
}

}  // namespace
}  // namespace tilewright
