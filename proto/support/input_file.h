#ifndef TILEWRIGHT_PROTO_SUPPORT_INPUT_FILE_H_
#define TILEWRIGHT_PROTO_SUPPORT_INPUT_FILE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "proto/support/steady_time.h"
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

  // Up to `size` bytes into `data`; 0 at the end. Waits for who writes to a pipe, at most until
  // `deadline`. NOT_FOUND, reason FILE_NOT_READABLE, if it cannot be read, if nobody has a named
  // pipe open for 5 s, or if nothing comes by `deadline`.
  absl::StatusOr<std::size_t> Read(char* data, std::size_t size,
                                   SteadyTime deadline = SteadyTime::InfiniteFuture());

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
// FILE_TOO_LARGE. `what` the file should be is for that message: "a list of problems". A pipe or a
// terminal that has not come to its end after `patience` cannot be read. Without a limit only
// Ctrl-C ends the wait for a silent one, so a daemon gives a limit.
absl::StatusOr<std::string> ReadInputFile(const std::string& path, std::size_t max_bytes,
                                          const std::string& what,
                                          absl::Duration patience = absl::InfiniteDuration());

// INVALID_ARGUMENT, reason FILE_TOO_LARGE.
absl::Status InputTooLarge(const std::string& path, std::size_t max_bytes, const std::string& what);

}  // namespace tilewright

#endif  // TILEWRIGHT_PROTO_SUPPORT_INPUT_FILE_H_
