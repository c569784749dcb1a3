#include "tuner/store/template_winner.h"

#include "absl/strings/str_format.h"

namespace tilewright {
namespace {

// The algorithm is the template's runner-up. It is faster, so the margin is below zero.
double MarginOf(const StoredWinner& vendor) {
  const double seconds = vendor.fallback.measurement().median_seconds();
  if (!(seconds > 0)) return 0;
  return vendor.winner.candidate().measurement().median_seconds() / seconds - 1;
}

}  // namespace

bool IsVendor(const StoredWinner& winner) { return winner.winner.candidate().has_vendor(); }

std::optional<StoredWinner> TemplateWinner(const StoredWinner& winner) {
  if (!IsVendor(winner)) return winner;
  if (winner.kernel.content_hash().empty()) return std::nullopt;
  StoredWinner served = winner;
  served.fallback.Clear();
  *served.winner.mutable_candidate() = winner.fallback;
  served.winner.set_provenance(winner.fallback.has_measurement() ? v1::PROVENANCE_MEASURED
                                                                 : v1::PROVENANCE_PREDICTED);
  served.winner.set_margin(MarginOf(winner));
  served.winner.set_reason(absl::StrFormat(
      "the best template, for callers without cublasLt %d: its algorithm won with %.2f us",
      winner.winner.candidate().vendor().library_version(),
      1e6 * winner.winner.candidate().measurement().median_seconds()));
  return served;
}

}  // namespace tilewright
