#ifndef TILEWRIGHT_CLIENT_CPP_CONNECTION_IMPL_H_
#define TILEWRIGHT_CLIENT_CPP_CONNECTION_IMPL_H_

#include <grpc/support/time.h>
#include <grpcpp/client_context.h>
#include <grpcpp/support/status.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <ostream>
#include <stop_token>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "client/cpp/call_guards.h"
#include "client/cpp/dial.h"
#include "client/cpp/link.h"
#include "client/cpp/owner_process.h"
#include "client/cpp/plain_call.h"
#include "client/cpp/rpc_status.h"
#include "proto/support/errors.h"
#include "proto/support/steady_time.h"
#include "proto/support/text.h"
#include "tilewright/connection.h"
#include "tilewright/v1/cache_service.grpc.pb.h"
#include "tilewright/v1/kernel_service.grpc.pb.h"
#include "tilewright/v1/tuning_service.grpc.pb.h"

namespace tilewright {

// Converts `deadline` to gRPC's own monotonic clock.
gpr_timespec GrpcDeadline(SteadyTime deadline);

// FAILED_PRECONDITION, reason FORKED: a forked child has no streams, because they need gRPC.
absl::Status NoStreamsError();

// A service's stub, on whichever link is current.
template <typename Stub>
struct StubRef {
  const std::unique_ptr<Stub> Link::*of;
  const StubRef& operator*() const { return *this; }
};

struct Connection::Impl {
  explicit Impl(ConnectOptions connect_options)
      : options(std::move(connect_options)), links(options) {}

  // Sends a unary request. Sends it once more if the daemon went away and came back, and again if
  // the daemon is full and says when to come back. Ends by `timeout`, and soon after `stop`.
  template <typename Response, typename Stub, typename Method, typename Request>
  absl::StatusOr<Response> Call(const StubRef<Stub>& stub, Method method, const Request& request,
                                Milliseconds timeout, const std::stop_token& stop = {}) {
    if (!owner.IsThis()) return ForkedError();
    // The service could not parse such a text, and would not say why.
    if (absl::Status text = CheckUtf8(request); !text.ok()) return text;
    const SteadyTime deadline = DeadlineAfter(timeout);
    bool reconnected = false;
    for (int retries = 0;;) {
      const absl::StatusOr<std::shared_ptr<Link>> link = links.Get(deadline, stop);
      if (!link.ok()) return link.status();
      Response response;
      bool given_up = false;
      const absl::Status status =
          Send(**link, stub, method, request, deadline - absl::FromChrono(TimeToExplain(timeout)),
               stop, &response, &given_up);
      if (status.ok()) return response;
      if (given_up) {
        const Milliseconds waited = absl::ToChronoMilliseconds(StopGuard::kPatience);
        return links.ExplainSilence(link->get(), waited, DeadlineAfter(TimeToExplain(timeout)));
      }
      if (IsTransportFailure(status)) {
        links.Lost(link->get());
        if (reconnected) return UnreachableError(options.socket_path, status);
        reconnected = true;
      } else if (IsUnanswered(status)) {
        return links.ExplainSilence(link->get(), timeout, deadline);
      } else if (retries++ == kMaxRetries || !WaitBeforeRetry(status, deadline, stop)) {
        return WithOtherVersion(status, options.socket_path);
      }
    }
  }

  template <typename Stub, typename Method, typename Request, typename Response>
  absl::Status Send(Link& link, const StubRef<Stub>& stub, Method method, const Request& request,
                    SteadyTime deadline, const std::stop_token& stop, Response* response,
                    bool* given_up) {
    if (link.plain()) return PlainCall(options, request, deadline, response);
    grpc::ClientContext context;
    context.set_deadline(GrpcDeadline(deadline));
    StopGuard guard(context, stop);
    const grpc::Status status = (*(link.*stub.of).*method)(&context, request, response);
    *given_up = guard.gave_up() && status.error_code() == grpc::StatusCode::CANCELLED;
    return FromGrpcStatus(status);
  }

  // Most calls that are refused for lack of room succeed within a second or two. If the service
  // stays full, the caller gets the error.
  static constexpr int kMaxRetries = 5;

  // The part of a call's time that is kept to find out why there was no answer.
  static Milliseconds TimeToExplain(Milliseconds timeout) {
    return std::min(timeout / 5, Milliseconds(500));
  }

  // Sleeps as long as the service asked for. Returns false at once if it did not ask or if that
  // ends after `deadline`, and soon after `stop`.
  static bool WaitBeforeRetry(const absl::Status& status, SteadyTime deadline,
                              const std::stop_token& stop);

  // Returns the link for a stream, which has no deadline of its own.
  absl::StatusOr<std::shared_ptr<Link>> LinkForStream(const std::stop_token& stop = {}) {
    if (!owner.IsThis()) return ForkedError();
    if (GrpcIsInherited()) return NoStreamsError();
    return links.Get(DeadlineAfter(options.connect_timeout), stop);
  }

  // Writes the chunks of one of the cache's streams to `out`, and returns the number of bytes.
  // `what` names them if writing fails. `note` gets each chunk.
  template <typename Chunk, typename Method, typename Request, typename Note>
  absl::StatusOr<int64_t> Receive(Method method, const Request& request, const char* what,
                                  std::ostream& out, const Note& note) {
    if (absl::Status text = CheckUtf8(request); !text.ok()) return text;
    const absl::StatusOr<std::shared_ptr<Link>> link = LinkForStream();
    if (!link.ok()) return link.status();
    grpc::ClientContext context;
    const auto reader = ((*(*link)->cache).*method)(&context, request);
    SilenceGuard guard(options, context);
    Chunk chunk;
    int64_t written = 0;
    while (reader->Read(&chunk)) {
      guard.Heard();
      note(chunk);
      out.write(chunk.data().data(), static_cast<std::streamsize>(chunk.data().size()));
      if (!out) {
        context.TryCancel();
        reader->Finish();
        return MakeError(
            absl::StatusCode::kInternal, "WRITE_FAILED",
            absl::StrCat(what, " could not be written: the disk is full or not writable"));
      }
      written += static_cast<int64_t>(chunk.data().size());
    }
    const absl::Status status =
        EndOfTransfer(FromGrpcStatus(reader->Finish()), guard.verdict(), options.socket_path);
    if (!status.ok()) return status;
    return written;
  }

  const OwnerProcess owner;
  const ConnectOptions options;
  LinkKeeper links;
  const StubRef<v1::KernelService::Stub> kernels{&Link::kernels};
  const StubRef<v1::TuningService::Stub> tunings{&Link::tunings};
  const StubRef<v1::CacheService::Stub> cache{&Link::cache};
};

}  // namespace tilewright

#endif  // TILEWRIGHT_CLIENT_CPP_CONNECTION_IMPL_H_
