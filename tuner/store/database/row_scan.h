// Reads tables around damaged pages. May throw SQLite::Exception for any other error.
#ifndef TILEWRIGHT_TUNER_STORE_DATABASE_ROW_SCAN_H_
#define TILEWRIGHT_TUNER_STORE_DATABASE_ROW_SCAN_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "tuner/store/database/sqlite_connection.h"

namespace tilewright {

// Called with the query on a row, whose key is column 0. Returning false ends the scan.
using RowVisitor = std::function<bool(const Query& row)>;

// A table with an integer primary key.
struct NumberedTable {
  const char* name;
  const char* key;
  const char* columns;       // Columns 1, 2, ... of a row.
  const char* indexed_keys;  // Selects the keys again, from an index, in its order.
};

// The keys from `first` to `last` could not be read. `last` is INT64_MAX if no later key could be
// read either.
struct UnreadableKeys {
  int64_t first = 0;
  int64_t last = 0;
};

// Visits the readable rows in the order of their keys.
std::vector<UnreadableKeys> ScanByNumber(SqliteConnection& connection, const NumberedTable& table,
                                         const RowVisitor& visit);

// A table with keys of bytes, most of which differ in the first two (SHA-256).
struct HashedTable {
  const char* name;
  const char* key;
  const char* columns;
};

// Visits the readable rows. A row near a damaged page may be visited twice.
void ScanByHash(SqliteConnection& connection, const HashedTable& table, const RowVisitor& visit);

// Runs `sql`, with `number` bound unless it is negative, up to its last row or to damage. Returns
// whether it came to the last row, or `visit` ended it.
bool ScanUntilDamage(SqliteConnection& connection, const std::string& sql, int64_t number,
                     const RowVisitor& visit);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_STORE_DATABASE_ROW_SCAN_H_
