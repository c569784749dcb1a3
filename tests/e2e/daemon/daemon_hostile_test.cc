// What must not bring the daemon down: garbage on its socket, wrong requests, too many.
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <random>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "proto/support/errors.h"
#include "proto/support/refusal.h"
#include "tests/e2e/daemon/daemon_process.h"
#include "tests/server/test_daemon.h"

namespace tilewright {
namespace {

constexpr auto kBest = v1::LOOKUP_MODE_BEST_AVAILABLE;
constexpr char kPreface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

// Sends `bytes` and reads what comes until the other end closes or a moment has passed.
void Throw(const std::string& socket, const std::string& bytes) {
  const int fd = ConnectTo(socket);
  ASSERT_GE(fd, 0);
  const timeval limit = {.tv_sec = 0, .tv_usec = 100000};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
  std::size_t sent = 0;
  while (sent < bytes.size()) {
    const ssize_t n = send(fd, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (n <= 0) break;
    sent += static_cast<std::size_t>(n);
  }
  char buffer[4096];
  while (recv(fd, buffer, sizeof(buffer), 0) > 0) {
  }
  close(fd);
}

std::string RandomBytes(std::size_t count, unsigned seed) {
  std::mt19937 generator(seed);
  std::string bytes(count, '\0');
  for (char& byte : bytes) byte = static_cast<char>(generator());
  return bytes;
}

std::string Frame(std::size_t length, char type, char flags, const std::string& payload) {
  std::string frame;
  frame.push_back(static_cast<char>(length >> 16));
  frame.push_back(static_cast<char>(length >> 8));
  frame.push_back(static_cast<char>(length));
  frame.push_back(type);
  frame.push_back(flags);
  frame.append({0, 0, 0, 1});
  return frame + payload;
}

TEST(DaemonHostile, GarbageOnTheSocket) {
  const TemporaryFolder folder;
  DaemonProcess daemon(folder.path() + "/cache");
  ASSERT_TRUE(daemon.AwaitServing()) << daemon.log();
  const std::string settings = Frame(0, 4, 0, "");
  std::vector<std::string> attacks = {
      "",
      "\n",
      "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
      kPreface,
      kPreface + RandomBytes(100000, 1),
      kPreface + settings + Frame(0xffffff, 0, 1, RandomBytes(50000, 2)),
      kPreface + settings + Frame(100, 1, 4, RandomBytes(100, 3)),
      kPreface + settings + Frame(8, 7, 0, RandomBytes(8, 4)),
      std::string(1 << 20, 'A')};
  for (unsigned seed = 10; seed < 30; ++seed) attacks.push_back(RandomBytes(5000, seed));
  for (const std::string& attack : attacks) Throw(daemon.socket(), attack);
  EXPECT_EQ(daemon.AwaitExit(absl::ZeroDuration()), -1) << daemon.log();
  const auto answer = ServiceClient(daemon.socket()).Get(RequestOf(256, kBest));
  EXPECT_EQ(ReasonOf(answer.status()), "NO_GPU") << "it must go on serving";
  daemon.Signal(SIGTERM);
  EXPECT_EQ(daemon.AwaitExit(), 0);
}

TEST(DaemonHostile, EveryInvalidArgumentNamesFieldAndReason) {
  const TemporaryFolder folder;
  DaemonProcess daemon(folder.path() + "/cache");
  ASSERT_TRUE(daemon.AwaitServing()) << daemon.log();
  ServiceClient client(daemon.socket());
  std::vector<v1::GetKernelRequest> requests(12, RequestOf(256, kBest, "h100-sxm"));
  auto gemm = [&](int i) { return requests[i].mutable_problem()->mutable_gemm(); };
  gemm(0)->set_m(0);
  gemm(1)->set_n(-5);
  gemm(2)->set_k(int64_t{1} << 40);
  gemm(3)->set_batch(70000);
  gemm(4)->set_m(2147483647), gemm(4)->set_n(2147483647), gemm(4)->set_k(2147483647);
  gemm(5)->set_lda(7);
  gemm(6)->set_a_type(static_cast<v1::DataType>(99));
  gemm(7)->set_a_batch_stride(100);
  gemm(8)->mutable_epilogue()->set_bias_type(v1::DATA_TYPE_FP32);
  requests[9].set_target("toaster");
  requests[10].clear_problem();
  requests[11].set_mode(static_cast<v1::LookupMode>(9));
  for (std::size_t i = 0; i < requests.size(); ++i) {
    const auto answer = client.Get(requests[i]);
    EXPECT_EQ(answer.status().code(), absl::StatusCode::kInvalidArgument)
        << i << ": " << answer.status();
    const auto info = ErrorInfoOf(answer.status());
    ASSERT_TRUE(info.has_value()) << i;
    EXPECT_EQ(info->domain(), "tilewright") << i;
    EXPECT_FALSE(info->reason().empty()) << i;
    EXPECT_EQ(info->metadata().count("field"), 1u) << i << ": " << answer.status();
  }
}

TEST(DaemonHostile, MessagesAboveTheLimitAreRefused) {
  const TemporaryFolder folder;
  DaemonProcess daemon(folder.path() + "/cache");
  ASSERT_TRUE(daemon.AwaitServing()) << daemon.log();
  ServiceClient client(daemon.socket());
  v1::GetKernelRequest request = RequestOf(256, kBest, "h100-sxm");
  request.set_pinned_content_hash(std::string(20 << 20, 'x'));
  EXPECT_EQ(client.Get(request).status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(ReasonOf(client.Get(RequestOf(256, kBest)).status()), "NO_GPU");
}

TEST(DaemonHostile, ConnectionsOfAUserAreCapped) {
  const TemporaryFolder folder;
  DaemonProcess daemon(folder.path() + "/cache", {"--max-connections-per-user", "8"});
  ASSERT_TRUE(daemon.AwaitServing()) << daemon.log();
  std::vector<int> connections;
  for (int i = 0; i < 40; ++i) connections.push_back(ConnectTo(daemon.socket()));
  int open = 0;
  for (const int fd : connections) {
    const timeval limit = {.tv_sec = 0, .tv_usec = 200000};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    char bytes[4096];
    // A connection that was let in gets the server's settings; one that was not, the reason.
    const ssize_t count = recv(fd, bytes, sizeof(bytes), 0);
    Refusal refusal;
    if (count <= 0) continue;
    if (ReadGreeting({bytes, static_cast<size_t>(count)}, refusal) == Greeting::kServes) ++open;
    EXPECT_TRUE(refusal.reason.empty() || refusal.reason == "TOO_MANY_CONNECTIONS");
  }
  EXPECT_GT(open, 0);
  EXPECT_LE(open, 8);
  for (const int fd : connections) close(fd);
  // Closed ones make room again.
  const absl::Time deadline = absl::Now() + absl::Seconds(10);
  std::string reason;
  while (reason != "NO_GPU" && absl::Now() < deadline) {
    reason = ReasonOf(ServiceClient(daemon.socket()).Get(RequestOf(256, kBest)).status());
  }
  EXPECT_EQ(reason, "NO_GPU");
}

// The soft limit is raised to the hard one at the start, so the hard one is set here.
TEST(DaemonHostile, LivesThroughMoreConnectionsThanDescriptors) {
  const TemporaryFolder folder;
  DaemonProcess daemon(folder.path() + "/cache");
  ASSERT_TRUE(daemon.AwaitServing()) << daemon.log();
  const std::string limit = "prlimit --pid " + std::to_string(daemon.pid()) + " --nofile=96:96";
  ASSERT_EQ(system(limit.c_str()), 0);
  std::vector<int> connections;
  for (int i = 0; i < 200; ++i) connections.push_back(ConnectTo(daemon.socket()));
  absl::SleepFor(absl::Milliseconds(200));
  EXPECT_EQ(daemon.AwaitExit(absl::ZeroDuration()), -1) << daemon.log();
  for (const int fd : connections) {
    if (fd >= 0) close(fd);
  }
  const absl::Time deadline = absl::Now() + absl::Seconds(10);
  std::string reason;
  while (reason != "NO_GPU" && absl::Now() < deadline) {
    reason = ReasonOf(ServiceClient(daemon.socket()).Get(RequestOf(256, kBest)).status());
  }
  EXPECT_EQ(reason, "NO_GPU");
}

}  // namespace
}  // namespace tilewright
