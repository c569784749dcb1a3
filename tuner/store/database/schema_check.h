#ifndef TILEWRIGHT_TUNER_STORE_DATABASE_SCHEMA_CHECK_H_
#define TILEWRIGHT_TUNER_STORE_DATABASE_SCHEMA_CHECK_H_

#include <string>

#include "SQLiteCpp/SQLiteCpp.h"

namespace tilewright {

// Returns one sentence about the first difference between the schema of `database` and the one that
// the migrations make; empty if there is none or this program does not know the version. One
// damaged byte in the schema's text (the name of a column) makes every statement fail, though all
// rows are sound. May throw SQLite::Exception.
std::string FindSchemaDamage(SQLite::Database& database);

// Replaces the text of the schema by the one that the migrations to its version make. Use it on a
// copy to salvage from. May throw SQLite::Exception.
void RepairSchema(SQLite::Database& database);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_STORE_DATABASE_SCHEMA_CHECK_H_
