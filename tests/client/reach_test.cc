// What a client finds out about the daemon that it cannot reach, and how long that takes.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "client/cpp/dial.h"
#include "client/cpp/link.h"
#include "proto/support/errors.h"
#include "proto/support/refusal.h"
#include "proto/support/sha256.h"
#include "proto/support/socket_path.h"
#include "proto/support/steady_time.h"
#include "tests/client/client_fixture.h"
#include "tests/fakes/stub_cubin.h"

namespace tilewright {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;

// A socket that listens; what connects gets `bytes` and an end, or, without an answer, nothing.
class RawListener {
 public:
  explicit RawListener(const std::string& path) : fd_(socket(AF_UNIX, SOCK_STREAM, 0)) {
    const sockaddr_un address = SocketAddress(path);
    EXPECT_EQ(bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
    EXPECT_EQ(listen(fd_, 8), 0);
  }
  ~RawListener() {
    if (thread_.joinable()) {
      shutdown(fd_, SHUT_RDWR);
      thread_.join();
    }
    close(fd_);
  }

  void AnswerWith(const std::string& bytes) {
    thread_ = std::thread([this, bytes] {
      for (int taken = 0; (taken = accept(fd_, nullptr, nullptr)) >= 0; close(taken)) {
        EXPECT_EQ(write(taken, bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
      }
    });
  }

 private:
  const int fd_;
  std::thread thread_;
};

milliseconds TimeOf(const std::function<void()>& action) {
  const SteadyTime begin = SteadyTime::Now();
  action();
  return absl::ToChronoMilliseconds(SteadyTime::Now() - begin);
}

class Reach : public ::testing::Test {
 protected:
  absl::Status DialFor(milliseconds time) {
    const auto fd = Dial(path_, SteadyTime::Now() + absl::FromChrono(time));
    if (fd.ok()) close(*fd);
    return fd.status();
  }

  TemporaryFolder folder_;
  const std::string path_ = folder_.path() + "/socket";
};

TEST_F(Reach, NoDaemonIsSaidAtOnce) {
  absl::Status status;
  EXPECT_LT(TimeOf([&] { status = DialFor(milliseconds(5000)); }), milliseconds(500));
  EXPECT_EQ(ReasonOf(status), "DAEMON_UNREACHABLE");
  EXPECT_THAT(std::string(status.message()), HasSubstr(path_ + ": nothing is there"));
  { const RawListener left_behind(path_); }
  status = DialFor(milliseconds(5000));
  EXPECT_EQ(ReasonOf(status), "DAEMON_UNREACHABLE");
  EXPECT_THAT(std::string(status.message()), HasSubstr("has ended"));
}

TEST_F(Reach, AFrozenDaemonIsSaidByTheDeadline) {
  const RawListener frozen(path_);
  absl::Status status;
  const milliseconds time = TimeOf([&] { status = DialFor(milliseconds(200)); });
  EXPECT_GE(time, milliseconds(200));
  EXPECT_LT(time, milliseconds(1000));
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ReasonOf(status), "DAEMON_FROZEN");
  EXPECT_THAT(std::string(status.message()), HasSubstr("process " + std::to_string(getpid())));
}

TEST_F(Reach, AFullQueueOfConnectionsIsAFrozenDaemonToo) {
  const RawListener frozen(path_);
  std::vector<int> waiting;
  const sockaddr_un address = SocketAddress(path_);
  for (int fd = -1;;) {
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    waiting.push_back(fd);
    if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) break;
  }
  absl::Status status;
  EXPECT_LT(TimeOf([&] { status = DialFor(milliseconds(100)); }), milliseconds(1000));
  EXPECT_EQ(ReasonOf(status), "DAEMON_FROZEN");
  for (const int fd : waiting) close(fd);
}

TEST_F(Reach, ARefusalIsGivenInTheDaemonsWords) {
  RawListener daemon(path_);
  daemon.AnswerWith(EncodeRefusal({"USER_NOT_PERMITTED", "it serves user 1, and this is user 2"}));
  const absl::Status status = DialFor(milliseconds(5000));
  EXPECT_EQ(status.code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(ReasonOf(status), "USER_NOT_PERMITTED");
  EXPECT_THAT(std::string(status.message()), HasSubstr("and this is user 2"));
  // Nothing is gained by waiting.
  ConnectOptions options;
  options.socket_path = path_;
  options.connect_timeout = milliseconds(5000);
  EXPECT_LT(TimeOf([&] { Client::Connect(options).IgnoreError(); }), milliseconds(1000));
}

TEST_F(Reach, AConnectionThatIsClosedWithoutAWordIsSaid) {
  RawListener daemon(path_);
  daemon.AnswerWith("");
  EXPECT_EQ(ReasonOf(DialFor(milliseconds(1000))), "CONNECTION_CLOSED");
}

TEST_F(Reach, WhatIsNoDaemonIsSaid) {
  RawListener other(path_);
  other.AnswerWith("SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n");
  EXPECT_EQ(ReasonOf(DialFor(milliseconds(1000))), "NOT_TILEWRIGHTD");
}

TEST_F(Reach, AFolderThatKeepsThisUserOutIsSaid) {
  if (geteuid() == 0) GTEST_SKIP() << "root may go everywhere";
  const RawListener daemon(path_);
  std::filesystem::permissions(path_, std::filesystem::perms::none);
  EXPECT_EQ(ReasonOf(DialFor(milliseconds(1000))), "SOCKET_NOT_PERMITTED");
}

// gRPC's own "unix:" addresses gave '%', '#' and '?' another meaning and split paths at commas.
TEST_F(ClientTest, AnyByteMayBeInTheSocketsPath) {
  for (const char* name : {"a#b", "a?b", "a%41", "100%25", "a,b", "a b", "a\xff", "a:b", "a\nb"}) {
    const std::string path = folder_.path() + "/" + name;
    std::filesystem::create_symlink(service_.socket_path(), path);
    ConnectOptions options;
    options.socket_path = path;
    const auto client = Client::Connect(options);
    ASSERT_TRUE(client.ok()) << name << ": " << client.status();
    EXPECT_TRUE((*client)->GetKernel(Gemm(1, 1, 1)).ok()) << name;
  }
  ConnectOptions decoded;
  decoded.socket_path = folder_.path() + "/a%2341";
  decoded.connect_timeout = milliseconds(0);
  EXPECT_EQ(ReasonOf(Client::Connect(decoded).status()), "DAEMON_UNREACHABLE");
}

// A batch of a thousand kernels is some 40 MB, and gRPC's default 4 MiB.
TEST_F(ClientTest, ALargeAnswerComesThrough) {
  service_.get_kernel = [](const v1::GetKernelRequest& request) {
    v1::GetKernelResponse response = MeasuredKernel(request.problem().gemm());
    response.mutable_kernel()->set_cubin(
        StubCubin(std::string(16 << 20, 'c'), "sm_90a", {"gemm_main"}));
    response.mutable_kernel()->set_content_hash(Sha256(response.kernel().cubin()));
    return response;
  };
  const auto kernel = client_->GetKernel(Gemm(1, 1, 1));
  EXPECT_TRUE(kernel.ok()) << kernel.status();
}

TEST_F(ClientTest, ABusyDaemonIsToldFromAFrozenOne) {
  service_.get_kernel = [](const v1::GetKernelRequest& request) {
    std::this_thread::sleep_for(milliseconds(5000));
    return MeasuredKernel(request.problem().gemm());
  };
  GetOptions options;
  options.deadline = milliseconds(2500);
  absl::Status status;
  const milliseconds time =
      TimeOf([&] { status = client_->GetKernel(Gemm(1, 1, 1), options).status(); });
  EXPECT_LT(time, milliseconds(4000));
  EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(ReasonOf(status), "DAEMON_BUSY");
  EXPECT_THAT(std::string(status.message()), HasSubstr("2.5 s"));
}

// A miss of a client whose daemon was dead took 5 s each time, whatever its deadline.
TEST_F(ClientTest, ADeadDaemonIsPaidForOnce) {
  service_.Stop();
  GetOptions options;
  options.deadline = milliseconds(300);
  absl::Status status;
  const milliseconds first =
      TimeOf([&] { status = client_->GetKernel(Gemm(1, 1, 1), options).status(); });
  EXPECT_EQ(ReasonOf(status), "DAEMON_UNREACHABLE");
  EXPECT_LT(first, milliseconds(2000));
  const milliseconds later = TimeOf([&] {
    for (int step = 0; step < 1000; ++step) {
      status = client_->GetKernel(Gemm(1, 1, 1), options).status();
      EXPECT_EQ(ReasonOf(status), "DAEMON_UNREACHABLE");
    }
  });
  EXPECT_LT(later, milliseconds(5000)) << "a thousand steps of 300 ms";
  service_.Start();
  const SteadyTime give_up = SteadyTime::Now() + LinkKeeper::kLongestBackoff;
  do {
    std::this_thread::sleep_for(milliseconds(20));
    status = client_->GetKernel(Gemm(1, 1, 1), options).status();
  } while (!status.ok() && SteadyTime::Now() < give_up);
  EXPECT_TRUE(status.ok()) << "the daemon is back: " << status;
}

// What a caller found out that had a millisecond binds none that has seconds.
TEST_F(ClientTest, APatientCallerIsNotBoundByAHastyOne) {
  service_.Stop();
  GetOptions hasty;
  hasty.deadline = milliseconds(1);
  EXPECT_FALSE(client_->GetKernel(Gemm(1, 1, 1), hasty).ok());
  std::thread restart([this] {
    std::this_thread::sleep_for(milliseconds(200));
    service_.Start();
  });
  const auto kernel = client_->GetKernel(Gemm(1, 1, 1));
  restart.join();
  EXPECT_TRUE(kernel.ok()) << kernel.status();
}

TEST_F(ClientTest, ConnectTakesATimeout) {
  ConnectOptions options;
  options.socket_path = folder_.path() + "/nobody";
  options.connect_timeout = milliseconds(200);
  const milliseconds time = TimeOf([&] { Client::Connect(options).IgnoreError(); });
  EXPECT_GE(time, milliseconds(200));
  EXPECT_LT(time, milliseconds(1000));
  options.connect_timeout = milliseconds(-1);
  EXPECT_EQ(ReasonOf(Client::Connect(options).status()), "OUT_OF_RANGE");
}

// A call that an earlier version does not have.
TEST_F(ClientTest, ADaemonOfAnotherVersionIsSaid) {
  const absl::Status status = client_->connection().GetTuning("tunings/1").status();
  EXPECT_TRUE(status.ok()) << status;  // The fake knows this one.
  EXPECT_EQ(ReasonOf(client_->connection().ExplainWinner({}).status()), "OTHER_VERSION");
}

}  // namespace
}  // namespace tilewright
