#include "tilewright/paths.h"

#include <cstdlib>

#include "proto/support/private_files.h"

namespace tilewright {
namespace {

std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

}  // namespace

std::string DefaultCacheDirectory() {
  if (std::string directory = Environment("TILEWRIGHT_CACHE_DIR"); !directory.empty()) {
    return directory;
  }
  if (std::string base = Environment("XDG_CACHE_HOME"); !base.empty()) {
    return base + "/tilewright";
  }
  if (std::string home = Environment("HOME"); !home.empty()) {
    return home + "/.cache/tilewright";
  }
  return std::string();
}

std::string SocketPathIn(const std::string& cache_directory) { return SocketOf(cache_directory); }

std::string DefaultSocketPath() {
  if (std::string socket = Environment("TILEWRIGHT_SOCKET"); !socket.empty()) return socket;
  return SocketPathIn(DefaultCacheDirectory());
}

}  // namespace tilewright
