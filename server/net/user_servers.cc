#include "server/net/user_servers.h"

#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/security/server_credentials.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "proto/support/errors.h"
#include "server/net/caller.h"
#include "server/net/grpc_clock.h"
#include "server/net/stop_signal.h"

namespace tilewright {

absl::Status UserServers::Start(uid_t user) {
  absl::MutexLock lock(&mutex_);
  return StartLocked(user);
}

absl::Status UserServers::StartLocked(uid_t user) {
  if (stopping_) return ServerStopping();
  if (servers_.find(user) != servers_.end()) return absl::OkStatus();
  grpc::ServerBuilder builder;
  configure_(builder);
  builder.SetContextAllocator(std::make_unique<CallerContexts>(user));
  UserServer made;
  made.connections = builder.experimental().AddExternalConnectionAcceptor(
      grpc::ServerBuilder::experimental_type::ExternalConnectionType::FROM_FD,
      grpc::InsecureServerCredentials());
  made.server = builder.BuildAndStart();
  if (made.server == nullptr) {
    return MakeError(absl::StatusCode::kInternal, "SERVER_NOT_STARTED",
                     "the gRPC server did not start");
  }
  made.server->GetHealthCheckService()->SetServingStatus(true);
  servers_[user] = std::move(made);
  return absl::OkStatus();
}

void UserServers::Take(uid_t user, int fd) {
  absl::MutexLock lock(&mutex_);
  if (const absl::Status started = StartLocked(user); !started.ok()) {
    spdlog::error("a connection of user {} is closed: {}", user, std::string(started.message()));
    close(fd);
    return;
  }
  grpc::experimental::ExternalConnectionAcceptor::NewConnectionParameters connection;
  connection.fd = fd;
  servers_[user].connections->HandleNewConnection(&connection);
}

void UserServers::ShutDownHealth() {
  absl::MutexLock lock(&mutex_);
  stopping_ = true;
  for (auto& [user, served] : servers_) served.server->GetHealthCheckService()->Shutdown();
}

void UserServers::ShutDown(SteadyTime deadline) {
  std::vector<grpc::Server*> servers;
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
    for (auto& [user, served] : servers_) servers.push_back(served.server.get());
  }
  // In parallel: each server waits for its own calls.
  std::vector<std::thread> threads;
  for (grpc::Server* server : servers) {
    threads.emplace_back([server, deadline] { server->Shutdown(ToGrpc(deadline)); });
  }
  for (std::thread& thread : threads) thread.join();
}

void UserServers::Clear() {
  absl::MutexLock lock(&mutex_);
  stopping_ = true;
  servers_.clear();
}

}  // namespace tilewright
