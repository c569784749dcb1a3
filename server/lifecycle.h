// When the daemon ends: on a signal, or when nobody has wanted anything for long.
#ifndef TILEWRIGHT_SERVER_LIFECYCLE_H_
#define TILEWRIGHT_SERVER_LIFECYCLE_H_

#include <string>

#include "absl/time/time.h"
#include "server/daemon_server.h"

namespace tilewright {

// Keeps SIGTERM and SIGINT for RunUntilStopped, and makes SIGPIPE an error of write().
// Before any thread is started, which inherit it.
void BlockStopSignals();

// Waits for SIGTERM or SIGINT, or, where `idle_timeout` is not zero, for that long without
// work; then stops the server in an orderly way. A second signal ends the process at once.
void RunUntilStopped(DaemonServer& server, absl::Duration idle_timeout, const std::string& socket);

}  // namespace tilewright

#endif  // TILEWRIGHT_SERVER_LIFECYCLE_H_
