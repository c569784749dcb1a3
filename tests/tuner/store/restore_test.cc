#include "tuner/store/database/restore.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <functional>
#include <string>

#include "absl/strings/match.h"
#include "absl/time/clock.h"
#include "gtest/gtest.h"
#include "proto/support/errors.h"
#include "proto/support/private_files.h"
#include "tests/tuner/store/store_fixtures.h"
#include "tuner/store/database/sqlite_store.h"

namespace {
// Ends the process before its nth call of rename, as a kill would.
int renames_left = -1;
}  // namespace

// In the place of the C library's.
extern "C" int rename(const char* from, const char* to) noexcept {
  if (renames_left == 0) _exit(0);
  if (renames_left > 0) --renames_left;
  return static_cast<int>(syscall(SYS_renameat, AT_FDCWD, from, AT_FDCWD, to));
}

namespace tilewright {
namespace {

// Runs `action` in a process of its own, which ends without closing anything.
void InProcess(const std::function<void()>& action) {
  const pid_t pid = fork();
  if (pid == 0) {
    action();
    _exit(0);
  }
  int status = 0;
  ASSERT_EQ(waitpid(pid, &status, 0), pid);
  ASSERT_TRUE(WIFEXITED(status));
}

class RestoreTest : public testing::Test {
 protected:
  std::string cache() const { return directory_ / "cache"; }

  std::unique_ptr<SqliteStore> Open() { return SqliteStore::Open(cache()).value(); }

  int64_t Winners() { return Open()->Stats()->winners(); }

  // What a killed daemon leaves in `cache`: one winner in `backup`, and four in the log.
  void FillLog(const std::string& cache, const std::string& backup) {
    const std::string live = directory_ / "live";
    const auto store = SqliteStore::Open(live).value();
    ASSERT_TRUE(Put(*store, {}).ok());
    ASSERT_TRUE(store->Backup(backup).ok());
    for (int i = 1; i < 4; ++i) ASSERT_TRUE(Put(*store, {.problem = Gemm(64 * i, 64, 64)}).ok());
    ASSERT_TRUE(MakePrivateDirectory(cache).ok());
    for (const char* file : {"/tilewright.db", "/tilewright.db-wal"}) {
      std::filesystem::copy_file(live + file, cache + file);
    }
  }

  const TemporaryDirectory directory_;
};

TEST_F(RestoreTest, PutsABackupInPlaceAndKeepsWhatWasThere) {
  const std::string backup = directory_ / "backup.db";
  {
    const auto store = Open();
    ASSERT_TRUE(Put(*store, {}).ok());
    ASSERT_TRUE(store->Backup(backup).ok());
    ASSERT_TRUE(Put(*store, {.problem = Gemm(64, 64, 64)}).ok());
  }
  EXPECT_EQ(Winners(), 2);
  const auto restored = RestoreDatabase(cache(), backup, absl::Now());
  ASSERT_TRUE(restored.ok()) << restored.status();
  EXPECT_EQ(Winners(), 1);
  EXPECT_TRUE(std::filesystem::exists(backup));
  // Epoch 2 was given out since the backup: whoever pinned it must not get another winner.
  EXPECT_GT(Put(*Open(), {.problem = Gemm(128, 64, 64)}).value(), 1'000'000'000);
  EXPECT_EQ(Winners(), 2);
  ASSERT_TRUE(std::filesystem::exists(restored->kept)) << restored->kept;
  // What was kept can be restored likewise.
  ASSERT_TRUE(RestoreDatabase(cache(), restored->kept, absl::Now()).ok());
  EXPECT_EQ(Winners(), 2);
}

TEST_F(RestoreTest, RefusesWhatIsNoSoundDatabase) {
  ASSERT_TRUE(Put(*Open(), {}).ok());
  EXPECT_EQ(ReasonOf(RestoreDatabase(cache(), directory_ / "none", absl::Now()).status()),
            "FILE_NOT_READABLE");
  WriteFile(directory_ / "text", "no database at all, but long enough to be looked at");
  EXPECT_FALSE(RestoreDatabase(cache(), directory_ / "text", absl::Now()).ok());
  WriteFile(directory_ / "empty", "");
  EXPECT_EQ(ReasonOf(RestoreDatabase(cache(), directory_ / "empty", absl::Now()).status()),
            "NOT_A_CACHE_DATABASE");
  const std::string torn = directory_ / "torn.db";
  ASSERT_TRUE(Open()->Backup(torn).ok());
  std::string bytes = ReadFile(torn);
  WriteFile(torn, bytes.substr(0, bytes.size() / 2));
  // It said that the cache database is damaged, which is the one in use.
  const absl::Status refused = RestoreDatabase(cache(), torn, absl::Now()).status();
  EXPECT_EQ(refused.message().rfind(torn + ": cannot be restored: ", 0), 0u) << refused;
  EXPECT_EQ(Winners(), 1) << "nothing has changed";
}

// A database that was removed while its log was not, or a rebuild that was killed: neither is mixed
// with what is restored.
TEST_F(RestoreTest, LeavesNoLogAndNoRebuiltDatabaseBeside) {
  const std::string backup = directory_ / "backup.db";
  {
    const auto store = Open();
    ASSERT_TRUE(Put(*store, {}).ok());
    ASSERT_TRUE(store->Backup(backup).ok());
  }
  std::filesystem::remove(cache() + "/tilewright.db");
  WriteFile(cache() + "/tilewright.db-wal", "an old log");
  std::filesystem::copy_file(backup, cache() + "/tilewright.db.rebuilt");
  ASSERT_TRUE(RestoreDatabase(cache(), backup, absl::Now()).ok());
  EXPECT_FALSE(std::filesystem::exists(cache() + "/tilewright.db-wal"));
  EXPECT_FALSE(std::filesystem::exists(cache() + "/tilewright.db.rebuilt"));
  EXPECT_EQ(Winners(), 1);
}

// SQLite drops a log from the first damaged frame on, and the old database was opened with it. Of
// the old winners, none was kept.
TEST_F(RestoreTest, KeepsADamagedLogOfTheOldDatabase) {
  const std::string backup = directory_ / "backup.db";
  FillLog(cache(), backup);
  const std::string path = cache() + "/tilewright.db";
  const std::string database = ReadFile(path);
  const std::string log = ReadFile(path + "-wal");
  ASSERT_GT(log.size(), 32u + 20 * 4120);
  // The header of the log, an early frame, and the last one, which ends a transaction.
  for (const std::size_t at : {std::size_t{25}, std::size_t{32 + 5 * 4120 + 124}, log.size() - 1}) {
    std::filesystem::remove_all(cache());
    ASSERT_TRUE(MakePrivateDirectory(cache()).ok());
    std::string damaged = log;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x40);
    WriteFile(path, database);
    WriteFile(path + "-wal", damaged);
    const auto restored = RestoreDatabase(cache(), backup, absl::Now());
    ASSERT_TRUE(restored.ok()) << restored.status();
    EXPECT_EQ(ReadFile(restored->kept), database) << at;
    EXPECT_EQ(ReadFile(restored->kept + "-wal"), damaged) << at;
    EXPECT_TRUE(absl::StrContains(restored->note, restored->kept + "-wal")) << restored->note;
    EXPECT_EQ(Winners(), 1);
    // A start finds both under their new names and salvages them.
    const std::string other = directory_ / "other";
    std::filesystem::remove_all(other);
    ASSERT_TRUE(MakePrivateDirectory(other).ok());
    std::filesystem::copy_file(restored->kept, other + "/tilewright.db");
    std::filesystem::copy_file(restored->kept + "-wal", other + "/tilewright.db-wal");
    EXPECT_GE(SqliteStore::Open(other).value()->Stats()->winners(), 3) << at;
  }
}

TEST_F(RestoreTest, MergesASoundLogOfTheOldDatabase) {
  const std::string backup = directory_ / "backup.db";
  FillLog(cache(), backup);
  const auto restored = RestoreDatabase(cache(), backup, absl::Now());
  ASSERT_TRUE(restored.ok()) << restored.status();
  EXPECT_EQ(restored->note, "");
  EXPECT_FALSE(std::filesystem::exists(restored->kept + "-wal"));
  ASSERT_TRUE(RestoreDatabase(cache(), restored->kept, absl::Now()).ok());
  EXPECT_EQ(Winners(), 4);
}

// SQLite removes the log beside an empty file.
TEST_F(RestoreTest, KeepsTheLogBesideAnEmptyDatabase) {
  const std::string backup = directory_ / "backup.db";
  FillLog(cache(), backup);
  const std::string path = cache() + "/tilewright.db";
  const std::string log = ReadFile(path + "-wal");
  WriteFile(path, "");
  const auto restored = RestoreDatabase(cache(), backup, absl::Now());
  ASSERT_TRUE(restored.ok()) << restored.status();
  ASSERT_TRUE(std::filesystem::exists(restored->kept + "-wal"));
  EXPECT_EQ(ReadFile(restored->kept + "-wal"), log);
}

// It said that it was restored, and had one winner of four.
TEST_F(RestoreTest, RefusesAFileWithADamagedLog) {
  const std::string from = directory_ / "from";
  FillLog(from, directory_ / "backup.db");
  ASSERT_TRUE(Put(*Open(), {}).ok());
  const std::string file = from + "/tilewright.db";
  const std::string log = ReadFile(file + "-wal");
  std::string damaged = log;
  damaged[32 + 5 * 4120 + 124] ^= 0x40;
  WriteFile(file + "-wal", damaged);
  const absl::Status refused = RestoreDatabase(cache(), file, absl::Now()).status();
  EXPECT_EQ(ReasonOf(refused), "DATABASE_DAMAGED");
  EXPECT_TRUE(absl::StartsWith(refused.message(), file + ": cannot be restored: ")) << refused;
  EXPECT_TRUE(absl::StrContains(refused.message(), " pages would be lost")) << refused;
  EXPECT_EQ(ReadFile(file + "-wal"), damaged);
  EXPECT_FALSE(std::filesystem::exists(cache() + "/tilewright.db.restoring"));
  EXPECT_EQ(Winners(), 1) << "nothing has changed";
  // Nobody knows whether a log that ends in half a transaction is damaged.
  std::string cut_off = log;
  cut_off.back() = static_cast<char>(cut_off.back() ^ 0x40);
  WriteFile(file + "-wal", cut_off);
  const auto restored = RestoreDatabase(cache(), file, absl::Now());
  ASSERT_TRUE(restored.ok()) << restored.status();
  EXPECT_TRUE(absl::StrContains(restored->note, file + "-wal")) << restored->note;
  EXPECT_EQ(Winners(), 3);
}

// The database was there without its log, or not at all, and the next start served nothing.
TEST_F(RestoreTest, AKillLeavesTheOldStateOrTheNewOne) {
  bool saw_old = false;
  bool saw_new = false;
  for (int renames = 0; renames < 8; ++renames) {
    std::filesystem::remove_all(cache());
    const std::string backup = directory_ / "backup.db";
    std::filesystem::remove(backup);
    // Of a daemon that was killed too: all that it stored is in the log.
    InProcess([&] {
      const auto store = Open();
      if (!Put(*store, {}).ok() || !store->Backup(backup).ok()) abort();
      if (!Put(*store, {.problem = Gemm(64, 64, 64)}).ok()) abort();
      _exit(0);
    });
    ASSERT_TRUE(std::filesystem::exists(cache() + "/tilewright.db-wal"));
    InProcess([&] {
      renames_left = renames;
      if (!RestoreDatabase(cache(), backup, absl::Now()).ok()) abort();
    });
    const int64_t winners = Winners();
    EXPECT_TRUE(winners == 1 || winners == 2) << winners << " after " << renames << " renames";
    saw_old |= winners == 2;
    saw_new |= winners == 1;
    for (const auto& entry : std::filesystem::directory_iterator(cache())) {
      EXPECT_FALSE(absl::StrContains(entry.path().string(), ".restoring")) << entry.path();
    }
  }
  EXPECT_TRUE(saw_old);
  EXPECT_TRUE(saw_new);
}

TEST_F(RestoreTest, NoFileThatIsRestoredIsRemoved) {
  {
    const auto store = Open();
    ASSERT_TRUE(Put(*store, {}).ok());
    ASSERT_TRUE(store->Backup(cache() + "/mine").ok());
  }
  for (const char* name : {"/backup.part", "/tilewright.db.schema-1.part"}) {
    std::filesystem::copy_file(cache() + "/mine", cache() + name);
    const auto restored = RestoreDatabase(cache(), cache() + name, absl::Now());
    EXPECT_TRUE(restored.ok()) << restored.status();
    EXPECT_TRUE(std::filesystem::exists(cache() + name));
  }
  const std::string unfinished = cache() + "/tilewright.db.restoring";
  std::filesystem::copy_file(cache() + "/mine", unfinished);
  EXPECT_EQ(ReasonOf(RestoreDatabase(cache(), unfinished, absl::Now()).status()),
            "NOT_A_CACHE_DATABASE");
  EXPECT_TRUE(std::filesystem::exists(unfinished));
}

TEST_F(RestoreTest, WaitsForNoDaemon) {
  const auto store = Open();
  ASSERT_TRUE(Put(*store, {}).ok());
  const std::string backup = directory_ / "backup.db";
  ASSERT_TRUE(store->Backup(backup).ok());
  EXPECT_EQ(ReasonOf(RestoreDatabase(cache(), backup, absl::Now()).status()), "CACHE_IN_USE");
}

}  // namespace
}  // namespace tilewright
