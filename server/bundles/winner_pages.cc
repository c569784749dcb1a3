#include "server/bundles/winner_pages.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "proto/support/errors.h"
#include "proto/support/status_macros.h"

namespace tilewright {
namespace {

constexpr int kDefaultPage = 100;
constexpr int kMaxPage = 1000;

// Where the previous page ended. Later winners are newer and push the rest back. So the next one is
// at `offset` or later, and is older than `epoch`.
struct Cursor {
  uint64_t offset = 0;
  int64_t epoch = std::numeric_limits<int64_t>::max();
};

absl::StatusOr<Cursor> ParseToken(const std::string& token) {
  Cursor cursor;
  if (token.empty()) return cursor;
  const std::vector<std::string> parts = absl::StrSplit(token, '.');
  if (parts.size() == 3 && parts[0] == "w1" && absl::SimpleAtoi(parts[1], &cursor.offset) &&
      absl::SimpleAtoi(parts[2], &cursor.epoch) && cursor.epoch >= 0) {
    return cursor;
  }
  return InvalidField("page_token", "UNKNOWN_PAGE_TOKEN",
                      "this server did not issue it: list again without a page token");
}

// Adds the signers of the listed winners that are not trusted. Their winners are not served.
void AddDistrusted(const WinnerIndex& index, v1::ListWinnersResponse& response) {
  std::set<std::string> signers;
  for (const v1::Winner& winner : response.winners()) {
    if (!winner.signer().empty()) signers.insert(winner.signer());
  }
  for (const std::string& signer : signers) {
    if (!index.IsTrusted(signer)) response.add_distrusted_signers(signer);
  }
}

absl::StatusOr<v1::ListWinnersResponse> TakePage(const v1::ListWinnersRequest& request,
                                                 const WinnerIndex& index) {
  if (request.page_size() < 0) {
    return InvalidField("page_size", "OUT_OF_RANGE", "must not be negative");
  }
  const std::size_t wanted =
      request.page_size() == 0 ? kDefaultPage : std::min(request.page_size(), kMaxPage);
  ASSIGN_OR_RETURN(Cursor cursor, ParseToken(request.page_token()));
  v1::ListWinnersResponse response;
  std::size_t taken = 0;
  while (taken < wanted) {
    const auto page = index.List(cursor.offset, wanted - taken);
    if (page.empty()) return response;
    for (const auto& winner : page) {
      ++cursor.offset;
      if (winner->winner.epoch() >= cursor.epoch) continue;
      cursor.epoch = winner->winner.epoch();
      *response.add_winners() = winner->winner;
      ++taken;
    }
  }
  if (cursor.offset < index.size()) {
    response.set_next_page_token(absl::StrCat("w1.", cursor.offset, ".", cursor.epoch));
  }
  return response;
}

}  // namespace

absl::StatusOr<v1::ListWinnersResponse> ListPage(const v1::ListWinnersRequest& request,
                                                 const WinnerIndex& index) {
  absl::StatusOr<v1::ListWinnersResponse> response = TakePage(request, index);
  if (response.ok()) AddDistrusted(index, *response);
  return response;
}

}  // namespace tilewright
