// Files that are taken away from under the store, or held by others: nothing is acknowledged that
// is not stored, and what could not be stored is stored when it can be.
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "SQLiteCpp/SQLiteCpp.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/support/errors.h"
#include "proto/support/private_files.h"
#include "proto/support/sha256.h"
#include "tests/tuner/store/store_fixtures.h"
#include "tuner/search/unstored_winners.h"
#include "tuner/store/database/sqlite_store.h"

namespace tilewright {
namespace {

using ::testing::HasSubstr;

RecordSpec Spec(int i) {
  return {.problem = Gemm(8 * (i + 1), 64, 64), .cubin = "cubin " + std::to_string(i)};
}

class LostFilesTest : public testing::Test {
 protected:
  std::unique_ptr<SqliteStore> Open() { return SqliteStore::Open(cache_).value(); }

  static int CountWinners(SqliteStore& store) {
    int count = 0;
    EXPECT_TRUE(store.ForEachWinner([&](const PackedWinner&) { ++count; }).ok());
    return count;
  }

  TemporaryDirectory directory_;
  const std::string cache_ = directory_ / "cache";
  const std::string path_ = cache_ + "/tilewright.db";
};

TEST_F(LostFilesTest, NothingIsAcknowledgedOnceTheDirectoryIsRemoved) {
  auto store = Open();
  ASSERT_TRUE(Put(*store, Spec(1)).ok());
  EXPECT_TRUE(store->CheckPresent().ok());
  std::filesystem::remove_all(cache_);
  EXPECT_EQ(ReasonOf(Put(*store, Spec(2)).status()), "CACHE_REMOVED");
  EXPECT_EQ(ReasonOf(store->CheckPresent()), "CACHE_REMOVED");
}

TEST_F(LostFilesTest, NothingIsAcknowledgedOnceTheDatabaseOrItsLogIsRemovedOrReplaced) {
  for (const char* file : {"/tilewright.db", "/tilewright.db-wal", "/tilewrightd.lock"}) {
    std::filesystem::remove_all(cache_);
    auto store = Open();
    ASSERT_TRUE(Put(*store, Spec(1)).ok());
    std::filesystem::remove(cache_ + file);
    EXPECT_EQ(ReasonOf(Put(*store, Spec(2)).status()), "CACHE_REMOVED") << file;
    WriteFile(cache_ + file, "another");
    EXPECT_EQ(ReasonOf(Put(*store, Spec(3)).status()), "CACHE_REMOVED") << file;
    store.reset();
    EXPECT_EQ(ReadFile(cache_ + file), "another") << "what lies there now is not ours";
  }
}

TEST_F(LostFilesTest, WhatWasAcknowledgedBeforeItsLogWasRemovedIsKept) {
  auto store = Open();
  for (int i = 1; i <= 3; ++i) ASSERT_TRUE(Put(*store, Spec(i)).ok());
  std::filesystem::remove(path_ + "-wal");
  EXPECT_EQ(ReasonOf(Put(*store, Spec(4)).status()), "CACHE_REMOVED");
  store.reset();
  EXPECT_GE(CountWinners(*Open()), 3);
}

TEST_F(LostFilesTest, WhatAnotherProgramHoldsUpIsSaidAndStoredLater) {
  auto store = Open();
  ASSERT_TRUE(Put(*store, Spec(1)).ok());
  WinnerIndex index;
  UnstoredWinners unstored(10);
  {
    SQLite::Database other(path_, SQLite::OPEN_READWRITE);
    other.exec("BEGIN IMMEDIATE");
    const absl::Status busy = Put(*store, Spec(2)).status();
    EXPECT_EQ(ReasonOf(busy), "DATABASE_BUSY") << busy;
    EXPECT_TRUE(absl::IsResourceExhausted(busy));
    unstored.Keep(MakeRecord(Spec(2)), Spec(2).cubin);
    EXPECT_EQ(unstored.FindCubin(Sha256(Spec(2).cubin)), Spec(2).cubin);
    EXPECT_FALSE(unstored.StoreAll(*store, index).ok());
    EXPECT_EQ(unstored.size(), 1u);
    other.exec("ROLLBACK");
  }
  ASSERT_TRUE(unstored.StoreAll(*store, index).ok());
  EXPECT_EQ(unstored.size(), 0u);
  EXPECT_EQ(index.Find(QueryOf(Spec(2))).winner->winner.epoch(), 2);
  EXPECT_EQ(store->GetCubin(Sha256(Spec(2).cubin)).value(), Spec(2).cubin);
  EXPECT_TRUE(Put(*store, Spec(3)).ok());
  store.reset();
  EXPECT_EQ(CountWinners(*Open()), 3);
}

TEST_F(LostFilesTest, TheQueueIsBoundedAndKeepsTheNewestOfAProblem) {
  UnstoredWinners unstored(2);
  unstored.Keep(MakeRecord(Spec(1)), "old");
  unstored.Keep(MakeRecord(Spec(1)), Spec(1).cubin);
  EXPECT_EQ(unstored.size(), 1u);
  unstored.Keep(MakeRecord(Spec(2)), Spec(2).cubin);
  unstored.Keep(MakeRecord(Spec(3)), Spec(3).cubin);
  EXPECT_EQ(unstored.size(), 2u);
  EXPECT_EQ(unstored.FindCubin(Sha256(Spec(1).cubin)), std::nullopt);
  unstored.Forget(MakeRecord(Spec(3)).winner);
  EXPECT_EQ(unstored.size(), 1u);
}

// Ends this process, a child of the test's, with what was found.
#define REQUIRE_IN_CHILD(condition)                       \
  do {                                                    \
    if (!(condition)) {                                   \
      std::fprintf(stderr, "not true: %s\n", #condition); \
      std::_Exit(1);                                      \
    }                                                     \
  } while (false)

// As a user who can read the directory, and cannot write in it.
void ServeReadOnly(const std::string& cache, const std::string& runtime, int winners) {
  setenv("XDG_RUNTIME_DIR", runtime.c_str(), 1);
  if (geteuid() == 0) REQUIRE_IN_CHILD(setegid(65534) == 0 && seteuid(65534) == 0);
  REQUIRE_IN_CHILD(IsReadOnlyDirectory(cache));
  auto store = SqliteStore::Open(cache);
  if (!store.ok()) std::fprintf(stderr, "%s\n", store.status().ToString().c_str());
  REQUIRE_IN_CHILD(store.ok());
  REQUIRE_IN_CHILD(ReasonOf((*store)->writable()) == "READ_ONLY");
  REQUIRE_IN_CHILD(absl::IsFailedPrecondition((*store)->writable()));
  int count = 0;
  REQUIRE_IN_CHILD((*store)
                       ->ForEachWinner([&](const PackedWinner& winner) {
                         REQUIRE_IN_CHILD(
                             (*store)->GetCubin(std::string(winner.content_hash)).ok());
                         ++count;
                       })
                       .ok());
  REQUIRE_IN_CHILD(count == winners);
  REQUIRE_IN_CHILD(ReasonOf(Put(**store, Spec(50)).status()) == "READ_ONLY");
  REQUIRE_IN_CHILD(!(*store)->Stats()->read_only().empty());
  REQUIRE_IN_CHILD(ReasonOf(SqliteStore::Open(cache).status()) == "CACHE_IN_USE");
  std::_Exit(0);
}

class ReadOnlyTest : public LostFilesTest {
 protected:
  // Whoever the tests run as, the child is a user to whom the directory is read-only.
  void MakeReadOnly() {
    std::filesystem::create_directory(directory_ / "run");
    const std::filesystem::perms all{0777};
    std::filesystem::permissions(directory_.path(), std::filesystem::perms{0755});
    if (geteuid() == 0) {
      for (const auto& entry : std::filesystem::directory_iterator(cache_)) {
        std::filesystem::permissions(entry.path(), std::filesystem::perms{0644});
      }
      std::filesystem::permissions(cache_, std::filesystem::perms{0755});
      std::filesystem::permissions(directory_ / "run", all);
    } else {
      std::filesystem::permissions(cache_, std::filesystem::perms{0555});
    }
  }
  void TearDown() override {
    std::error_code ignored;
    std::filesystem::permissions(cache_, std::filesystem::perms{0755}, ignored);
  }
};

TEST_F(ReadOnlyTest, WhatIsStoredIsServedFromADirectoryThatCannotBeWrittenTo) {
  {
    auto store = Open();
    for (int i = 0; i < 4; ++i) ASSERT_TRUE(Put(*store, Spec(i)).ok());
  }
  const std::string before = ReadFile(path_);
  MakeReadOnly();
  EXPECT_EXIT(ServeReadOnly(cache_, directory_ / "run", 4), testing::ExitedWithCode(0), "");
  EXPECT_EQ(ReadFile(path_), before);
}

TEST_F(ReadOnlyTest, WhatAKilledDaemonLeftInTheLogIsServedToo) {
  {
    TemporaryDirectory live;
    auto store = SqliteStore::Open(live / "cache").value();
    for (int i = 0; i < 4; ++i) ASSERT_TRUE(Put(*store, Spec(i)).ok());
    ASSERT_TRUE(MakePrivateDirectory(cache_).ok());
    for (const char* file : {"/tilewright.db", "/tilewright.db-wal"}) {
      std::filesystem::copy_file((live / "cache") + file, cache_ + file);
    }
  }
  const std::string log = ReadFile(path_ + "-wal");
  MakeReadOnly();
  EXPECT_EXIT(ServeReadOnly(cache_, directory_ / "run", 4), testing::ExitedWithCode(0), "");
  EXPECT_EQ(ReadFile(path_ + "-wal"), log);
}

TEST_F(LostFilesTest, WhatKilledProcessesLeftUnfinishedIsRemovedAndNothingElse) {
  ASSERT_TRUE(Put(*Open(), Spec(1)).ok());
  const auto make = [&](const std::string& name) { std::ofstream(cache_ + "/" + name) << "x"; };
  for (const char* name : {".restoring", ".rebuilding", ".rebuilding-source", ".schema-1.part"}) {
    for (const char* suffix : {"", "-wal", "-shm"})
      make(std::string("tilewright.db") + name + suffix);
  }
  make("backup.part");
  const std::vector<std::string> kept = {
      "tilewright.db.damaged-1",        "tilewright.db.schema-1",
      "tilewright.db.before-restore-1", "mine.part",
      "tilewright.db.mine.part",        "tilewright.db.schema-.part"};
  for (const std::string& name : kept) make(name);
  EXPECT_EQ(CountWinners(*Open()), 1);
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(cache_)) {
    names.insert(entry.path().filename());
  }
  for (const std::string& name : kept) EXPECT_EQ(names.erase(name), 1u) << name;
  names.erase("tilewright.db-wal");
  names.erase("tilewright.db-shm");
  EXPECT_THAT(names, testing::ElementsAre("tilewright.db", "tilewrightd.lock"));
}

TEST_F(LostFilesTest, ADirectoryOthersCanWriteToIsRefused) {
  Open().reset();
  ASSERT_EQ(chmod(cache_.c_str(), 0770), 0);
  EXPECT_EQ(ReasonOf(SqliteStore::Open(cache_).status()), "CACHE_WRITABLE_BY_GROUP");
}

TEST_F(LostFilesTest, ALinkInPlaceOfALockOrADatabaseIsNotFollowed) {
  for (const char* file : {"/tilewrightd.lock", "/tilewright.db"}) {
    std::filesystem::remove_all(cache_);
    ASSERT_TRUE(MakePrivateDirectory(cache_).ok());
    WriteFile(directory_ / "victim", "precious");
    std::filesystem::create_symlink(directory_ / "victim", cache_ + file);
    const absl::Status status = SqliteStore::Open(cache_).status();
    EXPECT_EQ(ReasonOf(status), "CACHE_UNUSABLE") << file;
    EXPECT_THAT(std::string(status.message()), HasSubstr("is a link")) << file;
    EXPECT_EQ(ReadFile(directory_ / "victim"), "precious");
  }
}

}  // namespace
}  // namespace tilewright
