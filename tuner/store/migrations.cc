#include "tuner/store/migrations.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "proto/support/errors.h"

namespace tilewright {
namespace {

// "TWRT": tells our files from other SQLite databases.
constexpr int kApplicationId = 0x54575254;

// Columns named `record` are sealed (sealed_blob.h). Keys are 32-byte SHA-256.
constexpr char kVersion1[] = R"sql(
CREATE TABLE store_info (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  -- Epochs of this file start here: a file that replaces a damaged one goes on above it.
  first_epoch INTEGER NOT NULL
) STRICT;
INSERT INTO store_info (id, first_epoch) VALUES (1, 1);

CREATE TABLE silicons (
  id INTEGER PRIMARY KEY,
  key BLOB NOT NULL UNIQUE,
  silicon BLOB NOT NULL
) STRICT;

CREATE TABLE environments (
  id INTEGER PRIMARY KEY,
  key BLOB NOT NULL UNIQUE,
  environment BLOB NOT NULL
) STRICT;

CREATE TABLE problems (
  id INTEGER PRIMARY KEY,
  key BLOB NOT NULL UNIQUE,
  encoding BLOB NOT NULL,
  problem BLOB NOT NULL
) STRICT;

CREATE TABLE kernels (
  id INTEGER PRIMARY KEY,
  content_hash BLOB NOT NULL UNIQUE,
  cubin_zstd BLOB NOT NULL
) STRICT;

CREATE TABLE compile_cache (
  compile_key BLOB PRIMARY KEY,
  content_hash BLOB NOT NULL REFERENCES kernels (content_hash),
  record BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE winners (
  epoch INTEGER PRIMARY KEY,
  problem_id INTEGER NOT NULL REFERENCES problems (id),
  silicon_id INTEGER NOT NULL REFERENCES silicons (id),
  environment_id INTEGER NOT NULL REFERENCES environments (id),
  content_hash BLOB REFERENCES kernels (content_hash),
  sample_count INTEGER NOT NULL,
  record BLOB NOT NULL
) STRICT;
-- Also covers what statistics count, which is why it ends in sample_count.
CREATE INDEX winners_by_target
  ON winners (problem_id, silicon_id, environment_id, epoch, sample_count);

CREATE TABLE samples (
  epoch INTEGER NOT NULL REFERENCES winners (epoch),
  ordinal INTEGER NOT NULL,
  record BLOB NOT NULL,
  PRIMARY KEY (epoch, ordinal)
) STRICT, WITHOUT ROWID;

CREATE TABLE quarantine (
  content_hash BLOB NOT NULL,
  silicon_key BLOB NOT NULL,
  record BLOB NOT NULL,
  PRIMARY KEY (content_hash, silicon_key)
) STRICT, WITHOUT ROWID;

CREATE TABLE sweeps (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  state INTEGER NOT NULL,
  entry_count INTEGER NOT NULL,
  record BLOB NOT NULL
) STRICT;

-- Apart from sweeps: it is large and never changes, a sweep's row does at every step.
CREATE TABLE sweep_requests (
  sweep_id INTEGER PRIMARY KEY REFERENCES sweeps (id),
  record BLOB NOT NULL
) STRICT;

CREATE TABLE sweep_entries (
  sweep_id INTEGER NOT NULL REFERENCES sweeps (id),
  ordinal INTEGER NOT NULL,
  record BLOB NOT NULL,
  PRIMARY KEY (sweep_id, ordinal)
) STRICT, WITHOUT ROWID;
)sql";

int ReadPragma(SQLite::Database& database, const char* pragma) {
  return database.execAndGet(pragma).getInt();
}

bool IsEmpty(SQLite::Database& database) {
  return database.execAndGet("SELECT count(*) FROM sqlite_schema").getInt() == 0;
}

absl::Status CheckOwnership(SQLite::Database& database, int current, int latest) {
  if (current > latest) {
    return MakeError(absl::StatusCode::kFailedPrecondition, "SCHEMA_TOO_NEW",
                     absl::StrCat("the cache database ", database.getFilename(),
                                  " has schema version ", current, ", this program knows ", latest,
                                  ": it was written by a newer one; use that, or name "
                                  "another cache directory"),
                     {{"file", database.getFilename()}});
  }
  const int application_id = ReadPragma(database, "PRAGMA application_id");
  const bool is_new = current == 0 && application_id == 0 && IsEmpty(database);
  if (is_new || (current > 0 && application_id == kApplicationId)) return absl::OkStatus();
  return MakeError(absl::StatusCode::kDataLoss, "NOT_A_CACHE_DATABASE",
                   absl::StrCat(database.getFilename(), " is not a cache database"),
                   {{"file", database.getFilename()}});
}

}  // namespace

const std::vector<Migration>& Migrations() {
  static const auto* const migrations = new std::vector<Migration>{{1, kVersion1}};
  return *migrations;
}

absl::Status Migrate(const std::vector<Migration>& migrations, SQLite::Database& database) {
  const int latest = migrations.back().version;
  const int current = ReadPragma(database, "PRAGMA user_version");
  if (const absl::Status status = CheckOwnership(database, current, latest); !status.ok()) {
    return status;
  }
  for (const Migration& migration : migrations) {
    if (migration.version <= current) continue;
    SQLite::Transaction transaction(database, SQLite::TransactionBehavior::IMMEDIATE);
    database.exec(migration.sql);
    database.exec(absl::StrCat("PRAGMA application_id=", kApplicationId));
    database.exec(absl::StrCat("PRAGMA user_version=", migration.version));
    transaction.commit();
  }
  return absl::OkStatus();
}

}  // namespace tilewright
