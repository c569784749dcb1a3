#ifndef TILEWRIGHT_TUNER_STORE_DATABASE_MIGRATIONS_H_
#define TILEWRIGHT_TUNER_STORE_DATABASE_MIGRATIONS_H_

#include <string>
#include <vector>

#include "SQLiteCpp/SQLiteCpp.h"
#include "absl/status/status.h"

namespace tilewright {

// One step of the schema. It never changes after its release, because databases have run it.
struct Migration {
  int version;  // PRAGMA user_version after it; 1, 2, 3, ...
  const char* sql;
  // Updates the rows, after `sql`; null if there is nothing to do. May throw.
  void (*upgrade)(SQLite::Database& database) = nullptr;
};

// Returns all migrations, in order.
const std::vector<Migration>& Migrations();

// Returns the schema version of `database`; 0 for a new file. May throw.
int SchemaVersion(SQLite::Database& database);

// Returns where an upgrade keeps the database at `path` of schema `version`.
std::string CopyOfSchema(const std::string& path, int version);

// OK if `database` is ours and not newer than the last of `migrations`, or is new and empty. Errors
// as Migrate. May throw.
absl::Status CheckOurs(const std::vector<Migration>& migrations, SQLite::Database& database);

// Brings `database` to the last of `migrations`, each in its own transaction. Fails and changes
// nothing if it is newer (FAILED_PRECONDITION, reason SCHEMA_TOO_NEW, with the command that
// restores the copy for this version, if there is one) or not ours (DATA_LOSS, reason
// NOT_A_CACHE_DATABASE). May throw SQLite::Exception.
absl::Status Migrate(const std::vector<Migration>& migrations, SQLite::Database& database);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_STORE_DATABASE_MIGRATIONS_H_
