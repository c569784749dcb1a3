#include <chrono>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "gtest/gtest.h"
#include "proto/support/errors.h"
#include "tests/server/test_daemon.h"
#include "tests/server/winner_fixture.h"

namespace tilewright {
namespace {

absl::StatusOr<std::string> Export(ServiceClient& client,
                                   const v1::ExportBundleRequest& request = {}) {
  grpc::ClientContext context;
  const auto reader = client.cache->ExportBundle(&context, request);
  std::string bundle;
  v1::BundleChunk chunk;
  while (reader->Read(&chunk)) {
    EXPECT_LE(chunk.data().size(), std::size_t{1} << 20);
    bundle += chunk.data();
  }
  const absl::Status status = FromGrpc(reader->Finish());
  if (!status.ok()) return status;
  return bundle;
}

absl::StatusOr<v1::ImportBundleResponse> Import(ServiceClient& client, const std::string& bundle) {
  grpc::ClientContext context;
  v1::ImportBundleResponse response;
  const auto writer = client.cache->ImportBundle(&context, &response);
  for (std::size_t at = 0; at < bundle.size(); at += 100000) {
    v1::BundleChunk chunk;
    chunk.set_data(bundle.substr(at, 100000));
    writer->Write(chunk);
  }
  writer->WritesDone();
  const absl::Status status = FromGrpc(writer->Finish());
  if (!status.ok()) return status;
  return response;
}

// As an administrator does who knows the sender.
absl::StatusOr<v1::ImportBundleResponse> TrustAndImport(ServiceClient& client,
                                                        const std::string& bundle) {
  const auto refused = Import(client, bundle);
  if (ReasonOf(refused.status()) != "SIGNER_NOT_TRUSTED") return refused;
  v1::TrustSignerRequest request;
  request.set_signer(ErrorInfoOf(refused.status())->metadata().at("signer"));
  request.set_display_name("sender");
  grpc::ClientContext context;
  v1::Signer signer;
  const absl::Status trusted = FromGrpc(client.cache->TrustSigner(&context, request, &signer));
  if (!trusted.ok()) return trusted;
  return Import(client, bundle);
}

class CacheServiceTest : public ::testing::Test {
 protected:
  void Put(int64_t m, std::size_t cubin_bytes = 1000) {
    const auto winner = PutWinner({.problem = GemmProblemOf(m, 4096, 4096),
                                   .target = daemon_.TargetOf(""),
                                   .cubin = FakeCubin(cubin_bytes, m)},
                                  daemon_.store, daemon_.index);
    ASSERT_TRUE(winner.ok()) << winner.status();
  }

  TestDaemon daemon_{1};
  ServiceClient client_ = daemon_.Connect();
};

TEST_F(CacheServiceTest, PagesListEachWinnerOnceWhileNewOnesComeIn) {
  for (int64_t m = 1; m <= 25; ++m) Put(m);
  v1::ListWinnersRequest request;
  request.set_page_size(10);
  std::multiset<int64_t> listed;
  for (int page = 0; page < 10; ++page) {
    const auto response = client_.List(request);
    ASSERT_TRUE(response.ok()) << response.status();
    for (const auto& winner : response->winners()) listed.insert(winner.problem().gemm().m());
    if (response->next_page_token().empty()) break;
    request.set_page_token(response->next_page_token());
    Put(100 + page);
    Put(25);  // An old one, tuned again, moves to the front.
  }
  for (int64_t m = 1; m <= 25; ++m) EXPECT_EQ(listed.count(m), 1u) << m;
}

TEST_F(CacheServiceTest, PageArgumentsAreChecked) {
  v1::ListWinnersRequest request;
  for (const char* token : {"x", "w1.1", "w1.-1.2", "w1.a.b", "w2.0.0", "w1.0.0.0"}) {
    request.set_page_token(token);
    const auto response = client_.List(request);
    EXPECT_EQ(response.status().code(), absl::StatusCode::kInvalidArgument) << token;
    EXPECT_EQ(ErrorInfoOf(response.status())->metadata().at("field"), "page_token");
  }
  request.Clear();
  request.set_page_size(-1);
  EXPECT_EQ(ErrorInfoOf(client_.List(request).status())->metadata().at("field"), "page_size");
}

TEST_F(CacheServiceTest, ExplainGivesEveryCandidateFastestFirst) {
  daemon_.profiler.SetBehaviour([](const v1::Problem&, const v1::Kernel& kernel) {
    const unsigned char first = kernel.content_hash()[0];
    if (first % 4 == 0) {
      return FakeProfiler::Result(
          FakeCompiler::Failed(v1::FAILURE_KIND_WRONG_RESULT, "off by one"));
    }
    return FakeProfiler::Result(1e-3 + first * 1e-6);
  });
  ASSERT_TRUE(client_.Get(RequestOf(256, v1::LOOKUP_MODE_WAIT_TUNED)).ok());
  v1::ExplainWinnerRequest request;
  *request.mutable_problem() = GemmProblemOf(256, 4096, 4096);
  grpc::ClientContext context;
  v1::ExplainWinnerResponse response;
  const grpc::Status status = client_.cache->ExplainWinner(&context, request, &response);
  ASSERT_TRUE(status.ok()) << status.error_message();
  ASSERT_GT(response.candidates_size(), 2);
  EXPECT_GT(response.legal_configs(), 0);
  EXPECT_FALSE(response.candidates(0).measurement().seconds().empty());
  bool failures = false;
  for (int i = 1; i < response.candidates_size(); ++i) {
    failures = failures || response.candidates(i).has_failure();
    EXPECT_EQ(failures, response.candidates(i).has_failure()) << "failures come last";
    if (!failures) {
      EXPECT_LE(response.candidates(i - 1).measurement().median_seconds(),
                response.candidates(i).measurement().median_seconds());
    }
  }
}

TEST_F(CacheServiceTest, ExplainOfANeighbourIsNotFound) {
  Put(256);
  v1::ExplainWinnerRequest request;
  *request.mutable_problem() = GemmProblemOf(384, 4096, 4096);
  grpc::ClientContext context;
  v1::ExplainWinnerResponse response;
  EXPECT_EQ(ReasonOf(FromGrpc(client_.cache->ExplainWinner(&context, request, &response))),
            "NO_WINNER");
}

TEST_F(CacheServiceTest, ABundleCarriesWinnersToAnotherDaemon) {
  Put(256, 3000000);
  Put(512);
  const auto bundle = Export(client_);
  ASSERT_TRUE(bundle.ok()) << bundle.status();
  TestDaemon other(1);
  ServiceClient there = other.Connect();
  const auto imported = TrustAndImport(there, *bundle);
  ASSERT_TRUE(imported.ok()) << imported.status();
  EXPECT_EQ(imported->winners_imported(), 2);
  EXPECT_EQ(imported->kernels_imported(), 2);
  EXPECT_EQ(imported->signer().size(), 64u);
  const auto answer = there.Get(RequestOf(256, v1::LOOKUP_MODE_CACHED_ONLY));
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->provenance(), v1::PROVENANCE_IMPORTED);
  EXPECT_EQ(answer->kernel().cubin(), FakeCubin(3000000, 256));
}

TEST_F(CacheServiceTest, OfADamagedBundleNothingIsTakenIn) {
  Put(256);
  std::string bundle = *Export(client_);
  bundle[bundle.size() / 2] ^= 1;
  TestDaemon other(1);
  ServiceClient there = other.Connect();
  const auto imported = Import(there, bundle);
  EXPECT_EQ(imported.status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(ReasonOf(imported.status()), "BUNDLE_DAMAGED");
  EXPECT_EQ(other.index.size(), 0u);
  EXPECT_EQ(ReasonOf(Import(there, "").status()), "BUNDLE_DAMAGED");
}

TEST_F(CacheServiceTest, BundlesDoNotHoldLookupsUpAndAreLimitedInNumber) {
  Put(256);
  absl::Notification gate;
  daemon_.store.SetCubinGate(&gate);
  std::vector<std::thread> exports;
  for (int i = 0; i < CacheServiceImpl::kMaxBundlesOfUser; ++i) {
    exports.emplace_back([&] {
      ServiceClient client = daemon_.Connect();
      EXPECT_TRUE(Export(client).ok());
    });
  }
  while (daemon_.store.cubin_reads() < CacheServiceImpl::kMaxBundlesOfUser) {
    absl::SleepFor(absl::Milliseconds(2));
  }
  const absl::Status refused = Export(client_).status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kResourceExhausted) << refused;
  const auto info = ErrorInfoOf(refused);
  ASSERT_TRUE(info.has_value());
  EXPECT_EQ(info->reason(), "TOO_MANY_BUNDLES");
  EXPECT_EQ(info->metadata().count("retry_delay_ms"), 1u);
  EXPECT_EQ(ReasonOf(Import(client_, "xxx").status()), "BUNDLE_DAMAGED") << "which are others";
  daemon_.store.SetCubinGate(nullptr);
  EXPECT_TRUE(client_.Get(RequestOf(256, v1::LOOKUP_MODE_CACHED_ONLY)).ok());
  gate.Notify();
  for (std::thread& thread : exports) thread.join();
  EXPECT_TRUE(Export(client_).ok()) << "the places are free again";
}

// Two streams that send nothing locked every export and import out for as long as they lived.
TEST(BundleStreamsTest, IdleStreamsLockNobodyOutAndEnd) {
  TestDaemon daemon(1, {.bundle_stall = std::chrono::milliseconds(1500)});
  ServiceClient client = daemon.Connect();
  ASSERT_TRUE(PutWinner({.problem = GemmProblemOf(256, 4096, 4096), .target = daemon.TargetOf("")},
                        daemon.store, daemon.index)
                  .ok());
  struct Stream {
    grpc::ClientContext context;
    v1::ImportBundleResponse response;
    std::unique_ptr<grpc::ClientWriter<v1::BundleChunk>> writer;
  };
  std::vector<std::unique_ptr<Stream>> idle;
  for (int i = 0; i < 6; ++i) {
    idle.push_back(std::make_unique<Stream>());
    idle.back()->writer = client.cache->ImportBundle(&idle.back()->context, &idle.back()->response);
    // Half of them have begun.
    if (i % 2 == 0) continue;
    v1::BundleChunk chunk;
    chunk.set_data("x");
    idle.back()->writer->Write(chunk);
  }
  const auto bundle = Export(client);
  ASSERT_TRUE(bundle.ok()) << bundle.status();
  int stalled = 0;
  int refused = 0;
  for (const auto& stream : idle) {
    const absl::Status status = FromGrpc(stream->writer->Finish());
    stalled += ReasonOf(status) == "BUNDLE_STALLED" ? 1 : 0;
    refused += ReasonOf(status) == "TOO_MANY_BUNDLES" ? 1 : 0;
    if (ReasonOf(status) == "BUNDLE_STALLED") {
      EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded);
    }
  }
  EXPECT_EQ(stalled, 5) << "three that sent nothing, and as many as there are places";
  EXPECT_EQ(refused, 1);
  const auto imported = Import(client, *bundle);
  EXPECT_TRUE(imported.ok()) << imported.status();
}

TEST(BundleStreamsTest, AClientThatReadsNoMoreLetsItsPlaceGo) {
  TestDaemon daemon(1, {.bundle_stall = std::chrono::milliseconds(500)});
  ServiceClient client = daemon.Connect();
  for (int m = 1; m <= 40; ++m) {
    ASSERT_TRUE(PutWinner({.problem = GemmProblemOf(m, 4096, 4096),
                           .target = daemon.TargetOf(""),
                           .cubin = FakeCubin(400000, m)},
                          daemon.store, daemon.index)
                    .ok());
  }
  struct Stream {
    grpc::ClientContext context;
    std::unique_ptr<grpc::ClientReader<v1::BundleChunk>> reader;
  };
  std::vector<std::unique_ptr<Stream>> stuck;
  for (int i = 0; i < CacheServiceImpl::kMaxBundlesOfUser; ++i) {
    stuck.push_back(std::make_unique<Stream>());
    stuck.back()->reader = client.cache->ExportBundle(&stuck.back()->context, {});
    v1::BundleChunk chunk;
    ASSERT_TRUE(stuck.back()->reader->Read(&chunk));
  }
  ServiceClient other = daemon.Connect();
  absl::StatusOr<std::string> bundle = Export(other);
  for (int i = 0; i < 100 && !bundle.ok(); ++i) {
    EXPECT_EQ(ReasonOf(bundle.status()), "TOO_MANY_BUNDLES");
    absl::SleepFor(absl::Milliseconds(100));
    bundle = Export(other);
  }
  EXPECT_TRUE(bundle.ok()) << bundle.status();
  for (const auto& stream : stuck) {
    v1::BundleChunk chunk;
    while (stream->reader->Read(&chunk)) {
    }
    EXPECT_FALSE(stream->reader->Finish().ok());
  }
}

TEST_F(CacheServiceTest, ABundleThatEndedHoldsNoPlace) {
  Put(256);
  const std::string bundle = *Export(client_);
  std::vector<std::thread> clients;
  for (int i = 0; i < CacheServiceImpl::kMaxBundlesOfUser; ++i) {
    clients.emplace_back([&] {
      ServiceClient client = daemon_.Connect();
      for (int round = 0; round < 200; ++round) {
        ASSERT_TRUE(Export(client).ok()) << "round " << round;
        ASSERT_TRUE(TrustAndImport(client, bundle).ok()) << "round " << round;
      }
    });
  }
  for (std::thread& client : clients) client.join();
}

TEST(CacheServiceLimits, BundlesHaveOneLimitOnBothSides) {
  DaemonServer::Options small;
  small.max_bundle_bytes = 100000;
  TestDaemon from(1);
  TestDaemon limited(1, small);
  for (TestDaemon* daemon : {&from, &limited}) {
    ASSERT_TRUE(PutWinner({.problem = GemmProblemOf(256, 4096, 4096),
                           .target = daemon->TargetOf(""),
                           .cubin = FakeCubin(200000, 1)},
                          daemon->store, daemon->index)
                    .ok());
  }
  ServiceClient client = from.Connect();
  ServiceClient there = limited.Connect();
  EXPECT_EQ(ReasonOf(Import(there, *Export(client)).status()), "BUNDLE_TOO_LARGE");
  const absl::Status refused = Export(there).status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ReasonOf(refused), "BUNDLE_TOO_LARGE");
}

TEST_F(CacheServiceTest, AnImportThatNeverEndsDoesNotHoldAStopUp) {
  grpc::ClientContext context;
  v1::ImportBundleResponse response;
  const auto writer = client_.cache->ImportBundle(&context, &response);
  v1::BundleChunk chunk;
  chunk.set_data("half");
  ASSERT_TRUE(writer->Write(chunk));
  while (!daemon_.server->Busy()) absl::SleepFor(absl::Milliseconds(2));
  const absl::Time begin = absl::Now();
  daemon_.server->Stop(absl::Seconds(20));
  EXPECT_LT(absl::Now() - begin, absl::Seconds(5));
  EXPECT_EQ(ReasonOf(FromGrpc(writer->Finish())), "SERVER_STOPPING");
}

TEST_F(CacheServiceTest, ExportOfNothingIsNotFound) {
  EXPECT_EQ(Export(client_).status().code(), absl::StatusCode::kNotFound);
}

TEST_F(CacheServiceTest, AnImportReachesThoseWhoWatch) {
  Put(256);
  const std::string bundle = *Export(client_);
  TestDaemon other(1);
  ServiceClient there = other.Connect();
  ASSERT_TRUE(PutWinner({.problem = GemmProblemOf(512, 4096, 4096), .target = other.TargetOf("")},
                        other.store, other.index)
                  .ok());
  grpc::ClientContext context;
  v1::WatchKernelRequest request;
  *request.mutable_request() = RequestOf(256, v1::LOOKUP_MODE_CACHED_ONLY);
  const auto reader = there.kernels->WatchKernel(&context, request);
  v1::GetKernelResponse answer;
  ASSERT_TRUE(reader->Read(&answer));
  EXPECT_EQ(answer.match(), v1::MATCH_NEAREST_PROBLEM);
  ASSERT_TRUE(TrustAndImport(there, bundle).ok());
  ASSERT_TRUE(reader->Read(&answer));
  EXPECT_EQ(answer.match(), v1::MATCH_EXACT);
  EXPECT_EQ(answer.provenance(), v1::PROVENANCE_IMPORTED);
  context.TryCancel();
}

TEST_F(CacheServiceTest, StatsCount) {
  Put(256);
  Put(512);
  grpc::ClientContext context;
  v1::CacheStats stats;
  ASSERT_TRUE(client_.cache->GetCacheStats(&context, {}, &stats).ok());
  EXPECT_EQ(stats.winners(), 2);
  EXPECT_EQ(stats.kernels(), 2);
  EXPECT_EQ(stats.epoch(), 2);
}

}  // namespace
}  // namespace tilewright
