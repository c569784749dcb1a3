#include "tuner/store/database/migrations.h"

#include <string>
#include <vector>

#include "SQLiteCpp/SQLiteCpp.h"
#include "gtest/gtest.h"
#include "proto/support/errors.h"
#include "proto/support/sha256.h"

namespace tilewright {
namespace {

// Databases of this version are out there: the text of a released migration never changes.
// A change of the schema is a new migration.
TEST(MigrationsTest, ReleasedMigrationsAreNotEdited) {
  const std::vector<std::string> released = {
      "ec73e8acaeae8dc9592e86574af153b89848b4c2243f6ebf0a04101b1afc770e",
      "d875545e8b3e0cf1e8934f8f9f0f28d99a913876b2a7df0d8345aebd2d4d9c1e",
  };
  ASSERT_GE(Migrations().size(), released.size());
  for (std::size_t i = 0; i < released.size(); ++i) {
    EXPECT_EQ(ToHex(Sha256(Migrations()[i].sql)), released[i]) << "version " << i + 1;
  }
}

TEST(MigrationsTest, VersionsCountUpFromOne) {
  int expected = 1;
  for (const Migration& migration : Migrations()) EXPECT_EQ(migration.version, expected++);
}

// Every version that was ever current, with rows as it wrote them, becomes the latest.
TEST(MigrationsTest, EveryOldVersionIsBroughtUpWithItsRows) {
  for (std::size_t last = 1; last <= Migrations().size(); ++last) {
    SQLite::Database database(":memory:", SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
    const std::vector<Migration> old(Migrations().begin(),
                                     Migrations().begin() + static_cast<std::ptrdiff_t>(last));
    ASSERT_TRUE(Migrate(old, database).ok());
    database.exec("INSERT INTO kernels (content_hash, cubin_zstd) VALUES (x'01', x'02')");
    ASSERT_TRUE(Migrate(Migrations(), database).ok());
    EXPECT_EQ(database.execAndGet("PRAGMA user_version").getInt(), Migrations().back().version);
    EXPECT_EQ(database.execAndGet("SELECT count(*) FROM kernels").getInt(), 1);
  }
}

TEST(MigrationsTest, AddsOnlyWhatIsMissing) {
  SQLite::Database database(":memory:", SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
  ASSERT_TRUE(Migrate(Migrations(), database).ok());
  std::vector<Migration> longer = Migrations();
  const int next = longer.back().version + 1;
  longer.push_back({next, "CREATE TABLE later (id INTEGER PRIMARY KEY) STRICT"});
  ASSERT_TRUE(Migrate(longer, database).ok());
  ASSERT_TRUE(Migrate(longer, database).ok());
  EXPECT_TRUE(database.tableExists("later"));
  EXPECT_EQ(database.execAndGet("PRAGMA user_version").getInt(), next);
}

TEST(MigrationsTest, AFailedStepLeavesTheVersionBeforeIt) {
  SQLite::Database database(":memory:", SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
  std::vector<Migration> broken = Migrations();
  const int current = broken.back().version;
  broken.push_back({current + 1, "CREATE TABLE half (id INTEGER) STRICT; CREATE TABLE half (x)"});
  EXPECT_THROW((void)Migrate(broken, database), SQLite::Exception);
  EXPECT_EQ(database.execAndGet("PRAGMA user_version").getInt(), current);
  EXPECT_FALSE(database.tableExists("half"));
}

TEST(MigrationsTest, RefusesNewerAndForeignDatabases) {
  SQLite::Database newer(":memory:", SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
  newer.exec("PRAGMA user_version=1000");
  EXPECT_EQ(ReasonOf(Migrate(Migrations(), newer)), "SCHEMA_TOO_NEW");

  SQLite::Database foreign(":memory:", SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
  foreign.exec("CREATE TABLE notes (text TEXT)");
  EXPECT_EQ(ReasonOf(Migrate(Migrations(), foreign)), "NOT_A_CACHE_DATABASE");
  EXPECT_FALSE(foreign.tableExists("winners"));
}

}  // namespace
}  // namespace tilewright
