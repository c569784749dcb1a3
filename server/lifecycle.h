// When the daemon ends: on a signal, or when nobody has wanted anything for long.
#ifndef TILEWRIGHT_SERVER_LIFECYCLE_H_
#define TILEWRIGHT_SERVER_LIFECYCLE_H_

#include "server/daemon_server.h"
#include "server/operation/reloader.h"

namespace tilewright {

// Keeps SIGTERM, SIGINT and SIGHUP for RunUntilStopped, and ignores what would end the daemon
// without a reason to: SIGUSR1, SIGUSR2, timers, and SIGPIPE and SIGXFSZ, which become errors of
// write(). Before any thread is started, which inherit it.
void BlockStopSignals();

// Waits for SIGTERM or SIGINT, or, where the idle timeout is not zero, for that long without
// work; then stops the server in an orderly way. A second signal ends the process at once.
// SIGHUP reloads the configuration, which may change the timeout.
void RunUntilStopped(DaemonServer& server, Reloader& reloader);

}  // namespace tilewright

#endif  // TILEWRIGHT_SERVER_LIFECYCLE_H_
