#include "tuner/store/cache_directory.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <iterator>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "proto/support/errors.h"
#include "proto/support/status_macros.h"

namespace tilewright {
namespace {

constexpr char kLockFile[] = "tilewrightd.lock";

struct NetworkFilesystem {
  std::uint64_t magic;
  const char* name;
};

// statfs(2) f_type, from linux/magic.h and the filesystems' own sources.
constexpr NetworkFilesystem kNetworkFilesystems[] = {
    {0x6969, "NFS"},        {0xFF534D42, "CIFS"}, {0xFE534D42, "SMB2"},   {0x517B, "SMB"},
    {0x5346414F, "AFS"},    {0x6B414653, "AFS"},  {0x73757245, "Coda"},   {0x564C, "NCP"},
    {0x01021997, "9P"},     {0x00C36400, "Ceph"}, {0x0BD00BD0, "Lustre"}, {0x47504653, "GPFS"},
    {0x19830326, "BeeGFS"}, {0x01161970, "GFS2"}, {0x7461636F, "OCFS2"},  {0xAAD7AAEA, "PanFS"},
};

absl::Status MakeDirectory(const std::string& path) {
  struct stat info;
  if (::stat(path.c_str(), &info) == 0) {
    return S_ISDIR(info.st_mode) ? absl::OkStatus() : CacheFileError("cannot use", path, ENOTDIR);
  }
  const std::filesystem::path parent = std::filesystem::path(path).parent_path();
  std::error_code error;
  if (!parent.empty()) std::filesystem::create_directories(parent, error);
  if (error) return CacheFileError("cannot make", parent.string(), error.value());
  if (::mkdir(path.c_str(), 0750) != 0 && errno != EEXIST) {
    return CacheFileError("cannot make", path, errno);
  }
  return absl::OkStatus();
}

absl::Status CheckDirectory(const std::string& path) {
  struct statfs filesystem;
  struct stat info;
  if (::statfs(path.c_str(), &filesystem) != 0 || ::stat(path.c_str(), &info) != 0) {
    return CacheFileError("cannot look at", path, errno);
  }
  // f_type is signed and 32 bits wide on some architectures.
  RETURN_IF_ERROR(CheckFilesystem(path, static_cast<std::uint32_t>(filesystem.f_type)));
  if ((info.st_mode & S_IWOTH) != 0) {
    return MakeError(absl::StatusCode::kFailedPrecondition, "CACHE_WRITABLE_BY_ALL",
                     absl::StrCat("cache directory ", path,
                                  " is writable by everyone, and what lies in it runs in "
                                  "trainers: make it private with chmod 0750, or name another"),
                     {{"directory", path}});
  }
  return absl::OkStatus();
}

std::string HolderPid(int fd) {
  char text[32];
  const ssize_t count = ::pread(fd, text, sizeof(text), 0);
  return std::string(absl::StripSuffix(
      absl::string_view(text, count > 0 ? static_cast<std::size_t>(count) : 0), "\n"));
}

absl::Status InUse(const std::string& path, const std::string& pid) {
  return MakeError(absl::StatusCode::kFailedPrecondition, "CACHE_IN_USE",
                   absl::StrCat("cache directory ", path, " is in use by ",
                                pid.empty() ? "another process" : "process " + pid,
                                ": talk to that daemon, stop it, or name another directory"),
                   {{"directory", path}, {"pid", pid}});
}

}  // namespace

absl::Status CacheFileError(std::string_view what, const std::string& path, int error) {
  const bool full = error == ENOSPC || error == EDQUOT || error == EFBIG || error == EROFS;
  return MakeError(
      full ? absl::StatusCode::kResourceExhausted : absl::StatusCode::kFailedPrecondition,
      full ? "DISK_FULL" : "CACHE_UNUSABLE",
      absl::StrCat(absl::string_view(what.data(), what.size()), " ", path, ": ",
                   std::strerror(error),
                   full ? ": free some space there, or name another "
                          "cache directory"
                        : ": see to its owner and mode, or name another "
                          "cache directory"),
      {{"directory", path}});
}

absl::Status CheckFilesystem(const std::string& directory, std::uint64_t magic) {
  for (const NetworkFilesystem& filesystem : kNetworkFilesystems) {
    if (filesystem.magic != magic) continue;
    return MakeError(absl::StatusCode::kFailedPrecondition, "NETWORK_FILESYSTEM",
                     absl::StrCat("cache directory ", directory, " is on a network filesystem (",
                                  filesystem.name,
                                  "), where the database would be damaged: name a local one; "
                                  "export and import carry winners between machines"),
                     {{"directory", directory}, {"filesystem", filesystem.name}});
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<CacheDirectory>> CacheDirectory::Open(const std::string& path) {
  RETURN_IF_ERROR(MakeDirectory(path));
  RETURN_IF_ERROR(CheckDirectory(path));
  const std::string lock_path = path + "/" + kLockFile;
  const int fd = ::open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
  if (fd < 0) return CacheFileError("cannot open", lock_path, errno);
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    const int error = errno;
    const std::string pid = HolderPid(fd);
    ::close(fd);
    return error == EWOULDBLOCK ? InUse(path, pid)
                                : CacheFileError("cannot lock", lock_path, error);
  }
  // The pid is for messages alone: on a full disk the lease holds without it.
  const std::string pid = absl::StrCat(::getpid(), "\n");
  if (::ftruncate(fd, 0) != 0 ||
      ::pwrite(fd, pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size())) {
    errno = 0;
  }
  return std::unique_ptr<CacheDirectory>(new CacheDirectory(path, fd));
}

CacheDirectory::CacheDirectory(std::string path, int lock_fd)
    : path_(std::move(path)), lock_fd_(lock_fd) {}

CacheDirectory::~CacheDirectory() { ::close(lock_fd_); }

std::string CacheDirectory::PathOf(std::string_view file_name) const {
  return absl::StrCat(path_, "/", absl::string_view(file_name.data(), file_name.size()));
}

}  // namespace tilewright
