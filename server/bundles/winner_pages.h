// Lists winners in pages while new winners come in. Pure.
#ifndef TILEWRIGHT_SERVER_BUNDLES_WINNER_PAGES_H_
#define TILEWRIGHT_SERVER_BUNDLES_WINNER_PAGES_H_

#include "absl/status/statusor.h"
#include "tilewright/v1/cache_service.pb.h"
#include "tuner/store/index/winner_index.h"

namespace tilewright {

// Returns one page of winners, newest first. A listing has each winner at most once. It includes
// winners that are not served, and names their signers.
// INVALID_ARGUMENT: a negative page size, or a token that ListPage did not make.
absl::StatusOr<v1::ListWinnersResponse> ListPage(const v1::ListWinnersRequest& request,
                                                 const WinnerIndex& index);

}  // namespace tilewright

#endif  // TILEWRIGHT_SERVER_BUNDLES_WINNER_PAGES_H_
