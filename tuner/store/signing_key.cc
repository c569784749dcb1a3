#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "proto/support/errors.h"
#include "proto/support/status_macros.h"
#include "tuner/store/bundle.h"
#include "tuner/store/ed25519.h"

namespace tilewright {
namespace {

constexpr char kKeyFile[] = "signing.key";

absl::Status KeyError(std::string_view reason, const std::string& path, const std::string& what) {
  return MakeError(absl::StatusCode::kFailedPrecondition, reason,
                   absl::StrCat("signing key ", path, ": ", what), {{"file", path}});
}

absl::StatusOr<std::string> ReadKey(const std::string& path, int fd) {
  struct stat info;
  std::string key(kEd25519KeyBytes + 1, '\0');
  const ssize_t count = ::pread(fd, key.data(), key.size(), 0);
  if (count < 0 || ::fstat(fd, &info) != 0) {
    return KeyError("SIGNING_KEY_INVALID", path, std::strerror(errno));
  }
  if (info.st_uid != ::geteuid() && info.st_uid != 0) {
    return KeyError("SIGNING_KEY_EXPOSED", path,
                    absl::StrCat("it belongs to user ", info.st_uid, ": move it away"));
  }
  if ((info.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return KeyError("SIGNING_KEY_EXPOSED", path,
                    "others may use it: if none did, chmod 0600 it; else move it away");
  }
  if (count != static_cast<ssize_t>(kEd25519KeyBytes)) {
    return KeyError("SIGNING_KEY_INVALID", path, "it has not 32 bytes");
  }
  key.resize(kEd25519KeyBytes);
  return key;
}

// Under a name of its own (two threads may both be the first) and then linked: whoever reads
// `path` sees a whole key.
absl::Status WriteKey(const std::string& path, std::string_view key) {
  const std::string fresh = absl::StrCat(path, ".", ::gettid());
  const int fd = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return KeyError("SIGNING_KEY_INVALID", fresh, std::strerror(errno));
  const bool written =
      ::write(fd, key.data(), key.size()) == static_cast<ssize_t>(key.size()) && ::fsync(fd) == 0;
  ::close(fd);
  const bool linked = written && (::link(fresh.c_str(), path.c_str()) == 0 || errno == EEXIST);
  const int error = errno;
  ::unlink(fresh.c_str());
  return linked ? absl::OkStatus() : KeyError("SIGNING_KEY_INVALID", path, std::strerror(error));
}

}  // namespace

absl::StatusOr<std::string> LoadOrCreateSigningKey(const std::string& cache_dir) {
  const std::string path = absl::StrCat(cache_dir, "/", kKeyFile);
  int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (fd < 0 && errno == ENOENT) {
    ASSIGN_OR_RETURN(const std::string key, GenerateEd25519Key());
    RETURN_IF_ERROR(WriteKey(path, key));
    fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  }
  if (fd < 0) return KeyError("SIGNING_KEY_INVALID", path, std::strerror(errno));
  absl::StatusOr<std::string> key = ReadKey(path, fd);
  ::close(fd);
  return key;
}

}  // namespace tilewright
