#ifndef TILEWRIGHT_TUNER_STORE_MIGRATIONS_H_
#define TILEWRIGHT_TUNER_STORE_MIGRATIONS_H_

#include <vector>

#include "SQLiteCpp/SQLiteCpp.h"
#include "absl/status/status.h"

namespace tilewright {

// One step of the schema, never changed once released: databases out there have run it.
struct Migration {
  int version;  // PRAGMA user_version after it; 1, 2, 3, ...
  const char* sql;
};

// All of them, in order.
const std::vector<Migration>& Migrations();

// Brings `database` to the last of `migrations`, each in a transaction of its own. Touches
// nothing and fails where it is newer (FAILED_PRECONDITION, reason SCHEMA_TOO_NEW) or not ours
// (DATA_LOSS, reason NOT_A_CACHE_DATABASE). May throw SQLite::Exception.
absl::Status Migrate(const std::vector<Migration>& migrations, SQLite::Database& database);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_STORE_MIGRATIONS_H_
