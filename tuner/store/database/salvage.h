#ifndef TILEWRIGHT_TUNER_STORE_DATABASE_SALVAGE_H_
#define TILEWRIGHT_TUNER_STORE_DATABASE_SALVAGE_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "tuner/store/database/sqlite_connection.h"

namespace tilewright {

struct Salvaged {
  int64_t winners = 0;
  int64_t newest_epoch = 0;  // The newest named; its winner may be lost.
};

// Copies all that can be read from the damaged database `from` to `to`, which has the schema and no
// rows, in one transaction. Fails if `to` cannot be written.
absl::StatusOr<Salvaged> Salvage(SqliteConnection& from, SqliteConnection& to);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_STORE_DATABASE_SALVAGE_H_
