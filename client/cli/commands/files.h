#ifndef TILEWRIGHT_CLIENT_CLI_COMMANDS_FILES_H_
#define TILEWRIGHT_CLIENT_CLI_COMMANDS_FILES_H_

#include <functional>
#include <ostream>
#include <streambuf>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/cli/commands/daemon.h"
#include "proto/support/input_file.h"

namespace tilewright::cli {

// A file that a command writes and a person named. Every command that writes one makes it first,
// before it starts or asks anything.
class OutputFile {
 public:
  // INVALID_ARGUMENT, reason DAEMON_FILE, if `path` leads to one of the daemon's own files: its
  // database would be lost.
  static absl::StatusOr<OutputFile> At(const std::string& path, const DaemonPlace& place);

  const std::string& path() const { return path_; }

  // Writes it through `write` under a temporary name beside it, and renames it into place: a
  // failure leaves what was there before. What killed processes left there before is removed.
  // DAEMON_FILE as of At, if `path` has become one of the daemon's files since.
  absl::Status Write(const std::function<absl::Status(std::ostream&)>& write) const;
  absl::Status Write(std::string_view content) const;

 private:
  OutputFile(std::string path, DaemonPlace place)
      : path_(std::move(path)), place_(std::move(place)) {}

  absl::Status CheckNotOfDaemon() const;

  std::string path_;
  DaemonPlace place_;
};

// An InputFile as a stream. An error ends it as a bad one.
class InputBuffer final : public std::streambuf {
 public:
  explicit InputBuffer(InputFile file) : file_(std::move(file)) {}

  // Reads what comes first: whether the file can be read at all is known by then.
  absl::Status Begin() { return Fill(); }

 protected:
  int_type underflow() override;

 private:
  absl::Status Fill();

  InputFile file_;
  char bytes_[1 << 16];
};

}  // namespace tilewright::cli

#endif  // TILEWRIGHT_CLIENT_CLI_COMMANDS_FILES_H_
