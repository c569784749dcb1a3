// Limits of a sweep. The service refuses more; the command checks them first.
#ifndef TILEWRIGHT_PROTO_SUPPORT_SWEEP_LIMITS_H_
#define TILEWRIGHT_PROTO_SUPPORT_SWEEP_LIMITS_H_

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"

namespace tilewright {

inline constexpr std::size_t kMaxSweepProblems = 10000;
// The longest name of a problem.
inline constexpr std::size_t kMaxLabelBytes = 256;

inline constexpr std::size_t kMaxSweepIdBytes = 63;

// Returns whether a sweep may have this name. If not, SweepIdRule says what it must be.
inline bool IsSweepId(std::string_view id) {
  constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyz0123456789-";
  return !id.empty() && id.size() <= kMaxSweepIdBytes && id[0] != '-' &&
         id.find_first_not_of(kLetters) == std::string_view::npos;
}
inline std::string SweepIdRule() {
  return absl::StrCat("must match [a-z0-9][a-z0-9-]{0,", kMaxSweepIdBytes - 1, "}");
}

}  // namespace tilewright

#endif  // TILEWRIGHT_PROTO_SUPPORT_SWEEP_LIMITS_H_
