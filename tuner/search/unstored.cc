#include "tuner/search/unstored.h"

#include "absl/strings/str_cat.h"

namespace tilewright {
namespace {

constexpr char kMark[] = "; not stored: ";

}  // namespace

void MarkUnstored(const absl::Status& cause, v1::Winner& winner) {
  winner.set_reason(absl::StrCat(winner.reason(), kMark, cause.message()));
}

std::string WhyUnstored(const v1::Winner& winner) {
  const std::size_t mark = winner.reason().find(kMark);
  if (winner.epoch() != 0 || mark == std::string::npos) return "";
  return winner.reason().substr(mark + sizeof(kMark) - 1);
}

}  // namespace tilewright
