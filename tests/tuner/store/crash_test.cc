// A daemon that is killed at any moment loses nothing that it said was stored.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/tuner/store/store_fixtures.h"
#include "tuner/store/database/sqlite_store.h"

namespace tilewright {
namespace {

// Stores without end, saying each epoch through the pipe once PutTuning returned it.
[[noreturn]] void StoreForEver(const std::string& cache, int pipe) {
  auto store = SqliteStore::Open(cache);
  if (!store.ok()) _exit(2);
  for (int i = 0;; ++i) {
    const auto epoch = Put(**store, {.problem = Gemm(i + 1, 8, 8)});
    if (!epoch.ok() || ::write(pipe, &*epoch, sizeof(*epoch)) != sizeof(*epoch)) _exit(3);
  }
}

// The last epoch that a child stored which was killed after `count` of them.
int64_t LastEpochOfKilledChild(const std::string& cache, int count) {
  int ends[2];
  EXPECT_EQ(::pipe(ends), 0);
  const pid_t child = ::fork();
  if (child == 0) StoreForEver(cache, ends[1]);
  ::close(ends[1]);
  int64_t epoch = 0;
  for (int i = 0; i < count; ++i) {
    EXPECT_EQ(::read(ends[0], &epoch, sizeof(epoch)), static_cast<ssize_t>(sizeof(epoch)));
  }
  ::kill(child, SIGKILL);
  int64_t last = epoch;
  while (::read(ends[0], &epoch, sizeof(epoch)) == static_cast<ssize_t>(sizeof(epoch))) {
    last = epoch;
  }
  ::close(ends[0]);
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFSIGNALED(status));
  return last;
}

TEST(CrashTest, AllThatWasCommittedIsThereAfterSigkill) {
  const TemporaryDirectory directory;
  const std::string cache = directory / "cache";
  for (const int count : {1, 7, 40}) {
    const int64_t last = LastEpochOfKilledChild(cache, count);
    auto store = SqliteStore::Open(cache).value();
    EXPECT_EQ(store->recovery_note(), "");
    std::vector<int64_t> epochs;
    ASSERT_TRUE(
        store->ForEachWinner([&](const PackedWinner& winner) { epochs.push_back(winner.epoch); })
            .ok());
    // One more may have been committed whose epoch the child did not live to say.
    ASSERT_GE(epochs.size(), static_cast<std::size_t>(last));
    ASSERT_LE(epochs.size(), static_cast<std::size_t>(last) + 1);
    for (std::size_t i = 0; i < epochs.size(); ++i) {
      EXPECT_EQ(epochs[i], static_cast<int64_t>(i) + 1);
    }
    for (int64_t i = 0; i < last && i < count; ++i) {
      const TuningRecord record = MakeRecord({.problem = Gemm(i + 1, 8, 8)});
      EXPECT_EQ(store
                    ->GetTuning(record.winner.problem_encoding, record.winner.silicon_key,
                                record.winner.environment_key)
                    .value()
                    .candidates.size(),
                3u);
    }
  }
}

}  // namespace
}  // namespace tilewright
