#include "proto/support/input_file.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "proto/support/errors.h"
#include "proto/support/status_macros.h"
#include "proto/support/steady_time.h"

namespace tilewright {
namespace {

// How long to wait for a writer of a named pipe.
constexpr absl::Duration kWriterPatience = absl::Seconds(5);
constexpr int kPollMilliseconds = 50;
constexpr std::size_t kReadBytes = 1 << 16;

absl::Status NotReadable(const std::string& path, const std::string& why) {
  return MakeError(absl::StatusCode::kNotFound, "FILE_NOT_READABLE",
                   absl::StrCat(path, ": cannot be read: ", why), {{"file", path}});
}

bool IsTerminalOrNull(int fd, const struct stat& info) {
  return isatty(fd) == 1 || info.st_rdev == makedev(1, 3);
}

// A shell's pipe has its writer from the start, so its end is final.
bool IsAnonymousPipe(int fd) {
  struct statfs filesystem;
  return fstatfs(fd, &filesystem) == 0 && filesystem.f_type == PIPEFS_MAGIC;
}

}  // namespace

absl::StatusOr<InputFile> InputFile::Open(const std::string& path) {
  // Without O_NONBLOCK, opening a named pipe would wait for its other end without a limit.
  UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  struct stat info;
  if (fd.get() < 0 || fstat(fd.get(), &info) != 0) return NotReadable(path, std::strerror(errno));
  if (S_ISDIR(info.st_mode)) return NotReadable(path, std::strerror(EISDIR));
  if (S_ISBLK(info.st_mode) || (S_ISCHR(info.st_mode) && !IsTerminalOrNull(fd.get(), info))) {
    return NotReadable(path, "it is a device: name a file or a pipe");
  }
  InputFile file(path, std::move(fd));
  if (S_ISREG(info.st_mode)) file.size_ = static_cast<uint64_t>(info.st_size);
  file.awaits_writer_ = S_ISFIFO(info.st_mode) && !IsAnonymousPipe(file.fd_.get());
  return file;
}

absl::StatusOr<std::size_t> InputFile::Read(char* data, std::size_t size, SteadyTime deadline) {
  const SteadyTime give_up = SteadyTime::Now() + kWriterPatience;
  while (true) {
    const ssize_t count = read(fd_.get(), data, size);
    if (count > 0) {
      awaits_writer_ = false;
      return static_cast<std::size_t>(count);
    }
    if (count == 0 && !awaits_writer_) return std::size_t{0};
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno != EAGAIN) return NotReadable(path_, std::strerror(errno));
    // If read says "nothing yet", a writer has the pipe open. If nobody has, read gives its end.
    if (count < 0) awaits_writer_ = false;
    if (awaits_writer_ && SteadyTime::Now() >= give_up) {
      return NotReadable(path_, "no program writes to this pipe: start that program first");
    }
    if (SteadyTime::Now() >= deadline) {
      return NotReadable(
          path_, "it does not end in time: name a file, or stop the program that writes to it");
    }
    const bool has_limit = awaits_writer_ || deadline != SteadyTime::InfiniteFuture();
    pollfd wait{fd_.get(), POLLIN, 0};
    const int ready = poll(&wait, 1, has_limit ? kPollMilliseconds : -1);
    if (ready < 0 && errno != EINTR) return NotReadable(path_, std::strerror(errno));
    // A writer has come. It may have gone again.
    if (ready > 0) awaits_writer_ = false;
  }
}

absl::StatusOr<std::string> ReadInputFile(const std::string& path, std::size_t max_bytes,
                                          const std::string& what, absl::Duration patience) {
  const SteadyTime deadline = SteadyTime::Now() + patience;
  ASSIGN_OR_RETURN(InputFile file, InputFile::Open(path));
  if (file.size().value_or(0) > max_bytes) return InputTooLarge(path, max_bytes, what);
  std::string content;
  while (true) {
    const std::size_t before = content.size();
    // Room for one byte more than the limit shows that the file is too large.
    content.resize(before + std::min(kReadBytes, max_bytes + 1 - before));
    ASSIGN_OR_RETURN(const std::size_t count,
                     file.Read(content.data() + before, content.size() - before, deadline));
    content.resize(before + count);
    if (count == 0) return content;
    if (content.size() > max_bytes) return InputTooLarge(path, max_bytes, what);
  }
}

absl::Status InputTooLarge(const std::string& path, std::size_t max_bytes,
                           const std::string& what) {
  const std::string limit = max_bytes >= std::size_t{1} << 20
                                ? absl::StrCat(max_bytes >> 20, " MiB")
                                : absl::StrCat(max_bytes >> 10, " KiB");
  return MakeError(absl::StatusCode::kInvalidArgument, "FILE_TOO_LARGE",
                   absl::StrCat(path, ": is larger than ", limit, ", too large for ", what,
                                ": name another file"),
                   {{"file", path}});
}

}  // namespace tilewright
