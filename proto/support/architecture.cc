#include "proto/support/architecture.h"

#include <cstddef>

#include "absl/strings/ascii.h"

namespace tilewright {

bool Architecture::RunsOn(int compute_capability) const {
  if (suffix == 'a') return compute_capability == number;
  return compute_capability / 10 == number / 10 && compute_capability >= number;
}

std::optional<Architecture> ParseArchitecture(std::string_view name) {
  constexpr std::string_view kPrefix = "sm_";
  constexpr std::size_t kFewestDigits = 2;
  constexpr std::size_t kMostDigits = 3;
  if (name.substr(0, kPrefix.size()) != kPrefix) return std::nullopt;
  std::string_view digits = name.substr(kPrefix.size());
  Architecture architecture;
  if (!digits.empty() && (digits.back() == 'a' || digits.back() == 'f')) {
    architecture.suffix = digits.back();
    digits.remove_suffix(1);
  }
  if (digits.size() < kFewestDigits || digits.size() > kMostDigits || digits.front() == '0') {
    return std::nullopt;
  }
  for (const char digit : digits) {
    if (!absl::ascii_isdigit(static_cast<unsigned char>(digit))) return std::nullopt;
    architecture.number = 10 * architecture.number + (digit - '0');
  }
  return architecture;
}

}  // namespace tilewright
