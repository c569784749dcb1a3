#ifndef TILEWRIGHT_PROTO_SUPPORT_UNIQUE_FD_H_
#define TILEWRIGHT_PROTO_SUPPORT_UNIQUE_FD_H_

#include <unistd.h>

#include <utility>

namespace tilewright {

// Owns a file descriptor, or none. The destructor closes it, which also releases its lock.
class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(other.Release()) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~UniqueFd() {
    if (fd_ >= 0) close(fd_);
  }

  // Returns -1 if there is none.
  int get() const { return fd_; }
  int Release() { return std::exchange(fd_, -1); }

 private:
  int fd_ = -1;
};

}  // namespace tilewright

#endif  // TILEWRIGHT_PROTO_SUPPORT_UNIQUE_FD_H_
