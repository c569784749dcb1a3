// The store and the index under many threads at once.
#include <algorithm>
#include <atomic>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "gtest/gtest.h"
#include "proto/support/sha256.h"
#include "tests/tuner/store/store_fixtures.h"
#include "tuner/store/database/sqlite_store.h"
#include "tuner/store/index/winner_index.h"

namespace tilewright {
namespace {

constexpr int kWriters = 3;
constexpr int kReaders = 3;
constexpr int kEach = 40;

RecordSpec SpecOf(int writer, int i) {
  return {.problem = Gemm(8 * (i + 1), 8 * (writer + 1), 64),
          .cubin = "cubin " + std::to_string(i % 7)};
}

TEST(ConcurrencyTest, WritersGetEpochsOfTheirOwnWhileOthersRead) {
  const TemporaryDirectory directory;
  auto store = SqliteStore::Open(directory / "cache").value();
  WinnerIndex index;
  std::atomic<bool> done{false};
  std::vector<std::vector<int64_t>> epochs(kWriters);
  std::vector<std::thread> writers;
  for (int writer = 0; writer < kWriters; ++writer) {
    writers.emplace_back([&, writer] {
      for (int i = 0; i < kEach; ++i) {
        const int64_t epoch = Put(*store, SpecOf(writer, i)).value();
        epochs[static_cast<std::size_t>(writer)].push_back(epoch);
        StoredWinner winner = MakeRecord(SpecOf(writer, i)).winner;
        winner.winner.set_epoch(epoch);
        index.Insert(std::move(winner));
        // What a thread has inserted it finds.
        EXPECT_EQ(index.Find(QueryOf(SpecOf(writer, i))).match, v1::MATCH_EXACT);
      }
    });
  }
  std::vector<std::thread> readers;
  for (int reader = 0; reader < kReaders; ++reader) {
    readers.emplace_back([&] {
      while (!done) {
        for (int i = 0; i < kEach; ++i) {
          const IndexHit hit = index.Find(QueryOf(SpecOf(0, i)));
          if (hit.match != v1::MATCH_EXACT) continue;
          EXPECT_EQ(hit.winner->winner.problem().gemm().m(), 8 * (i + 1));
          const std::string& hash = hit.winner->kernel.content_hash();
          EXPECT_EQ(Sha256(store->GetCubin(hash).value()), hash);
        }
        index.List(0, 50);
        EXPECT_TRUE(store->Stats().ok());
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  done = true;
  for (std::thread& reader : readers) reader.join();

  std::set<int64_t> all;
  for (const auto& own : epochs) {
    EXPECT_TRUE(std::is_sorted(own.begin(), own.end()));
    all.insert(own.begin(), own.end());
  }
  EXPECT_EQ(all.size(), static_cast<std::size_t>(kWriters * kEach));
  EXPECT_EQ(*all.rbegin(), kWriters * kEach);
  EXPECT_EQ(index.size(), all.size());
  EXPECT_EQ(index.epoch(), kWriters * kEach);
}

TEST(ConcurrencyTest, AHundredThousandLookUpsWhileTheIndexGrows) {
  WinnerIndex index;
  std::atomic<int> grown{0};
  std::thread writer([&] {
    for (int i = 1; i <= 3000; ++i) {
      StoredWinner winner = MakeRecord({.problem = Gemm(i, 64, 64)}).winner;
      winner.winner.set_epoch(i);
      index.Insert(std::move(winner));
      grown = i;
    }
  });
  std::vector<std::thread> readers;
  for (int reader = 0; reader < 4; ++reader) {
    readers.emplace_back([&] {
      for (int i = 0; i < 25'000; ++i) {
        const int known = grown;
        if (known == 0) continue;
        const int m = i % known + 1;
        const IndexHit hit = index.Find(QueryOf({.problem = Gemm(m, 64, 64)}));
        ASSERT_EQ(hit.match, v1::MATCH_EXACT);
        ASSERT_EQ(hit.winner->winner.epoch(), m);
      }
    });
  }
  writer.join();
  for (std::thread& reader : readers) reader.join();
}

}  // namespace
}  // namespace tilewright
