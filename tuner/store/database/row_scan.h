// Reads tables around what is damaged. May throw SQLite::Exception for anything else.
#ifndef TILEWRIGHT_TUNER_STORE_DATABASE_ROW_SCAN_H_
#define TILEWRIGHT_TUNER_STORE_DATABASE_ROW_SCAN_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "tuner/store/database/sqlite_connection.h"

namespace tilewright {

// Called with the query on a row, whose key is column 0; false ends the scan.
using RowVisitor = std::function<bool(const Query& row)>;

// A table by its integer primary key.
struct NumberedTable {
  const char* name;
  const char* key;
  const char* columns;       // Columns 1, 2, ... of a row.
  const char* indexed_keys;  // Selects the keys once more, from an index, in its order.
};

// Keys from `first` to `last` that could not be read; `last` is INT64_MAX where nothing
// behind them could.
struct UnreadableKeys {
  int64_t first = 0;
  int64_t last = 0;
};

// Visits the rows that can be read, in order of their keys.
std::vector<UnreadableKeys> ScanByNumber(SqliteConnection& connection, const NumberedTable& table,
                                         const RowVisitor& visit);

// A table by a key of bytes, most of which differ in the first two (SHA-256).
struct HashedTable {
  const char* name;
  const char* key;
  const char* columns;
};

// Visits the rows that can be read; one near a damaged page may be visited twice.
void ScanByHash(SqliteConnection& connection, const HashedTable& table, const RowVisitor& visit);

// Runs `sql`, with `number` bound where it is not negative, to its last row or to damage.
// Whether the last row was reached, or `visit` ended it.
bool ScanUntilDamage(SqliteConnection& connection, const std::string& sql, int64_t number,
                     const RowVisitor& visit);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_STORE_DATABASE_ROW_SCAN_H_
