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

// A file that a person named. A command makes its OutputFile before it starts or asks anything.
class OutputFile {
 public:
  // Checks `path`. INVALID_ARGUMENT, reason DAEMON_FILE: it leads to one of the daemon's own files,
  // such as its database, which would be lost. FAILED_PRECONDITION, reason WRITE_FAILED: its folder
  // is not there or cannot be written to.
  static absl::StatusOr<OutputFile> At(const std::string& path, const DaemonPlace& place);

  const std::string& path() const { return path_; }

  // Writes the file through `write` under a temporary name beside it, then renames it. So a failure
  // leaves the old file. Removes what killed processes left. DAEMON_FILE: `path` has become one of
  // the daemon's files since At.
  absl::Status Write(const std::function<absl::Status(std::ostream&)>& write) const;
  absl::Status Write(std::string_view content) const;

 private:
  OutputFile(std::string path, DaemonPlace place)
      : path_(std::move(path)), place_(std::move(place)) {}

  absl::Status CheckNotOfDaemon() const;

  std::string path_;
  DaemonPlace place_;
};

// Reads an InputFile as a stream. After a read error the stream is bad.
class InputBuffer final : public std::streambuf {
 public:
  explicit InputBuffer(InputFile file) : file_(std::move(file)) {}

  // Reads the beginning. After that, it is known whether the file can be read at all.
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
