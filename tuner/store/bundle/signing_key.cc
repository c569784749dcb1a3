#include "tuner/store/bundle/signing_key.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "proto/support/errors.h"
#include "proto/support/sha256.h"
#include "proto/support/status_macros.h"
#include "proto/support/write_all.h"
#include "tuner/store/bundle/ed25519.h"

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
    return KeyError(
        "SIGNING_KEY_EXPOSED", path,
        "other users have access to it: if none used it, run chmod 0600 on it; else move it away");
  }
  if (count != static_cast<ssize_t>(kEd25519KeyBytes)) {
    return KeyError("SIGNING_KEY_INVALID", path, "it must have 32 bytes");
  }
  key.resize(kEd25519KeyBytes);
  return key;
}

// Writes a whole key to `fresh`, then calls `place` to put it in place. `place` fails as link(2).
template <typename Place>
absl::Status WriteKey(const std::string& path, std::string_view key, Place place) {
  // A name for each thread: two may both be the first.
  const std::string fresh = absl::StrCat(path, ".", ::gettid());
  const int fd = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return KeyError("SIGNING_KEY_INVALID", fresh, std::strerror(errno));
  const bool written = WriteAll(fd, key) && ::fsync(fd) == 0;
  ::close(fd);
  const bool linked = written && place(fresh);
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
    // By a link: the first of two stays, and every reader of `path` sees a whole key.
    RETURN_IF_ERROR(WriteKey(path, key, [&](const std::string& fresh) {
      return ::link(fresh.c_str(), path.c_str()) == 0 || errno == EEXIST;
    }));
    fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  }
  if (fd < 0) return KeyError("SIGNING_KEY_INVALID", path, std::strerror(errno));
  absl::StatusOr<std::string> key = ReadKey(path, fd);
  ::close(fd);
  return key;
}

absl::StatusOr<std::optional<std::string>> FindSigningKey(const std::string& cache_dir) {
  const std::string path = absl::StrCat(cache_dir, "/", kKeyFile);
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (fd < 0 && errno == ENOENT) return std::nullopt;
  if (fd < 0) return KeyError("SIGNING_KEY_INVALID", path, std::strerror(errno));
  absl::StatusOr<std::string> key = ReadKey(path, fd);
  ::close(fd);
  if (!key.ok()) return key.status();
  return *std::move(key);
}

absl::Status ReplaceSigningKey(const std::string& cache_dir, std::string_view key) {
  const std::string path = absl::StrCat(cache_dir, "/", kKeyFile);
  ASSIGN_OR_RETURN(const std::optional<std::string> old, FindSigningKey(cache_dir));
  if (old) {
    ASSIGN_OR_RETURN(const std::string fingerprint, FingerprintOf(*old));
    const std::string kept = absl::StrCat(path, ".", fingerprint);
    if (::link(path.c_str(), kept.c_str()) != 0 && errno != EEXIST) {
      return KeyError("SIGNING_KEY_INVALID", kept, std::strerror(errno));
    }
  }
  // By a rename: there is a key at every moment.
  return WriteKey(path, key, [&](const std::string& fresh) {
    return ::rename(fresh.c_str(), path.c_str()) == 0;
  });
}

absl::StatusOr<std::string> FingerprintOf(std::string_view private_key) {
  ASSIGN_OR_RETURN(const std::string public_key, Ed25519PublicKey(private_key));
  return ToHex(Sha256(public_key));
}

}  // namespace tilewright
