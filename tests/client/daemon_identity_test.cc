#include "client/cpp/daemon_identity.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <optional>
#include <string>
#include <thread>

#include "client/cpp/dial.h"
#include "proto/support/errors.h"
#include "proto/support/socket_path.h"
#include "proto/support/steady_time.h"
#include "tests/client/temporary_folder.h"
#include "tilewright/connection.h"

namespace tilewright {
namespace {

constexpr uid_t kOther = 61001;

// A socket on which `user` listens, as the kernel sees it.
class ListenerOf {
 public:
  ListenerOf(uid_t user, const std::string& path) {
    std::thread([&] {
      fd_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
      const sockaddr_un address = SocketAddress(path);
      if (bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) return;
      // Of this thread alone.
      if (syscall(SYS_setresuid, user, user, user) != 0) return;
      listens_ = listen(fd_, 5) == 0;
    }).join();
  }
  ~ListenerOf() { close(fd_); }
  bool listens() const { return listens_; }

 private:
  int fd_ = -1;
  bool listens_ = false;
};

// What Dial finds at `path`. What listens there never answers.
std::string ReasonAt(const std::string& path, std::optional<uid_t> daemon_user) {
  const SteadyTime deadline = SteadyTime::Now() + absl::Milliseconds(50);
  return ReasonOf(Dial(path, deadline, daemon_user).status());
}

class DaemonIdentityTest : public ::testing::Test {
 protected:
  void SetUp() override { unsetenv("TILEWRIGHT_DAEMON_UID"); }
  void TearDown() override { unsetenv("TILEWRIGHT_DAEMON_UID"); }

  TemporaryFolder folder_;
  const std::string path_ = folder_.path() + "/daemon.sock";
};

TEST_F(DaemonIdentityTest, ADaemonOfOnesOwnIsTrusted) {
  const ListenerOf daemon(geteuid(), path_);
  ASSERT_TRUE(daemon.listens());
  EXPECT_EQ(ReasonAt(path_, std::nullopt), "DAEMON_FROZEN");
}

TEST_F(DaemonIdentityTest, ADaemonOfAnotherUserIsRefusedUnlessItIsNamed) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can listen as another user";
  const ListenerOf daemon(kOther, path_);
  ASSERT_TRUE(daemon.listens());
  const absl::Status status = Dial(path_, SteadyTime::Now() + absl::Milliseconds(50)).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(ReasonOf(status), "DAEMON_NOT_TRUSTED");
  EXPECT_NE(status.message().find("TILEWRIGHT_DAEMON_UID=61001"), std::string::npos) << status;
  EXPECT_EQ(ReasonAt(path_, kOther), "DAEMON_FROZEN");
  EXPECT_EQ(ReasonAt(path_, kOther + 1), "DAEMON_NOT_TRUSTED");
}

TEST_F(DaemonIdentityTest, NothingIsAskedOfADaemonThatIsNotTrusted) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can listen as another user";
  const ListenerOf daemon(kOther, path_);
  ASSERT_TRUE(daemon.listens());
  ConnectOptions options;
  options.socket_path = path_;
  options.connect_timeout = std::chrono::milliseconds(200);
  EXPECT_EQ(ReasonOf(Connection::Open(options).status()), "DAEMON_NOT_TRUSTED");
  // Once it is permitted the connection is tried: what listens here never answers.
  options.daemon_user = kOther;
  EXPECT_NE(ReasonOf(Connection::Open(options).status()), "DAEMON_NOT_TRUSTED");
  options.daemon_user.reset();
  setenv("TILEWRIGHT_DAEMON_UID", "61001", 1);
  EXPECT_NE(ReasonOf(Connection::Open(options).status()), "DAEMON_NOT_TRUSTED");
}

TEST_F(DaemonIdentityTest, NobodyThereIsNoMatterOfTrust) {
  EXPECT_EQ(ReasonAt(path_, std::nullopt), "DAEMON_UNREACHABLE");
}

TEST_F(DaemonIdentityTest, TheVariableIsAUserId) {
  EXPECT_EQ(ConfiguredDaemonUser(std::nullopt).value(), std::nullopt);
  EXPECT_EQ(ConfiguredDaemonUser(7).value(), 7u);
  setenv("TILEWRIGHT_DAEMON_UID", "990", 1);
  EXPECT_EQ(ConfiguredDaemonUser(std::nullopt).value(), 990u);
  EXPECT_EQ(ConfiguredDaemonUser(7).value(), 7u) << "the option comes first";
  for (const char* text : {"alice", "-1", "1e3", "99999999999"}) {
    setenv("TILEWRIGHT_DAEMON_UID", text, 1);
    EXPECT_EQ(ReasonOf(ConfiguredDaemonUser(std::nullopt).status()), "MALFORMED_USER");
  }
}

}  // namespace
}  // namespace tilewright
