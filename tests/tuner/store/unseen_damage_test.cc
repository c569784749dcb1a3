// Damage that SQLite itself passes over in silence, or that makes every statement fail though all
// rows are sound: a byte of the schema's text, a byte of the write-ahead log.
#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "SQLiteCpp/SQLiteCpp.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/support/private_files.h"
#include "tests/tuner/store/store_fixtures.h"
#include "tuner/store/database/migrations.h"
#include "tuner/store/database/schema_check.h"
#include "tuner/store/database/sqlite_store.h"
#include "tuner/store/database/write_ahead_log.h"

namespace tilewright {
namespace {

using ::testing::HasSubstr;

constexpr std::size_t kPage = 4096;
constexpr std::size_t kLogHeader = 32;
constexpr std::size_t kFrame = 24 + kPage;

class UnseenDamageTest : public testing::Test {
 protected:
  static RecordSpec Spec(int i) {
    return {.problem = Gemm(8 * (i + 1), 64, 64), .cubin = "cubin " + std::to_string(i)};
  }

  // A database of `winners` winners, closed.
  void Fill(int winners) {
    auto store = SqliteStore::Open(cache_).value();
    for (int i = 0; i < winners; ++i) ASSERT_TRUE(Put(*store, Spec(i)).ok());
  }

  // What a daemon that was killed leaves: the database as it was before, all winners in the log.
  void FillLog(int winners) {
    std::filesystem::create_directory(directory_ / "live");
    auto store = SqliteStore::Open(directory_ / "live/cache").value();
    for (int i = 0; i < winners; ++i) ASSERT_TRUE(Put(*store, Spec(i)).ok());
    std::filesystem::create_directory(cache_);
    std::filesystem::permissions(cache_, std::filesystem::perms{0750});
    for (const char* file : {"/tilewright.db", "/tilewright.db-wal"}) {
      std::filesystem::copy_file(directory_ / "live/cache" + file, cache_ + file);
    }
  }

  static int CountWinners(SqliteStore& store) {
    int count = 0;
    EXPECT_TRUE(store.ForEachWinner([&](const PackedWinner&) { ++count; }).ok());
    return count;
  }

  int FilesNamed(const std::string& part) const {
    int count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(cache_)) {
      if (entry.path().filename().string().find(part) != std::string::npos) ++count;
    }
    return count;
  }

  TemporaryDirectory directory_;
  const std::string cache_ = directory_ / "cache";
  const std::string path_ = cache_ + "/tilewright.db";
  const std::string log_ = path_ + "-wal";
};

// One byte of a name, wherever the schema has one: the service starts, keeps every winner and can
// store. Before, most of them stopped every start or failed every write.
TEST_F(UnseenDamageTest, AByteOfTheSchemaCostsNoWinnerAndNoStart) {
  constexpr int kWinners = 6;
  Fill(kWinners);
  const std::string whole = ReadFile(path_);
  std::set<std::size_t> places;
  for (const char* word :
       {"content_hash BLOB NOT NULL UNIQUE", "CREATE TABLE winners", "samples (", "epoch INTEGER",
        "first_epoch", "winners_by_target", "STRICT", "PRIMARY", "cubin_zstd", "entry_count"}) {
    const std::size_t at = whole.find(word);
    ASSERT_LT(at, 4 * kPage) << word;
    places.insert(at + 2);
  }
  for (const std::size_t at : places) {
    for (const char letter : {'~', '\x01', 'x'}) {
      std::string bytes = whole;
      bytes[at] = letter;
      std::filesystem::remove_all(cache_);
      ASSERT_TRUE(MakePrivateDirectory(cache_).ok());
      WriteFile(path_, bytes);
      auto store = SqliteStore::Open(cache_);
      ASSERT_TRUE(store.ok()) << at << ": " << store.status();
      EXPECT_THAT((*store)->recovery_note(), HasSubstr(".damaged-")) << at;
      EXPECT_EQ(CountWinners(**store), kWinners) << at;
      const auto epoch = Put(**store, Spec(100));
      EXPECT_TRUE(epoch.ok()) << at << ": " << epoch.status();
      EXPECT_TRUE((*store)->GetCubin(MakeRecord(Spec(0)).winner.kernel.content_hash()).ok()) << at;
      EXPECT_EQ(ReadFile(path_).substr(0, 16), whole.substr(0, 16));
    }
  }
}

TEST_F(UnseenDamageTest, ASoundSchemaIsNotDamageAndARepairMakesOneSound) {
  Fill(1);
  SQLite::Database database(path_, SQLite::OPEN_READWRITE);
  EXPECT_EQ(FindSchemaDamage(database), "");
  // The pages of a file that was compacted lie elsewhere; its schema is the same.
  database.exec("VACUUM");
  EXPECT_EQ(FindSchemaDamage(database), "");
  database.exec("PRAGMA writable_schema=ON");
  database.exec(
      "UPDATE sqlite_schema SET sql = replace(sql, 'epoch', 'epoci'), name = 'winnerz'"
      " WHERE name = 'winners'");
  EXPECT_THAT(FindSchemaDamage(database), HasSubstr("winners"));
  RepairSchema(database);
  EXPECT_EQ(FindSchemaDamage(database), "");
}

TEST_F(UnseenDamageTest, ADamagedFormatVersionDoesNotMakeTheStoreReadOnly) {
  Fill(3);
  for (const std::size_t at : {18, 19}) {
    std::string bytes = ReadFile(path_);
    bytes[at] = 7;
    WriteFile(path_, bytes);
    auto store = SqliteStore::Open(cache_).value();
    EXPECT_TRUE(store->writable().ok());
    EXPECT_EQ(CountWinners(*store), 3);
    EXPECT_TRUE(Put(*store, Spec(static_cast<int>(at))).ok());
    store.reset();
    std::filesystem::remove_all(cache_);
    Fill(3);
  }
}

TEST_F(UnseenDamageTest, ASoundLogIsReplayedWithoutANote) {
  FillLog(5);
  bool cut_off = true;
  EXPECT_EQ(LostFrames(path_, &cut_off), 0u);
  EXPECT_FALSE(cut_off);
  auto store = SqliteStore::Open(cache_).value();
  EXPECT_EQ(store->recovery_note(), "");
  EXPECT_EQ(CountWinners(*store), 5);
}

// A byte early in the log: SQLite would forget all that follows. Every winner but perhaps the one
// whose page it is is there, and the log that was is kept.
TEST_F(UnseenDamageTest, ADamagedFrameCostsWhatItHoldsAndIsSaid) {
  constexpr int kWinners = 12;
  FillLog(kWinners);
  const std::string log = ReadFile(log_);
  const std::size_t frames = (log.size() - kLogHeader) / kFrame;
  ASSERT_GT(frames, 20u);
  const std::string database = ReadFile(path_);
  for (const std::size_t frame : {std::size_t{0}, frames / 4, frames / 2}) {
    for (const std::size_t at :
         {std::size_t{2}, std::size_t{9}, std::size_t{18}, std::size_t{1000}}) {
      std::filesystem::remove_all(cache_);
      ASSERT_TRUE(MakePrivateDirectory(cache_).ok());
      std::string damaged = log;
      char& byte = damaged[kLogHeader + frame * kFrame + at];
      byte = static_cast<char>(byte ^ 0x40);
      WriteFile(path_, database);
      WriteFile(log_, damaged);
      bool cut_off = false;
      EXPECT_GT(LostFrames(path_, &cut_off), 0u) << frame << " " << at;
      auto store = SqliteStore::Open(cache_).value();
      EXPECT_THAT(store->recovery_note(), HasSubstr("write-ahead log")) << frame << " " << at;
      EXPECT_GE(CountWinners(*store), kWinners - 4) << frame << " " << at;
      EXPECT_TRUE(Put(*store, Spec(100)).ok());
      EXPECT_GE(FilesNamed(".damaged-"), 1);
    }
  }
}

TEST_F(UnseenDamageTest, ADamagedHeaderOfTheLogLosesNothing) {
  constexpr int kWinners = 8;
  FillLog(kWinners);
  const std::string log = ReadFile(log_);
  const std::string database = ReadFile(path_);
  for (const std::size_t at : {0, 3, 9, 17, 25}) {
    std::filesystem::remove_all(cache_);
    ASSERT_TRUE(MakePrivateDirectory(cache_).ok());
    std::string damaged = log;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x11);
    WriteFile(path_, database);
    WriteFile(log_, damaged);
    auto store = SqliteStore::Open(cache_).value();
    EXPECT_EQ(CountWinners(*store), kWinners) << at;
    EXPECT_THAT(store->recovery_note(), HasSubstr("write-ahead log")) << at;
  }
}

// SQLite removes the log beside an empty file.
TEST_F(UnseenDamageTest, AnEmptyDatabaseDoesNotCostTheLog) {
  FillLog(5);
  WriteFile(path_, "");
  auto store = SqliteStore::Open(cache_).value();
  EXPECT_EQ(CountWinners(*store), 5);
  EXPECT_THAT(store->recovery_note(), HasSubstr("write-ahead log"));
}

TEST_F(UnseenDamageTest, TheLastTransactionOfALogThatIsNotWholeIsSaidAndKept) {
  FillLog(5);
  std::string log = ReadFile(log_);
  log[log.size() - 100] = static_cast<char>(log[log.size() - 100] ^ 1);
  WriteFile(log_, log);
  auto store = SqliteStore::Open(cache_).value();
  EXPECT_THAT(store->recovery_note(), HasSubstr("incomplete"));
  EXPECT_EQ(FilesNamed("-wal.damaged-"), 1);
  EXPECT_GE(CountWinners(*store), 4);
}

// Whatever the bytes are, they are only read.
TEST_F(UnseenDamageTest, AnyBytesAreALog) {
  EXPECT_TRUE(ReadLog("", 4096).frames.empty());
  EXPECT_TRUE(ReadLog(std::string(31, 'x'), 4096).frames.empty());
  EXPECT_EQ(ReadLog(std::string(100000, '\xff'), 0).committed, 0u);
  EXPECT_EQ(ReadLog(std::string(100000, '\0'), 512).committed, 0u);
}

}  // namespace
}  // namespace tilewright
