// The streaming RPCs of Connection.
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/cpp/call_guards.h"
#include "client/cpp/connection_impl.h"
#include "proto/support/errors.h"
#include "proto/support/text.h"
#include "tilewright/connection.h"

namespace tilewright {
namespace {

constexpr size_t kChunkBytes = 1 << 20;
// How often a watch that lost its daemon attaches again before it reports the loss.
constexpr int kMaxAttachments = 5;

// Reads one stream to its end. `last` is the newest message, maybe of an earlier attachment.
template <typename Message>
absl::Status ReadStream(const ConnectOptions& options, grpc::ClientContext& context,
                        grpc::ClientReader<Message>& reader, std::stop_token stop,
                        const std::function<void(const Message&)>& on_update, Message& last) {
  std::stop_callback cancel(stop, [&context] { context.TryCancel(); });
  SilenceGuard guard(options, context);
  Message message;
  while (reader.Read(&message)) {
    guard.Heard();
    last = message;
    if (on_update) on_update(last);
  }
  const absl::Status status = FromGrpcStatus(reader.Finish());
  const absl::Status frozen = guard.verdict();
  return frozen.ok() ? status : frozen;
}

absl::Status WatchStopped() { return absl::CancelledError("the watch was stopped"); }

absl::Status WatchEnded(const char* before) {
  return MakeError(absl::StatusCode::kAborted, "WATCH_ENDED",
                   absl::StrCat("the service ended the watch before ", before));
}

// Watches a resource until a final state. Attaches again if the connection was lost.
template <typename Message, typename Impl, typename Method, typename Request>
absl::StatusOr<Message> Watch(Impl& impl, Method method, const Request& request,
                              std::stop_token stop,
                              const std::function<void(const Message&)>& on_update) {
  if (absl::Status text = CheckUtf8(request); !text.ok()) return text;
  Message last;
  absl::Status status;
  for (int attachment = 0; attachment < kMaxAttachments; ++attachment) {
    const absl::StatusOr<std::shared_ptr<Link>> link = impl.LinkForStream(stop);
    if (stop.stop_requested()) return WatchStopped();
    if (!link.ok()) return link.status();
    grpc::ClientContext context;
    const auto reader = ((*(*link)->tunings).*method)(&context, request);
    status = ReadStream<Message>(impl.options, context, *reader, stop, on_update, last);
    if (IsFinal(last.state())) return last;
    if (stop.stop_requested()) return WatchStopped();
    if (IsTransportFailure(status)) {
      impl.links.Lost(link->get());
    } else if (!status.ok()) {
      return WithOtherVersion(status, impl.options.socket_path);
    }
  }
  if (status.ok()) return WatchEnded("a final state");
  return UnreachableError(impl.options.socket_path, status);
}

}  // namespace

absl::Status Connection::WatchKernel(
    const v1::GetKernelRequest& request, std::stop_token stop,
    const std::function<void(const v1::GetKernelResponse&)>& on_update) {
  v1::WatchKernelRequest watch;
  *watch.mutable_request() = request;
  if (absl::Status text = CheckUtf8(watch); !text.ok()) return text;
  v1::GetKernelResponse last;
  absl::Status status;
  // This watch has no last message. It ends after several attachments in a row brought nothing.
  for (int silent = 0; silent < kMaxAttachments;) {
    const absl::StatusOr<std::shared_ptr<Link>> link = impl_->LinkForStream(stop);
    if (stop.stop_requested()) return WatchStopped();
    if (!link.ok()) return link.status();
    grpc::ClientContext context;
    const auto reader = (*link)->kernels->WatchKernel(&context, watch);
    ++silent;
    status = ReadStream<v1::GetKernelResponse>(
        impl_->options, context, *reader, stop,
        [&](const v1::GetKernelResponse& response) {
          silent = 0;
          if (on_update) on_update(response);
        },
        last);
    if (stop.stop_requested()) return WatchStopped();
    if (status.ok()) return WatchEnded("the caller did");
    if (!IsTransportFailure(status)) return WithOtherVersion(status, socket_path());
    impl_->links.Lost(link->get());
  }
  return UnreachableError(socket_path(), status);
}

absl::StatusOr<v1::Tuning> Connection::WatchTuning(
    const std::string& name, std::stop_token stop,
    const std::function<void(const v1::Tuning&)>& on_update) {
  v1::WatchTuningRequest request;
  request.set_name(name);
  return Watch<v1::Tuning>(*impl_, &v1::TuningService::Stub::WatchTuning, request, stop, on_update);
}

absl::StatusOr<v1::Sweep> Connection::WatchSweep(
    const std::string& name, std::stop_token stop,
    const std::function<void(const v1::Sweep&)>& on_update) {
  v1::WatchSweepRequest request;
  request.set_name(name);
  return Watch<v1::Sweep>(*impl_, &v1::TuningService::Stub::WatchSweep, request, stop, on_update);
}

absl::StatusOr<v1::SweepProgress> Connection::WatchSweepProgress(
    const std::string& name, std::stop_token stop,
    const std::function<void(const v1::SweepProgress&)>& on_update) {
  v1::WatchSweepProgressRequest request;
  request.set_name(name);
  return Watch<v1::SweepProgress>(*impl_, &v1::TuningService::Stub::WatchSweepProgress, request,
                                  stop, on_update);
}

absl::StatusOr<int64_t> Connection::ExportBundle(const std::vector<std::string>& keys,
                                                 std::ostream& out, v1::ExportSummary* summary) {
  v1::ExportBundleRequest request;
  for (const std::string& key : keys) request.add_keys(key);
  return impl_->Receive<v1::BundleChunk>(&v1::CacheService::Stub::ExportBundle, request,
                                         "the bundle", out,
                                         [summary](const v1::BundleChunk& chunk) {
                                           if (summary != nullptr && chunk.has_summary())
                                             *summary = chunk.summary();
                                         });
}

template <typename Response, typename Method>
absl::StatusOr<Response> Connection::SendBundle(std::istream& in, Method method) {
  const absl::StatusOr<std::shared_ptr<Link>> link = impl_->LinkForStream();
  if (!link.ok()) return link.status();
  grpc::ClientContext context;
  Response response;
  auto writer = ((*(*link)->cache).*method)(&context, &response);
  SilenceGuard guard(impl_->options, context);
  v1::BundleChunk chunk;
  std::string buffer(kChunkBytes, '\0');
  // A false Write means that the service ended the call early; Finish says why.
  bool open = true;
  while (open && in) {
    in.read(buffer.data(), static_cast<std::streamsize>(buffer.size()));
    if (in.gcount() == 0) break;
    chunk.set_data(buffer.data(), static_cast<size_t>(in.gcount()));
    open = writer->Write(chunk);
    guard.Heard();
  }
  if (in.bad()) {
    context.TryCancel();
    writer->Finish();
    return MakeError(absl::StatusCode::kInternal, "READ_FAILED", "the bundle could not be read");
  }
  writer->WritesDone();
  const absl::Status status =
      EndOfTransfer(FromGrpcStatus(writer->Finish()), guard.verdict(), socket_path());
  if (!status.ok()) return status;
  return response;
}

absl::StatusOr<v1::ImportBundleResponse> Connection::ImportBundle(std::istream& in) {
  return SendBundle<v1::ImportBundleResponse>(in, &v1::CacheService::Stub::ImportBundle);
}

absl::StatusOr<v1::InspectBundleResponse> Connection::InspectBundle(std::istream& in) {
  return SendBundle<v1::InspectBundleResponse>(in, &v1::CacheService::Stub::InspectBundle);
}

}  // namespace tilewright
