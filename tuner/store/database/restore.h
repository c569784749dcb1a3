#ifndef TILEWRIGHT_TUNER_STORE_DATABASE_RESTORE_H_
#define TILEWRIGHT_TUNER_STORE_DATABASE_RESTORE_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace tilewright {

struct Restored {
  std::string database;  // The path of the restored database.
  std::string kept;      // The new path of the old database; empty if there was none.
  std::string note;      // Sentences about logs that are not whole; empty if all are.
};

// Puts the database in `file`, a backup or a copy kept by an upgrade, in the place of the one in
// `cache_dir`, which is moved aside. `file` stays as it is. FAILED_PRECONDITION, reason
// CACHE_IN_USE: a daemon runs there; reason SCHEMA_TOO_NEW. DATA_LOSS, reason NOT_A_CACHE_DATABASE
// or DATABASE_DAMAGED: `file` is not a sound database of ours. NOT_FOUND, reason FILE_NOT_READABLE.
absl::StatusOr<Restored> RestoreDatabase(const std::string& cache_dir, const std::string& file,
                                         absl::Time now);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_STORE_DATABASE_RESTORE_H_
