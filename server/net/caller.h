// Tells which user a call comes from.
#ifndef TILEWRIGHT_SERVER_NET_CALLER_H_
#define TILEWRIGHT_SERVER_NET_CALLER_H_

#include <sys/types.h>

#include "grpcpp/server_context.h"
#include "server/net/unknown_user.h"

namespace tilewright {

// The context of every call on a connection of `user`. The kernel named the user when the
// connection was accepted; nothing that the caller sends can change it.
class CallerContext final : public grpc::CallbackServerContext {
 public:
  explicit CallerContext(uid_t user) : user_(user) {}
  uid_t user() const { return user_; }

 private:
  const uid_t user_;
};

// Makes the contexts for the server of one user. Owned by the server; any thread.
class CallerContexts final : public grpc::ContextAllocator {
 public:
  explicit CallerContexts(uid_t user) : user_(user) {}

  grpc::CallbackServerContext* NewCallbackServerContext() override {
    return new CallerContext(user_);
  }
  void Release(grpc::CallbackServerContext* context) override { delete context; }

 private:
  const uid_t user_;
};

// Returns the user of a call, or kUnknownUser if CallerContexts did not make the context.
inline uid_t CallerOf(const grpc::ServerContextBase& context) {
  const auto* caller = dynamic_cast<const CallerContext*>(&context);
  return caller == nullptr ? kUnknownUser : caller->user();
}

}  // namespace tilewright

#endif  // TILEWRIGHT_SERVER_NET_CALLER_H_
