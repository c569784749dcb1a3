// The part of Connection that removes winners and makes backups.
#include "client/cpp/connection_impl.h"

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
  return impl_->Receive<v1::BackupChunk>(&v1::CacheService::Stub::BackupCache,
                                         v1::BackupCacheRequest(), "the backup", out,
                                         [](const v1::BackupChunk&) {});
}

}  // namespace tilewright
