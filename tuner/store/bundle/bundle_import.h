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
  int winners_kept = 0;         // Our winners that were kept instead of imported ones.
  int winners_quarantined = 0;  // Not imported: their kernels failed here on their silicon.
  int kernels_imported = 0;
};

struct ImportOptions {
  absl::Time now;  // The time of day.
  // Returns whether winners from this signer are served here. Any import replaces those that are
  // not. Null: all are served.
  std::function<bool(const std::string& signer)> is_trusted;
  bool dry_run = false;  // Counts, and stores nothing.
};

// Stores the contents from ReadBundle in one transaction and adds them to `index`. Errors are those
// of CheckBundle. Every winner becomes IMPORTED, with the bundle's signer, whatever it was: it is
// trusted less than a winner that ran here. Three kinds of winners are kept instead: those measured
// here, imports that are no older (create_time), and predictions made here if the bundle's is a
// prediction too. The caller checks before whether the bundle's signer is trusted.
absl::StatusOr<ImportCounts> ImportRecords(TuningStore& store, WinnerIndex& index,
                                           const BundleContents& contents,
                                           const ImportOptions& options);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_STORE_BUNDLE_BUNDLE_IMPORT_H_
