#include "tuner/store/index/winner_index.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "kernel_templates/abi/kernel_args.h"
#include "proto/problem/problem.h"
#include "proto/support/sha256.h"
#include "tests/fakes/memory_store.h"
#include "tests/tuner/store/store_fixtures.h"
#include "tuner/target/target.h"

namespace tilewright {
namespace {

using ::testing::ElementsAre;

class WinnerIndexTest : public testing::Test {
 protected:
  // Stores a winner and makes it known, as a tuner does; its epoch.
  int64_t Add(const RecordSpec& spec) {
    const int64_t epoch = Put(store_, spec).value();
    StoredWinner winner = MakeRecord(spec).winner;
    winner.winner.set_epoch(epoch);
    index_.Insert(std::move(winner));
    return epoch;
  }

  // Find, on the index as it grew and on one loaded from the store: they never differ.
  IndexHit Find(const IndexQuery& query) {
    const IndexHit hit = index_.Find(query);
    WinnerIndex loaded;
    EXPECT_TRUE(loaded.Load(store_).ok());
    const IndexHit again = loaded.Find(query);
    EXPECT_EQ(again.match, hit.match);
    EXPECT_EQ(EpochOf(again), EpochOf(hit));
    EXPECT_EQ(loaded.size(), index_.size());
    EXPECT_EQ(loaded.epoch(), index_.epoch());
    return hit;
  }

  static int64_t EpochOf(const IndexHit& hit) {
    return hit.winner == nullptr ? 0 : hit.winner->winner.epoch();
  }

  MemoryStore store_;
  WinnerIndex index_;
};

TEST_F(WinnerIndexTest, AnEmptyIndexHasNoAnswer) {
  const IndexHit hit = Find(QueryOf({}));
  EXPECT_EQ(hit.winner, nullptr);
  EXPECT_EQ(hit.match, v1::MATCH_UNSPECIFIED);
  EXPECT_EQ(index_.epoch(), 0);
  EXPECT_EQ(index_.size(), 0u);
}

// After an update a daemon used to hand out kernels that its own clients refuse to launch.
TEST_F(WinnerIndexTest, AKernelOfOlderArgumentsIsKeptAndNoAnswer) {
  TuningRecord record = MakeRecord({});
  record.winner.kernel.mutable_launch_plan()->set_arguments_version(kGemmArgsVersion - 1);
  ASSERT_TRUE(Put(store_, {}).ok());  // Its cubin.
  const int64_t epoch = store_.PutTuning(record).value();
  record.winner.winner.set_epoch(epoch);
  index_.Insert(record.winner);
  EXPECT_EQ(index_.Find(QueryOf({})).winner, nullptr);
  EXPECT_EQ(index_.Find(QueryOf({.problem = Gemm(640, 640, 640)})).winner, nullptr);
  EXPECT_EQ(index_.List(0, 10).size(), 1u);
  EXPECT_EQ(index_.epoch(), epoch);
  WinnerIndex loaded;
  ASSERT_TRUE(loaded.Load(store_).ok());
  EXPECT_EQ(EpochOf(loaded.Find(QueryOf({}))), epoch - 1) << "the one before can be launched";
}

TEST_F(WinnerIndexTest, FindsExactlyWhatWasAskedFor) {
  Add({.problem = Gemm(512, 512, 512)});
  const int64_t epoch = Add({});
  const IndexHit hit = Find(QueryOf({}));
  EXPECT_EQ(hit.match, v1::MATCH_EXACT);
  EXPECT_EQ(EpochOf(hit), epoch);
  EXPECT_EQ(hit.winner->kernel.content_hash(), Sha256("cubin"));
  EXPECT_EQ(hit.winner->winner.candidate().measurement().seconds_size(), 0);
  EXPECT_EQ(hit.winner->winner.reason(), "fastest of 64");
}

TEST_F(WinnerIndexTest, AnswersOfTheSameWinnerShareIt) {
  Add({});
  EXPECT_EQ(index_.Find(QueryOf({})).winner, index_.Find(QueryOf({})).winner);
}

TEST_F(WinnerIndexTest, ServesTheNewestOfSeveral) {
  Add({.seconds = 2e-4});
  const int64_t newest = Add({.seconds = 1e-4});
  EXPECT_EQ(EpochOf(Find(QueryOf({}))), newest);
  EXPECT_EQ(index_.size(), 1u);
  EXPECT_EQ(index_.epoch(), newest);
}

TEST_F(WinnerIndexTest, FallsBackToAnotherEnvironmentThenToSimilarSilicon) {
  Add({.silicon = H200()});
  EXPECT_EQ(Find(QueryOf({})).match, v1::MATCH_SIMILAR_SILICON);
  const int64_t old_driver = Add({.environment = Driver(12080)});
  Add({.silicon = H200(), .environment = Driver(12080)});
  const IndexHit hit = Find(QueryOf({}));
  EXPECT_EQ(hit.match, v1::MATCH_OTHER_ENVIRONMENT);
  EXPECT_EQ(EpochOf(hit), old_driver);
  Add({});
  EXPECT_EQ(Find(QueryOf({})).match, v1::MATCH_EXACT);
}

TEST_F(WinnerIndexTest, NeverServesCodeOfAnotherComputeCapability) {
  Add({.silicon = A100()});
  Add({.problem = Gemm(1000, 1000, 1000), .silicon = A100()});
  EXPECT_EQ(Find(QueryOf({})).winner, nullptr);
}

TEST_F(WinnerIndexTest, APredictionStandsBehindWhatWasMeasuredForTheProblem) {
  const int64_t predicted = Add({.provenance = v1::PROVENANCE_PREDICTED});
  Add({.problem = Gemm(1024, 1024, 1032)});
  IndexHit hit = Find(QueryOf({}));
  EXPECT_EQ(hit.match, v1::MATCH_PREDICTED);
  EXPECT_EQ(EpochOf(hit), predicted);
  const int64_t measured = Add({.silicon = H200()});
  hit = Find(QueryOf({}));
  EXPECT_EQ(hit.match, v1::MATCH_SIMILAR_SILICON);
  EXPECT_EQ(EpochOf(hit), measured);
}

TEST_F(WinnerIndexTest, AVendorsAlgorithmStaysOnItsProblemAndSilicon) {
  Add({.provenance = v1::PROVENANCE_VENDOR});
  EXPECT_EQ(Find(QueryOf({})).match, v1::MATCH_EXACT);
  EXPECT_EQ(Find(QueryOf({.environment = Driver(1)})).match, v1::MATCH_OTHER_ENVIRONMENT);
  EXPECT_EQ(Find(QueryOf({.silicon = H200()})).winner, nullptr);
  EXPECT_EQ(Find(QueryOf({.problem = Gemm(1024, 1024, 2048)})).winner, nullptr);
}

TEST_F(WinnerIndexTest, FindsTheNearestProblemOfTheFamily) {
  Add({.problem = Gemm(64, 64, 64)});
  const int64_t near = Add({.problem = Gemm(4096, 1024, 1024)});
  Add({.problem = Gemm(8192, 8192, 8192)});
  const IndexHit hit = Find(QueryOf({.problem = Gemm(3000, 1024, 1024)}));
  EXPECT_EQ(hit.match, v1::MATCH_NEAREST_PROBLEM);
  EXPECT_EQ(EpochOf(hit), near);
}

TEST_F(WinnerIndexTest, AnotherFamilyIsNeverNear) {
  v1::Problem with_relu = Gemm(1024, 1024, 1024);
  with_relu.mutable_gemm()->mutable_epilogue()->set_activation(v1::ACTIVATION_RELU);
  Add({.problem = with_relu});
  EXPECT_EQ(Find(QueryOf({})).winner, nullptr);
}

TEST_F(WinnerIndexTest, TheNearestProblemsKernelMustBeAbleToServe) {
  Add({.problem = Gemm(1024, 1024, 1024), .alignment = 16});
  const int64_t any_alignment =
      Add({.problem = Gemm(64, 64, 64), .cubin = "unaligned", .alignment = 2});
  // Rows of 1023 bf16 are aligned to 2 bytes.
  EXPECT_EQ(EpochOf(Find(QueryOf({.problem = Gemm(1024, 1024, 1023)}))), any_alignment);
  Add({.problem = Gemm(2048, 1024, 1024), .cubin = "divisor", .m_divisor = 128});
  EXPECT_EQ(Find(QueryOf({.problem = Gemm(2000, 1024, 1023)})).winner->winner.epoch(),
            any_alignment);
}

// What was measured within a budget says nothing of longer sums.
TEST_F(WinnerIndexTest, AnErrorBudgetIsNotPromisedForALargerK) {
  const auto within = [](int64_t k) {
    v1::Problem problem = Gemm(1024, 1024, k);
    problem.mutable_gemm()->mutable_numerics()->set_error_budget(1e-3);
    return problem;
  };
  const int64_t longer = Add({.problem = within(4096)});
  const int64_t shorter = Add({.problem = within(1024)});
  EXPECT_EQ(EpochOf(Find(QueryOf({.problem = within(1088)}))), longer);
  EXPECT_EQ(EpochOf(Find(QueryOf({.problem = within(960)}))), shorter);
  EXPECT_EQ(Find(QueryOf({.problem = within(8192)})).winner, nullptr);
}

TEST_F(WinnerIndexTest, SimilarSiliconIsOneDoublingAway) {
  const int64_t other_silicon = Add({.problem = Gemm(1024, 1024, 1024), .silicon = H200()});
  const int64_t far = Add({.problem = Gemm(8192, 1024, 1024)});
  EXPECT_EQ(EpochOf(Find(QueryOf({.problem = Gemm(1100, 1024, 1024)}))), other_silicon);
  const int64_t nearer = Add({.problem = Gemm(1536, 1024, 1024)});
  EXPECT_EQ(EpochOf(Find(QueryOf({.problem = Gemm(1100, 1024, 1024)}))), nearer);
  EXPECT_EQ(EpochOf(Find(QueryOf({.problem = Gemm(8000, 1024, 1024)}))), far);
}

TEST_F(WinnerIndexTest, EqualDistancesGoToTheSameEnvironmentThenToTheNewer) {
  Add({.problem = Gemm(512, 1024, 1024)});
  const int64_t newer = Add({.problem = Gemm(2048, 1024, 1024)});
  Add({.problem = Gemm(1024, 512, 1024), .environment = Driver(1)});
  EXPECT_EQ(EpochOf(Find(QueryOf({}))), newer);
}

TEST_F(WinnerIndexTest, APinnedEpochSeesNothingLater) {
  const int64_t first = Add({.seconds = 3e-4});
  Add({.problem = Gemm(32, 32, 32)});
  const int64_t third = Add({.seconds = 2e-4});
  Add({.seconds = 1e-4});
  IndexQuery query = QueryOf({});
  query.pinned_epoch = third;
  EXPECT_EQ(EpochOf(Find(query)), third);
  query.pinned_epoch = third - 1;
  EXPECT_EQ(EpochOf(Find(query)), first);

  query = QueryOf({.problem = Gemm(32, 32, 32)});
  query.pinned_epoch = first;
  const IndexHit hit = Find(query);
  EXPECT_EQ(hit.match, v1::MATCH_NEAREST_PROBLEM);
  EXPECT_EQ(EpochOf(hit), first);
}

TEST_F(WinnerIndexTest, APinnedHashIsServedOrNothing) {
  const int64_t old = Add({.cubin = "old"});
  Add({.cubin = "new"});
  IndexQuery query = QueryOf({});
  query.pinned_content_hash = Sha256("old");
  EXPECT_EQ(EpochOf(Find(query)), old);
  EXPECT_EQ(Find(query).match, v1::MATCH_EXACT);
  query.pinned_content_hash = Sha256("none");
  EXPECT_EQ(Find(query).winner, nullptr);
}

TEST_F(WinnerIndexTest, APinnedHashThatWonAnotherProblemIsServedAsNear) {
  Add({.problem = Gemm(1024, 1024, 1024), .cubin = "nearer"});
  const int64_t pinned = Add({.problem = Gemm(64, 64, 64), .cubin = "pinned"});
  IndexQuery query = QueryOf({.problem = Gemm(1024, 1024, 2048)});
  query.pinned_content_hash = Sha256("pinned");
  const IndexHit hit = Find(query);
  EXPECT_EQ(hit.match, v1::MATCH_NEAREST_PROBLEM);
  EXPECT_EQ(EpochOf(hit), pinned);
  query.silicon = A100();
  EXPECT_EQ(Find(query).winner, nullptr);
}

TEST_F(WinnerIndexTest, ListsTheNewestOfEachProblemAndTarget) {
  const int64_t first = Add({.problem = Gemm(1, 8, 8)});
  const int64_t second = Add({.problem = Gemm(2, 8, 8)});
  const int64_t third = Add({.problem = Gemm(1, 8, 8), .silicon = A100()});
  const int64_t fourth = Add({.problem = Gemm(1, 8, 8)});
  const auto epochs = [&](std::size_t offset, std::size_t limit) {
    std::vector<int64_t> list;
    for (const auto& winner : index_.List(offset, limit)) list.push_back(winner->winner.epoch());
    return list;
  };
  EXPECT_THAT(epochs(0, 10), ElementsAre(fourth, third, second));
  EXPECT_THAT(epochs(1, 1), ElementsAre(third));
  EXPECT_THAT(epochs(2, 5), ElementsAre(second));
  EXPECT_THAT(epochs(3, 5), ElementsAre());
  EXPECT_THAT(epochs(99, 5), ElementsAre());
  EXPECT_THAT(epochs(0, 0), ElementsAre());

  // What is older comes back where the newest is removed.
  index_.Remove(store_.Remove({fourth}, false).value());
  EXPECT_THAT(epochs(0, 10), ElementsAre(third, second, first));
  index_.Remove(store_.Remove({first, third}, false).value());
  EXPECT_THAT(epochs(0, 10), ElementsAre(second));
}

TEST_F(WinnerIndexTest, WinnersMayArriveOutOfOrderAndTwice) {
  for (const int64_t epoch : {5, 3, 9, 3, 9, 7}) {
    StoredWinner winner = MakeRecord({}).winner;
    winner.winner.set_epoch(epoch);
    index_.Insert(std::move(winner));
  }
  EXPECT_EQ(index_.epoch(), 9);
  EXPECT_EQ(index_.size(), 1u);
  IndexQuery query = QueryOf({});
  EXPECT_EQ(EpochOf(index_.Find(query)), 9);
  for (const auto& [pinned, served] : {std::pair{8, 7}, {7, 7}, {6, 5}, {4, 3}, {2, 0}}) {
    query.pinned_epoch = pinned;
    EXPECT_EQ(EpochOf(index_.Find(query)), served);
  }
}

TEST_F(WinnerIndexTest, AKernelThatFailedAtOneProblemServesOthers) {
  const int64_t here = Add({.problem = Gemm(1024, 1024, 1024), .cubin = "one"});
  const int64_t there = Add({.problem = Gemm(512, 512, 512), .cubin = "one"});
  const std::string problem = ProblemKey(Gemm(1024, 1024, 1024));
  ASSERT_TRUE(store_.Quarantine(Sha256("one"), SiliconKey(H100()), problem, v1::Failure()).ok());
  index_.Quarantine({Sha256("one"), SiliconKey(H100()), problem});
  EXPECT_EQ(EpochOf(Find(QueryOf({.problem = Gemm(512, 512, 512)}))), there);
  EXPECT_NE(EpochOf(Find(QueryOf({.problem = Gemm(1024, 1024, 1024)}))), here);
}

TEST_F(WinnerIndexTest, WhatIsRemovedIsNoAnswerAndKnownToPins) {
  const int64_t older = Add({.cubin = "old"});
  const int64_t newer = Add({.cubin = "new"});
  ASSERT_EQ(index_.size(), 1u);
  IndexQuery pinned = QueryOf({});
  pinned.pinned_epoch = older;
  const int64_t version = index_.version();
  index_.Remove(store_.Remove({older}, false).value());
  EXPECT_GT(index_.version(), version);
  EXPECT_EQ(EpochOf(Find(QueryOf({}))), newer);
  EXPECT_TRUE(index_.MayBePruned(pinned, index_.Find(pinned)));
  pinned.pinned_epoch = newer;
  EXPECT_FALSE(index_.MayBePruned(pinned, index_.Find(pinned)));
  EXPECT_FALSE(index_.MayBePruned(QueryOf({}), index_.Find(QueryOf({}))));

  index_.Remove(store_.Remove({newer}, false).value());
  EXPECT_EQ(index_.size(), 0u);
  EXPECT_EQ(Find(QueryOf({})).winner, nullptr);
  EXPECT_TRUE(index_.List(0, 10).empty());
  EXPECT_TRUE(index_.MayBePruned(pinned, index_.Find(pinned)));
  // Another problem of the family may have been answered by it, as the nearest.
  IndexQuery near = QueryOf({.problem = Gemm(1000, 1024, 1024)});
  near.pinned_epoch = newer;
  EXPECT_TRUE(index_.MayBePruned(near, index_.Find(near)));
  // A restart knows the same.
  WinnerIndex again;
  ASSERT_TRUE(again.Load(store_).ok());
  EXPECT_TRUE(again.MayBePruned(pinned, again.Find(pinned)));
  // And a new winner counts again.
  const int64_t newest = Add({.cubin = "newest"});
  EXPECT_EQ(EpochOf(Find(QueryOf({}))), newest);
  EXPECT_EQ(index_.size(), 1u);
}

TEST_F(WinnerIndexTest, WhatASignerSignedIsServedWhileItIsTrusted) {
  RecordSpec spec = {.provenance = v1::PROVENANCE_IMPORTED};
  ASSERT_TRUE(store_.PutCompiled("key", Compiled(spec.cubin)).ok());
  TuningRecord record = MakeRecord(spec);
  record.winner.winner.set_signer("somebody");
  record.winner.winner.set_epoch(store_.PutTuning(record).value());
  index_.Insert(record.winner);
  EXPECT_EQ(Find(QueryOf({})).winner, nullptr);
  ASSERT_TRUE(store_.PutSigner({"somebody", "some body", 1}).ok());
  index_.SetTrusted("somebody", true);
  EXPECT_EQ(EpochOf(Find(QueryOf({}))), 1);
  const int64_t version = index_.version();
  // A job that pinned it gets no other winner in its place.
  IndexQuery pinned = QueryOf({});
  pinned.pinned_epoch = 1;
  EXPECT_FALSE(index_.MayBePruned(pinned, index_.Find(pinned)));
  ASSERT_TRUE(store_.RemoveSigner("somebody").ok());
  index_.SetTrusted("somebody", false);
  EXPECT_EQ(Find(QueryOf({})).winner, nullptr);
  EXPECT_GT(index_.version(), version);
  EXPECT_TRUE(index_.MayBePruned(pinned, index_.Find(pinned)));
  EXPECT_TRUE(index_.ServedEpochs().empty());
}

TEST_F(WinnerIndexTest, AReplacedWinnerKeepsItsEpoch) {
  const int64_t epoch = Add({.provenance = v1::PROVENANCE_IMPORTED});
  StoredWinner winner = *Find(QueryOf({})).winner;
  winner.winner.set_signer("me");
  index_.SetTrusted("me", true);
  index_.Replace(winner);
  const IndexHit hit = Find(QueryOf({}));
  EXPECT_EQ(EpochOf(hit), epoch);
  EXPECT_EQ(hit.winner->winner.signer(), "me");
  EXPECT_EQ(index_.size(), 1u);
}

TEST_F(WinnerIndexTest, AKernelThatFailedOnASiliconIsNoAnswerThere) {
  const auto quarantine = [this](const std::string& cubin) {
    ASSERT_TRUE(store_.Quarantine(Sha256(cubin), SiliconKey(H100()), "", v1::Failure()).ok());
    index_.Quarantine({Sha256(cubin), SiliconKey(H100()), ""});
  };
  const int64_t older = Add({.cubin = "old"});
  const int64_t newer = Add({.cubin = "new"});
  const int64_t elsewhere = Add({.silicon = A100(), .cubin = "new"});
  ASSERT_EQ(EpochOf(Find(QueryOf({}))), newer);
  const int64_t version = index_.version();
  quarantine("new");
  EXPECT_EQ(EpochOf(Find(QueryOf({}))), older);
  EXPECT_EQ(EpochOf(Find(QueryOf({.silicon = A100()}))), elsewhere);
  EXPECT_GT(index_.version(), version) << "an answer given before does not hold any more";
  IndexQuery pinned = QueryOf({});
  pinned.pinned_content_hash = Sha256("new");
  EXPECT_EQ(Find(pinned).winner, nullptr);

  // Nor is it for a problem nearby.
  const IndexQuery near = QueryOf({.problem = Gemm(1024, 1024, 2048)});
  EXPECT_EQ(EpochOf(Find(near)), 0) << "the newest of the neighbour failed";
  const int64_t far = Add({.problem = Gemm(1024, 1024, 8192), .cubin = "far"});
  EXPECT_EQ(EpochOf(Find(near)), far);
  quarantine("far");
  EXPECT_EQ(Find(near).winner, nullptr);
}

TEST_F(WinnerIndexTest, HoldsManyProblems) {
  for (int i = 1; i <= 5000; ++i) {
    StoredWinner winner = MakeRecord({.problem = Gemm(i, 64, 64)}).winner;
    winner.winner.set_epoch(i);
    index_.Insert(std::move(winner));
  }
  for (int i = 1; i <= 5000; ++i) {
    const IndexHit hit = index_.Find(QueryOf({.problem = Gemm(i, 64, 64)}));
    ASSERT_EQ(hit.match, v1::MATCH_EXACT);
    ASSERT_EQ(EpochOf(hit), i);
  }
}

}  // namespace
}  // namespace tilewright
