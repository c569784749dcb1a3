// Who may do what, over connections of other users: the kernel says whose they are.
#include "server/net/permissions.h"

#include <grpcpp/create_channel_posix.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <string>
#include <thread>

#include "absl/synchronization/notification.h"
#include "gtest/gtest.h"
#include "proto/support/errors.h"
#include "proto/support/socket_path.h"
#include "server/tuning/work_owners.h"
#include "tests/server/test_daemon.h"
#include "tests/server/winner_fixture.h"

namespace tilewright {
namespace {

constexpr uid_t kAlice = 61001;
constexpr uid_t kBob = 61002;

// A connection that the kernel says is `user`'s. Only the calling thread becomes that user, and it
// keeps its group, which may connect.
int ConnectAs(uid_t user, const std::string& path) {
  int fd = -1;
  std::thread([&] {
    if (syscall(SYS_setresuid, user, user, user) != 0) return;
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    const sockaddr_un address = SocketAddress(path);
    if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
      close(fd);
      fd = -1;
    }
  }).join();
  return fd;
}

// The services as `user` sees them.
ServiceClient ClientOf(uid_t user, const TestDaemon& daemon) {
  const int fd = ConnectAs(user, daemon.folder() + "/daemon.sock");
  EXPECT_GE(fd, 0) << "user " << user << " cannot connect";
  return ServiceClient(grpc::CreateInsecureChannelFromFd("daemon", fd));
}

absl::Status ImportNothing(ServiceClient& client) {
  grpc::ClientContext context;
  v1::ImportBundleResponse response;
  auto writer = client.cache->ImportBundle(&context, &response);
  writer->WritesDone();
  return FromGrpc(writer->Finish());
}

absl::StatusOr<v1::Tuning> CancelTuning(ServiceClient& client, const std::string& name,
                                        const std::string& request_id = "") {
  grpc::ClientContext context;
  v1::CancelTuningRequest request;
  request.set_name(name);
  request.set_request_id(request_id);
  v1::Tuning tuning;
  const absl::Status status = FromGrpc(client.tunings->CancelTuning(&context, request, &tuning));
  if (!status.ok()) return status;
  return tuning;
}

absl::StatusOr<v1::Sweep> CancelSweep(ServiceClient& client, const std::string& name) {
  grpc::ClientContext context;
  v1::CancelSweepRequest request;
  request.set_name(name);
  v1::Sweep sweep;
  const absl::Status status = FromGrpc(client.tunings->CancelSweep(&context, request, &sweep));
  if (!status.ok()) return status;
  return sweep;
}

class OtherUsersTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (geteuid() != 0) GTEST_SKIP() << "only root can connect as other users";
  }
};

TEST_F(OtherUsersTest, LookUpTuneAndExportButDoNotImport) {
  TestDaemon daemon(1);
  ASSERT_EQ(chmod(daemon.folder().c_str(), 0755), 0);
  ASSERT_EQ(chmod((daemon.folder() + "/daemon.sock").c_str(), 0777), 0);
  ServiceClient alice = ClientOf(kAlice, daemon);
  const auto kernel = alice.Get(RequestOf(256, v1::LOOKUP_MODE_WAIT_TUNED));
  EXPECT_TRUE(kernel.ok()) << kernel.status();

  grpc::ClientContext context;
  auto reader = alice.cache->ExportBundle(&context, v1::ExportBundleRequest());
  v1::BundleChunk chunk;
  EXPECT_TRUE(reader->Read(&chunk));
  while (reader->Read(&chunk)) {
  }
  EXPECT_TRUE(reader->Finish().ok());

  const absl::Status refused = ImportNothing(alice);
  EXPECT_EQ(refused.code(), absl::StatusCode::kPermissionDenied) << refused;
  EXPECT_EQ(ReasonOf(refused), "NOT_PERMITTED");
  EXPECT_NE(refused.message().find("61001"), std::string::npos) << refused;
  EXPECT_NE(refused.message().find("root"), std::string::npos) << refused;
  // The daemon's own user is asked for a bundle, and not refused.
  ServiceClient own = daemon.Connect();
  EXPECT_EQ(ReasonOf(ImportNothing(own)), "BUNDLE_DAMAGED");
}

TEST_F(OtherUsersTest, AreAdministratorsWhereTheConfigurationSaysSo) {
  DaemonServer::Options options;
  options.administrators = {kAlice};
  TestDaemon daemon(1, options);
  ASSERT_EQ(chmod(daemon.folder().c_str(), 0755), 0);
  ASSERT_EQ(chmod((daemon.folder() + "/daemon.sock").c_str(), 0777), 0);
  ServiceClient alice = ClientOf(kAlice, daemon);
  ServiceClient bob = ClientOf(kBob, daemon);
  EXPECT_EQ(ReasonOf(ImportNothing(alice)), "BUNDLE_DAMAGED");
  EXPECT_EQ(ReasonOf(ImportNothing(bob)), "NOT_PERMITTED");
}

TEST_F(OtherUsersTest, CancelTheirOwnWorkAlone) {
  TestDaemon daemon(1);
  ASSERT_EQ(chmod(daemon.folder().c_str(), 0755), 0);
  ASSERT_EQ(chmod((daemon.folder() + "/daemon.sock").c_str(), 0777), 0);
  absl::Notification gate;
  daemon.compiler.SetGate(&gate);
  ServiceClient alice = ClientOf(kAlice, daemon);
  ServiceClient bob = ClientOf(kBob, daemon);
  v1::CreateTuningRequest request;
  *request.mutable_problem() = GemmProblemOf(256, 512, 512);
  request.set_request_id("of-alice");
  const v1::Tuning tuning = alice.CreateTuning(request).value();

  EXPECT_EQ(ReasonOf(CancelTuning(bob, tuning.name()).status()), "NOT_PERMITTED");
  EXPECT_EQ(ReasonOf(CancelTuning(bob, tuning.name(), "of-alice").status()), "NOT_PERMITTED");
  // Joining it gives bob an interest of his own to take back, and no more.
  request.set_request_id("of-bob");
  EXPECT_EQ(bob.CreateTuning(request).value().name(), tuning.name());
  ASSERT_TRUE(CancelTuning(bob, tuning.name()).ok());
  ASSERT_TRUE(CancelTuning(bob, tuning.name()).ok());
  EXPECT_FALSE(IsFinal(CancelTuning(bob, tuning.name()).value().state()));
  ASSERT_TRUE(CancelTuning(alice, tuning.name()).ok());
  EXPECT_EQ(alice.AwaitTuning(tuning.name()).value().state(), v1::WORK_STATE_CANCELLED);

  v1::CreateSweepRequest sweep;
  sweep.set_sweep_id("night");
  sweep.add_entries()->set_label("first");
  *sweep.mutable_entries(0)->mutable_problem() = GemmProblemOf(128, 512, 512);
  ASSERT_TRUE(alice.CreateSweep(sweep).ok());
  ASSERT_TRUE(bob.CreateSweep(sweep).ok()) << "the same work is joined";
  EXPECT_EQ(ReasonOf(CancelSweep(bob, "sweeps/night").status()), "NOT_PERMITTED");
  EXPECT_EQ(ReasonOf(CancelSweep(bob, "sweeps/other").status()), "SWEEP_NOT_FOUND");
  EXPECT_TRUE(CancelSweep(alice, "sweeps/night").ok());
  ServiceClient own = daemon.Connect();
  EXPECT_TRUE(CancelSweep(own, "sweeps/night").ok()) << "the daemon's user may";
  gate.Notify();
}

TEST_F(OtherUsersTest, CancelWhatWasFinishedAtOnceWithoutAnError) {
  TestDaemon daemon(1);
  ASSERT_EQ(chmod(daemon.folder().c_str(), 0755), 0);
  ASSERT_EQ(chmod((daemon.folder() + "/daemon.sock").c_str(), 0777), 0);
  ASSERT_TRUE(PutWinner({.problem = GemmProblemOf(256, 512, 512), .target = daemon.TargetOf("")},
                        daemon.store, daemon.index)
                  .ok());
  ServiceClient alice = ClientOf(kAlice, daemon);
  v1::CreateTuningRequest request;
  *request.mutable_problem() = GemmProblemOf(256, 512, 512);
  const v1::Tuning tuning = alice.CreateTuning(request).value();
  ASSERT_EQ(tuning.state(), v1::WORK_STATE_SUCCEEDED);
  const auto cancelled = CancelTuning(alice, tuning.name());
  EXPECT_TRUE(cancelled.ok()) << cancelled.status();
}

TEST_F(OtherUsersTest, OwnASweepThatTheyGoOnWithAndNotOneThatRuns) {
  TestDaemon daemon(1);
  ASSERT_EQ(chmod(daemon.folder().c_str(), 0755), 0);
  ASSERT_EQ(chmod((daemon.folder() + "/daemon.sock").c_str(), 0777), 0);
  absl::Notification gate;
  daemon.compiler.SetGate(&gate);
  v1::CreateSweepRequest request;
  request.set_sweep_id("night");
  request.add_entries()->set_label("first");
  *request.mutable_entries(0)->mutable_problem() = GemmProblemOf(128, 512, 512);
  // As a daemon that was killed leaves it.
  v1::Sweep left;
  left.set_name("sweeps/night");
  left.set_state(v1::WORK_STATE_RUNNING);
  ASSERT_TRUE(daemon.store.PutSweep(left, request).ok());
  ServiceClient alice = ClientOf(kAlice, daemon);
  ServiceClient bob = ClientOf(kBob, daemon);
  ASSERT_TRUE(alice.CreateSweep(request).ok());
  ASSERT_TRUE(bob.CreateSweep(request).ok());
  EXPECT_EQ(ReasonOf(CancelSweep(bob, "sweeps/night").status()), "NOT_PERMITTED");
  EXPECT_TRUE(CancelSweep(alice, "sweeps/night").ok());
  gate.Notify();
}

TEST(PermissionsTest, OwnUserRootAndTheNamedAreAdministrators) {
  const Permissions permissions(1000, {1001});
  for (const uid_t user : {0, 1000, 1001}) EXPECT_TRUE(permissions.IsAdministrator(user));
  EXPECT_FALSE(permissions.IsAdministrator(1002));
  EXPECT_FALSE(permissions.IsAdministrator(static_cast<uid_t>(-1))) << "nobody knows who";
}

TEST(PermissionsTest, UsersAreNamesAndNumbers) {
  EXPECT_EQ(ParseUsers("root, 1000").value(), (std::vector<uid_t>{0, 1000}));
  EXPECT_EQ(ParseUsers("").value(), std::vector<uid_t>());
  EXPECT_FALSE(ParseUsers("no-such-user-here").ok());
  EXPECT_FALSE(ParseUsers("4294967295").ok());
  EXPECT_FALSE(ParseUsers("-5").ok());
}

TEST(WorkOwnersTest, ForgettingAnOwnerPermitsNobodyElse) {
  const Permissions permissions(0, {});
  WorkOwners owners(permissions, 2);
  owners.AddTuning("tunings/1", kAlice, "");
  owners.AddTuning("tunings/2", kBob, "");
  owners.AddTuning("tunings/3", kBob, "");
  EXPECT_FALSE(owners.TakeBack("tunings/1", kBob, "").ok());
  EXPECT_TRUE(owners.TakeBack("tunings/1", 0, "").ok());
}

TEST(WorkOwnersTest, ARequestIdOfAnotherUserStaysThatUsers) {
  const Permissions permissions(0, {});
  WorkOwners owners(permissions, 2);
  owners.AddTuning("tunings/1", kAlice, "id");
  owners.AddTuning("tunings/1", kBob, "id");
  EXPECT_FALSE(owners.TakeBack("tunings/1", kBob, "id").ok());
  EXPECT_EQ(owners.TakeBack("tunings/1", kAlice, "id").value(), "id");
}

}  // namespace
}  // namespace tilewright
