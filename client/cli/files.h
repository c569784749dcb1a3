#ifndef TILEWRIGHT_CLIENT_CLI_FILES_H_
#define TILEWRIGHT_CLIENT_CLI_FILES_H_

#include <functional>
#include <ostream>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace tilewright::cli {

// Writes a file through `write` under a temporary name beside it, and renames it into place:
// a failure leaves what was there before. What killed processes left there before is removed.
absl::Status WriteFileAtomically(const std::string& path,
                                 const std::function<absl::Status(std::ostream&)>& write);
absl::Status WriteFileAtomically(const std::string& path, std::string_view content);

// NOT_FOUND and the system's reason where it cannot be read.
absl::StatusOr<std::string> ReadFile(const std::string& path);

}  // namespace tilewright::cli

#endif  // TILEWRIGHT_CLIENT_CLI_FILES_H_
