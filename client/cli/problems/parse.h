// Values of flags and of CSV cells.
#ifndef TILEWRIGHT_CLIENT_CLI_PROBLEMS_PARSE_H_
#define TILEWRIGHT_CLIENT_CLI_PROBLEMS_PARSE_H_

#include <chrono>
#include <cstdint>
#include <string_view>

#include "absl/status/statusor.h"

namespace tilewright::cli {

// A plain decimal integer: no suffix, exponent or separator ("8k" and "1e3" are refused, as a
// shape that is off by a factor is found late).
absl::StatusOr<int64_t> ParseInteger(std::string_view field, std::string_view text);

// A finite decimal number.
absl::StatusOr<double> ParseNumber(std::string_view field, std::string_view text);

// "90", "90s", "500ms", "2m", "1h": a plain number is seconds. Must be positive.
absl::StatusOr<std::chrono::milliseconds> ParseDuration(std::string_view field,
                                                        std::string_view text);

// "90d", "12h", "30m", "90s", or a plain number of seconds. A second at least.
absl::StatusOr<std::chrono::seconds> ParseAge(std::string_view field, std::string_view text);

// "500MB", "2GiB", or a plain number of bytes. One at least.
absl::StatusOr<int64_t> ParseBytes(std::string_view field, std::string_view text);

}  // namespace tilewright::cli

#endif  // TILEWRIGHT_CLIENT_CLI_PROBLEMS_PARSE_H_
