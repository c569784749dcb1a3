#ifndef TILEWRIGHT_TUNER_STORE_BUNDLE_BUNDLE_EXPORT_H_
#define TILEWRIGHT_TUNER_STORE_BUNDLE_BUNDLE_EXPORT_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "tilewright/v1/cache_service.pb.h"
#include "tuner/store/bundle/bundle.h"
#include "tuner/store/index/winner_index.h"
#include "tuner/store/tuning_store.h"

namespace tilewright {

// Collects the newest winners of `keys` (v1::Winner.key; empty: all) with their samples and cubins,
// newest first. A template beside a vendor's winner takes its place. Left out are vendor winners
// without one, damaged winners, winners that are not stored yet, and imports from signers that are
// not trusted or not known. `summary`, if not null, counts each kind; all but the first are logged.
// NOT_FOUND, reason NO_WINNER: nothing is left, or a key, which it names, is not stored.
// FAILED_PRECONDITION, reason BUNDLE_TOO_LARGE, as soon as it is larger than `max_bytes`. Errors of
// the store other than DATA_LOSS and NOT_FOUND: it cannot be read now.
absl::StatusOr<BundleContents> CollectForExport(TuningStore& store, const WinnerIndex& index,
                                                const std::vector<std::string>& keys,
                                                std::size_t max_bytes = kMaxBundleBytes,
                                                v1::ExportSummary* summary = nullptr);

absl::Status BundleTooLarge(std::size_t max_bytes);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_STORE_BUNDLE_BUNDLE_EXPORT_H_
