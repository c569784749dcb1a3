#ifndef TILEWRIGHT_CLIENT_CPP_OWNER_PROCESS_H_
#define TILEWRIGHT_CLIENT_CPP_OWNER_PROCESS_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>

#include "absl/status/status.h"

namespace tilewright {

// Returns a number that no two processes share. It tells this process from the one that forked it.
uint64_t ThisProcess();

// Returns the word that holds that number after the first request for it, and 0 in a child before.
const std::atomic<uint64_t>& ThisProcessWord();

// The process that made an object. After fork() the child has a copy of everything. But the threads
// of gRPC and CUDA, and what they share with driver and daemon, belong to the parent. IsThis costs
// a load from memory. getpid() is a system call, which would double the time of a cached look-up,
// and two processes in different PID namespaces may have the same id.
class OwnerProcess {
 public:
  OwnerProcess() : process_(ThisProcess()), word_(ThisProcessWord()) {}
  bool IsThis() const { return word_.load(std::memory_order_relaxed) == process_; }

 private:
  const uint64_t process_;
  const std::atomic<uint64_t>& word_;
};

// FAILED_PRECONDITION, reason FORKED: the answer of an inherited object in the child.
absl::Status ForkedError();

// Works as std::make_shared, but in a child the last reference releases nothing: the destructor
// would end what the parent still uses.
template <typename T, typename... Arguments>
std::shared_ptr<T> MakeSharedHere(Arguments&&... arguments) {
  return std::shared_ptr<T>(new T(std::forward<Arguments>(arguments)...),
                            [owner = OwnerProcess()](T* object) {
                              if (owner.IsThis()) delete object;
                            });
}

}  // namespace tilewright

#endif  // TILEWRIGHT_CLIENT_CPP_OWNER_PROCESS_H_
