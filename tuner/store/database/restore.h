#ifndef TILEWRIGHT_TUNER_STORE_DATABASE_RESTORE_H_
#define TILEWRIGHT_TUNER_STORE_DATABASE_RESTORE_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace tilewright {

struct Restored {
  std::string database;  // Where it lies now.
  std::string kept;      // Where what lay there before was moved; empty where nothing did.
};

// Puts the database in `file`, a backup or what an upgrade kept, in the place of the one of
// `cache_dir`, which is moved aside. `file` stays as it is. FAILED_PRECONDITION, reason
// CACHE_IN_USE, while a daemon runs there, and SCHEMA_TOO_NEW; DATA_LOSS, reason
// NOT_A_CACHE_DATABASE or DATABASE_DAMAGED, where `file` is no sound database of ours; NOT_FOUND,
// reason FILE_NOT_READABLE.
absl::StatusOr<Restored> RestoreDatabase(const std::string& cache_dir, const std::string& file,
                                         absl::Time now);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_STORE_DATABASE_RESTORE_H_
