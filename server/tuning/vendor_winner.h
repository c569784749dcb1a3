// Winners that are cublasLt algorithms: good for callers with that very cublasLt alone.
#ifndef TILEWRIGHT_SERVER_TUNING_VENDOR_WINNER_H_
#define TILEWRIGHT_SERVER_TUNING_VENDOR_WINNER_H_

#include <cstdint>

#include "absl/status/status.h"
#include "server/tuning/device_table.h"
#include "tuner/store/index/winner_index.h"

namespace tilewright {

// What WinnerIndex::Find answers, but that an exact algorithm of another cublasLt than the one
// that is timed with here counts as one of another environment: it is tuned again.
IndexHit FindWinner(const WinnerIndex& index, const IndexQuery& query, const DeviceTable& devices);

// `hit` where a caller with cublasLt `library_version` (0: none) can run it, else the template
// beside it; a null winner where there is none.
IndexHit ForCaller(IndexHit hit, int64_t library_version);

// FAILED_PRECONDITION, reason VENDOR_LIBRARY_MISMATCH: ForCaller had nothing to give for `hit`.
absl::Status OnlyTheVendors(const IndexHit& hit, int64_t library_version);

}  // namespace tilewright

#endif  // TILEWRIGHT_SERVER_TUNING_VENDOR_WINNER_H_
