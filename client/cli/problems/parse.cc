#include "client/cli/problems/parse.h"

#include <charconv>
#include <cmath>
#include <initializer_list>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "proto/support/byte_size.h"
#include "proto/support/errors.h"
#include "proto/support/status_macros.h"

namespace tilewright::cli {
namespace {

// Parses the whole text by from_chars. Returns false if anything is left over.
template <typename Number>
bool ParseWhole(std::string_view text, Number& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

bool IsDigits(std::string_view text) {
  if (!text.empty() && text.front() == '-') text.remove_prefix(1);
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

}  // namespace

absl::StatusOr<int64_t> ParseInteger(std::string_view field, std::string_view text) {
  int64_t value = 0;
  if (ParseWhole(text, value)) return value;
  if (IsDigits(text)) {
    return InvalidField(field, "OUT_OF_RANGE",
                        absl::StrCat("must fit in 64 bits, was ", std::string(text)));
  }
  return InvalidField(field, "INVALID_INTEGER",
                      absl::StrCat("must be a plain integer such as 8192 (no 8k, no 1e3), was '",
                                   std::string(text), "'"));
}

absl::StatusOr<double> ParseNumber(std::string_view field, std::string_view text) {
  double value = 0;
  if (ParseWhole(text, value) && std::isfinite(value)) return value;
  return InvalidField(field, "INVALID_NUMBER",
                      absl::StrCat("must be a number such as 0.1, was '", std::string(text), "'"));
}

absl::StatusOr<std::chrono::milliseconds> ParseDuration(std::string_view field,
                                                        std::string_view text) {
  struct Unit {
    std::string_view suffix;
    double milliseconds;
  };
  static constexpr Unit kUnits[] = {{"ms", 1}, {"s", 1e3}, {"m", 60e3}, {"h", 3600e3}};
  constexpr double kLongest = 1000.0 * 3600e3;
  double scale = 1e3;
  std::string_view number = text;
  for (const Unit& unit : kUnits) {
    if (text.ends_with(unit.suffix)) {
      number.remove_suffix(unit.suffix.size());
      scale = unit.milliseconds;
      break;
    }
  }
  double value = 0;
  if (!ParseWhole(number, value) || !std::isfinite(value)) {
    return InvalidField(field, "INVALID_DURATION",
                        absl::StrCat("must be a duration such as 90s, 500ms, 2m or 1h, was '",
                                     std::string(text), "'"));
  }
  if (value * scale < 1 || value * scale > kLongest) {
    return InvalidField(field, "OUT_OF_RANGE",
                        absl::StrCat("must be from 1ms to 1000h, was ", std::string(text)));
  }
  return std::chrono::milliseconds(static_cast<int64_t>(value * scale));
}

namespace {

struct Unit {
  std::string_view suffix;
  double factor;
};

// Parses a number with one of `units`, or without a unit.
std::optional<double> ParseWithUnit(std::string_view text, std::initializer_list<Unit> units) {
  double factor = 1;
  for (const Unit& unit : units) {
    if (!text.ends_with(unit.suffix)) continue;
    text.remove_suffix(unit.suffix.size());
    factor = unit.factor;
    break;
  }
  double value = 0;
  if (!ParseWhole(text, value) || !std::isfinite(value)) return std::nullopt;
  return value * factor;
}

}  // namespace

absl::StatusOr<std::chrono::seconds> ParseAge(std::string_view field, std::string_view text) {
  const auto seconds = ParseWithUnit(text, {{"d", 86400}, {"h", 3600}, {"m", 60}, {"s", 1}});
  if (!seconds || *seconds < 1 || *seconds > 1e10) {
    return InvalidField(
        field, "INVALID_AGE",
        absl::StrCat("must be an age such as 90d, 12h or 30m, was '", std::string(text), "'"));
  }
  return std::chrono::seconds(static_cast<int64_t>(*seconds));
}

absl::StatusOr<int64_t> ParseBytes(std::string_view field, std::string_view text) {
  const std::optional<int64_t> bytes = ParseByteSize(text);
  if (!bytes || *bytes < 1) {
    return InvalidField(field, "INVALID_SIZE",
                        absl::StrCat("must be a number of bytes such as 500MB or 2GiB, was '",
                                     std::string(text), "'"));
  }
  return *bytes;
}

}  // namespace tilewright::cli
