// Checks what a bundle says. Its signature shows who wrote it, not that it is true.
#ifndef TILEWRIGHT_TUNER_STORE_BUNDLE_BUNDLE_CHECKS_H_
#define TILEWRIGHT_TUNER_STORE_BUNDLE_BUNDLE_CHECKS_H_

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "tuner/store/bundle/bundle.h"
#include "tuner/store/tuning_store.h"

namespace tilewright {

// INVALID_ARGUMENT, reason BUNDLE_INVALID, if a record cannot be true. The metadata say which
// record (metadata "record", from 0, and "key") and which of its fields (metadata "field"). Checks
// the target, the launch plan, the native code with its architecture and entry symbols, whether the
// kernel can serve its own problem, and times: no GPU is faster, and none is in the future.
// `contents`: from ReadBundle. `now`: the time of day. Pure.
absl::Status CheckBundle(const BundleContents& contents, absl::Time now);

// Checks the same for one record and its cubin, without the record's name in the error: the reasons
// of CheckKernel, MALFORMED_TARGET, MALFORMED_TIME, MALFORMED_WINNER, or those of a requirement
// that does not hold.
absl::Status CheckBundleRecord(const TuningRecord& record, std::string_view cubin, absl::Time now);

// Checks that a GPU can be as `target` says.
absl::Status CheckTarget(const v1::Target& target);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_STORE_BUNDLE_BUNDLE_CHECKS_H_
