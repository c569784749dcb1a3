#include "tuner/store/restore.h"

#include <sys/stat.h>

#include <filesystem>
#include <string>

#include "absl/time/clock.h"
#include "gtest/gtest.h"
#include "proto/support/errors.h"
#include "tests/store/store_fixtures.h"
#include "tuner/store/sqlite_store.h"

namespace tilewright {
namespace {

class RestoreTest : public testing::Test {
 protected:
  std::string cache() const { return directory_ / "cache"; }

  std::unique_ptr<SqliteStore> Open() { return SqliteStore::Open(cache()).value(); }

  int64_t Winners() { return Open()->Stats()->winners(); }

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
  EXPECT_FALSE(RestoreDatabase(cache(), torn, absl::Now()).ok());
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

TEST_F(RestoreTest, WaitsForNoDaemon) {
  const auto store = Open();
  ASSERT_TRUE(Put(*store, {}).ok());
  const std::string backup = directory_ / "backup.db";
  ASSERT_TRUE(store->Backup(backup).ok());
  EXPECT_EQ(ReasonOf(RestoreDatabase(cache(), backup, absl::Now()).status()), "CACHE_IN_USE");
}

}  // namespace
}  // namespace tilewright
