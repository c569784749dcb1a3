#ifndef TILEWRIGHT_SERVER_LOGGING_H_
#define TILEWRIGHT_SERVER_LOGGING_H_

#include "server/settings.h"

namespace tilewright {

// Makes spdlog's default logger write to standard error, at the level and in the form of
// `config`. Called by main before anything logs.
void SetUpLogging(const Config& config);

}  // namespace tilewright

#endif  // TILEWRIGHT_SERVER_LOGGING_H_
