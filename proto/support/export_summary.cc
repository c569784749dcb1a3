#include "proto/support/export_summary.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "proto/support/counted.h"

namespace tilewright {

int64_t LeftOut(const v1::ExportSummary& summary) {
  return int64_t{summary.vendor_only()} + summary.signer_not_trusted() + summary.signer_unknown() +
         summary.not_stored() + summary.damaged();
}

std::string DescribeLeftOut(const v1::ExportSummary& summary) {
  const std::pair<int32_t, const char*> reasons[] = {
      {summary.vendor_only(), summary.vendor_only() == 1
                                  ? "cublasLt algorithm without a sound template"
                                  : "cublasLt algorithms without a sound template"},
      {summary.signer_not_trusted(),
       "whose signer is not trusted here (`tilewright trust list` shows the signers)"},
      {summary.signer_unknown(),
       "whose signer is not known (`tilewright trust adopt` makes them this machine's own)"},
      {summary.not_stored(), "served but not stored yet (try again when the disk accepts writes)"},
      {summary.damaged(), "damaged (the daemon's log says how)"},
  };
  std::vector<std::string> parts;
  for (const auto& [count, reason] : reasons) {
    if (count > 0) parts.push_back(absl::StrCat(count, " ", reason));
  }
  if (parts.empty()) return "";
  return absl::StrCat("left out ", Counted(LeftOut(summary), "winner"), ": ",
                      absl::StrJoin(parts, "; "));
}

}  // namespace tilewright
