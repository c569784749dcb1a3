#ifndef TILEWRIGHT_SERVER_NET_CANCELLABLE_CALL_H_
#define TILEWRIGHT_SERVER_NET_CANCELLABLE_CALL_H_

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "grpcpp/server_context.h"

namespace tilewright {

// A call that may be cancelled from another thread until gRPC is done with it. Shared by the
// call's reactor and by who watches it; thread-safe.
class CancellableCall {
 public:
  explicit CancellableCall(grpc::CallbackServerContext* call) : call_(call) {}

  void Cancel() {
    absl::MutexLock lock(&mutex_);
    if (call_ != nullptr) call_->TryCancel();
  }

  // By the reactor's OnDone.
  void Forget() {
    absl::MutexLock lock(&mutex_);
    call_ = nullptr;
  }

 private:
  absl::Mutex mutex_;
  grpc::CallbackServerContext* call_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tilewright

#endif  // TILEWRIGHT_SERVER_NET_CANCELLABLE_CALL_H_
