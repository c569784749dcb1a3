#include "proto/support/daemon_files.h"

#include <sys/stat.h>

#include <filesystem>
#include <system_error>

#include "proto/support/private_files.h"

namespace tilewright {
namespace {

namespace fs = std::filesystem;

// What begins like this in a cache directory is the daemon's: "tilewright.db-wal",
// "tilewright.db.schema-3", "tilewrightd.lock", "signing.key".
constexpr const char* kOwnNames[] = {"tilewright.db", "tilewrightd.", "start.lock", "signing.key",
                                     "backup.part"};
// Every cache directory that a daemon ever served has it.
constexpr char kLockName[] = "tilewrightd.lock";

bool IsOwnName(const std::string& name) {
  for (const char* own : kOwnNames) {
    if (name.rfind(own, 0) == 0) return true;
  }
  return false;
}

bool IsSameFile(const fs::path& a, const fs::path& b) {
  struct stat first;
  struct stat second;
  return ::stat(a.c_str(), &first) == 0 && ::stat(b.c_str(), &second) == 0 &&
         first.st_dev == second.st_dev && first.st_ino == second.st_ino;
}

bool Exists(const fs::path& path) {
  struct stat info;
  return ::stat(path.c_str(), &info) == 0;
}

fs::path FolderOf(const fs::path& path) {
  return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

// The file that `path` is or names among those of `folder` whose names `is_own` accepts.
template <typename IsOwn>
std::string FindIn(const fs::path& folder, const fs::path& path, IsOwn is_own) {
  if (is_own(path.filename().string()) && IsSameFile(folder, FolderOf(path))) {
    return (folder / path.filename()).string();
  }
  if (!Exists(path)) return "";
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    if (is_own(it->path().filename().string()) && IsSameFile(it->path(), path)) {
      return it->path().string();
    }
  }
  return "";
}

}  // namespace

std::string DaemonFileAt(const std::string& path, const std::string& cache_directory,
                         const std::string& socket) {
  if (IsSameFile(path, socket)) return socket;
  for (const fs::path& folder : {fs::path(cache_directory), FolderOf(socket), FolderOf(path)}) {
    if (folder != cache_directory && !Exists(folder / kLockName)) continue;
    if (std::string found = FindIn(folder, path, IsOwnName); !found.empty()) return found;
  }
  // Of a directory that cannot be written to, the lock, the socket and the log are elsewhere.
  const fs::path stem = RuntimeStem(cache_directory);
  const std::string prefix = stem.filename().string() + ".";
  return FindIn(FolderOf(stem), path,
                [&prefix](const std::string& name) { return name.rfind(prefix, 0) == 0; });
}

}  // namespace tilewright
