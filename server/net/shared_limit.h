#ifndef TILEWRIGHT_SERVER_NET_SHARED_LIMIT_H_
#define TILEWRIGHT_SERVER_NET_SHARED_LIMIT_H_

#include <sys/types.h>

#include <cstddef>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "proto/support/errors.h"

namespace tilewright {

// The most that one user may have of a limit. A quarter is left to others.
constexpr std::size_t ShareOfUser(std::size_t total) { return total - total / 4; }

// Limits concurrent work. No user can take all places. Outlives its places; thread-safe.
class SharedLimit {
 public:
  SharedLimit(std::size_t total, std::size_t each) : total_(total), each_(each) {}

  // Holds one place as long as it lives.
  class Place {
   public:
    Place() = default;
    Place(Place&& other) noexcept
        : limit_(std::exchange(other.limit_, nullptr)), user_(other.user_) {}
    Place& operator=(Place&& other) noexcept {
      if (this != &other) {
        Release();
        limit_ = std::exchange(other.limit_, nullptr);
        user_ = other.user_;
      }
      return *this;
    }
    ~Place() { Release(); }

    bool held() const { return limit_ != nullptr; }
    void Release() {
      if (SharedLimit* limit = std::exchange(limit_, nullptr)) limit->Return(user_);
    }

   private:
    friend class SharedLimit;
    Place(SharedLimit* limit, uid_t user) : limit_(limit), user_(user) {}

    SharedLimit* limit_ = nullptr;
    uid_t user_ = 0;
  };

  // Returns a place. It is not held if all are taken or `user` has its share.
  Place TryTake(uid_t user) {
    absl::MutexLock lock(&mutex_);
    if (taken_ >= total_) return {};
    std::size_t& own = by_user_[user];
    if (own >= each_) return {};
    ++own;
    ++taken_;
    return Place(this, user);
  }

  // Returns RESOURCE_EXHAUSTED, with a delay, for a caller without a place. `what`: "bundles".
  absl::Status Refusal(const char* reason, const char* what) const {
    return MakeError(absl::StatusCode::kResourceExhausted, reason,
                     absl::StrCat(each_, " ", what, " of this user, or ", total_,
                                  " of all users, are under way: try again in 1000 ms"),
                     {{"retry_delay_ms", "1000"}});
  }

 private:
  void Return(uid_t user) {
    absl::MutexLock lock(&mutex_);
    --taken_;
    if (--by_user_[user] == 0) by_user_.erase(user);
  }

  const std::size_t total_;
  const std::size_t each_;
  absl::Mutex mutex_;
  std::size_t taken_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::flat_hash_map<uid_t, std::size_t> by_user_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tilewright

#endif  // TILEWRIGHT_SERVER_NET_SHARED_LIMIT_H_
