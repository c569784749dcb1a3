#ifndef TILEWRIGHT_TUNER_STORE_BUNDLE_IMPORT_H_
#define TILEWRIGHT_TUNER_STORE_BUNDLE_IMPORT_H_

#include "absl/status/statusor.h"
#include "tuner/store/bundle.h"
#include "tuner/store/tuning_store.h"
#include "tuner/store/winner_index.h"

namespace tilewright {

struct ImportCounts {
  int winners_imported = 0;
  int winners_kept = 0;         // Of ours, against what the bundle brought.
  int winners_quarantined = 0;  // Not taken in: their kernels failed here on their silicon.
  int kernels_imported = 0;
};

// Stores what ReadBundle verified, in one transaction, and makes it known to `index`. Every
// winner becomes IMPORTED, whatever it was: it is trusted less than what ran here. A winner
// measured here is kept, as is an import that is no older (create_time) and a prediction
// made here where the bundle's is one too.
absl::StatusOr<ImportCounts> ImportRecords(TuningStore& store, WinnerIndex& index,
                                           const BundleContents& contents);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_STORE_BUNDLE_IMPORT_H_
