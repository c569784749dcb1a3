#include "proto/support/daemon_files.h"

#include <sys/stat.h>

#include <filesystem>
#include <system_error>

#include "proto/support/private_files.h"

namespace tilewright {
namespace {

namespace fs = std::filesystem;

// Every cache directory that a daemon ever served has this file.
constexpr char kLockName[] = "tilewrightd.lock";
// A file with one of these names in a cache directory belongs to the daemon.
constexpr const char* kOwnNames[] = {kLockName, "tilewrightd.sock", kDaemonLogName};
// So does a file whose name begins like this: "tilewright.db-wal", "tilewright.db.schema-3",
// "signing.key.previous".
constexpr const char* kOwnBeginnings[] = {"tilewright.db", "start.lock", "signing.key",
                                          "backup.part"};

bool IsOwnName(const std::string& name) {
  for (const char* own : kOwnNames) {
    if (name == own) return true;
  }
  for (const char* beginning : kOwnBeginnings) {
    if (name.rfind(beginning, 0) == 0) return true;
  }
  return false;
}

bool IsSameFile(const fs::path& a, const fs::path& b) {
  struct stat first;
  struct stat second;
  return ::stat(a.c_str(), &first) == 0 && ::stat(b.c_str(), &second) == 0 &&
         first.st_dev == second.st_dev && first.st_ino == second.st_ino;
}

// Resolves links, "." and "..", as far as the path exists. Returns "" if it cannot be read.
fs::path Canonical(const fs::path& path) {
  std::error_code error;
  const fs::path whole = fs::absolute(path, error);
  const fs::path canonical = error ? fs::path() : fs::weakly_canonical(whole, error);
  if (error) return {};
  return canonical.has_filename() ? canonical : canonical.parent_path();  // "cache/"
}

// Returns whether both lead to the same place, or would if it existed.
bool IsSamePlace(const fs::path& a, const fs::path& b) {
  if (IsSameFile(a, b)) return true;
  const fs::path first = Canonical(a);
  return !first.empty() && first == Canonical(b);
}

bool Exists(const fs::path& path) {
  struct stat info;
  return ::stat(path.c_str(), &info) == 0;
}

fs::path FolderOf(const fs::path& path) {
  return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

// Returns the file in `folder` that `path` leads to, if `is_own` accepts its name.
template <typename IsOwn>
std::string FindIn(const fs::path& folder, const fs::path& path, IsOwn is_own) {
  if (is_own(path.filename().string()) && IsSamePlace(folder, FolderOf(path))) {
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
  if (IsSamePlace(path, socket)) return socket;
  for (const fs::path& folder : {fs::path(cache_directory), FolderOf(socket), FolderOf(path)}) {
    if (folder != cache_directory && !Exists(folder / kLockName)) continue;
    if (std::string found = FindIn(folder, path, IsOwnName); !found.empty()) return found;
  }
  // A directory that is not writable has its lock, socket and log elsewhere.
  const fs::path stem = RuntimeStem(cache_directory);
  const std::string prefix = stem.filename().string() + ".";
  return FindIn(FolderOf(stem), path,
                [&prefix](const std::string& name) { return name.rfind(prefix, 0) == 0; });
}

}  // namespace tilewright
