#ifndef TILEWRIGHT_SERVER_NET_USER_SERVERS_H_
#define TILEWRIGHT_SERVER_NET_USER_SERVERS_H_

#include <sys/types.h>

#include <functional>
#include <map>
#include <memory>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "grpcpp/server.h"
#include "grpcpp/server_builder.h"
#include "proto/support/steady_time.h"

namespace tilewright {

// A gRPC server for each user that has connected, all with the same services. gRPC does not tell a
// service which connection a call came over, and of a connection that was accepted elsewhere not
// who is at its other end; a server knows whom it was made for, and so does every context that it
// makes (CallerOf). That costs nothing at a call. Servers are made at a user's first connection and
// stay; who may connect is few. Owned by DaemonServer; thread-safe.
class UserServers {
 public:
  // Adds limits and services, which outlive this.
  using Configure = std::function<void(grpc::ServerBuilder&)>;

  explicit UserServers(Configure configure) : configure_(std::move(configure)) {}

  // Makes the server of `user` where there is none. INTERNAL, reason SERVER_NOT_STARTED.
  absl::Status Start(uid_t user);

  // Takes over a connection of `user`; closes it where there is no server for it.
  void Take(uid_t user, int fd);

  // Says at each health check that nothing is served any more.
  void ShutDownHealth();
  // Ends all servers: calls under way may end until `deadline`.
  void ShutDown(SteadyTime deadline);
  // Lets go of them: nothing of gRPC can touch a reactor any more.
  void Clear();

 private:
  struct UserServer {
    std::unique_ptr<grpc::experimental::ExternalConnectionAcceptor> connections;
    std::unique_ptr<grpc::Server> server;
  };

  absl::Status StartLocked(uid_t user) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const Configure configure_;
  absl::Mutex mutex_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::map<uid_t, UserServer> servers_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tilewright

#endif  // TILEWRIGHT_SERVER_NET_USER_SERVERS_H_
