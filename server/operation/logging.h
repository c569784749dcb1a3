#ifndef TILEWRIGHT_SERVER_OPERATION_LOGGING_H_
#define TILEWRIGHT_SERVER_OPERATION_LOGGING_H_

#include "absl/status/status.h"
#include "server/operation/settings.h"

namespace tilewright {

// Makes standard error the log file of `config`, where it names one: what libraries and workers say
// goes there too. A second call opens the file anew, for a log that was moved away.
// FAILED_PRECONDITION where it cannot be opened; then all stays as it was.
absl::Status OpenLogFile(const Config& config);

// Makes spdlog's default logger write to standard error, at the level and in the form of
// `config`. Called by main before anything logs, and by a reload.
void SetUpLogging(const Config& config);

}  // namespace tilewright

#endif  // TILEWRIGHT_SERVER_OPERATION_LOGGING_H_
