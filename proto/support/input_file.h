#ifndef TILEWRIGHT_PROTO_SUPPORT_INPUT_FILE_H_
#define TILEWRIGHT_PROTO_SUPPORT_INPUT_FILE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proto/support/unique_fd.h"

namespace tilewright {

// A file that a person names to be read. It may be anything: a pipe such as <(...), which is read,
// a terminal, a directory, a device without an end, a named pipe that nobody writes to. Movable;
// one thread.
class InputFile {
 public:
  // NOT_FOUND, reason FILE_NOT_READABLE, with the path as it was given: what cannot be opened,
  // directories, sockets, and devices but terminals and /dev/null.
  static absl::StatusOr<InputFile> Open(const std::string& path);

  // Up to `size` bytes into `data`; 0 at the end. Waits for who writes to a pipe. NOT_FOUND, reason
  // FILE_NOT_READABLE, where it cannot be read, or nobody has a named pipe open for 5 s.
  absl::StatusOr<std::size_t> Read(char* data, std::size_t size);

  // Nothing where it is no regular file.
  std::optional<uint64_t> size() const { return size_; }

 private:
  InputFile(std::string path, UniqueFd fd) : path_(std::move(path)), fd_(std::move(fd)) {}

  std::string path_;
  UniqueFd fd_;
  std::optional<uint64_t> size_;
  // Whether the end of the file may only mean that nobody has opened the pipe for writing yet.
  bool awaits_writer_ = false;
};

// All of a file that has `max_bytes` at most. Errors as of InputFile, and INVALID_ARGUMENT, reason
// FILE_TOO_LARGE. `what` the file should be is for that message: "a list of problems".
absl::StatusOr<std::string> ReadInputFile(const std::string& path, std::size_t max_bytes,
                                          const std::string& what);

// INVALID_ARGUMENT, reason FILE_TOO_LARGE.
absl::Status InputTooLarge(const std::string& path, std::size_t max_bytes, const std::string& what);

}  // namespace tilewright

#endif  // TILEWRIGHT_PROTO_SUPPORT_INPUT_FILE_H_
