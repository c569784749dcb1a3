#include "tuner/store/database/file_copy.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>

#include "proto/support/private_files.h"
#include "proto/support/status_macros.h"
#include "proto/support/unique_fd.h"
#include "proto/support/write_all.h"

namespace tilewright {
namespace {

// Opens `to` and lets `write` write it. Removes it if that fails: half a file helps nobody, and
// takes room on a disk that may be full.
template <typename Write>
absl::Status Fill(const std::string& to, const Write& write) {
  const UniqueFd out(
      ::open(to.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640));
  if (out.get() < 0) return CacheFileError("cannot open", to, errno);
  absl::Status written = write(out.get());
  if (!written.ok()) ::unlink(to.c_str());
  return written;
}

absl::Status WriteTo(int fd, std::string_view bytes, const std::string& path) {
  if (!WriteAll(fd, bytes)) return CacheFileError("cannot write", path, errno);
  return absl::OkStatus();
}

absl::Status CopyAll(int in, const std::string& from, int out, const std::string& to) {
  std::string block(std::size_t{1} << 20, '\0');
  while (true) {
    const ssize_t count = ::read(in, block.data(), block.size());
    if (count == 0) return absl::OkStatus();
    if (count < 0 && errno != EINTR) return CacheFileError("cannot read", from, errno);
    if (count < 0) continue;
    RETURN_IF_ERROR(WriteTo(out, {block.data(), static_cast<std::size_t>(count)}, to));
  }
}

}  // namespace

absl::Status WriteBytes(const std::string& to, std::string_view bytes) {
  return Fill(to, [&](int out) { return WriteTo(out, bytes, to); });
}

absl::Status CopyFile(const std::string& from, const std::string& to) {
  const UniqueFd in(::open(from.c_str(), O_RDONLY | O_CLOEXEC));
  if (in.get() < 0) return CacheFileError("cannot open", from, errno);
  return Fill(to, [&](int out) { return CopyAll(in.get(), from, out, to); });
}

}  // namespace tilewright
