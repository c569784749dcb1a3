// The streaming RPCs of Connection.
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/cpp/connection_impl.h"
#include "proto/support/errors.h"
#include "proto/support/text.h"
#include "tilewright/connection.h"

namespace tilewright {
namespace {

constexpr size_t kChunkBytes = 1 << 20;
// How often a watch that lost its daemon is attached anew before the loss is reported.
constexpr int kMaxAttachments = 5;

// Reads one stream to its end. `last` is the newest message, also of an earlier attachment.
template <typename Message>
absl::Status ReadStream(grpc::ClientContext& context, grpc::ClientReader<Message>& reader,
                        std::stop_token stop, const std::function<void(const Message&)>& on_update,
                        Message& last) {
  std::stop_callback cancel(stop, [&context] { context.TryCancel(); });
  Message message;
  while (reader.Read(&message)) {
    last = message;
    if (on_update) on_update(last);
  }
  return FromGrpcStatus(reader.Finish());
}

absl::Status WatchStopped() { return absl::CancelledError("the watch was stopped"); }

absl::Status WatchEnded(const char* before) {
  return MakeError(absl::StatusCode::kAborted, "WATCH_ENDED",
                   absl::StrCat("the service ended the watch before ", before));
}

// Watches a resource until a final state; attaches anew where the connection was lost.
template <typename Message, typename Attach>
absl::StatusOr<Message> Watch(const Connection& connection, std::stop_token stop,
                              const std::function<bool()>& wait_until_connected,
                              const std::function<void(const Message&)>& on_update,
                              const Attach& attach) {
  Message last;
  absl::Status status;
  for (int attachment = 0; attachment < kMaxAttachments; ++attachment) {
    if (attachment > 0 && !wait_until_connected()) break;
    if (stop.stop_requested()) return WatchStopped();
    grpc::ClientContext context;
    auto reader = attach(&context);
    status = ReadStream<Message>(context, *reader, stop, on_update, last);
    if (IsFinal(last.state())) return last;
    if (stop.stop_requested()) return WatchStopped();
    if (!status.ok() && !IsTransportFailure(status)) return status;
  }
  if (status.ok()) return WatchEnded("a final state");
  return UnreachableError(connection.socket_path(), status);
}

}  // namespace

absl::Status Connection::WatchKernel(
    const v1::GetKernelRequest& request, std::stop_token stop,
    const std::function<void(const v1::GetKernelResponse&)>& on_update) {
  v1::WatchKernelRequest watch;
  *watch.mutable_request() = request;
  v1::GetKernelResponse last;
  absl::Status status;
  // The watch has no last message: it ends only where one attachment after the other is silent.
  for (int silent = 0; silent < kMaxAttachments;) {
    if (stop.stop_requested()) return WatchStopped();
    grpc::ClientContext context;
    const auto reader = impl_->kernels->WatchKernel(&context, watch);
    ++silent;
    status = ReadStream<v1::GetKernelResponse>(
        context, *reader, stop,
        [&](const v1::GetKernelResponse& response) {
          silent = 0;
          if (on_update) on_update(response);
        },
        last);
    if (stop.stop_requested()) return WatchStopped();
    if (status.ok()) return WatchEnded("the caller did");
    if (!IsTransportFailure(status)) return status;
    if (!impl_->WaitUntilConnected()) break;
  }
  return UnreachableError(socket_path(), status);
}

absl::StatusOr<v1::Tuning> Connection::WatchTuning(
    const std::string& name, std::stop_token stop,
    const std::function<void(const v1::Tuning&)>& on_update) {
  v1::WatchTuningRequest request;
  request.set_name(name);
  return Watch<v1::Tuning>(
      *this, stop, [this] { return impl_->WaitUntilConnected(); }, on_update,
      [&](grpc::ClientContext* context) { return impl_->tunings->WatchTuning(context, request); });
}

absl::StatusOr<v1::Sweep> Connection::WatchSweep(
    const std::string& name, std::stop_token stop,
    const std::function<void(const v1::Sweep&)>& on_update) {
  v1::WatchSweepRequest request;
  request.set_name(name);
  return Watch<v1::Sweep>(
      *this, stop, [this] { return impl_->WaitUntilConnected(); }, on_update,
      [&](grpc::ClientContext* context) { return impl_->tunings->WatchSweep(context, request); });
}

absl::StatusOr<v1::SweepProgress> Connection::WatchSweepProgress(
    const std::string& name, std::stop_token stop,
    const std::function<void(const v1::SweepProgress&)>& on_update) {
  v1::WatchSweepProgressRequest request;
  request.set_name(name);
  return Watch<v1::SweepProgress>(
      *this, stop, [this] { return impl_->WaitUntilConnected(); }, on_update,
      [&](grpc::ClientContext* context) {
        return impl_->tunings->WatchSweepProgress(context, request);
      });
}

absl::StatusOr<int64_t> Connection::ExportBundle(const std::vector<std::string>& keys,
                                                 std::ostream& out) {
  v1::ExportBundleRequest request;
  for (const std::string& key : keys) request.add_keys(key);
  if (absl::Status text = CheckUtf8(request); !text.ok()) return text;
  grpc::ClientContext context;
  auto reader = impl_->cache->ExportBundle(&context, request);
  v1::BundleChunk chunk;
  int64_t written = 0;
  while (reader->Read(&chunk)) {
    out.write(chunk.data().data(), static_cast<std::streamsize>(chunk.data().size()));
    if (!out) {
      context.TryCancel();
      reader->Finish();
      return MakeError(absl::StatusCode::kInternal, "WRITE_FAILED",
                       "the bundle could not be written: the disk is full or not writable");
    }
    written += static_cast<int64_t>(chunk.data().size());
  }
  const absl::Status status = FromGrpcStatus(reader->Finish());
  if (IsTransportFailure(status)) return UnreachableError(socket_path(), status);
  if (!status.ok()) return status;
  return written;
}

template <typename Response, typename Method>
absl::StatusOr<Response> Connection::SendBundle(std::istream& in, Method method) {
  grpc::ClientContext context;
  Response response;
  auto writer = ((*impl_->cache).*method)(&context, &response);
  v1::BundleChunk chunk;
  std::string buffer(kChunkBytes, '\0');
  // A false Write means that the service ended the call early; Finish says why.
  bool open = true;
  while (open && in) {
    in.read(buffer.data(), static_cast<std::streamsize>(buffer.size()));
    if (in.gcount() == 0) break;
    chunk.set_data(buffer.data(), static_cast<size_t>(in.gcount()));
    open = writer->Write(chunk);
  }
  if (in.bad()) {
    context.TryCancel();
    writer->Finish();
    return MakeError(absl::StatusCode::kInternal, "READ_FAILED", "the bundle could not be read");
  }
  writer->WritesDone();
  const absl::Status status = FromGrpcStatus(writer->Finish());
  if (IsTransportFailure(status)) return UnreachableError(socket_path(), status);
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
