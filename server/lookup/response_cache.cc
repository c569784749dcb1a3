#include "server/lookup/response_cache.h"

#include <utility>

#include "absl/hash/hash.h"
#include "absl/strings/string_view.h"

namespace tilewright {
namespace {

constexpr std::size_t kMaxRequestBytes = 4096;
// 16 shards with two generations hold at most 4096 replies: 160 MB if each has its own 40 KB
// kernel.
constexpr std::size_t kMaxYoung = 128;

absl::string_view ToAbsl(std::string_view text) {
  return absl::string_view(text.data(), text.size());
}

}  // namespace

ResponseCache::Shard& ResponseCache::ShardOf(std::string_view request) {
  // The map uses the low bits of the same hash, so the shard uses other bits.
  return shards_[(absl::HashOf(ToAbsl(request)) >> 32) % shards_.size()];
}

bool ResponseCache::Find(std::string_view request, int64_t version, grpc::ByteBuffer* response) {
  if (request.size() > kMaxRequestBytes) return false;
  const std::shared_ptr<const Entry> entry = FindIn(ShardOf(request), request);
  if (entry == nullptr || entry->version != version) return false;
  *response = entry->response;
  return true;
}

std::shared_ptr<const ResponseCache::Entry> ResponseCache::FindIn(Shard& shard,
                                                                  std::string_view request) {
  absl::MutexLock lock(&shard.mutex);
  if (const auto found = shard.young.find(ToAbsl(request)); found != shard.young.end()) {
    return found->second;
  }
  const auto found = shard.old.find(ToAbsl(request));
  if (found == shard.old.end()) return nullptr;
  std::shared_ptr<const Entry> entry = std::move(found->second);
  shard.old.erase(found);
  Insert(shard, request, entry);
  return entry;
}

void ResponseCache::Put(std::string_view request, int64_t version,
                        const grpc::ByteBuffer& response) {
  if (request.size() > kMaxRequestBytes) return;
  auto entry = std::make_shared<const Entry>(Entry{version, response});
  Shard& shard = ShardOf(request);
  absl::MutexLock lock(&shard.mutex);
  Insert(shard, request, std::move(entry));
}

void ResponseCache::Insert(Shard& shard, std::string_view request,
                           std::shared_ptr<const Entry> entry) {
  if (shard.young.size() >= kMaxYoung) {
    shard.old = std::move(shard.young);
    shard.young.clear();
  }
  shard.young[std::string(request)] = std::move(entry);
}

}  // namespace tilewright
