#include "tuner/profile/bench_client.h"

#include "absl/strings/str_cat.h"
#include "proto/support/errors.h"
#include "proto/support/status_macros.h"

namespace tilewright {

absl::StatusOr<std::unique_ptr<BenchClient>> BenchClient::Start(const BenchWorkerCommand& command) {
  ASSIGN_OR_RETURN(auto process, WorkerProcess::Start(command.executable, command.arguments));
  return std::unique_ptr<BenchClient>(new BenchClient(std::move(process)));
}

absl::StatusOr<bench::Reply> BenchClient::Call(const bench::Request& request,
                                               absl::Duration limit) {
  if (const absl::Status sent = process_->Send(request); !sent.ok()) return Lost(sent, limit);
  return Next(limit);
}

absl::StatusOr<bench::Reply> BenchClient::Next(absl::Duration limit) {
  bench::Reply reply;
  const absl::Status received = process_->Receive(SteadyTime::Now() + limit, &reply, [this] {
    return interrupted_ && interrupted_() ? absl::CancelledError("the call was given up")
                                          : absl::OkStatus();
  });
  if (!received.ok()) return Lost(received, limit);
  if (!reply.has_error()) return reply;
  return MakeError(static_cast<absl::StatusCode>(reply.error().code()), reply.error().reason(),
                   reply.error().message());
}

absl::Status BenchClient::Lost(const absl::Status& status, absl::Duration limit) {
  alive_ = false;
  const std::string ending = process_->KillAndDescribe();
  if (absl::IsCancelled(status)) return status;
  if (absl::IsDeadlineExceeded(status)) {
    return MakeError(absl::StatusCode::kDeadlineExceeded, "BENCH_WORKER_HUNG",
                     absl::StrCat("no answer within ", absl::FormatDuration(limit)));
  }
  if (absl::IsUnavailable(status) && !process_->EndedByItself()) {
    return WorkerLost(absl::StrCat("the bench worker was lost: ", ending));
  }
  return MakeError(absl::StatusCode::kUnavailable, "BENCH_WORKER_ENDED",
                   absl::StrCat("the bench worker ", ending));
}

}  // namespace tilewright
