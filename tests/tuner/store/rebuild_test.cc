// What is done where a damaged page would fail every write: the readable rows go to a new
// file. Nothing that can be read is lost, and epochs do not go back.
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "SQLiteCpp/SQLiteCpp.h"
#include "gtest/gtest.h"
#include "proto/support/sha256.h"
#include "tests/tuner/store/store_fixtures.h"
#include "tuner/store/database/sqlite_store.h"

namespace tilewright {
namespace {

constexpr std::size_t kPage = 4096;
constexpr int kMostWinnersOfAPage = 6;

RecordSpec Spec(int i) {
  return {.problem = Gemm(8 * (i + 1), 64, 64), .cubin = "cubin " + std::to_string(i)};
}

class RebuildTest : public testing::Test {
 protected:
  void Fill(int from, int to) {
    auto store = SqliteStore::Open(cache_).value();
    std::vector<TuningRecord> records;
    std::vector<std::string> cubins;
    for (int i = from; i < to; ++i) {
      records.push_back(MakeRecord(Spec(i)));
      cubins.push_back(Spec(i).cubin);
    }
    newest_epoch_ = store->PutImport(cubins, records).value().back();
  }

  // The pages of a tree's leaves, in the order of its keys.
  std::vector<std::size_t> Leaves(const std::string& tree) {
    SQLite::Database database(path_);
    SQLite::Statement find(database,
                           "SELECT pageno FROM dbstat WHERE name = ? AND pagetype = 'leaf'"
                           " ORDER BY path");
    find.bind(1, tree);
    std::vector<std::size_t> pages;
    while (find.executeStep()) {
      pages.push_back(static_cast<std::size_t>(find.getColumn(0).getInt()));
    }
    return pages;
  }

  void Garble(std::size_t page) {
    std::string bytes = ReadFile(path_);
    bytes.replace((page - 1) * kPage, kPage, std::string(kPage, '\xa5'));
    WriteFile(path_, bytes);
  }

  int FilesNamed(const std::string& part) const {
    int count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(cache_)) {
      if (entry.path().filename().string().find(part) != std::string::npos) ++count;
    }
    return count;
  }

  static int CountWinners(SqliteStore& store) {
    int count = 0;
    int64_t last = 0;
    EXPECT_TRUE(store
                    .ForEachWinner([&](const PackedWinner& winner) {
                      EXPECT_GT(winner.epoch, last);
                      last = winner.epoch;
                      ++count;
                    })
                    .ok());
    return count;
  }

  TemporaryDirectory directory_;
  const std::string cache_ = directory_ / "cache";
  const std::string path_ = cache_ + "/tilewright.db";
  int64_t newest_epoch_ = 0;
};

TEST_F(RebuildTest, GarbageOnTheLastPageOfTheWinnersDoesNotMakeTheStoreReadOnly) {
  Fill(0, 100);
  Garble(Leaves("winners").back());
  auto store = SqliteStore::Open(cache_).value();
  EXPECT_NE(store->recovery_note(), "");
  EXPECT_GE(FilesNamed(".damaged-"), 1);
  EXPECT_GE(CountWinners(*store), 100 - kMostWinnersOfAPage);
  const auto epoch = Put(*store, Spec(1000));
  ASSERT_TRUE(epoch.ok()) << epoch.status();
  EXPECT_GT(*epoch, newest_epoch_);
  for (int i = 0; i < 100; ++i) {
    EXPECT_TRUE(store->GetCubin(Sha256(Spec(i).cubin)).ok()) << i;
  }
  const TuningRecord first = MakeRecord(Spec(0));
  const auto tuning = store->GetTuning(first.winner.problem_encoding, first.winner.silicon_key,
                                       first.winner.environment_key);
  ASSERT_TRUE(tuning.ok()) << tuning.status();
  EXPECT_EQ(tuning->candidates.size(), first.candidates.size());
  EXPECT_EQ(tuning->legal_configs, first.legal_configs);
  store.reset();
  store = SqliteStore::Open(cache_).value();
  EXPECT_EQ(store->recovery_note(), "");
  EXPECT_GE(CountWinners(*store), 101 - kMostWinnersOfAPage);
}

TEST_F(RebuildTest, GarbageThatAWriteComesUponIsLeftBehindAndTheWriteSucceeds) {
  Fill(0, 600);
  const std::vector<std::size_t> leaves = Leaves("sqlite_autoindex_kernels_1");
  ASSERT_GT(leaves.size(), 3u);
  for (std::size_t i = 1; i + 1 < leaves.size(); ++i) Garble(leaves[i]);
  auto store = SqliteStore::Open(cache_).value();
  EXPECT_EQ(store->recovery_note(), "");
  int64_t newest = newest_epoch_;
  for (int i = 0; i < 20; ++i) {
    const auto epoch = Put(*store, Spec(1000 + i));
    ASSERT_TRUE(epoch.ok()) << epoch.status();
    EXPECT_GT(*epoch, newest);
    newest = *epoch;
  }
  EXPECT_GE(FilesNamed(".damaged-"), 1);
  // The index alone was damaged.
  EXPECT_EQ(CountWinners(*store), 620);
  for (int i = 0; i < 600; ++i) {
    EXPECT_TRUE(store->GetCubin(Sha256(Spec(i).cubin)).ok()) << i;
  }
}

TEST_F(RebuildTest, ALostPageBesideALargeGapOfEpochsCostsThatPageAlone) {
  Fill(0, 30);
  SQLite::Database(path_, SQLite::OPEN_READWRITE)
      .exec("UPDATE store_info SET first_epoch = 1700000000");
  Fill(30, 60);
  const std::string whole = ReadFile(path_);
  for (const std::size_t page : Leaves("winners")) {
    std::filesystem::remove_all(cache_);
    std::filesystem::create_directories(cache_);
    WriteFile(path_, whole);
    Garble(page);
    auto store = SqliteStore::Open(cache_).value();
    EXPECT_GE(CountWinners(*store), 60 - kMostWinnersOfAPage) << page;
  }
}

TEST_F(RebuildTest, AReplacedFileWhoseFirstPageIsLostKeepsItsIndex) {
  {
    std::filesystem::create_directories(cache_);
    WriteFile(path_, std::string(kPage, 'x'));
    ASSERT_TRUE(SqliteStore::Open(cache_).ok());
  }
  Fill(0, 60);
  ASSERT_GT(newest_epoch_, 1'600'000'000);
  Garble(Leaves("winners").front());
  auto store = SqliteStore::Open(cache_).value();
  EXPECT_GE(CountWinners(*store), 60 - kMostWinnersOfAPage);
}

TEST_F(RebuildTest, EpochsAreNotGivenOutAgainWhereTheTailIsLostSoonAfterALargeImport) {
  Fill(0, 10);
  SQLite::Database(path_, SQLite::OPEN_READWRITE)
      .exec("UPDATE store_info SET first_epoch = 5000000000");  // Above the clock.
  Fill(10, 100);
  Garble(Leaves("winners").back());
  auto store = SqliteStore::Open(cache_).value();
  EXPECT_GT(Put(*store, Spec(1000)).value(), newest_epoch_);
}

TEST_F(RebuildTest, AnInterruptedRebuildIsCompletedOrBegunAnew) {
  Fill(0, 20);
  std::filesystem::rename(path_, path_ + ".rebuilt");
  WriteFile(path_, std::string(kPage, 'x'));
  WriteFile(path_ + ".rebuilding", "half of one");
  auto store = SqliteStore::Open(cache_).value();
  EXPECT_EQ(CountWinners(*store), 20);
  EXPECT_EQ(FilesNamed(".damaged-"), 1);
  EXPECT_EQ(FilesNamed(".rebuilt"), 0);
  store.reset();
  Garble(Leaves("winners").back());
  store = SqliteStore::Open(cache_).value();
  EXPECT_GE(CountWinners(*store), 20 - kMostWinnersOfAPage);
  EXPECT_EQ(FilesNamed(".rebuil"), 0);
}

}  // namespace
}  // namespace tilewright
