// Damaged databases: what is damaged is left out, what is not is served, nothing is deleted
// and nothing crashes.
#include <filesystem>
#include <memory>
#include <random>
#include <string>

#include "SQLiteCpp/SQLiteCpp.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/support/errors.h"
#include "proto/support/sha256.h"
#include "tests/tuner/store/store_fixtures.h"
#include "tuner/store/database/sqlite_store.h"
#include "tuner/store/packed_winner.h"

namespace tilewright {
namespace {

using ::testing::HasSubstr;

constexpr std::size_t kPage = 4096;

class DamageTest : public testing::Test {
 protected:
  // A database of `winners` winners, closed, in one file.
  void Fill(int winners) {
    auto store = SqliteStore::Open(cache_).value();
    std::vector<TuningRecord> records;
    std::vector<std::string> cubins;
    for (int i = 0; i < winners; ++i) {
      records.push_back(MakeRecord(Spec(i)));
      cubins.push_back(Spec(i).cubin);
    }
    ASSERT_TRUE(store->PutImport(cubins, records).ok());
    ASSERT_TRUE(Put(*store, {}).ok());
    v1::CreateSweepRequest request;
    request.set_sweep_id("s");
    request.add_entries()->set_label("first");
    request.add_entries()->set_label("second");
    v1::Sweep sweep;
    sweep.set_name("sweeps/s");
    sweep.set_state(v1::WORK_STATE_RUNNING);
    for (const char* label : {"first", "second"}) {
      v1::SweepEntry& entry = *sweep.add_entries();
      entry.set_label(label);
      entry.set_state(v1::WORK_STATE_SUCCEEDED);
    }
    ASSERT_TRUE(store->PutSweep(sweep, request).ok());
    store.reset();
    ASSERT_FALSE(std::filesystem::exists(path_ + "-wal"));
  }

  static RecordSpec Spec(int i) {
    return {.problem = Gemm(8 * (i + 1), 64, 64), .cubin = "cubin " + std::to_string(i)};
  }

  void Execute(const std::string& sql) {
    SQLite::Database(path_, SQLite::OPEN_READWRITE).exec(sql);
  }

  // Reads all there is by every door; whatever comes back is whole.
  static int Use(SqliteStore& store) {
    int winners = 0;
    const absl::Status status = store.ForEachWinner([&](const PackedWinner& packed) {
      const StoredWinner winner = UnpackWinner(packed.epoch, packed.bytes).value();
      EXPECT_EQ(winner.winner.reason(), "fastest of 64");
      EXPECT_EQ(winner.problem_encoding,
                MakeRecord({.problem = winner.winner.problem()}).winner.problem_encoding);
      ++winners;
      const auto record =
          store.GetTuning(winner.problem_encoding, winner.silicon_key, winner.environment_key);
      EXPECT_TRUE(!record.ok() || record->winner.problem_encoding == winner.problem_encoding);
      const auto cubin = store.GetCubin(winner.kernel.content_hash());
      EXPECT_TRUE(!cubin.ok() || Sha256(*cubin) == winner.kernel.content_hash());
    });
    EXPECT_TRUE(status.ok()) << status;
    EXPECT_TRUE(store.FindCompiled(Sha256("key of cubin")).ok());
    EXPECT_TRUE(store.FindQuarantined("hash", "silicon", "problem").ok());
    EXPECT_TRUE(store.UnfinishedSweeps().ok());
    EXPECT_TRUE(store.Stats().ok());
    (void)store.GetSweep("sweeps/s");
    return winners;
  }

  TemporaryDirectory directory_;
  const std::string cache_ = directory_ / "cache";
  const std::string path_ = cache_ + "/tilewright.db";
};

std::string DamagedFile(const std::string& cache) {
  for (const auto& entry : std::filesystem::directory_iterator(cache)) {
    const std::string name = entry.path().filename().string();
    if (name.find(".damaged-") != std::string::npos && name.back() == 'Z') {
      return entry.path().string();
    }
  }
  return "";
}

TEST_F(DamageTest, AFileThatIsNoDatabaseIsMovedAside) {
  Fill(3);
  WriteFile(path_, "this is no database, and was never one of ours to begin with");
  WriteFile(path_ + "-wal", "nor is this a log");
  auto store = SqliteStore::Open(cache_).value();
  const std::string aside = DamagedFile(cache_);
  ASSERT_NE(aside, "");
  EXPECT_THAT(store->recovery_note(), HasSubstr(aside));
  EXPECT_EQ(ReadFile(aside), "this is no database, and was never one of ours to begin with");
  EXPECT_EQ(ReadFile(aside + "-wal"), "nor is this a log");
  EXPECT_EQ(Use(*store), 0);
}

TEST_F(DamageTest, EpochsOfANewFileAreAboveThoseOfTheDamagedOne) {
  Fill(3);
  WriteFile(path_, std::string(kPage, 'x'));
  auto store = SqliteStore::Open(cache_).value();
  const int64_t epoch = Put(*store, {}).value();
  EXPECT_GT(epoch, 1'600'000'000);
  EXPECT_EQ(Put(*store, {}).value(), epoch + 1);
}

TEST_F(DamageTest, ADamagedFileIsMovedAsideTwiceUnderTwoNames) {
  for (int i = 0; i < 2; ++i) {
    std::filesystem::create_directories(cache_);
    WriteFile(path_,
              "garbage that fills up more than the header of a database " + std::string(100, 'x'));
    ASSERT_TRUE(SqliteStore::Open(cache_).ok());
  }
  int aside = 0;
  for (const auto& entry : std::filesystem::directory_iterator(cache_)) {
    if (entry.path().string().find(".damaged-") != std::string::npos) ++aside;
  }
  EXPECT_EQ(aside, 2);
}

TEST_F(DamageTest, ATruncatedFileIsMovedAside) {
  Fill(100);
  const std::string whole = ReadFile(path_);
  ASSERT_GT(whole.size(), 20 * kPage);
  for (const std::size_t size : {std::size_t{50}, kPage, 5 * kPage,
                                 whole.size() / 2 / kPage * kPage, whole.size() - kPage}) {
    std::filesystem::remove_all(cache_);
    std::filesystem::create_directories(cache_);
    WriteFile(path_, whole.substr(0, size));
    auto store = SqliteStore::Open(cache_);
    ASSERT_TRUE(store.ok()) << size << ": " << store.status();
    EXPECT_NE((*store)->recovery_note(), "") << size;
    EXPECT_EQ(ReadFile(DamagedFile(cache_)).size(), size);
    // Of the 101 winners, those whose pages are still there; one page holds four at most.
    const int winners = Use(**store);
    EXPECT_GE(winners, size + kPage >= whole.size() ? 97 : 0) << size;
    EXPECT_TRUE(Put(**store, {}).ok());
  }
}

TEST_F(DamageTest, ALogWithoutItsDatabaseIsMovedAside) {
  std::filesystem::create_directories(cache_);
  WriteFile(path_ + "-wal", "a log");
  auto store = SqliteStore::Open(cache_).value();
  EXPECT_NE(store->recovery_note(), "");
  int kept = 0;
  for (const auto& entry : std::filesystem::directory_iterator(cache_)) {
    if (ReadFile(entry.path().string()) == "a log") ++kept;
  }
  EXPECT_EQ(kept, 1);
}

TEST_F(DamageTest, AnEmptyFileIsANewDatabase) {
  std::filesystem::create_directories(cache_);
  WriteFile(path_, "");
  auto store = SqliteStore::Open(cache_).value();
  EXPECT_EQ(store->recovery_note(), "");
  EXPECT_TRUE(Put(*store, {}).ok());
}

TEST_F(DamageTest, ALostTableIsADamagedFile) {
  Fill(3);
  Execute("PRAGMA foreign_keys=OFF; DROP TABLE samples");
  auto store = SqliteStore::Open(cache_).value();
  EXPECT_NE(store->recovery_note(), "");
  EXPECT_TRUE(Put(*store, {}).ok());
}

// Garbage over any page: the service starts, whatever it answers is right, and it can store.
TEST_F(DamageTest, GarbageOnAnyPage) {
  Fill(40);
  const std::string whole = ReadFile(path_);
  std::mt19937 random(1);
  int rebuilt = 0;
  int emptied = 0;
  for (std::size_t page = 0; page < whole.size() / kPage; ++page) {
    std::string bytes = whole;
    for (std::size_t i = 0; i < kPage; ++i) {
      bytes[page * kPage + i] = static_cast<char>(random());
    }
    std::filesystem::remove_all(cache_);
    std::filesystem::create_directories(cache_);
    WriteFile(path_, bytes);
    auto store = SqliteStore::Open(cache_);
    ASSERT_TRUE(store.ok()) << "page " << page << ": " << store.status();
    if (Use(**store) < 30) ++emptied;
    const auto epoch = Put(**store, {.problem = Gemm(7, 7, 7)});
    ASSERT_TRUE(epoch.ok()) << "page " << page << ": " << epoch.status();
    EXPECT_GT(*epoch, 41) << "page " << page;
    if (!DamagedFile(cache_).empty()) {
      ++rebuilt;
      EXPECT_EQ(ReadFile(DamagedFile(cache_)), bytes) << "page " << page;
    }
  }
  // Only the page with the schema and the root of the winners take all winners with them.
  EXPECT_EQ(emptied, 2);
  EXPECT_GT(rebuilt, 10);
}

// One flipped bit anywhere, which SQLite itself seldom notices.
TEST_F(DamageTest, AFlippedBitIsNeverServed) {
  Fill(20);
  const std::string whole = ReadFile(path_);
  std::mt19937 random(2);
  for (int round = 0; round < 150; ++round) {
    std::string bytes = whole;
    const std::size_t at = random() % bytes.size();
    bytes[at] = static_cast<char>(bytes[at] ^ (1 << random() % 8));
    std::filesystem::remove_all(cache_);
    std::filesystem::create_directories(cache_);
    WriteFile(path_, bytes);
    auto store = SqliteStore::Open(cache_);
    if (!store.ok()) {
      // A flip in the version field reads as a newer schema: refused, not touched.
      EXPECT_EQ(ReasonOf(store.status()), "SCHEMA_TOO_NEW") << at << ": " << store.status();
      continue;
    }
    Use(**store);
  }
}

TEST_F(DamageTest, ADamagedWinnerFallsBackToTheOneBefore) {
  Fill(2);
  {
    auto store = SqliteStore::Open(cache_).value();
    ASSERT_EQ(Put(*store, {.seconds = 5e-5}).value(), 4);
  }
  Execute(
      "UPDATE winners SET record = CAST(substr(record, 1, 50) || x'ff' || substr(record, 52)"
      " AS BLOB) WHERE epoch = 4");
  auto store = SqliteStore::Open(cache_).value();
  const TuningRecord expected = MakeRecord({});
  EXPECT_EQ(store
                ->GetTuning(expected.winner.problem_encoding, expected.winner.silicon_key,
                            expected.winner.environment_key)
                .value()
                .winner.winner.epoch(),
            3);
  EXPECT_EQ(Use(*store), 3);
}

TEST_F(DamageTest, AWinnerInTheRowOfAnotherIsNotServed) {
  Fill(3);
  Execute(
      "UPDATE winners SET record = (SELECT record FROM winners WHERE epoch = 1)"
      " WHERE epoch = 2");
  auto store = SqliteStore::Open(cache_).value();
  EXPECT_EQ(Use(*store), 3);
  const TuningRecord second = MakeRecord(Spec(1));
  EXPECT_TRUE(
      absl::IsNotFound(store
                           ->GetTuning(second.winner.problem_encoding, second.winner.silicon_key,
                                       second.winner.environment_key)
                           .status()));
}

TEST_F(DamageTest, ADamagedCubinIsAMissThatACompileRepairs) {
  Fill(1);
  Execute("UPDATE kernels SET cubin_zstd = (SELECT cubin_zstd FROM kernels WHERE id = 1)");
  auto store = SqliteStore::Open(cache_).value();
  EXPECT_EQ(store->FindCompiled(Sha256("key of cubin")).value(), std::nullopt);
  const absl::Status status = store->GetCubin(Sha256("cubin")).status();
  EXPECT_TRUE(absl::IsDataLoss(status));
  EXPECT_EQ(ReasonOf(status), "CUBIN_DAMAGED");
  ASSERT_TRUE(store->PutCompiled(Sha256("key of cubin"), Compiled("cubin")).ok());
  EXPECT_EQ(store->GetCubin(Sha256("cubin")).value(), "cubin");
  EXPECT_EQ(store->FindCompiled(Sha256("key of cubin")).value()->cubin, "cubin");
}

TEST_F(DamageTest, ACompileEntryOfAnotherKeyIsAMiss) {
  Fill(1);
  {
    auto store = SqliteStore::Open(cache_).value();
    ASSERT_TRUE(store->PutCompiled("one", Compiled("one")).ok());
    ASSERT_TRUE(store->PutCompiled("two", Compiled("two")).ok());
  }
  Execute(
      "UPDATE compile_cache SET content_hash = (SELECT content_hash FROM compile_cache"
      " WHERE compile_key = x'6f6e65'), record = (SELECT record FROM compile_cache"
      " WHERE compile_key = x'6f6e65') WHERE compile_key = x'74776f'");
  auto store = SqliteStore::Open(cache_).value();
  EXPECT_EQ(store->FindCompiled("two").value(), std::nullopt);
  EXPECT_EQ(store->FindCompiled("one").value()->cubin, "one");
}

TEST_F(DamageTest, ADamagedSweepEntryIsDoneAgain) {
  Fill(1);
  Execute("UPDATE sweep_entries SET record = x'00' WHERE ordinal = 1");
  auto store = SqliteStore::Open(cache_).value();
  const v1::Sweep sweep = store->GetSweep("sweeps/s").value();
  ASSERT_EQ(sweep.entries_size(), 2);
  EXPECT_EQ(sweep.entries(0).state(), v1::WORK_STATE_SUCCEEDED);
  EXPECT_EQ(sweep.entries(1).label(), "second");
  EXPECT_EQ(sweep.entries(1).state(), v1::WORK_STATE_QUEUED);
}

}  // namespace
}  // namespace tilewright
