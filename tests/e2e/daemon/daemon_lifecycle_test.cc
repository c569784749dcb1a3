// The daemon as a process: how it starts, what it says, how it ends.
#include <grpcpp/generic/generic_stub.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/support/errors.h"
#include "tests/e2e/daemon/daemon_process.h"
#include "tests/server/test_daemon.h"

namespace tilewright {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
constexpr auto kBest = v1::LOOKUP_MODE_BEST_AVAILABLE;
constexpr char kTarget[] = "h100-sxm";

std::string TextOf(const grpc::ByteBuffer& buffer) {
  grpc::Slice slice;
  if (!buffer.DumpToSingleSlice(&slice).ok()) return "";
  return std::string(reinterpret_cast<const char*>(slice.begin()), slice.size());
}

grpc::ByteBuffer BufferOf(const std::string& bytes) {
  const grpc::Slice slice(bytes);
  return grpc::ByteBuffer(&slice, 1);
}

// A stream of raw bytes, left open until it is destroyed.
class RawStream {
 public:
  RawStream(const ServiceClient& client, const std::string& method) : stub_(client.channel) {
    stream_ = stub_.PrepareCall(&context_, method, &queue_);
    stream_->StartCall(nullptr);
    Next();
  }
  ~RawStream() { context_.TryCancel(); }

  std::string Ask(const std::string& bytes) {
    stream_->Write(BufferOf(bytes), nullptr);
    Next();
    grpc::ByteBuffer reply;
    stream_->Read(&reply, nullptr);
    Next();
    return TextOf(reply);
  }

 private:
  void Next() {
    void* tag = nullptr;
    bool ok = false;
    queue_.Next(&tag, &ok);
  }

  grpc::ClientContext context_;
  grpc::CompletionQueue queue_;
  grpc::GenericStub stub_;
  std::unique_ptr<grpc::GenericClientAsyncReaderWriter> stream_;
};

class DaemonLifecycle : public ::testing::Test {
 protected:
  TemporaryFolder folder_;
  const std::string cache_ = folder_.path() + "/cache";
};

TEST_F(DaemonLifecycle, GetForANamedTargetIsPredicted) {
  DaemonProcess daemon(cache_);
  ASSERT_TRUE(daemon.AwaitServing()) << daemon.log();
  const auto answer = ServiceClient(daemon.socket()).Get(RequestOf(4096, kBest, kTarget));
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->provenance(), v1::PROVENANCE_PREDICTED);
  EXPECT_EQ(answer->match(), v1::MATCH_PREDICTED);
  EXPECT_EQ(answer->kernel().architecture(), "sm_90a");
  EXPECT_EQ(answer->kernel().cubin().substr(1, 3), "ELF");
  EXPECT_GT(answer->predicted_seconds(), 0);
  EXPECT_EQ(answer->measured_seconds(), 0);
}

TEST_F(DaemonLifecycle, HealthSaysServing) {
  DaemonProcess daemon(cache_);
  ASSERT_TRUE(daemon.AwaitServing()) << daemon.log();
  const ServiceClient client(daemon.socket());
  RawStream watch(client, "/grpc.health.v1.Health/Watch");
  EXPECT_EQ(watch.Ask(""), "\x08\x01");
}

TEST_F(DaemonLifecycle, ReflectionListsTheServices) {
  DaemonProcess daemon(cache_);
  ASSERT_TRUE(daemon.AwaitServing()) << daemon.log();
  const ServiceClient client(daemon.socket());
  RawStream reflection(client, "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo");
  const std::string services = reflection.Ask(std::string("\x3a\x00", 2));  // list_services
  for (const char* name : {"tilewright.v1.KernelService", "tilewright.v1.TuningService",
                           "tilewright.v1.CacheService", "grpc.health.v1.Health"}) {
    EXPECT_THAT(services, HasSubstr(name));
  }
}

TEST_F(DaemonLifecycle, ASecondDaemonOnTheDirectoryIsRefused) {
  DaemonProcess daemon(cache_);
  ASSERT_TRUE(daemon.AwaitServing()) << daemon.log();
  const RunResult second =
      RunDaemon({"--cache-dir", cache_, "--socket", folder_.path() + "/other.sock"});
  EXPECT_NE(second.exit_status, 0);
  EXPECT_THAT(second.output, HasSubstr(cache_));
  EXPECT_THAT(second.output, HasSubstr(std::to_string(daemon.pid())));
  EXPECT_GE(ConnectTo(daemon.socket()), 0) << "the first goes on";
}

TEST_F(DaemonLifecycle, ACorruptDatabaseIsMovedAsideAndSaidToWhoAsks) {
  const std::string text = "this is no database, and was never one of ours to begin with";
  std::filesystem::create_directory(cache_);
  std::filesystem::permissions(cache_, std::filesystem::perms{0750});
  std::ofstream(cache_ + "/tilewright.db") << text;
  DaemonProcess daemon(cache_);
  ASSERT_TRUE(daemon.AwaitServing()) << daemon.log();
  const ServiceClient client(daemon.socket());
  grpc::ClientContext context;
  v1::CacheStats stats;
  const absl::Status status = FromGrpc(client.cache->GetCacheStats(&context, {}, &stats));
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_EQ(stats.winners(), 0);
  std::string aside;
  for (const auto& entry : std::filesystem::directory_iterator(cache_)) {
    std::ifstream file(entry.path());
    const std::string content{std::istreambuf_iterator<char>(file), {}};
    if (content == text) aside = entry.path().string();
  }
  ASSERT_NE(aside, "") << "nothing stored is ever lost";
  EXPECT_THAT(stats.recovery_note(), HasSubstr(aside));
  EXPECT_TRUE(daemon.AwaitLog(aside)) << daemon.log();
}

TEST_F(DaemonLifecycle, ASecondDaemonOnTheSocketIsRefused) {
  DaemonProcess daemon(cache_);
  ASSERT_TRUE(daemon.AwaitServing()) << daemon.log();
  const RunResult second =
      RunDaemon({"--cache-dir", folder_.path() + "/other", "--socket", daemon.socket()});
  EXPECT_NE(second.exit_status, 0);
  EXPECT_THAT(second.output, HasSubstr("another daemon answers on it"));
  EXPECT_GE(ConnectTo(daemon.socket()), 0);
}

TEST_F(DaemonLifecycle, SigtermEndsItInOrder) {
  DaemonProcess daemon(cache_);
  ASSERT_TRUE(daemon.AwaitServing()) << daemon.log();
  ServiceClient client(daemon.socket());
  grpc::ClientContext context;
  v1::WatchKernelRequest request;
  *request.mutable_request() = RequestOf(4096, kBest, kTarget);
  const auto watch = client.kernels->WatchKernel(&context, request);
  v1::GetKernelResponse answer;
  ASSERT_TRUE(watch->Read(&answer));
  daemon.Signal(SIGTERM);
  EXPECT_FALSE(watch->Read(&answer));
  EXPECT_EQ(ReasonOf(FromGrpc(watch->Finish())), "SERVER_STOPPING");
  EXPECT_EQ(daemon.AwaitExit(absl::Seconds(10)), 0) << daemon.log();
  EXPECT_FALSE(std::filesystem::exists(daemon.socket()));
}

TEST_F(DaemonLifecycle, AnIdleDaemonWaitsForTheFirstCallOfAConnection) {
  DaemonProcess daemon(cache_, {"--idle-timeout", "3s"});
  ASSERT_TRUE(daemon.AwaitServing()) << daemon.log();
  ASSERT_EQ(daemon.AwaitExit(absl::Seconds(2)), -1) << daemon.log();
  const int fd = ConnectTo(daemon.socket());
  ASSERT_GE(fd, 0);
  absl::SleepFor(absl::Seconds(2));
  EXPECT_THAT(daemon.log(), Not(HasSubstr("stopping")));
  close(fd);
  EXPECT_EQ(daemon.AwaitExit(), 0);
  EXPECT_THAT(daemon.log(), HasSubstr("stopping: nothing to do"));
}

TEST_F(DaemonLifecycle, ASignalDuringAnIdleStopIsTheFirst) {
  DaemonProcess daemon(cache_, {"--idle-timeout", "100ms"});
  ASSERT_TRUE(daemon.AwaitServing()) << daemon.log();
  const ServiceClient client(daemon.socket());
  RawStream open(client, "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo");
  open.Ask(std::string("\x3a\x00", 2));
  // Beyond the time for a first call.
  ASSERT_TRUE(daemon.AwaitLog("stopping: nothing to do")) << daemon.log();
  daemon.Signal(SIGTERM);
  EXPECT_EQ(daemon.AwaitExit(), 0) << daemon.log();
  EXPECT_TRUE(daemon.AwaitLog("stopped")) << daemon.log();
}

TEST_F(DaemonLifecycle, ASecondSignalEndsItAtOnce) {
  DaemonProcess daemon(cache_);
  ASSERT_TRUE(daemon.AwaitServing()) << daemon.log();
  const ServiceClient client(daemon.socket());
  // A call that does not end by itself holds an orderly stop up for the whole grace.
  RawStream open(client, "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo");
  open.Ask(std::string("\x3a\x00", 2));
  daemon.Signal(SIGINT);
  EXPECT_EQ(daemon.AwaitExit(absl::Milliseconds(500)), -1);
  const absl::Time begin = absl::Now();
  daemon.Signal(SIGINT);
  EXPECT_EQ(daemon.AwaitExit(), 130);
  EXPECT_LT(absl::Now() - begin, absl::Seconds(2));
  EXPECT_FALSE(std::filesystem::exists(daemon.socket()));
}

TEST_F(DaemonLifecycle, KillLosesNoWinner) {
  v1::GetKernelRequest request = RequestOf(4096, kBest, kTarget);
  std::string content_hash;
  {
    DaemonProcess daemon(cache_);
    ASSERT_TRUE(daemon.AwaitServing()) << daemon.log();
    const auto answer = ServiceClient(daemon.socket()).Get(request);
    ASSERT_TRUE(answer.ok()) << answer.status();
    content_hash = answer->kernel().content_hash();
    daemon.Signal(SIGKILL);
    EXPECT_EQ(daemon.AwaitExit(), 128 + SIGKILL);
    EXPECT_TRUE(std::filesystem::exists(daemon.socket())) << "what a killed daemon leaves";
  }
  DaemonProcess daemon(cache_);
  ASSERT_TRUE(daemon.AwaitServing()) << daemon.log();
  request.set_mode(v1::LOOKUP_MODE_CACHED_ONLY);
  const auto answer = ServiceClient(daemon.socket()).Get(request);
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->kernel().content_hash(), content_hash);
}

TEST_F(DaemonLifecycle, IdleEndsItAndAWatchKeepsIt) {
  DaemonProcess daemon(cache_, {"--idle-timeout", "700ms"});
  ASSERT_TRUE(daemon.AwaitServing()) << daemon.log();
  {
    ServiceClient client(daemon.socket());
    grpc::ClientContext context;
    v1::WatchKernelRequest request;
    *request.mutable_request() = RequestOf(4096, kBest, kTarget);
    const auto watch = client.kernels->WatchKernel(&context, request);
    v1::GetKernelResponse answer;
    ASSERT_TRUE(watch->Read(&answer));
    EXPECT_EQ(daemon.AwaitExit(absl::Seconds(2)), -1) << "somebody watches";
    context.TryCancel();
  }
  EXPECT_EQ(daemon.AwaitExit(absl::Seconds(10)), 0) << daemon.log();
}

TEST_F(DaemonLifecycle, BadConfigurationNamesFileKeyAndLine) {
  const std::string file = folder_.path() + "/daemon.toml";
  std::ofstream(file) << "log_level = \"info\"\nmax_quue = 3\n";
  const RunResult result = RunDaemon({"--cache-dir", cache_, "--config", file});
  EXPECT_EQ(result.exit_status, 2);
  EXPECT_THAT(result.output, HasSubstr(file + ":2: unknown key 'max_quue'"));
  EXPECT_FALSE(std::filesystem::exists(cache_)) << "nothing is made before that";
}

TEST_F(DaemonLifecycle, ALongSocketPathIsAClearError) {
  const RunResult result = RunDaemon({"--cache-dir", folder_.path() + "/" + std::string(120, 'd')});
  EXPECT_EQ(result.exit_status, 2);
  EXPECT_THAT(result.output, HasSubstr("name a shorter one with --socket"));
}

TEST_F(DaemonLifecycle, VersionAndHelp) {
  EXPECT_THAT(RunDaemon({"--version"}).output, HasSubstr("tilewrightd 0."));
  const RunResult help = RunDaemon({"--help"});
  EXPECT_EQ(help.exit_status, 0);
  EXPECT_THAT(help.output, HasSubstr("--idle-timeout"));
}

int FreePort() {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  bind(fd, reinterpret_cast<const sockaddr*>(&address), size);
  getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  close(fd);
  return ntohs(address.sin_port);
}

std::string FetchMetrics(int port) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<uint16_t>(port));
  std::string page;
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0) {
    constexpr std::string_view kRequest =
        "GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    send(fd, kRequest.data(), kRequest.size(), 0);
    char buffer[4096];
    ssize_t bytes = 0;
    while ((bytes = recv(fd, buffer, sizeof(buffer), 0)) > 0) page.append(buffer, bytes);
  }
  close(fd);
  return page;
}

TEST_F(DaemonLifecycle, MetricsAreServedOnLoopback) {
  const int port = FreePort();
  DaemonProcess daemon(cache_, {"--metrics-port", std::to_string(port), "--log-format", "json"});
  ASSERT_TRUE(daemon.AwaitServing()) << daemon.log();
  ServiceClient(daemon.socket()).Get(RequestOf(-1, kBest, kTarget)).IgnoreError();
  const std::string page = FetchMetrics(port);
  EXPECT_THAT(page, HasSubstr("tilewright_lookups_total{outcome=\"failed\"} 1"));
  EXPECT_THAT(page, HasSubstr("tilewright_connections_accepted_total"));
  EXPECT_TRUE(daemon.AwaitLog("\"level\":\"info\"")) << daemon.log();
}

}  // namespace
}  // namespace tilewright
