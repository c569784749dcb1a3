#include "server/tuning/vendor_winner.h"

#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/support/errors.h"
#include "tuner/store/packed_winner.h"
#include "tuner/store/template_winner.h"

namespace tilewright {
namespace {

int64_t LibraryOf(const StoredWinner& winner) {
  return winner.winner.candidate().vendor().library_version();
}

}  // namespace

IndexHit FindWinner(const WinnerIndex& index, const IndexQuery& query, const DeviceTable& devices) {
  IndexHit hit = index.Find(query);
  const int64_t here = devices.vendor_library_version();
  if (hit.match == v1::MATCH_EXACT && here != 0 && IsVendor(*hit.winner) &&
      LibraryOf(*hit.winner) != here) {
    hit.match = v1::MATCH_OTHER_ENVIRONMENT;
  }
  return hit;
}

IndexHit ForCaller(IndexHit hit, int64_t library_version) {
  if (hit.winner == nullptr || !IsVendor(*hit.winner) ||
      (library_version != 0 && LibraryOf(*hit.winner) == library_version)) {
    return hit;
  }
  auto served = TemplateWinner(*hit.winner);
  if (!served) return {};
  if (!WasMeasured(served->winner)) hit.match = v1::MATCH_PREDICTED;
  hit.winner = std::make_shared<const StoredWinner>(*std::move(served));
  return hit;
}

absl::Status OnlyTheVendors(const IndexHit& hit, int64_t library_version) {
  return MakeError(
      absl::StatusCode::kFailedPrecondition, "VENDOR_LIBRARY_MISMATCH",
      absl::StrCat("vendor_library_version: the winner is an algorithm of cublasLt ",
                   LibraryOf(*hit.winner), ", but the caller has ",
                   library_version == 0 ? "none" : absl::StrCat(library_version),
                   ", and no template is stored beside it: load that cublasLt, or tune the "
                   "problem again with force"),
      {{"field", "vendor_library_version"}});
}

}  // namespace tilewright
