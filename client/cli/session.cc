#include "client/cli/session.h"

#include "client/cli/daemon.h"
#include "client/cli/interrupts.h"
#include "proto/support/status_macros.h"
#include "proto/support/text.h"

namespace tilewright::cli {

absl::StatusOr<Client*> Session::client() {
  if (client_ == nullptr) {
    ASSIGN_OR_RETURN(const DaemonPlace where, place());
    RETURN_IF_ERROR(
        EnsureDaemon(where, !flags_.no_start, [this](const std::string& line) { Note(line); }));
    ConnectOptions options;
    options.socket_path = where.socket;
    ASSIGN_OR_RETURN(client_, Client::Connect(options));
  }
  return client_.get();
}

void Session::Note(const std::string& text) {
  if (!flags_.quiet) err_ << "tilewright: " << Printable(text) << '\n' << std::flush;
}

int ExitCodeOf(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kOk:
      return kExitOk;
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kUnimplemented:
      return kExitUsage;
    case absl::StatusCode::kNotFound:
      return kExitNotFound;
    case absl::StatusCode::kUnavailable:
      return kExitUnavailable;
    case absl::StatusCode::kCancelled:
      return kExitInterrupted;
    default:
      return kExitFailure;
  }
}

}  // namespace tilewright::cli
