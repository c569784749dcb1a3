#include "client/cli/commands/files.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <ios>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "client/cli/output/output.h"
#include "proto/support/daemon_files.h"
#include "proto/support/errors.h"
#include "proto/support/status_macros.h"
#include "proto/support/unique_fd.h"

namespace tilewright::cli {
namespace {

absl::Status WriteError(const std::string& path, int error) {
  const bool is_full = error == ENOSPC || error == EDQUOT;
  return MakeError(absl::StatusCode::kFailedPrecondition, "WRITE_FAILED",
                   absl::StrCat(path, ": cannot be written: ", std::strerror(error),
                                is_full ? ": free some space there, or name another file" : ""),
                   {{"file", path}});
}

constexpr char kPart[] = ".part";

// A file that is being written, before it gets its name. It is locked, so that others can tell it
// from a file that a killed process left behind.
class PartFile {
 public:
  // Makes the file. Returns 0 or an errno. Does not follow a link that somebody put there.
  int Make(const std::string& path) {
    // A killed process with the same id may have left one.
    if (unlink(path.c_str()) != 0 && errno != ENOENT) return errno;
    fd_ = UniqueFd(open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666));
    if (fd_.get() < 0) return errno;
    // If the filesystem has no locks, SweepParts removes nothing.
    if (flock(fd_.get(), LOCK_EX | LOCK_NB) != 0) errno = 0;
    return 0;
  }

  // Returns another descriptor of this file, or -1.
  int Duplicate() const { return fcntl(fd_.get(), F_DUPFD_CLOEXEC, 0); }

  // Returns whether `path` still is this file.
  bool Is(const std::string& path) const {
    struct stat own;
    struct stat named;
    return fstat(fd_.get(), &own) == 0 && lstat(path.c_str(), &named) == 0 &&
           own.st_dev == named.st_dev && own.st_ino == named.st_ino;
  }

 private:
  UniqueFd fd_;
};

std::filesystem::path FolderOf(const std::filesystem::path& path) {
  return path.has_parent_path() ? path.parent_path() : ".";
}

// Returns whether a file at `path` is replaced. Pipes and devices are only written to.
bool IsReplaced(const std::string& path) {
  std::error_code error;
  const std::filesystem::file_type type = std::filesystem::status(path, error).type();
  return type == std::filesystem::file_type::not_found ||
         type == std::filesystem::file_type::regular;
}

bool IsAlive(int pid) { return kill(pid, 0) == 0 || errno != ESRCH; }

// Removes what killed processes left of the file `path`: every "<path>.part<pid>" that no process
// has locked and whose process is gone.
void SweepParts(const std::string& path) {
  const std::string prefix = std::filesystem::path(path).filename().string() + kPart;
  const std::filesystem::path folder = FolderOf(path);
  std::error_code error;
  for (std::filesystem::directory_iterator it(folder, error), end; !error && it != end;
       it.increment(error)) {
    const std::string name = it->path().filename().string();
    int pid = 0;
    if (name.rfind(prefix, 0) != 0 || !absl::SimpleAtoi(name.substr(prefix.size()), &pid) ||
        pid <= 0 || IsAlive(pid)) {
      continue;
    }
    const UniqueFd fd(open(it->path().c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    struct stat info;
    const bool left_behind = fd.get() >= 0 && fstat(fd.get(), &info) == 0 &&
                             S_ISREG(info.st_mode) && flock(fd.get(), LOCK_EX | LOCK_NB) == 0;
    if (left_behind) unlink(it->path().c_str());
  }
}

// /dev/stdout is a link to what the process has open. If that is a file, replacing the link would
// break it for everybody, and writing through it would mix with the output of the command.
absl::Status CheckNoOpenFile(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::is_symlink(path, error) || !std::filesystem::is_regular_file(path, error)) {
    return absl::OkStatus();
  }
  const std::string target = std::filesystem::read_symlink(path, error);
  if (!absl::StartsWith(target, "/proc/")) return absl::OkStatus();
  return MakeError(
      absl::StatusCode::kInvalidArgument, "OUTPUT_IS_OPEN",
      absl::StrCat(
          path, ": is a link to a file that this command already has open: name that file itself"),
      {{"file", path}});
}

}  // namespace

absl::StatusOr<OutputFile> OutputFile::At(const std::string& path, const DaemonPlace& place) {
  OutputFile file(path, place);
  RETURN_IF_ERROR(file.CheckNotOfDaemon());
  RETURN_IF_ERROR(CheckNoOpenFile(path));
  if (IsReplaced(path) && access(FolderOf(path).c_str(), W_OK | X_OK) != 0) {
    return WriteError(path, errno);
  }
  return file;
}

absl::Status OutputFile::CheckNotOfDaemon() const {
  const std::string own = DaemonFileAt(path_, place_.cache_directory, place_.socket);
  if (own.empty()) return absl::OkStatus();
  return MakeError(absl::StatusCode::kInvalidArgument, "DAEMON_FILE",
                   absl::StrCat(path_, ": is tilewrightd's own file ", own,
                                ", which would be lost: name another file, outside the cache "
                                "directory"),
                   {{"file", path_}});
}

absl::Status OutputFile::Write(const std::function<absl::Status(std::ostream&)>& write) const {
  const bool replace = IsReplaced(path_);
  const std::string target = replace ? absl::StrCat(path_, kPart, getpid()) : path_;
  PartFile part;
  if (replace) {
    SweepParts(path_);
    if (const int failed = part.Make(target); failed != 0) return WriteError(path_, failed);
  }
  const int fd = replace ? part.Duplicate()
                         : open(path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (fd < 0) return WriteError(path_, errno);
  OutputBuffer buffer(fd);
  std::ostream out(&buffer);
  absl::Status status = write(out);
  // `write` may have noticed only that the stream went bad.
  if (const int failed = buffer.Close(); failed != 0) status = WriteError(path_, failed);
  // A daemon may serve that directory by now, perhaps because this very command started it.
  if (status.ok() && replace) status = CheckNotOfDaemon();
  if (status.ok() && replace && !part.Is(target)) {
    return MakeError(absl::StatusCode::kFailedPrecondition, "WRITE_FAILED",
                     absl::StrCat(path_, ": somebody replaced ", target, " while it was written"),
                     {{"file", path_}});
  }
  if (status.ok() && replace && std::rename(target.c_str(), path_.c_str()) != 0) {
    status = WriteError(path_, errno);
  }
  if (!status.ok() && replace) std::remove(target.c_str());
  return status;
}

absl::Status OutputFile::Write(std::string_view content) const {
  return Write([content](std::ostream& out) {
    out.write(content.data(), static_cast<std::streamsize>(content.size()));
    return absl::OkStatus();
  });
}

InputBuffer::int_type InputBuffer::underflow() {
  // The stream catches the exception and becomes bad.
  if (!Fill().ok()) throw std::ios_base::failure("the file cannot be read");
  return gptr() == egptr() ? traits_type::eof() : traits_type::to_int_type(*gptr());
}

absl::Status InputBuffer::Fill() {
  ASSIGN_OR_RETURN(const std::size_t count, file_.Read(bytes_, sizeof(bytes_)));
  setg(bytes_, bytes_, bytes_ + count);
  return absl::OkStatus();
}

}  // namespace tilewright::cli
