#include "tuner/store/database/migrations.h"

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "proto/support/errors.h"
#include "tuner/store/database/sealed_blob.h"
#include "tuner/store/database/sqlite_rows.h"
#include "tuner/store/store.pb.h"
#include "tuner/store/upgrade_v1.h"

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

// Adds trusted signers, removed winners, the times when kernels were served, and quarantine for
// each problem. The key of a winner's environment loses the digest over all templates.
constexpr char kVersion2[] = R"sql(
CREATE TABLE signers (
  -- Fingerprint, as bytes.
  signer BLOB PRIMARY KEY,
  record BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE pruned_winners (
  -- v1::Winner.key, as bytes.
  winner_key BLOB PRIMARY KEY,
  record BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE kernel_uses (
  content_hash BLOB PRIMARY KEY,
  served_seconds INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

ALTER TABLE quarantine RENAME TO quarantine_of_version_1;
CREATE TABLE quarantine (
  content_hash BLOB NOT NULL,
  silicon_key BLOB NOT NULL,
  -- Empty: the kernel fails at every problem.
  problem_key BLOB NOT NULL,
  record BLOB NOT NULL,
  PRIMARY KEY (content_hash, silicon_key, problem_key)
) STRICT, WITHOUT ROWID;
)sql";

std::string_view BytesOf(const SQLite::Column& column) {
  const auto* bytes = static_cast<const char*>(column.getBlob());
  return bytes == nullptr ? std::string_view()
                          : std::string_view(bytes, static_cast<std::size_t>(column.getBytes()));
}

void BindBlob(SQLite::Statement& statement, int index, const std::string& bytes) {
  statement.bind(index, bytes.data(), static_cast<int>(bytes.size()));
}

void PutQuarantine(SQLite::Database& database, const std::string& content_hash,
                   const std::string& silicon_key, const std::string& problem_key,
                   const std::string& failure) {
  SQLite::Statement put(database,
                        "INSERT OR IGNORE INTO quarantine"
                        " (content_hash, silicon_key, problem_key, record) VALUES (?, ?, ?, ?)");
  BindBlob(put, 1, content_hash);
  BindBlob(put, 2, silicon_key);
  BindBlob(put, 3, problem_key);
  BindBlob(put, 4, Seal({"quarantine", content_hash, silicon_key, problem_key}, failure));
  put.exec();
}

// Version 1 did not say at which problem a kernel failed, so it counts as failed at every one.
void UpgradeQuarantine(SQLite::Database& database) {
  SQLite::Statement scan(database,
                         "SELECT content_hash, silicon_key, record FROM quarantine_of_version_1");
  while (scan.executeStep()) {
    const std::string content_hash(BytesOf(scan.getColumn(0)));
    const std::string silicon_key(BytesOf(scan.getColumn(1)));
    if (const auto failure =
            Unseal({"quarantine", content_hash, silicon_key}, BytesOf(scan.getColumn(2)))) {
      PutQuarantine(database, content_hash, silicon_key, "", std::string(*failure));
    }
  }
  database.exec("DROP TABLE quarantine_of_version_1");
}

int64_t EnvironmentId(SQLite::Database& database, const store::WinnerRecord& record) {
  v1::Winner winner;
  winner.ParseFromString(record.winner());
  SQLite::Statement put(database,
                        "INSERT INTO environments (key, environment) VALUES (?, ?)"
                        " ON CONFLICT (key) DO UPDATE SET key = key RETURNING id");
  BindBlob(put, 1, record.environment_key());
  BindBlob(put, 2, winner.target().environment().SerializeAsString());
  put.executeStep();
  return put.getColumn(0).getInt64();
}

void UpgradeToVersion2(SQLite::Database& database) {
  UpgradeQuarantine(database);
  SQLite::Statement scan(database, "SELECT epoch, record FROM winners ORDER BY epoch");
  SQLite::Statement put(database,
                        "UPDATE winners SET environment_id = ?, record = ?, content_hash = ?"
                        " WHERE epoch = ?");
  std::map<std::string, int64_t> environments;
  while (scan.executeStep()) {
    const int64_t epoch = scan.getColumn(0).getInt64();
    const auto payload = UnsealWinner(epoch, BytesOf(scan.getColumn(1)));
    store::WinnerRecord record;
    // A damaged row stays as it is. Readers skip it.
    if (!payload || !record.ParseFromArray(payload->data(), static_cast<int>(payload->size())) ||
        !UpgradeRecordV1(record)) {
      continue;
    }
    auto [environment, is_new] = environments.try_emplace(record.environment_key());
    if (is_new) environment->second = EnvironmentId(database, record);
    put.bind(1, environment->second);
    BindBlob(put, 2, SealWinner(epoch, record.SerializeAsString()));
    if (record.content_hash().empty()) {
      put.bind(3);
    } else {
      BindBlob(put, 3, record.content_hash());
    }
    put.bind(4, epoch);
    put.exec();
    put.reset();
  }
  database.exec("DELETE FROM environments WHERE id NOT IN (SELECT environment_id FROM winners)");
}

int ReadPragma(SQLite::Database& database, const char* pragma) {
  return database.execAndGet(pragma).getInt();
}

bool IsEmpty(SQLite::Database& database) {
  return database.execAndGet("SELECT count(*) FROM sqlite_schema").getInt() == 0;
}

// Returns ": `tilewright restore FILE`" if a copy of the schema was kept.
std::string RestoreHint(const std::string& path, int version) {
  const std::string copy = CopyOfSchema(path, version);
  std::error_code error;
  return std::filesystem::exists(copy, error)
             ? absl::StrCat(": `tilewright restore ", copy, "`")
             : absl::StrCat(" by `tilewright restore` of a backup, if there is one");
}

absl::Status CheckOwnership(SQLite::Database& database, int current, int latest) {
  if (current > latest) {
    return MakeError(absl::StatusCode::kFailedPrecondition, "SCHEMA_TOO_NEW",
                     absl::StrCat("the cache database ", database.getFilename(),
                                  " has schema version ", current, ", this program knows ", latest,
                                  ": it was written by a newer one. Use that, name another cache "
                                  "directory, or go back to what this version kept",
                                  RestoreHint(database.getFilename(), latest)),
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
  static const auto* const migrations =
      new std::vector<Migration>{{1, kVersion1}, {2, kVersion2, UpgradeToVersion2}};
  return *migrations;
}

int SchemaVersion(SQLite::Database& database) {
  return ReadPragma(database, "PRAGMA user_version");
}

std::string CopyOfSchema(const std::string& path, int version) {
  return absl::StrCat(path, ".schema-", version);
}

absl::Status CheckOurs(const std::vector<Migration>& migrations, SQLite::Database& database) {
  return CheckOwnership(database, SchemaVersion(database), migrations.back().version);
}

absl::Status Migrate(const std::vector<Migration>& migrations, SQLite::Database& database) {
  const int latest = migrations.back().version;
  const int current = SchemaVersion(database);
  if (const absl::Status status = CheckOwnership(database, current, latest); !status.ok()) {
    return status;
  }
  for (const Migration& migration : migrations) {
    if (migration.version <= current) continue;
    WriteTransaction transaction(database);
    KeepSystemError([&] {
      database.exec(migration.sql);
      if (migration.upgrade != nullptr) migration.upgrade(database);
      database.exec(absl::StrCat("PRAGMA application_id=", kApplicationId));
      database.exec(absl::StrCat("PRAGMA user_version=", migration.version));
    });
    transaction.Commit();
  }
  return absl::OkStatus();
}

}  // namespace tilewright
