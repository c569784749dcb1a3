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

// A file that a person names for reading. It may be anything: a pipe such as <(...), which can be
// read, a terminal, a directory, a device without an end, or a named pipe without a writer.
// Movable; one thread.
class InputFile {
 public:
  // NOT_FOUND, reason FILE_NOT_READABLE, with the path as it was given: the file cannot be opened,
  // or is a directory, a socket, or a device other than a terminal or /dev/null.
  static absl::StatusOr<InputFile> Open(const std::string& path);

  // Reads up to `size` bytes into `data`; returns 0 at the end. Waits for the writer of a pipe, at
  // most until `deadline`. NOT_FOUND, reason FILE_NOT_READABLE: it cannot be read, nobody opens a
  // named pipe for writing for 5 s, or nothing comes by `deadline`.
  absl::StatusOr<std::size_t> Read(char* data, std::size_t size,
                                   SteadyTime deadline = SteadyTime::InfiniteFuture());

  // Returns nothing if it is not a regular file.
  std::optional<uint64_t> size() const { return size_; }

 private:
  InputFile(std::string path, UniqueFd fd) : path_(std::move(path)), fd_(std::move(fd)) {}

  std::string path_;
  UniqueFd fd_;
  std::optional<uint64_t> size_;
  // Whether the end of the file may only mean that nobody has opened the pipe for writing yet.
  bool awaits_writer_ = false;
};

// Reads a whole file of at most `max_bytes`. Errors as of InputFile, and INVALID_ARGUMENT, reason
// FILE_TOO_LARGE. `what` goes into that message: what the file should be, such as "a list of
// problems". If a pipe or a terminal has not ended after `patience`, this is an error. Without a
// limit only Ctrl-C ends the wait for a silent one, so a daemon gives a limit.
absl::StatusOr<std::string> ReadInputFile(const std::string& path, std::size_t max_bytes,
                                          const std::string& what,
                                          absl::Duration patience = absl::InfiniteDuration());

// Makes an INVALID_ARGUMENT, reason FILE_TOO_LARGE.
absl::Status InputTooLarge(const std::string& path, std::size_t max_bytes, const std::string& what);

}  // namespace tilewright

#endif  // TILEWRIGHT_PROTO_SUPPORT_INPUT_FILE_H_
