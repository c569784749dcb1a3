// Parses values of flags and of CSV cells.
#ifndef TILEWRIGHT_CLIENT_CLI_PROBLEMS_PARSE_H_
#define TILEWRIGHT_CLIENT_CLI_PROBLEMS_PARSE_H_

#include <chrono>
#include <cstdint>
#include <string_view>

#include "absl/status/statusor.h"

namespace tilewright::cli {

// Parses a plain decimal integer, without suffix, exponent or separator. "8k" and "1e3" are
// refused, because a shape that is wrong by a factor is noticed late.
absl::StatusOr<int64_t> ParseInteger(std::string_view field, std::string_view text);

// Parses a finite decimal number.
absl::StatusOr<double> ParseNumber(std::string_view field, std::string_view text);

// Parses "90", "90s", "500ms", "2m", "1h". A plain number means seconds. It must be positive.
absl::StatusOr<std::chrono::milliseconds> ParseDuration(std::string_view field,
                                                        std::string_view text);

// Parses "90d", "12h", "30m", "90s", or a plain number of seconds. At least one second.
absl::StatusOr<std::chrono::seconds> ParseAge(std::string_view field, std::string_view text);

// Parses "500MB", "2GiB", or a plain number of bytes. At least one byte.
absl::StatusOr<int64_t> ParseBytes(std::string_view field, std::string_view text);

}  // namespace tilewright::cli

#endif  // TILEWRIGHT_CLIENT_CLI_PROBLEMS_PARSE_H_
