// Winners that are cublasLt algorithms. Only callers with exactly that cublasLt can use them.
#ifndef TILEWRIGHT_SERVER_TUNING_VENDOR_WINNER_H_
#define TILEWRIGHT_SERVER_TUNING_VENDOR_WINNER_H_

#include <cstdint>

#include "absl/status/status.h"
#include "server/tuning/device_table.h"
#include "tuner/store/index/winner_index.h"

namespace tilewright {

// Same as WinnerIndex::Find, except for an exact algorithm of another cublasLt than this machine
// times: that counts as OTHER_ENVIRONMENT, so it is tuned again.
IndexHit FindWinner(const WinnerIndex& index, const IndexQuery& query, const DeviceTable& devices);

// Returns `hit` if a caller with cublasLt `library_version` (0: none) can run it. Otherwise returns
// the template stored beside it, or a null winner if there is none.
IndexHit ForCaller(IndexHit hit, int64_t library_version);

// FAILED_PRECONDITION, reason VENDOR_LIBRARY_MISMATCH: ForCaller found nothing for `hit`.
absl::Status OnlyTheVendors(const IndexHit& hit, int64_t library_version);

}  // namespace tilewright

#endif  // TILEWRIGHT_SERVER_TUNING_VENDOR_WINNER_H_
