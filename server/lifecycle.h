// Ends the daemon on a signal, or after a long time without work.
#ifndef TILEWRIGHT_SERVER_LIFECYCLE_H_
#define TILEWRIGHT_SERVER_LIFECYCLE_H_

#include "server/daemon_server.h"
#include "server/operation/reloader.h"

namespace tilewright {

// Blocks SIGTERM, SIGINT and SIGHUP so that RunUntilStopped can wait for them. Ignores signals that
// would end the daemon for no reason: SIGUSR1, SIGUSR2, timers, and SIGPIPE and SIGXFSZ, which
// become errors of write(). Call it before any thread starts, because threads inherit the mask.
void BlockStopSignals();

// Waits for SIGTERM, for SIGINT, or for the idle timeout to pass without work (0: never). Then
// stops the server in order. A second signal ends the process at once. SIGHUP reloads the
// configuration, which may change the timeout.
void RunUntilStopped(DaemonServer& server, Reloader& reloader);

}  // namespace tilewright

#endif  // TILEWRIGHT_SERVER_LIFECYCLE_H_
