#ifndef TILEWRIGHT_SERVER_OPERATION_LOGGING_H_
#define TILEWRIGHT_SERVER_OPERATION_LOGGING_H_

#include "absl/status/status.h"
#include "server/operation/settings.h"

namespace tilewright {

// Makes standard error the log file of `config`, if it names one, so that output of libraries and
// workers goes there too. A second call opens the file again, for a log that was moved away.
// FAILED_PRECONDITION: the file cannot be opened; nothing has changed.
absl::Status OpenLogFile(const Config& config);

// Makes spdlog's default logger write to standard error, with the level and the format of `config`.
// Called by main before anything logs, and by a reload.
void SetUpLogging(const Config& config);

}  // namespace tilewright

#endif  // TILEWRIGHT_SERVER_OPERATION_LOGGING_H_
