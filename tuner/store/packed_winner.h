// Winners between their parsed and their stored form.
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

// Serialized store::WinnerRecord, without epoch, samples and cubin.
std::string PackWinner(const StoredWinner& winner, int legal_configs);

// Parses `bytes` into `holder` and returns views of it. DATA_LOSS where it is no record.
absl::StatusOr<PackedWinner> ViewWinner(int64_t epoch, std::string_view bytes,
                                        store::WinnerRecord* holder);

// The whole winner, with its epoch. DATA_LOSS, reason RECORD_DAMAGED.
absl::StatusOr<StoredWinner> UnpackWinner(int64_t epoch, std::string_view bytes);

// The record without its candidates, which lie apart.
absl::StatusOr<TuningRecord> UnpackTuning(int64_t epoch, std::string_view bytes);

// Whether what `winner` says of its speed came from running it, here or elsewhere.
bool WasMeasured(const v1::Winner& winner);

// Whether it was imported by a version that did not keep who signed it.
bool IsOfUnknownSigner(const v1::Winner& winner);

// Without what a StoredWinner does not hold: samples of the candidate, the cubin.
StoredWinner WithoutBulk(StoredWinner winner);

// OK where a store can take `record` in: keys are there, a kernel has its content hash.
absl::Status CheckRecord(const TuningRecord& record);

// What every store answers where a record names a kernel that was not put
// (FAILED_PRECONDITION, reason KERNEL_NOT_STORED), where nothing is stored (NOT_FOUND), and
// where a cubin does not have its hash (DATA_LOSS, reason CUBIN_DAMAGED).
absl::Status KernelNotStored(std::string_view content_hash);
absl::Status TuningNotStored();
absl::Status CubinNotStored(std::string_view content_hash);
absl::Status CubinDamaged(std::string_view content_hash);
absl::Status SweepNotStored(std::string_view name);
absl::Status SignerNotStored(std::string_view signer);

// ALREADY_EXISTS, reason NAME_TAKEN, where another of `known` is called like `signer`.
absl::Status CheckNameIsFree(const TrustedSigner& signer, const std::vector<TrustedSigner>& known);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_STORE_PACKED_WINNER_H_
