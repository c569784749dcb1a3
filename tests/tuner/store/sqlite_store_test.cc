// What SqliteStore adds to a TuningStore: a directory with one owner, durability, limits.
#include "tuner/store/database/sqlite_store.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "SQLiteCpp/SQLiteCpp.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/support/errors.h"
#include "proto/support/sha256.h"
#include "tests/tuner/store/store_fixtures.h"
#include "tuner/store/database/cache_directory.h"

namespace tilewright {
namespace {

using ::testing::HasSubstr;

std::unique_ptr<SqliteStore> Open(const TemporaryDirectory& directory,
                                  const SqliteStoreOptions& options = {}) {
  return SqliteStore::Open(directory / "cache", options).value();
}

int ModeOf(const std::string& path) {
  struct stat info;
  EXPECT_EQ(::stat(path.c_str(), &info), 0) << path;
  return static_cast<int>(info.st_mode & 0777);
}

int WinnerCount(TuningStore& store) {
  int count = 0;
  EXPECT_TRUE(store.ForEachWinner([&](const PackedWinner&) { ++count; }).ok());
  return count;
}

TEST(SqliteStoreTest, KeepsEverythingOverARestart) {
  const TemporaryDirectory directory;
  v1::Failure failure;
  failure.set_kind(v1::FAILURE_KIND_TIMEOUT);
  {
    auto store = Open(directory);
    ASSERT_TRUE(Put(*store, {}).ok());
    ASSERT_TRUE(store->Quarantine("hash", "silicon", "problem", failure).ok());
  }
  auto store = Open(directory);
  EXPECT_EQ(store->recovery_note(), "");
  EXPECT_EQ(WinnerCount(*store), 1);
  EXPECT_EQ(store->GetCubin(Sha256("cubin")).value(), "cubin");
  EXPECT_EQ(store->FindQuarantined("hash", "silicon", "problem").value()->kind(),
            v1::FAILURE_KIND_TIMEOUT);
  EXPECT_EQ(Put(*store, {}).value(), 2);
}

std::string RandomBytes(int seed) {
  std::mt19937 generator(static_cast<unsigned>(seed));
  std::string bytes(64 << 10, '\0');
  for (char& byte : bytes) byte = static_cast<char>(generator());
  return bytes;
}

TEST(SqliteStoreTest, PruningToALimitDropsWhatWasServedLeastRecently) {
  const TemporaryDirectory directory;
  auto store = Open(directory);
  std::vector<std::string> cubins;
  for (int i = 0; i < 8; ++i) {
    cubins.push_back(RandomBytes(i));
    ASSERT_TRUE(Put(*store, {.problem = Gemm(64 * (i + 1), 64, 64), .cubin = cubins.back()}).ok());
  }
  // A compile that won nothing goes before any winner.
  ASSERT_TRUE(store->PutCompiled("loser", Compiled(RandomBytes(99))).ok());
  // 0 and 1 were served lately, 2 a little before; the others never.
  ASSERT_TRUE(store->NoteServed({Sha256(cubins[2])}, 900).ok());
  ASSERT_TRUE(store->NoteServed({Sha256(cubins[0]), Sha256(cubins[1])}, 2000).ok());
  const auto dry = store->Prune({.max_bytes = 300 << 10, .served_since = 1000, .dry_run = true});
  ASSERT_TRUE(dry.ok()) << dry.status();
  EXPECT_EQ(store->Stats()->winners(), 8);
  const auto removed = store->Prune({.max_bytes = 300 << 10, .served_since = 1000});
  ASSERT_TRUE(removed.ok()) << removed.status();
  EXPECT_EQ(removed->epochs, dry->epochs);
  EXPECT_EQ(removed->superseded, 0);
  EXPECT_LE(removed->bytes_after, 300 << 10);
  EXPECT_GT(removed->bytes_before, 9 * (64 << 10));
  EXPECT_TRUE(absl::IsNotFound(store->GetCubin(Sha256(RandomBytes(99))).status()));
  for (const int kept : {0, 1, 2}) {
    EXPECT_TRUE(store->GetCubin(Sha256(cubins[static_cast<std::size_t>(kept)])).ok()) << kept;
  }
  // An older winner that is served is kept, whatever came after it: that may not be trusted.
  const int64_t older = Put(*store, {.problem = Gemm(4096, 64, 64), .cubin = "served"}).value();
  ASSERT_TRUE(Put(*store, {.problem = Gemm(4096, 64, 64), .cubin = "not served"}).ok());
  EXPECT_EQ(store->Prune({.served = {older}})->superseded, 0);
  EXPECT_EQ(store->Prune({})->superseded, 1);
  // What was served lately stays, however small the limit.
  const auto all = store->Prune({.max_bytes = 1, .served_since = 1000});
  ASSERT_TRUE(all.ok()) << all.status();
  EXPECT_EQ(WinnerCount(*store), 2);
  EXPECT_LT(store->Stats()->database_bytes(), 1 << 20);
}

TEST(SqliteStoreTest, ABackupIsTheDatabaseAtOneMoment) {
  const TemporaryDirectory directory;
  auto store = Open(directory);
  ASSERT_TRUE(Put(*store, {}).ok());
  const std::string copy = directory / "copy.db";
  ASSERT_TRUE(store->Backup(copy).ok());
  ASSERT_TRUE(Put(*store, {.problem = Gemm(64, 64, 64)}).ok());
  EXPECT_FALSE(store->Backup(copy).ok()) << "a file that is there stays as it is";
  const TemporaryDirectory other;
  ASSERT_EQ(::mkdir((other / "cache").c_str(), 0700), 0);
  std::filesystem::rename(copy, other / "cache/tilewright.db");
  EXPECT_EQ(WinnerCount(*Open(other)), 1);
}

TEST(SqliteStoreTest, KeepsOthersOut) {
  const TemporaryDirectory directory;
  EXPECT_EQ(ModeOf(directory.path()), 0700);
  ::umask(0);
  auto store = Open(directory);
  ASSERT_TRUE(Put(*store, {}).ok());
  EXPECT_EQ(ModeOf(directory / "cache"), 0750);
  for (const auto& entry : std::filesystem::directory_iterator(directory / "cache")) {
    EXPECT_EQ(ModeOf(entry.path()), 0640) << entry.path();
  }
  ::umask(022);
}

TEST(SqliteStoreTest, RefusesADirectoryThatAllCanWrite) {
  const TemporaryDirectory directory;
  std::filesystem::create_directory(directory / "cache");
  ::chmod((directory / "cache").c_str(), 0777);
  const absl::Status status = SqliteStore::Open(directory / "cache").status();
  EXPECT_TRUE(absl::IsFailedPrecondition(status));
  EXPECT_EQ(ReasonOf(status), "CACHE_WRITABLE_BY_ALL");
}

TEST(SqliteStoreTest, RefusesAFileInPlaceOfTheDirectory) {
  const TemporaryDirectory directory;
  WriteFile(directory / "cache", "a file");
  EXPECT_EQ(ReasonOf(SqliteStore::Open(directory / "cache").status()), "CACHE_UNUSABLE");
  EXPECT_EQ(ReadFile(directory / "cache"), "a file");
}

TEST(SqliteStoreTest, MakesMissingParents) {
  const TemporaryDirectory directory;
  EXPECT_TRUE(SqliteStore::Open(directory / "a/b/c").ok());
}

TEST(SqliteStoreTest, ASecondOwnerIsToldWhoTheFirstIs) {
  const TemporaryDirectory directory;
  auto first = Open(directory);
  const absl::Status status = SqliteStore::Open(directory / "cache").status();
  EXPECT_TRUE(absl::IsFailedPrecondition(status));
  EXPECT_EQ(ReasonOf(status), "CACHE_IN_USE");
  EXPECT_THAT(std::string(status.message()), HasSubstr(directory / "cache"));
  EXPECT_THAT(std::string(status.message()), HasSubstr(std::to_string(::getpid())));
  first.reset();
  EXPECT_TRUE(SqliteStore::Open(directory / "cache").ok());
}

TEST(CacheDirectoryTest, RefusesNetworkFilesystems) {
  for (const std::uint64_t magic : {0x6969u, 0xFF534D42u, 0xFE534D42u, 0x0BD00BD0u}) {
    const absl::Status status = CheckFilesystem("/cache", magic);
    EXPECT_TRUE(absl::IsFailedPrecondition(status));
    EXPECT_EQ(ReasonOf(status), "NETWORK_FILESYSTEM");
    EXPECT_THAT(std::string(status.message()), HasSubstr("/cache"));
  }
  constexpr std::uint64_t kExt4 = 0xEF53;
  constexpr std::uint64_t kTmpfs = 0x01021994;
  constexpr std::uint64_t kXfs = 0x58465342;
  constexpr std::uint64_t kOverlay = 0x794C7630;
  for (const std::uint64_t magic : {kExt4, kTmpfs, kXfs, kOverlay}) {
    EXPECT_TRUE(CheckFilesystem("/cache", magic).ok());
  }
}

TEST(SqliteStoreTest, AFullDiskIsSaidAndReadsGoOn) {
  const TemporaryDirectory directory;
  auto store = Open(directory, {.max_database_bytes = 256 << 10});
  ASSERT_TRUE(Put(*store, {}).ok());
  absl::Status status;
  int written = 1;
  for (int i = 1; i < 10'000 && status.ok(); ++i) {
    status = Put(*store, {.problem = Gemm(i, 8, 8)}).status();
    if (status.ok()) ++written;
  }
  EXPECT_TRUE(absl::IsResourceExhausted(status));
  EXPECT_EQ(ReasonOf(status), "DISK_FULL");
  EXPECT_GT(written, 10);
  // What was under way left nothing behind, and what was there is served.
  EXPECT_EQ(WinnerCount(*store), written);
  EXPECT_EQ(store->Stats().value().epoch(), written);
  EXPECT_EQ(store->GetCubin(Sha256("cubin")).value(), "cubin");

  store.reset();
  store = Open(directory);
  EXPECT_EQ(WinnerCount(*store), written);
  EXPECT_EQ(Put(*store, {.problem = Gemm(8, 8, 16)}).value(), written + 1);
}

TEST(SqliteStoreTest, ANewerSchemaIsRefusedAndNotTouched) {
  const TemporaryDirectory directory;
  ASSERT_TRUE(Put(*Open(directory), {}).ok());
  const std::string path = directory / "cache/tilewright.db";
  SQLite::Database(path, SQLite::OPEN_READWRITE)
      .exec("PRAGMA journal_mode=DELETE; PRAGMA user_version=1000");
  const std::string before = ReadFile(path);
  const absl::Status status = SqliteStore::Open(directory / "cache").status();
  EXPECT_TRUE(absl::IsFailedPrecondition(status));
  EXPECT_EQ(ReasonOf(status), "SCHEMA_TOO_NEW");
  EXPECT_THAT(std::string(status.message()), HasSubstr("1000"));
  EXPECT_EQ(ReadFile(path), before);
}

TEST(SqliteStoreTest, WritesAreOnDiskInWalModeWithFullSync) {
  const TemporaryDirectory directory;
  auto store = Open(directory);
  ASSERT_TRUE(Put(*store, {}).ok());
  SQLite::Database reader(directory / "cache/tilewright.db", SQLite::OPEN_READONLY);
  EXPECT_EQ(reader.execAndGet("PRAGMA journal_mode").getString(), "wal");
  EXPECT_EQ(reader.execAndGet("SELECT count(*) FROM winners").getInt(), 1);
  EXPECT_EQ(reader
                .execAndGet("SELECT count(*) FROM sqlite_schema WHERE type = 'table'"
                            " AND sql NOT LIKE '%STRICT%'")
                .getInt(),
            0);
}

}  // namespace
}  // namespace tilewright
