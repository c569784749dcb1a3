// Winners that are cublasLt algorithms, as seen by callers with that library and without.
#include "server/tuning/vendor_winner.h"

#include <string>

#include "gtest/gtest.h"
#include "proto/problem/problem.h"
#include "proto/support/errors.h"
#include "proto/support/sha256.h"
#include "tests/fakes/fake_compiler.h"
#include "tests/fakes/fake_profiler.h"
#include "tests/server/test_daemon.h"
#include "tests/server/winner_fixture.h"

namespace tilewright {
namespace {

constexpr auto kCached = v1::LOOKUP_MODE_CACHED_ONLY;
constexpr auto kBest = v1::LOOKUP_MODE_BEST_AVAILABLE;
constexpr auto kTuned = v1::LOOKUP_MODE_WAIT_TUNED;
// Of FakeProfiler's algorithms.
constexpr int64_t kLibrary = 130000;
constexpr double kVendorSeconds = 0.4e-3;
constexpr double kTemplateSeconds = 1e-3;

v1::GetKernelRequest RequestWith(int64_t library_version, v1::LookupMode mode, int64_t m = 256) {
  v1::GetKernelRequest request = RequestOf(m, mode);
  request.set_vendor_library_version(library_version);
  return request;
}

// A daemon that has tuned the problem: an algorithm won.
class VendorWinnerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    daemon_.profiler.SetVendorSeconds({kVendorSeconds});
    const auto answer = client_.Get(RequestWith(kLibrary, kTuned));
    ASSERT_TRUE(answer.ok()) << answer.status();
    ASSERT_TRUE(answer->has_vendor());
  }

  // The winner as one that was stored before templates were kept beside algorithms.
  void StoreAnAlgorithmAlone(int64_t m) {
    const auto put =
        PutWinner({.problem = GemmProblemOf(m, 4096, 4096), .target = daemon_.TargetOf("")},
                  daemon_.store, daemon_.index);
    ASSERT_TRUE(put.ok()) << put.status();
    StoredWinner alone = *put;
    alone.kernel.Clear();
    v1::Candidate& candidate = *alone.winner.mutable_candidate();
    candidate.clear_content_hash();
    candidate.mutable_vendor()->set_library_version(kLibrary);
    alone.winner.set_provenance(v1::PROVENANCE_VENDOR);
    const auto epoch = daemon_.store.PutTuning({.winner = alone, .candidates = {candidate}});
    ASSERT_TRUE(epoch.ok()) << epoch.status();
    alone.winner.set_epoch(*epoch);
    daemon_.index.Insert(alone);
  }

  TestDaemon daemon_{1};
  ServiceClient client_ = daemon_.Connect();
};

TEST_F(VendorWinnerTest, CallersWithThatLibraryGetTheAlgorithm) {
  for (const auto mode : {kCached, kBest, kTuned}) {
    const auto answer = client_.Get(RequestWith(kLibrary, mode));
    ASSERT_TRUE(answer.ok()) << answer.status();
    EXPECT_TRUE(answer->has_vendor());
    EXPECT_EQ(answer->provenance(), v1::PROVENANCE_VENDOR);
    EXPECT_DOUBLE_EQ(answer->measured_seconds(), kVendorSeconds);
  }
}

// They were given an algorithm that they cannot launch, and could not ask for anything else.
TEST_F(VendorWinnerTest, CallersWithoutThatLibraryGetTheBestTemplate) {
  for (const int64_t library : {int64_t{0}, kLibrary + 100}) {
    for (const auto mode : {kCached, kBest, kTuned}) {
      const auto answer = client_.Get(RequestWith(library, mode));
      ASSERT_TRUE(answer.ok()) << answer.status();
      ASSERT_TRUE(answer->has_kernel());
      EXPECT_EQ(answer->match(), v1::MATCH_EXACT);
      EXPECT_EQ(answer->provenance(), v1::PROVENANCE_MEASURED);
      EXPECT_DOUBLE_EQ(answer->measured_seconds(), kTemplateSeconds);
      EXPECT_EQ(answer->kernel().content_hash(), Sha256(answer->kernel().cubin()));
      EXPECT_TRUE(answer->tuning().empty()) << "nothing better is to be found for this caller";
    }
  }
}

TEST_F(VendorWinnerTest, TheTuningItselfAnswersEachCallerInItsOwnWay) {
  const auto answer = client_.Get(RequestWith(0, kTuned, 512));
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->provenance(), v1::PROVENANCE_MEASURED);
  EXPECT_TRUE(client_.Get(RequestWith(kLibrary, kCached, 512))->has_vendor());
}

TEST_F(VendorWinnerTest, ATemplateThatWasServedCanBePinned) {
  const auto served = client_.Get(RequestWith(0, kCached));
  ASSERT_TRUE(served.ok()) << served.status();
  v1::GetKernelRequest pinned = RequestWith(kLibrary, kCached);
  pinned.set_pinned_content_hash(served->kernel().content_hash());
  const auto again = client_.Get(pinned);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->kernel().content_hash(), served->kernel().content_hash());
}

TEST_F(VendorWinnerTest, ANeighbourIsServedByTheTemplate) {
  const auto near = client_.Get(RequestWith(kLibrary, kCached, 384));
  ASSERT_TRUE(near.ok()) << near.status();
  EXPECT_EQ(near->match(), v1::MATCH_NEAREST_PROBLEM);
  EXPECT_TRUE(near->has_kernel());
}

TEST_F(VendorWinnerTest, ABatchAnswersEachByItsOwnLibrary) {
  v1::BatchGetKernelsRequest request;
  *request.add_requests() = RequestWith(kLibrary, kCached);
  *request.add_requests() = RequestWith(0, kCached);
  grpc::ClientContext context;
  v1::BatchGetKernelsResponse response;
  ASSERT_TRUE(client_.kernels->BatchGetKernels(&context, request, &response).ok());
  EXPECT_TRUE(response.results(0).response().has_vendor());
  EXPECT_TRUE(response.results(1).response().has_kernel());
}

TEST_F(VendorWinnerTest, AnAlgorithmAloneIsTunedAgainForWhoCannotRunIt) {
  StoreAnAlgorithmAlone(1024);
  EXPECT_TRUE(client_.Get(RequestWith(kLibrary, kCached, 1024))->has_vendor());
  const absl::Status refused = client_.Get(RequestWith(0, kCached, 1024)).status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ReasonOf(refused), "VENDOR_LIBRARY_MISMATCH");
  EXPECT_EQ(ErrorInfoOf(refused)->metadata().at("field"), "vendor_library_version");
  const auto tuned = client_.Get(RequestWith(0, kTuned, 1024));
  ASSERT_TRUE(tuned.ok()) << tuned.status();
  EXPECT_TRUE(tuned->has_kernel());
}

TEST_F(VendorWinnerTest, ANegativeVersionIsRefused) {
  const absl::Status status = client_.Get(RequestWith(-1, kCached)).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ErrorInfoOf(status)->metadata().at("field"), "vendor_library_version");
}

// After an update of cublasLt the stored algorithm would have been EXACT for good.
TEST_F(VendorWinnerTest, AnAlgorithmOfAnotherLibraryThanTheDaemonsCountsAsOfAnotherEnvironment) {
  FakeCompiler compiler;
  FakeProfiler profiler;
  v1::LibraryStatus library;
  library.set_library("cublasLt");
  library.set_found(true);
  const v1::Problem problem = Canonicalize(GemmProblemOf(256, 4096, 4096)).value();
  const v1::Target target = daemon_.TargetOf("");
  const IndexQuery query{problem, target.silicon(), target.environment()};
  for (const auto& [version, match] : {std::pair(kLibrary, v1::MATCH_EXACT),
                                       std::pair(kLibrary + 1, v1::MATCH_OTHER_ENVIRONMENT)}) {
    library.set_version(std::to_string(version));
    profiler.SetLibraries({library});
    const DeviceTable devices(compiler, profiler);
    EXPECT_EQ(devices.vendor_library_version(), version);
    EXPECT_EQ(FindWinner(daemon_.index, query, devices).match, match);
  }
}

}  // namespace
}  // namespace tilewright
