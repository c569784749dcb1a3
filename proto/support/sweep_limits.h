// What a sweep may be: the service refuses the rest, and the command says so before it asks.
#ifndef TILEWRIGHT_PROTO_SUPPORT_SWEEP_LIMITS_H_
#define TILEWRIGHT_PROTO_SUPPORT_SWEEP_LIMITS_H_

#include <cstddef>
#include <string_view>

namespace tilewright {

inline constexpr std::size_t kMaxSweepProblems = 10000;
// Of the name of a problem.
inline constexpr std::size_t kMaxLabelBytes = 256;

// Returns whether a sweep may have this name. If not, `kSweepIdRule` says what it must be.
inline bool IsSweepId(std::string_view id) {
  constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyz0123456789-";
  return !id.empty() && id.size() <= 63 && id[0] != '-' &&
         id.find_first_not_of(kLetters) == std::string_view::npos;
}
inline constexpr char kSweepIdRule[] = "must match [a-z0-9][a-z0-9-]{0,62}";

}  // namespace tilewright

#endif  // TILEWRIGHT_PROTO_SUPPORT_SWEEP_LIMITS_H_
