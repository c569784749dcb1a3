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

// One gRPC server for each user that has connected, all with the same services. gRPC does not tell
// a service which connection a call uses or, for a connection accepted elsewhere, who is at its
// other end. A server knows its user, and so does every context that it makes (CallerOf). This
// costs nothing per call. A server is made at the user's first connection and stays; few users may
// connect. Owned by DaemonServer; thread-safe.
class UserServers {
 public:
  // Adds limits and services. The services outlive this object.
  using Configure = std::function<void(grpc::ServerBuilder&)>;

  explicit UserServers(Configure configure) : configure_(std::move(configure)) {}

  // Makes the server for `user` if it is missing. INTERNAL, reason SERVER_NOT_STARTED.
  absl::Status Start(uid_t user);

  // Takes ownership of a connection of `user`. Closes it if there is no server for it.
  void Take(uid_t user, int fd);

  // Makes health checks report that nothing is served any more.
  void ShutDownHealth();
  // Ends all servers. Calls under way may finish until `deadline`.
  void ShutDown(SteadyTime deadline);
  // Destroys the servers. After this, gRPC cannot touch a reactor.
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
