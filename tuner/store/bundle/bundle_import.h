#ifndef TILEWRIGHT_TUNER_STORE_BUNDLE_BUNDLE_IMPORT_H_
#define TILEWRIGHT_TUNER_STORE_BUNDLE_BUNDLE_IMPORT_H_

#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "tuner/store/bundle/bundle.h"
#include "tuner/store/index/winner_index.h"
#include "tuner/store/tuning_store.h"

namespace tilewright {

struct ImportCounts {
  int winners_imported = 0;
  int winners_kept = 0;         // Of ours, against what the bundle brought.
  int winners_quarantined = 0;  // Not taken in: their kernels failed here on their silicon.
  int kernels_imported = 0;
};

struct ImportOptions {
  absl::Time now;  // The time of day.
  // Whether what this signer signed is served here. What is not gives way to any import. Null: all
  // are.
  std::function<bool(const std::string& signer)> is_trusted;
  bool dry_run = false;  // Count, and store nothing.
};

// Stores what ReadBundle returned and CheckBundle accepts, whose errors are this function's, in one
// transaction, and makes it known to `index`. Every winner becomes IMPORTED, with the bundle's
// signer, whatever it was: it is trusted less than what ran here. A winner measured here is kept,
// as is an import that is no older (create_time) and a prediction made here where the bundle's is
// one too. Whether the bundle's signer is trusted is the caller's to ask before.
absl::StatusOr<ImportCounts> ImportRecords(TuningStore& store, WinnerIndex& index,
                                           const BundleContents& contents,
                                           const ImportOptions& options);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_STORE_BUNDLE_BUNDLE_IMPORT_H_
