// What the daemon does over its life: one tuning for many, sweeps that survive, bundles.
#include <signal.h>

#include <atomic>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "SQLiteCpp/SQLiteCpp.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "gtest/gtest.h"
#include "proto/support/errors.h"
#include "proto/support/sha256.h"
#include "tests/e2e/daemon/daemon_process.h"
#include "tests/server/test_daemon.h"
#include "tests/server/winner_fixture.h"

namespace tilewright {
namespace {

constexpr char kTarget[] = "h100-sxm";
constexpr auto kBest = v1::LOOKUP_MODE_BEST_AVAILABLE;
constexpr auto kTuned = v1::LOOKUP_MODE_WAIT_TUNED;
constexpr auto kCached = v1::LOOKUP_MODE_CACHED_ONLY;

TEST(DaemonWork, SixtyFourClientsOneTuning) {
  const TemporaryFolder folder;
  DaemonProcess daemon(folder.path() + "/cache");
  ASSERT_TRUE(daemon.AwaitServing()) << daemon.log();
  absl::Mutex mutex;
  std::set<std::string> hashes;
  std::atomic<int> answered{0};
  std::vector<std::thread> clients;
  for (int i = 0; i < 64; ++i) {
    clients.emplace_back([&] {
      const auto answer =
          ServiceClient(daemon.socket()).Get(RequestOf(4096, kTuned, kTarget), absl::Seconds(100));
      ASSERT_TRUE(answer.ok()) << answer.status();
      EXPECT_EQ(answer->kernel().content_hash(), Sha256(answer->kernel().cubin()));
      EXPECT_EQ(answer->epoch(), 1);
      ++answered;
      absl::MutexLock lock(&mutex);
      hashes.insert(answer->kernel().content_hash());
    });
  }
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(answered, 64);
  EXPECT_EQ(hashes.size(), 1u) << "all ranks must get the same kernel";
  ServiceClient client(daemon.socket());
  grpc::ClientContext context;
  v1::CacheStats stats;
  ASSERT_TRUE(client.cache->GetCacheStats(&context, {}, &stats).ok());
  EXPECT_EQ(stats.epoch(), 1) << "one tuning was stored";
}

TEST(DaemonWork, ADamagedKernelIsAMissAndIsMadeAgain) {
  const TemporaryFolder folder;
  const std::string cache = folder.path() + "/cache";
  std::string content_hash;
  {
    DaemonProcess daemon(cache);
    ASSERT_TRUE(daemon.AwaitServing()) << daemon.log();
    const auto answer = ServiceClient(daemon.socket()).Get(RequestOf(4096, kBest, kTarget));
    ASSERT_TRUE(answer.ok()) << answer.status();
    content_hash = answer->kernel().content_hash();
    daemon.Signal(SIGTERM);
    ASSERT_EQ(daemon.AwaitExit(), 0);
  }
  {
    SQLite::Database database(cache + "/tilewright.db", SQLite::OPEN_READWRITE);
    EXPECT_GT(database.exec("UPDATE kernels SET cubin_zstd = substr(cubin_zstd, 1, 900)"), 0);
  }
  DaemonProcess daemon(cache);
  ASSERT_TRUE(daemon.AwaitServing()) << daemon.log();
  ServiceClient client(daemon.socket());
  EXPECT_EQ(ReasonOf(client.Get(RequestOf(4096, kCached, kTarget)).status()), "KERNEL_DAMAGED");
  const auto repaired = client.Get(RequestOf(4096, kBest, kTarget));
  ASSERT_TRUE(repaired.ok()) << repaired.status();
  EXPECT_EQ(repaired->kernel().content_hash(), content_hash);
  EXPECT_EQ(Sha256(repaired->kernel().cubin()), content_hash);
  EXPECT_TRUE(client.Get(RequestOf(4096, kCached, kTarget)).ok());
}

// Problems that share no kernel, so that each takes its time.
v1::CreateSweepRequest SlowSweep() {
  v1::CreateSweepRequest request;
  request.set_sweep_id("model");
  request.set_target(kTarget);
  for (const auto activation : {v1::ACTIVATION_NONE, v1::ACTIVATION_RELU, v1::ACTIVATION_SILU}) {
    for (const auto type : {v1::DATA_TYPE_BF16, v1::DATA_TYPE_FP16}) {
      v1::SweepEntry& entry = *request.add_entries();
      entry.set_label("p" + std::to_string(request.entries_size()));
      *entry.mutable_problem() = GemmProblemOf(1024, 1024, 1024);
      entry.mutable_problem()->mutable_gemm()->set_a_type(type);
      entry.mutable_problem()->mutable_gemm()->mutable_epilogue()->set_activation(activation);
    }
  }
  request.mutable_options()->set_max_candidates(1);
  return request;
}

absl::StatusOr<v1::Sweep> GetSweep(ServiceClient& client) {
  grpc::ClientContext context;
  v1::GetSweepRequest request;
  request.set_name("sweeps/model");
  v1::Sweep sweep;
  const absl::Status status = FromGrpc(client.tunings->GetSweep(&context, request, &sweep));
  if (!status.ok()) return status;
  return sweep;
}

std::map<std::string, int64_t> EpochsOf(const v1::Sweep& sweep) {
  std::map<std::string, int64_t> epochs;
  for (const v1::SweepEntry& entry : sweep.entries()) {
    if (entry.state() == v1::WORK_STATE_SUCCEEDED) epochs[entry.label()] = entry.winner().epoch();
  }
  return epochs;
}

TEST(DaemonWork, ASweepGoesOnAfterAKill) {
  const TemporaryFolder folder;
  const std::string cache = folder.path() + "/cache";
  const v1::CreateSweepRequest request = SlowSweep();
  std::map<std::string, int64_t> before;
  {
    DaemonProcess daemon(cache);
    ASSERT_TRUE(daemon.AwaitServing()) << daemon.log();
    ServiceClient client(daemon.socket());
    ASSERT_TRUE(client.CreateSweep(request).ok());
    while (before.size() < 2) {
      const auto sweep = GetSweep(client);
      ASSERT_TRUE(sweep.ok()) << sweep.status();
      ASSERT_NE(sweep->state(), v1::WORK_STATE_SUCCEEDED) << "too quick to be killed half-way";
      before = EpochsOf(*sweep);
      absl::SleepFor(absl::Milliseconds(10));
    }
    daemon.Signal(SIGKILL);
    daemon.AwaitExit();
  }
  DaemonProcess daemon(cache);
  ASSERT_TRUE(daemon.AwaitServing()) << daemon.log();
  ServiceClient client(daemon.socket());
  const auto interrupted = GetSweep(client);
  ASSERT_TRUE(interrupted.ok()) << interrupted.status();
  EXPECT_EQ(interrupted->state(), v1::WORK_STATE_CANCELLED) << "nobody works on it";
  ASSERT_TRUE(client.CreateSweep(request).ok());
  const auto done = client.AwaitSweep("sweeps/model");
  ASSERT_TRUE(done.ok()) << done.status();
  EXPECT_EQ(done->state(), v1::WORK_STATE_SUCCEEDED);
  EXPECT_EQ(done->done(), request.entries_size());
  const auto after = EpochsOf(*done);
  for (const auto& [label, epoch] : before) {
    EXPECT_EQ(after.at(label), epoch) << label << " was done before the kill";
  }
  EXPECT_EQ(client.List({})->winners_size(), request.entries_size());
}

TEST(DaemonWork, ASweepGoesOnByItselfWhereThatIsAskedFor) {
  const TemporaryFolder folder;
  const std::string cache = folder.path() + "/cache";
  {
    DaemonProcess daemon(cache);
    ASSERT_TRUE(daemon.AwaitServing()) << daemon.log();
    ServiceClient client(daemon.socket());
    ASSERT_TRUE(client.CreateSweep(SlowSweep()).ok());
    daemon.Signal(SIGTERM);
    EXPECT_EQ(daemon.AwaitExit(), 0) << daemon.log();
  }
  DaemonProcess daemon(cache, {"--resume-sweeps", "true"});
  ASSERT_TRUE(daemon.AwaitServing()) << daemon.log();
  const auto done = ServiceClient(daemon.socket()).AwaitSweep("sweeps/model");
  ASSERT_TRUE(done.ok()) << done.status();
  EXPECT_EQ(done->state(), v1::WORK_STATE_SUCCEEDED);
}

TEST(DaemonWork, ABundleGoesFromOneDirectoryToAnother) {
  const TemporaryFolder folder;
  std::string bundle;
  std::string content_hash;
  {
    DaemonProcess daemon(folder.path() + "/here");
    ASSERT_TRUE(daemon.AwaitServing()) << daemon.log();
    ServiceClient client(daemon.socket());
    const auto answer = client.Get(RequestOf(4096, kTuned, kTarget), absl::Seconds(100));
    ASSERT_TRUE(answer.ok()) << answer.status();
    content_hash = answer->kernel().content_hash();
    grpc::ClientContext context;
    const auto reader = client.cache->ExportBundle(&context, {});
    v1::BundleChunk chunk;
    while (reader->Read(&chunk)) bundle += chunk.data();
    ASSERT_TRUE(reader->Finish().ok());
  }
  DaemonProcess daemon(folder.path() + "/there");
  ASSERT_TRUE(daemon.AwaitServing()) << daemon.log();
  ServiceClient client(daemon.socket());
  const auto import = [&](const std::string& bytes) {
    grpc::ClientContext context;
    v1::ImportBundleResponse response;
    const auto writer = client.cache->ImportBundle(&context, &response);
    v1::BundleChunk chunk;
    chunk.set_data(bytes);
    writer->Write(chunk);
    writer->WritesDone();
    return FromGrpc(writer->Finish());
  };
  std::string damaged = bundle;
  damaged[damaged.size() - 100] ^= 4;
  EXPECT_EQ(import(damaged).code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(import(bundle.substr(0, bundle.size() - 1)).code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(client.List({})->winners_size(), 0) << "of a damaged file nothing is taken in";
  const absl::Status refused = import(bundle);
  ASSERT_EQ(ReasonOf(refused), "SIGNER_NOT_TRUSTED") << refused;
  {
    v1::TrustSignerRequest request;
    request.set_signer(ErrorInfoOf(refused)->metadata().at("signer"));
    request.set_display_name("sender");
    grpc::ClientContext context;
    v1::Signer signer;
    const absl::Status trusted = FromGrpc(client.cache->TrustSigner(&context, request, &signer));
    ASSERT_TRUE(trusted.ok()) << trusted;
  }
  const absl::Status imported = import(bundle);
  ASSERT_TRUE(imported.ok()) << imported;
  const auto answer = client.Get(RequestOf(4096, kCached, kTarget));
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->provenance(), v1::PROVENANCE_IMPORTED);
  EXPECT_EQ(answer->kernel().content_hash(), content_hash);
  EXPECT_EQ(answer->measured_seconds(), 0) << "it was never measured anywhere";
}

}  // namespace
}  // namespace tilewright
