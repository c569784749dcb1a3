// The part of Connection that removes winners and makes backups.
#include "client/cpp/connection_impl.h"
#include "client/cpp/silence_guard.h"
#include "proto/support/errors.h"

namespace tilewright {
namespace {

// A large database is read, and made smaller, in minutes.
constexpr std::chrono::minutes kRemovalTimeout{10};

}  // namespace

absl::StatusOr<v1::ForgetWinnersResponse> Connection::ForgetWinners(
    const v1::ForgetWinnersRequest& request) {
  return impl_->Call<v1::ForgetWinnersResponse>(
      *impl_->cache, &v1::CacheService::Stub::ForgetWinners, request, kRemovalTimeout);
}

absl::StatusOr<v1::PruneCacheResponse> Connection::PruneCache(
    const v1::PruneCacheRequest& request) {
  return impl_->Call<v1::PruneCacheResponse>(*impl_->cache, &v1::CacheService::Stub::PruneCache,
                                             request, kRemovalTimeout);
}

absl::StatusOr<int64_t> Connection::BackupCache(std::ostream& out) {
  const absl::StatusOr<std::shared_ptr<Link>> link = impl_->LinkForStream();
  if (!link.ok()) return link.status();
  grpc::ClientContext context;
  auto reader = (*link)->cache->BackupCache(&context, v1::BackupCacheRequest());
  SilenceGuard guard(impl_->options, context);
  v1::BackupChunk chunk;
  int64_t written = 0;
  while (reader->Read(&chunk)) {
    guard.Heard();
    out.write(chunk.data().data(), static_cast<std::streamsize>(chunk.data().size()));
    if (!out) {
      context.TryCancel();
      reader->Finish();
      return MakeError(absl::StatusCode::kInternal, "WRITE_FAILED",
                       "the backup could not be written: the disk is full or not writable");
    }
    written += static_cast<int64_t>(chunk.data().size());
  }
  const absl::Status status =
      EndOfTransfer(FromGrpcStatus(reader->Finish()), guard.verdict(), socket_path());
  if (!status.ok()) return status;
  return written;
}

}  // namespace tilewright
