#include "server/net/acceptor.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "gtest/gtest.h"
#include "proto/support/errors.h"
#include "proto/support/refusal.h"
#include "proto/support/socket_path.h"
#include "server/net/unix_socket.h"

namespace tilewright {
namespace {

int ConnectTo(const std::string& path) {
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_un address = SocketAddress(path);
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0) return fd;
  close(fd);
  return -1;
}

// What the other end says before it closes the connection.
std::string ReadAll(int fd) {
  const timeval limit = {.tv_sec = 2, .tv_usec = 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
  std::string all;
  char bytes[4096];
  for (ssize_t count = 0; (count = read(fd, bytes, sizeof(bytes))) > 0;) all.append(bytes, count);
  return all;
}

// Whether the other end has closed the connection within a moment.
bool IsClosed(int fd) {
  const timeval limit = {.tv_sec = 2, .tv_usec = 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
  char bytes[4096];
  ssize_t count = 0;
  while ((count = read(fd, bytes, sizeof(bytes))) > 0) {
  }
  return count == 0;
}

class AcceptorTest : public ::testing::Test {
 protected:
  AcceptorTest() {
    char folder[] = "/tmp/acceptor-test-XXXXXX";
    folder_ = mkdtemp(folder);
    path_ = folder_ + "/sub/daemon.sock";
  }
  ~AcceptorTest() override {
    acceptor_.reset();
    for (const int fd : taken_) close(fd);
    std::filesystem::remove_all(folder_);
  }

  void Create(std::size_t per_user, uid_t own_uid = geteuid(), gid_t own_gid = getegid()) {
    auto listener = UnixListener::Listen(path_);
    ASSERT_TRUE(listener.ok()) << listener.status();
    auto acceptor = Acceptor::Create(
        *std::move(listener),
        {.max_connections_per_user = per_user, .own_uid = own_uid, .own_gid = own_gid},
        [this](uid_t user, int fd) {
          EXPECT_EQ(user, geteuid());
          absl::MutexLock lock(&mutex_);
          taken_.push_back(fd);
        });
    ASSERT_TRUE(acceptor.ok()) << acceptor.status();
    acceptor_ = *std::move(acceptor);
  }

  void Start(std::size_t per_user, uid_t own_uid = geteuid(), gid_t own_gid = getegid()) {
    Create(per_user, own_uid, own_gid);
    acceptor_->Start();
  }

  bool AwaitTaken(std::size_t count) {
    absl::MutexLock lock(&mutex_);
    const auto enough = [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
      return taken_.size() >= count;
    };
    return mutex_.AwaitWithTimeout(absl::Condition(&enough), absl::Seconds(5));
  }

  std::string folder_;
  std::string path_;
  absl::Mutex mutex_;
  std::vector<int> taken_ ABSL_GUARDED_BY(mutex_);
  std::unique_ptr<Acceptor> acceptor_;
};

TEST_F(AcceptorTest, HandsOnNonBlockingConnections) {
  Start(10);
  const int fd = ConnectTo(path_);
  ASSERT_GE(fd, 0);
  ASSERT_TRUE(AwaitTaken(1));
  absl::MutexLock lock(&mutex_);
  EXPECT_NE(fcntl(taken_[0], F_GETFL) & O_NONBLOCK, 0);
  EXPECT_NE(fcntl(taken_[0], F_GETFD) & FD_CLOEXEC, 0);
  close(fd);
}

// A caller found no metrics yet, where it was faster than the rest of the daemon's start.
TEST_F(AcceptorTest, WhoConnectsBeforeTheStartWaitsForIt) {
  Create(10);
  const int fd = ConnectTo(path_);
  ASSERT_GE(fd, 0);
  {
    absl::MutexLock lock(&mutex_);
    EXPECT_TRUE(taken_.empty());
  }
  acceptor_->Start();
  EXPECT_TRUE(AwaitTaken(1));
  close(fd);
}

TEST_F(AcceptorTest, WhoConnectsDuringAPauseWaitsForItsEnd) {
  Start(10);
  acceptor_->Pause();
  const int fd = ConnectTo(path_);
  ASSERT_GE(fd, 0);
  absl::SleepFor(absl::Milliseconds(100));
  EXPECT_EQ(acceptor_->accepted(), 0);
  acceptor_->Start();
  EXPECT_TRUE(AwaitTaken(1));
  close(fd);
  acceptor_->Pause();
  acceptor_->Stop();
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(AcceptorTest, AnAcceptorThatNeverStartedLeavesNoSocket) {
  Create(10);
  acceptor_.reset();
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(AcceptorTest, SocketIsNotForEverybody) {
  Start(10);
  struct stat folder;
  struct stat socket;
  ASSERT_EQ(stat((folder_ + "/sub").c_str(), &folder), 0);
  ASSERT_EQ(stat(path_.c_str(), &socket), 0);
  EXPECT_EQ(folder.st_mode & 07777, 0750u);
  EXPECT_EQ(socket.st_mode & 07777, 0660u);
}

// Both were closed without a word, which looked like a daemon that hangs.
TEST_F(AcceptorTest, SaysWhyItRefuses) {
  Start(1);
  const int first = ConnectTo(path_);
  ASSERT_TRUE(AwaitTaken(1));
  const int second = ConnectTo(path_);
  Refusal refusal;
  EXPECT_EQ(ReadGreeting(ReadAll(second), refusal), Greeting::kRefuses);
  EXPECT_EQ(refusal.reason, "TOO_MANY_CONNECTIONS");
  EXPECT_NE(refusal.message.find("1 open already"), std::string::npos) << refusal.message;
  acceptor_->SetMaxConnectionsPerUser(2);
  const int third = ConnectTo(path_);
  EXPECT_TRUE(AwaitTaken(2));
  for (const int fd : {first, second, third}) close(fd);
}

TEST_F(AcceptorTest, CapsTheConnectionsOfAUser) {
  Start(2);
  const int first = ConnectTo(path_);
  const int second = ConnectTo(path_);
  ASSERT_TRUE(AwaitTaken(2));
  const int third = ConnectTo(path_);
  EXPECT_TRUE(IsClosed(third));
  EXPECT_EQ(acceptor_->refused(), 1);
  // A connection that the server has closed makes room.
  {
    absl::MutexLock lock(&mutex_);
    close(taken_[0]);
    taken_.erase(taken_.begin());
  }
  const int fourth = ConnectTo(path_);
  EXPECT_TRUE(AwaitTaken(2));
  for (const int fd : {first, second, third, fourth}) close(fd);
}

TEST_F(AcceptorTest, RefusesStrangers) {
  if (geteuid() == 0) {
    // Root may connect anywhere: the rule alone can be asked.
    EXPECT_FALSE(MayConnect({.uid = 1000, .gid = 1000, .pid = 1, .groups = {4, 5}}, 2000, 2000));
  } else {
    Start(10, geteuid() + 1, getegid() + 1);
    EXPECT_TRUE(IsClosed(ConnectTo(path_)));
  }
}

TEST_F(AcceptorTest, StopRemovesTheSocket) {
  Start(10);
  acceptor_->Stop();
  EXPECT_FALSE(std::filesystem::exists(path_));
  EXPECT_EQ(ConnectTo(path_), -1);
}

// With every descriptor in use, poll() reported the waiting connection for ever, and the
// daemon spun.
TEST_F(AcceptorTest, LivesThroughRunningOutOfDescriptors) {
  Start(1000);
  const int early = ConnectTo(path_);
  ASSERT_TRUE(AwaitTaken(1));
  rlimit before = {};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  const int waiting = socket(AF_UNIX, SOCK_STREAM, 0);
  std::vector<int> hoard;
  rlimit low = before;
  low.rlim_cur = 64;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &low), 0);
  for (int fd = dup(early); fd >= 0; fd = dup(early)) hoard.push_back(fd);
  const sockaddr_un address = SocketAddress(path_);
  EXPECT_EQ(connect(waiting, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  EXPECT_TRUE(IsClosed(waiting)) << "it must be told rather than left";
  for (const int fd : hoard) close(fd);
  setrlimit(RLIMIT_NOFILE, &before);
  const int late = ConnectTo(path_);
  EXPECT_TRUE(AwaitTaken(2)) << "once there is room again, it serves";
  for (const int fd : {early, waiting, late}) close(fd);
}

TEST(MayConnect, LetsInOwnUserRootAndGroup) {
  EXPECT_TRUE(MayConnect({.uid = 7, .gid = 1}, 7, 9));
  EXPECT_TRUE(MayConnect({.uid = 0, .gid = 0}, 7, 9));
  EXPECT_TRUE(MayConnect({.uid = 8, .gid = 9}, 7, 9));
  EXPECT_TRUE(MayConnect({.uid = 8, .gid = 1, .pid = 1, .groups = {3, 9}}, 7, 9));
  EXPECT_FALSE(MayConnect({.uid = 8, .gid = 1, .pid = 1, .groups = {3}}, 7, 9));
}

TEST(ReadPeerCredentials, TellsWhoConnects) {
  int ends[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
  const auto peer = ReadPeerCredentials(ends[0]);
  ASSERT_TRUE(peer.ok()) << peer.status();
  EXPECT_EQ(peer->uid, geteuid());
  EXPECT_EQ(peer->pid, getpid());
  close(ends[0]);
  close(ends[1]);
}

class UnixListenerTest : public AcceptorTest {};

TEST_F(UnixListenerTest, RemovesWhatADeadDaemonLeft) {
  ASSERT_TRUE(std::filesystem::create_directory(folder_ + "/sub"));
  {
    const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    const sockaddr_un address = SocketAddress(path_);
    ASSERT_EQ(bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
    close(fd);
  }
  EXPECT_TRUE(UnixListener::Listen(path_).ok());
}

TEST_F(UnixListenerTest, LeavesALiveDaemonAlone) {
  Start(10);
  const auto second = UnixListener::Listen(path_);
  EXPECT_EQ(second.status().code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(ReasonOf(second.status()), "SOCKET_IN_USE");
  EXPECT_GE(ConnectTo(path_), 0);
}

TEST_F(UnixListenerTest, LeavesOtherFilesAlone) {
  ASSERT_TRUE(std::filesystem::create_directory(folder_ + "/sub"));
  std::ofstream(path_) << "precious";
  EXPECT_EQ(ReasonOf(UnixListener::Listen(path_).status()), "SOCKET_UNUSABLE");
  EXPECT_TRUE(std::filesystem::exists(path_));
}

TEST_F(UnixListenerTest, DoesNotRemoveASocketThatReplacedItsOwn) {
  auto first = UnixListener::Listen(path_);
  ASSERT_TRUE(first.ok());
  std::filesystem::remove(path_);
  const auto second = UnixListener::Listen(path_);
  ASSERT_TRUE(second.ok());
  first->Close();
  EXPECT_TRUE(std::filesystem::exists(path_));
}

}  // namespace
}  // namespace tilewright
