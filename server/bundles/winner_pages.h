// Listing winners page by page while new ones come in. Pure.
#ifndef TILEWRIGHT_SERVER_BUNDLES_WINNER_PAGES_H_
#define TILEWRIGHT_SERVER_BUNDLES_WINNER_PAGES_H_

#include "absl/status/statusor.h"
#include "tilewright/v1/cache_service.pb.h"
#include "tuner/store/index/winner_index.h"

namespace tilewright {

// Winners newest first; each is listed at most once over the pages of one listing. Winners that are
// not served are listed too, and their signers named.
// INVALID_ARGUMENT: a page size that is negative or a token that ListPage never gave.
absl::StatusOr<v1::ListWinnersResponse> ListPage(const v1::ListWinnersRequest& request,
                                                 const WinnerIndex& index);

}  // namespace tilewright

#endif  // TILEWRIGHT_SERVER_BUNDLES_WINNER_PAGES_H_
