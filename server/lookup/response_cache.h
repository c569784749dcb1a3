#ifndef TILEWRIGHT_SERVER_LOOKUP_RESPONSE_CACHE_H_
#define TILEWRIGHT_SERVER_LOOKUP_RESPONSE_CACHE_H_

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"
#include "grpcpp/support/byte_buffer.h"

namespace tilewright {

// Keeps finished replies by the exact bytes of their requests: all ranks of a job send the same
// bytes. A reply is valid for one version of the winners. Bounded: each shard has two generations.
// It drops the older one when the younger is full. This keeps recent replies without updating a
// list on each hit. Thread-safe.
class ResponseCache {
 public:
  ResponseCache() = default;
  ResponseCache(const ResponseCache&) = delete;
  ResponseCache& operator=(const ResponseCache&) = delete;

  // Returns false on a miss. `response` shares the bytes of the cached reply.
  bool Find(std::string_view request, int64_t version, grpc::ByteBuffer* response);

  // Ignores requests of unusual size.
  void Put(std::string_view request, int64_t version, const grpc::ByteBuffer& response);

 private:
  struct Entry {
    int64_t version;
    grpc::ByteBuffer response;
  };
  using Generation = absl::flat_hash_map<std::string, std::shared_ptr<const Entry>>;
  struct Shard {
    absl::Mutex mutex;
    Generation young ABSL_GUARDED_BY(mutex);
    Generation old ABSL_GUARDED_BY(mutex);
  };

  Shard& ShardOf(std::string_view request);
  static std::shared_ptr<const Entry> FindIn(Shard& shard, std::string_view request);
  static void Insert(Shard& shard, std::string_view request, std::shared_ptr<const Entry> entry)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(shard.mutex);

  std::array<Shard, 16> shards_;
};

}  // namespace tilewright

#endif  // TILEWRIGHT_SERVER_LOOKUP_RESPONSE_CACHE_H_
