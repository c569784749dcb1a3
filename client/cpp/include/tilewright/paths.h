// Where a client looks for the daemon if its caller names no socket.
#ifndef TILEWRIGHT_PATHS_H_
#define TILEWRIGHT_PATHS_H_

#include <string>

namespace tilewright {

// The user's cache directory: $TILEWRIGHT_CACHE_DIR, else $XDG_CACHE_HOME/tilewright, else
// $HOME/.cache/tilewright. It is not created. The result is empty if none of the variables is set.
std::string DefaultCacheDirectory();

// The socket of the daemon that serves `cache_directory`.
std::string SocketPathIn(const std::string& cache_directory);

// $TILEWRIGHT_SOCKET, else the socket in DefaultCacheDirectory().
std::string DefaultSocketPath();

}  // namespace tilewright

#endif  // TILEWRIGHT_PATHS_H_
