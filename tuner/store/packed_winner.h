// Converts winners between their parsed and their stored form.
#ifndef TILEWRIGHT_TUNER_STORE_PACKED_WINNER_H_
#define TILEWRIGHT_TUNER_STORE_PACKED_WINNER_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "tuner/store/store.pb.h"
#include "tuner/store/tuning_store.h"

namespace tilewright {

// Returns a serialized store::WinnerRecord, without epoch, samples and cubin.
std::string PackWinner(const StoredWinner& winner, int legal_configs);

// Parses `bytes` into `holder` and returns views of it. DATA_LOSS if it is not a record.
absl::StatusOr<PackedWinner> ViewWinner(int64_t epoch, std::string_view bytes,
                                        store::WinnerRecord* holder);

// Returns the whole winner, with its epoch. DATA_LOSS, reason RECORD_DAMAGED.
absl::StatusOr<StoredWinner> UnpackWinner(int64_t epoch, std::string_view bytes);

// Returns the record without its candidates, which are stored apart.
absl::StatusOr<TuningRecord> UnpackTuning(int64_t epoch, std::string_view bytes);

// Returns whether the speed in `winner` was measured, here or elsewhere.
bool WasMeasured(const v1::Winner& winner);

// Returns whether a version that did not keep the signer imported it.
bool IsOfUnknownSigner(const v1::Winner& winner);

// Removes what a StoredWinner does not have: samples of the candidate, and the cubin.
StoredWinner WithoutBulk(StoredWinner winner);

// OK if a store can take `record`: it has its keys, and a kernel has its content hash.
absl::Status CheckRecord(const TuningRecord& record);

// Errors of every store: a record names a kernel that was not put (FAILED_PRECONDITION, reason
// KERNEL_NOT_STORED), nothing is stored (NOT_FOUND), or a cubin does not have its hash (DATA_LOSS,
// reason CUBIN_DAMAGED).
absl::Status KernelNotStored(std::string_view content_hash);
absl::Status TuningNotStored();
absl::Status CubinNotStored(std::string_view content_hash);
absl::Status CubinDamaged(std::string_view content_hash);
absl::Status SweepNotStored(std::string_view name);
absl::Status SignerNotStored(std::string_view signer);

// ALREADY_EXISTS, reason NAME_TAKEN, if another of `known` has the name of `signer`.
absl::Status CheckNameIsFree(const TrustedSigner& signer, const std::vector<TrustedSigner>& known);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_STORE_PACKED_WINNER_H_
