#ifndef TILEWRIGHT_SERVER_NET_OPEN_CALL_H_
#define TILEWRIGHT_SERVER_NET_OPEN_CALL_H_

#include <atomic>
#include <cstdint>

namespace tilewright {

// Counts a call as under way while this object lives.
class OpenCall {
 public:
  explicit OpenCall(std::atomic<int64_t>& count) : count_(count) {
    count_.fetch_add(1, std::memory_order_relaxed);
  }
  ~OpenCall() { count_.fetch_sub(1, std::memory_order_relaxed); }
  OpenCall(const OpenCall&) = delete;
  OpenCall& operator=(const OpenCall&) = delete;

 private:
  std::atomic<int64_t>& count_;
};

}  // namespace tilewright

#endif  // TILEWRIGHT_SERVER_NET_OPEN_CALL_H_
