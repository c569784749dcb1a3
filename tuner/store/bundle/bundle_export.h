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

// The newest winners of `keys` (v1::Winner.key; none: all) with their samples and cubins,
// newest first. In place of a vendor's winner comes the template beside it; where there is none
// it is left out, as are damaged ones, what is not stored yet, and imports of signers that are not
// trusted or not known: `summary`, where given, says how many of each; all but the first with a log
// line.
// NOT_FOUND, reason NO_WINNER, where nothing is left, or naming a key that is not stored.
// Errors of the store other than DATA_LOSS and NOT_FOUND: it cannot be read now.
// FAILED_PRECONDITION, reason BUNDLE_TOO_LARGE, as soon as it comes to more than `max_bytes`.
absl::StatusOr<BundleContents> CollectForExport(TuningStore& store, const WinnerIndex& index,
                                                const std::vector<std::string>& keys,
                                                std::size_t max_bytes = kMaxBundleBytes,
                                                v1::ExportSummary* summary = nullptr);

absl::Status BundleTooLarge(std::size_t max_bytes);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_STORE_BUNDLE_BUNDLE_EXPORT_H_
