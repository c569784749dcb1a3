#ifndef TILEWRIGHT_TUNER_STORE_DATABASE_SCHEMA_CHECK_H_
#define TILEWRIGHT_TUNER_STORE_DATABASE_SCHEMA_CHECK_H_

#include <string>

#include "SQLiteCpp/SQLiteCpp.h"

namespace tilewright {

// What in the schema of `database` is not as the migrations to its version made it, one sentence;
// empty where nothing is, or where this program does not know the version. One damaged byte of the
// schema's text (the name of a column) makes every statement fail, though all rows are sound.
// May throw SQLite::Exception.
std::string FindSchemaDamage(SQLite::Database& database);

// Writes the schema anew, as the migrations to its version made it, over the text that is there.
// For a copy that is salvaged from. May throw SQLite::Exception.
void RepairSchema(SQLite::Database& database);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_STORE_DATABASE_SCHEMA_CHECK_H_
