#ifndef TILEWRIGHT_TUNER_STORE_DATABASE_MIGRATIONS_H_
#define TILEWRIGHT_TUNER_STORE_DATABASE_MIGRATIONS_H_

#include <string>
#include <vector>

#include "SQLiteCpp/SQLiteCpp.h"
#include "absl/status/status.h"

namespace tilewright {

// One step of the schema, never changed once released: databases out there have run it.
struct Migration {
  int version;  // PRAGMA user_version after it; 1, 2, 3, ...
  const char* sql;
  // Brings the rows up to date, after `sql`; null where there is nothing to do. May throw.
  void (*upgrade)(SQLite::Database& database) = nullptr;
};

// All of them, in order.
const std::vector<Migration>& Migrations();

// The version of the schema that `database` has; 0 for a new file. May throw.
int SchemaVersion(SQLite::Database& database);

// Where a database of schema `version` at `path` is kept when it is brought up to date.
std::string CopyOfSchema(const std::string& path, int version);

// OK where `database` is ours, and of the last of `migrations` or an earlier version, or new and
// empty; errors as Migrate. May throw.
absl::Status CheckOurs(const std::vector<Migration>& migrations, SQLite::Database& database);

// Brings `database` to the last of `migrations`, each in a transaction of its own. Touches
// nothing and fails where it is newer (FAILED_PRECONDITION, reason SCHEMA_TOO_NEW, which names the
// command that restores the copy of this version, where there is one) or not ours (DATA_LOSS,
// reason NOT_A_CACHE_DATABASE). May throw SQLite::Exception.
absl::Status Migrate(const std::vector<Migration>& migrations, SQLite::Database& database);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_STORE_DATABASE_MIGRATIONS_H_
