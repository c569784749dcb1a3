#include "proto/support/private_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "proto/support/errors.h"
#include "proto/support/sha256.h"
#include "proto/support/status_macros.h"
#include "proto/support/text.h"

namespace tilewright {
namespace {

namespace fs = std::filesystem;

bool IsOurs(const struct stat& info) { return info.st_uid == ::geteuid() || info.st_uid == 0; }

absl::Status NotPrivate(std::string_view reason, const std::string& path, const std::string& what) {
  return MakeError(absl::StatusCode::kFailedPrecondition, reason,
                   absl::StrCat("cache directory ", path, " ", what, ", or name another directory"),
                   {{"directory", path}});
}

absl::Status CheckParents(const std::string& path) {
  std::error_code error;
  const fs::path whole = fs::canonical(path, error);
  if (error) return CacheFileError("cannot look at", path, error.value());
  for (fs::path parent = whole.parent_path();; parent = parent.parent_path()) {
    struct stat info;
    if (::stat(parent.c_str(), &info) != 0) {
      return CacheFileError("cannot look at", parent.string(), errno);
    }
    // With the sticky bit, as in /tmp, others can add files but not rename ours.
    if ((info.st_mode & S_IWOTH) != 0 && (info.st_mode & S_ISVTX) == 0) {
      return NotPrivate(
          "CACHE_PARENT_WRITABLE_BY_ALL", path,
          absl::StrCat(
              "lies below ", parent.string(),
              ", which is writable by everyone, so anybody can put another directory in its "
              "place: run chmod o-w ",
              QuotedForShell(parent.string())));
    }
    if (!IsOurs(info) && (info.st_mode & S_ISVTX) == 0) {
      return NotPrivate(
          "CACHE_PARENT_OF_ANOTHER_USER", path,
          absl::StrCat("lies below ", parent.string(), ", which belongs to user ", info.st_uid,
                       ", who can put another directory in its place: run chown ", ::geteuid(), " ",
                       QuotedForShell(parent.string()), " as root"));
    }
    if (parent == parent.root_path()) return absl::OkStatus();
  }
}

std::string RuntimeDirectory() {
  const char* base = std::getenv("XDG_RUNTIME_DIR");
  if (base != nullptr && base[0] == '/') return absl::StrCat(base, "/tilewright");
  return absl::StrCat("/tmp/tilewright-", ::geteuid());
}

bool IsSocket(const std::string& path) {
  struct stat info;
  return ::lstat(path.c_str(), &info) == 0 && S_ISSOCK(info.st_mode);
}

}  // namespace

absl::Status MakePrivateDirectory(const std::string& path) {
  struct stat info;
  if (::stat(path.c_str(), &info) == 0) {
    return S_ISDIR(info.st_mode) ? absl::OkStatus() : CacheFileError("cannot use", path, ENOTDIR);
  }
  fs::path whole = fs::path(path).lexically_normal();
  if (!whole.has_filename()) whole = whole.parent_path();  // "cache/"
  fs::path parents;
  for (const fs::path& part : whole.parent_path()) {
    parents /= part;
    if (::stat(parents.c_str(), &info) == 0) continue;
    if (::mkdir(parents.c_str(), 0755) != 0 && errno != EEXIST) {
      return CacheFileError("cannot make", parents.string(), errno);
    }
  }
  if (::mkdir(whole.c_str(), 0750) != 0) {
    return errno == EEXIST ? absl::OkStatus() : CacheFileError("cannot make", path, errno);
  }
  if (::chmod(whole.c_str(), 0750) != 0) return CacheFileError("cannot restrict", path, errno);
  return absl::OkStatus();
}

absl::Status CheckPrivateDirectory(const std::string& path) {
  struct stat info;
  if (::stat(path.c_str(), &info) != 0) return CacheFileError("cannot look at", path, errno);
  if (!IsOurs(info)) {
    return NotPrivate(
        "CACHE_OF_ANOTHER_USER", path,
        absl::StrCat("belongs to user ", info.st_uid, ", not to ", ::geteuid(),
                     ", and trainers run the kernels in it: run tilewright as that user, run "
                     "chown -R ",
                     ::geteuid(), " ", QuotedForShell(path), " as root"));
  }
  if ((info.st_mode & S_IWOTH) != 0) {
    return NotPrivate(
        "CACHE_WRITABLE_BY_ALL", path,
        absl::StrCat("is writable by everyone, and trainers run the kernels in it: run "
                     "chmod 0750 ",
                     QuotedForShell(path)));
  }
  if ((info.st_mode & S_IWGRP) != 0) {
    return NotPrivate(
        "CACHE_WRITABLE_BY_GROUP", path,
        absl::StrCat("is writable by its group, and trainers run the kernels in it: run "
                     "chmod g-w ",
                     QuotedForShell(path)));
  }
  return CheckParents(path);
}

absl::StatusOr<int> OpenPrivateFile(const std::string& path, int flags, mode_t mode) {
  // Without O_NONBLOCK, opening a FIFO that somebody put there would wait without a limit.
  const int fd = ::open(path.c_str(), flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, mode);
  if (fd < 0) {
    if (errno != ELOOP) return CacheFileError("cannot open", path, errno);
    return MakeError(absl::StatusCode::kFailedPrecondition, "CACHE_UNUSABLE",
                     absl::StrCat(path, " is a link: remove it, or name another cache directory"),
                     {{"file", path}});
  }
  struct stat info;
  const int failed = ::fstat(fd, &info) != 0 ? errno : 0;
  const bool shared = (info.st_mode & (S_IWGRP | S_IWOTH)) != 0;
  if (failed == 0 && S_ISREG(info.st_mode) && IsOurs(info) && !shared) return fd;
  ::close(fd);
  if (failed == 0 && S_ISREG(info.st_mode) && IsOurs(info)) {
    return MakeError(absl::StatusCode::kFailedPrecondition, "CACHE_WRITABLE_BY_ALL",
                     absl::StrCat(path, " is writable by other users: run chmod go-w ", path),
                     {{"file", path}});
  }
  if (failed != 0) return CacheFileError("cannot look at", path, failed);
  return MakeError(
      absl::StatusCode::kFailedPrecondition, "CACHE_UNUSABLE",
      absl::StrCat(path, S_ISREG(info.st_mode) ? " belongs to another user" : " is not a file",
                   ": remove it, or name another cache directory"),
      {{"file", path}});
}

CacheFault CacheFaultOf(int error) {
  using Code = absl::StatusCode;
  switch (error) {
    case ENOSPC:
      return {Code::kResourceExhausted, "DISK_FULL",
              "free some space there, or name another cache directory"};
    case EDQUOT:
      return {
          Code::kResourceExhausted, "DISK_QUOTA",
          "the quota of this user is used up there: remove files, ask for a larger quota, or name "
          "another cache directory"};
    case EFBIG:
      return {Code::kResourceExhausted, "FILE_SIZE_LIMIT",
              "this process may not write larger files: raise the limit (`ulimit -f`) where "
              "tilewrightd is started"};
    case EMFILE:
    case ENFILE:
      return {Code::kResourceExhausted, "NO_DESCRIPTOR",
              "no file descriptor is left: raise the limit on open files (`ulimit -n`) where "
              "tilewrightd is started"};
    case ENOMEM:
      return {Code::kResourceExhausted, "OUT_OF_MEMORY", "free some memory on this machine"};
    case EROFS:
      return {Code::kFailedPrecondition, "READ_ONLY",
              "the filesystem is mounted read-only: mount it for writing, or name another cache "
              "directory"};
    case EIO:
      return {
          Code::kFailedPrecondition, "DISK_FAILING",
          "the disk fails: look at the kernel's log (`dmesg`), or name another cache directory"};
    case EACCES:
    case EPERM:
      return {Code::kFailedPrecondition, "CACHE_UNUSABLE",
              "check its owner and mode, or name another cache directory"};
    default:
      return {Code::kFailedPrecondition, "CACHE_UNUSABLE", "name another cache directory"};
  }
}

absl::Status CacheFileError(std::string_view what, const std::string& path, int error) {
  const CacheFault fault = CacheFaultOf(error);
  return MakeError(fault.code, fault.reason,
                   absl::StrCat(absl::string_view(what.data(), what.size()), " ", path, ": ",
                                std::strerror(error), ": ", fault.advice),
                   {{"directory", path}});
}

bool IsReadOnlyDirectory(const std::string& path) {
  struct stat info;
  if (::stat(path.c_str(), &info) != 0 || !S_ISDIR(info.st_mode)) return false;
  return ::faccessat(AT_FDCWD, path.c_str(), W_OK | X_OK, AT_EACCESS) != 0;
}

std::string RuntimeStem(const std::string& cache_directory) {
  std::error_code error;
  const fs::path whole = fs::canonical(cache_directory, error);
  const std::string name = error ? cache_directory : whole.string();
  return absl::StrCat(RuntimeDirectory(), "/", ToHex(Sha256(name)).substr(0, 16));
}

absl::Status MakeRuntimeDirectory() {
  const std::string path = RuntimeDirectory();
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) {
    return CacheFileError("cannot make", path, errno);
  }
  struct stat info;
  if (::lstat(path.c_str(), &info) != 0) return CacheFileError("cannot look at", path, errno);
  const bool is_private = S_ISDIR(info.st_mode) && info.st_uid == ::geteuid() &&
                          (info.st_mode & (S_IRWXG | S_IRWXO)) == 0;
  if (is_private) return absl::OkStatus();
  return MakeError(absl::StatusCode::kFailedPrecondition, "CACHE_UNUSABLE",
                   absl::StrCat(path,
                                ", where the socket of a read-only cache directory lies, is not a "
                                "directory for this user alone: remove it, or set XDG_RUNTIME_DIR"),
                   {{"directory", path}});
}

std::string StateFile(const std::string& cache_directory, const std::string& name) {
  return IsReadOnlyDirectory(cache_directory)
             ? absl::StrCat(RuntimeStem(cache_directory), ".", name)
             : absl::StrCat(cache_directory, "/", name);
}

std::string SocketOf(const std::string& cache_directory) {
  const std::string inside = cache_directory + "/tilewrightd.sock";
  if (!IsReadOnlyDirectory(cache_directory)) return inside;
  const std::string outside = RuntimeStem(cache_directory) + ".sock";
  // A member of the daemon's group cannot write to the directory either, but the socket is there.
  return IsSocket(inside) && !IsSocket(outside) ? inside : outside;
}

}  // namespace tilewright
