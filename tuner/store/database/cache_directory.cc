#include "tuner/store/database/cache_directory.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <iterator>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
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

// statfs(2) f_type, from linux/magic.h and the sources of the filesystems.
constexpr NetworkFilesystem kNetworkFilesystems[] = {
    {0x6969, "NFS"},        {0xFF534D42, "CIFS"}, {0xFE534D42, "SMB2"},   {0x517B, "SMB"},
    {0x5346414F, "AFS"},    {0x6B414653, "AFS"},  {0x73757245, "Coda"},   {0x564C, "NCP"},
    {0x01021997, "9P"},     {0x00C36400, "Ceph"}, {0x0BD00BD0, "Lustre"}, {0x47504653, "GPFS"},
    {0x19830326, "BeeGFS"}, {0x01161970, "GFS2"}, {0x7461636F, "OCFS2"},  {0xAAD7AAEA, "PanFS"},
};

absl::Status CheckDirectory(const std::string& path, bool read_only) {
  struct statfs filesystem;
  if (::statfs(path.c_str(), &filesystem) != 0) {
    return CacheFileError("cannot look at", path, errno);
  }
  // f_type is signed and has 32 bits on some architectures. A read-only cache may be anywhere.
  if (!read_only) {
    RETURN_IF_ERROR(CheckFilesystem(path, static_cast<std::uint32_t>(filesystem.f_type)));
  }
  return CheckPrivateDirectory(path);
}

std::string HolderPid(int fd) {
  char text[32];
  const ssize_t count = ::pread(fd, text, sizeof(text), 0);
  return std::string(absl::StripSuffix(
      absl::string_view(text, count > 0 ? static_cast<std::size_t>(count) : 0), "\n"));
}

bool IsNumber(absl::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == absl::string_view::npos;
}

// Returns whether a file with this name is a copy of the database that a killed process did not
// finish. Nothing reads such a copy.
bool IsUnfinished(absl::string_view name) {
  for (const char* suffix : {"-wal", "-shm", "-journal"}) absl::ConsumeSuffix(&name, suffix);
  if (name == kBackupPart) return true;
  if (!absl::ConsumePrefix(&name, kDatabaseFile)) return false;
  if (name == kRestoring || name == kRebuilding || name == absl::StrCat(kRebuilding, kSource))
    return true;
  if (!absl::ConsumePrefix(&name, ".schema-") || !absl::ConsumeSuffix(&name, kPart)) return false;
  // "1", or "1-2" if the first name was taken.
  const std::vector<absl::string_view> numbers = absl::StrSplit(name, '-');
  return numbers.size() <= 2 && std::all_of(numbers.begin(), numbers.end(), IsNumber);
}

absl::Status InUse(const std::string& path, const std::string& pid) {
  return MakeError(absl::StatusCode::kFailedPrecondition, "CACHE_IN_USE",
                   absl::StrCat("cache directory ", path, " is in use by ",
                                pid.empty() ? "another process" : "process " + pid,
                                ": talk to that daemon, stop it, or name another directory"),
                   {{"directory", path}, {"pid", pid}});
}

}  // namespace

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

absl::Status CacheRemoved(const std::string& directory, const std::string& file) {
  return MakeError(absl::StatusCode::kFailedPrecondition, "CACHE_REMOVED",
                   absl::StrCat(file,
                                " was removed or replaced while the daemon served from it: nothing "
                                "more can be stored there; start the daemon again"),
                   {{"directory", directory}, {"file", file}});
}

absl::StatusOr<std::unique_ptr<CacheDirectory>> CacheDirectory::Open(const std::string& path) {
  const bool read_only = IsReadOnlyDirectory(path);
  if (!read_only) RETURN_IF_ERROR(MakePrivateDirectory(path));
  RETURN_IF_ERROR(CheckDirectory(path, read_only));
  if (read_only) RETURN_IF_ERROR(MakeRuntimeDirectory());
  const std::string lock_path =
      read_only ? RuntimeStem(path) + ".lock" : absl::StrCat(path, "/", kLockFile);
  ASSIGN_OR_RETURN(const int fd, OpenPrivateFile(lock_path, O_RDWR | O_CREAT, 0640));
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    const int error = errno;
    const std::string pid = HolderPid(fd);
    ::close(fd);
    return error == EWOULDBLOCK ? InUse(path, pid)
                                : CacheFileError("cannot lock", lock_path, error);
  }
  // The pid is only for messages: on a full disk the lease holds without it.
  const std::string pid = absl::StrCat(::getpid(), "\n");
  if (::ftruncate(fd, 0) != 0 ||
      ::pwrite(fd, pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size())) {
    errno = 0;
  }
  return std::unique_ptr<CacheDirectory>(new CacheDirectory(path, lock_path, fd, read_only));
}

CacheDirectory::CacheDirectory(std::string path, std::string lock_path, int lock_fd, bool read_only)
    : path_(std::move(path)),
      lock_path_(std::move(lock_path)),
      read_only_(read_only),
      lock_fd_(lock_fd) {}

void CacheDirectory::RemoveUnfinished() const {
  if (read_only_) return;
  std::error_code error;
  std::filesystem::directory_iterator entry(path_, error);
  for (const std::filesystem::directory_iterator end; !error && entry != end;
       entry.increment(error)) {
    if (IsUnfinished(entry->path().filename().string())) ::unlink(entry->path().c_str());
  }
}

CacheDirectory::~CacheDirectory() { ::close(lock_fd_); }

absl::Status CacheDirectory::CheckHeld() const {
  struct stat held;
  struct stat found;
  const bool same = ::fstat(lock_fd_, &held) == 0 && ::lstat(lock_path_.c_str(), &found) == 0 &&
                    held.st_dev == found.st_dev && held.st_ino == found.st_ino;
  if (same) return absl::OkStatus();
  return CacheRemoved(path_, lock_path_);
}

std::string CacheDirectory::PathOf(std::string_view file_name) const {
  return absl::StrCat(path_, "/", absl::string_view(file_name.data(), file_name.size()));
}

}  // namespace tilewright
