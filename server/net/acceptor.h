#ifndef TILEWRIGHT_SERVER_NET_ACCEPTOR_H_
#define TILEWRIGHT_SERVER_NET_ACCEPTOR_H_

#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <thread>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/net/peer_policy.h"
#include "server/net/unix_socket.h"

namespace tilewright {

// Accepts connections on a Unix socket and gives permitted ones to the server. gRPC's own acceptor
// does not look at who connects and does not survive running out of descriptors. Owned by
// DaemonServer; has its own thread from Start on. One thread at a time calls Start, Pause and Stop.
class Acceptor {
 public:
  struct Options {
    std::size_t max_connections_per_user = 1024;
    uid_t own_uid = 0;
    gid_t own_gid = 0;
  };

  // Takes ownership of a non-blocking descriptor that is connected to `user`.
  using Handler = std::function<void(uid_t user, int fd)>;

  // Accepts nothing before Start: earlier clients wait.
  static absl::StatusOr<std::unique_ptr<Acceptor>> Create(UnixListener listener,
                                                          const Options& options, Handler handler);
  ~Acceptor();
  Acceptor(const Acceptor&) = delete;
  Acceptor& operator=(const Acceptor&) = delete;

  // Call it once, and after each Pause.
  void Start();

  // Waits for the thread. New clients wait for the next Start.
  void Pause();

  // Stops accepting, removes the socket's path and waits for the thread.
  void Stop();

  // Applies to connections from now on.
  void SetMaxConnectionsPerUser(std::size_t limit) {
    max_connections_per_user_.store(limit, std::memory_order_relaxed);
  }

  // Returns whether a connection is open that was accepted less than `age` ago. Any thread.
  bool HasConnectionYounger(absl::Duration age) const { return connections_.HasYounger(age); }

  std::int64_t accepted() const { return accepted_.load(std::memory_order_relaxed); }
  std::int64_t refused() const { return refused_.load(std::memory_order_relaxed); }

 private:
  Acceptor(UnixListener listener, const Options& options, Handler handler, int wake_fd,
           int reserve_fd);

  void Run();
  // Returns false if nothing is left to accept for now.
  bool AcceptOne();
  void Take(int fd);
  void ShedOne();
  // Makes the socket again if its path was removed, unless another daemon's socket is there.
  void KeepPath();

  UnixListener listener_;
  const Options options_;
  const Handler handler_;
  const int wake_fd_;
  int reserve_fd_;  // Closed to accept and refuse one connection when descriptors run out.
  ConnectionTable connections_;
  bool path_lost_ = false;  // Whether the log says so already.
  std::atomic<std::size_t> max_connections_per_user_;
  std::atomic<std::int64_t> accepted_{0};
  std::atomic<std::int64_t> refused_{0};
  std::thread thread_;
};

// Raises the soft limit of open descriptors to the hard one.
void RaiseDescriptorLimit();

}  // namespace tilewright

#endif  // TILEWRIGHT_SERVER_NET_ACCEPTOR_H_
