#ifndef TILEWRIGHT_CLIENT_CPP_OWNER_PROCESS_H_
#define TILEWRIGHT_CLIENT_CPP_OWNER_PROCESS_H_

#include <cstdint>
#include <memory>
#include <utility>

#include "absl/status/status.h"

namespace tilewright {

// Tells this process from the one that forked it: a number that no two processes share. Costs a
// load from memory; getpid() is a system call, which would double the time of a cached look-up,
// and two processes in different PID namespaces may have the same one.
uint64_t ThisProcess();

// The process that made an object. A child after fork() has a copy of everything, but gRPC's and
// CUDA's threads, and what they share with the driver and the daemon, belong to the parent.
class OwnerProcess {
 public:
  OwnerProcess() : process_(ThisProcess()) {}
  bool IsThis() const { return process_ == ThisProcess(); }

 private:
  const uint64_t process_;
};

// FAILED_PRECONDITION, reason FORKED: what an inherited object answers in the child.
absl::Status ForkedError();

// As std::make_shared, but in a child the last reference releases nothing: the object's destructor
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
