// What every TuningStore answers, whatever it keeps things in.
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "google/protobuf/util/message_differencer.h"
#include "gtest/gtest.h"
#include "proto/problem/problem.h"
#include "proto/support/errors.h"
#include "proto/support/sha256.h"
#include "tests/fakes/memory_store.h"
#include "tests/tuner/store/store_fixtures.h"
#include "tuner/store/database/sqlite_store.h"
#include "tuner/store/packed_winner.h"
#include "tuner/target/target.h"

namespace tilewright {
namespace {

using ::google::protobuf::util::MessageDifferencer;
using ::testing::ElementsAre;

struct InMemory {
  MemoryStore& store() { return memory_store; }
  MemoryStore memory_store;
};

struct InSqlite {
  SqliteStore& store() { return *sqlite_store; }
  TemporaryDirectory directory;
  std::unique_ptr<SqliteStore> sqlite_store = SqliteStore::Open(directory / "cache").value();
};

template <typename Holder>
class TuningStoreTest : public testing::Test {
 protected:
  TuningStore& store() { return holder_.store(); }

  absl::StatusOr<TuningRecord> Get(const RecordSpec& spec) {
    const TuningRecord record = MakeRecord(spec);
    return store().GetTuning(record.winner.problem_encoding, record.winner.silicon_key,
                             record.winner.environment_key);
  }

  std::vector<int64_t> Epochs() {
    std::vector<int64_t> epochs;
    EXPECT_TRUE(
        store()
            .ForEachWinner([&](const PackedWinner& winner) { epochs.push_back(winner.epoch); })
            .ok());
    return epochs;
  }

 private:
  Holder holder_;
};

using Holders = testing::Types<InMemory, InSqlite>;
TYPED_TEST_SUITE(TuningStoreTest, Holders);

TYPED_TEST(TuningStoreTest, GivesBackWhatATuningLeft) {
  const RecordSpec spec;
  ASSERT_EQ(Put(this->store(), spec).value(), 1);
  const TuningRecord record = this->Get(spec).value();
  EXPECT_EQ(record.legal_configs, 321);
  ASSERT_EQ(record.candidates.size(), 3u);
  EXPECT_EQ(record.candidates[0].measurement().seconds_size(), 5);
  EXPECT_EQ(record.candidates[2].failure().kind(), v1::FAILURE_KIND_WRONG_RESULT);

  TuningRecord expected = MakeRecord(spec);
  expected.winner.winner.set_epoch(1);
  expected.winner.winner.mutable_candidate()->mutable_measurement()->clear_seconds();
  EXPECT_TRUE(MessageDifferencer::Equals(record.winner.winner, expected.winner.winner));
  EXPECT_TRUE(MessageDifferencer::Equals(record.winner.kernel, expected.winner.kernel));
  EXPECT_EQ(record.winner.problem_encoding, expected.winner.problem_encoding);
  EXPECT_EQ(record.winner.shapeless_key, expected.winner.shapeless_key);
}

TYPED_TEST(TuningStoreTest, KeepsTheCubinOutOfWinners) {
  ASSERT_TRUE(this->store().PutCompiled("key", Compiled("cubin")).ok());
  TuningRecord record = MakeRecord({});
  record.winner.kernel.set_cubin("cubin");
  ASSERT_TRUE(this->store().PutTuning(record).ok());
  EXPECT_EQ(this->Get({}).value().winner.kernel.cubin(), "");
}

TYPED_TEST(TuningStoreTest, AnswersNotFoundForWhatIsNotStored) {
  ASSERT_TRUE(Put(this->store(), {}).ok());
  EXPECT_TRUE(absl::IsNotFound(this->Get({.problem = Gemm(1, 2, 3)}).status()));
  EXPECT_TRUE(absl::IsNotFound(this->Get({.silicon = A100()}).status()));
  EXPECT_TRUE(absl::IsNotFound(this->Get({.environment = Driver(12000)}).status()));
  EXPECT_TRUE(absl::IsNotFound(this->store().GetCubin(Sha256("other")).status()));
  EXPECT_TRUE(absl::IsNotFound(this->store().GetSweep("sweeps/none").status()));
  EXPECT_EQ(this->store().FindCompiled("other").value(), std::nullopt);
}

TYPED_TEST(TuningStoreTest, CountsEpochsUpAndServesTheNewest) {
  EXPECT_EQ(Put(this->store(), {.seconds = 3e-4}).value(), 1);
  EXPECT_EQ(Put(this->store(), {.problem = Gemm(64, 64, 64)}).value(), 2);
  EXPECT_EQ(Put(this->store(), {.seconds = 1e-4}).value(), 3);
  const TuningRecord newest = this->Get({}).value();
  EXPECT_EQ(newest.winner.winner.epoch(), 3);
  EXPECT_EQ(newest.winner.winner.candidate().measurement().median_seconds(), 1e-4);
  EXPECT_THAT(this->Epochs(), ElementsAre(1, 2, 3));
}

TYPED_TEST(TuningStoreTest, HandsOutWinnersWithWhatAnIndexNeeds) {
  const RecordSpec spec{.problem = Gemm(96, 128, 256)};
  ASSERT_TRUE(Put(this->store(), spec).ok());
  int visits = 0;
  ASSERT_TRUE(this->store()
                  .ForEachWinner([&](const PackedWinner& packed) {
                    ++visits;
                    const TuningRecord expected = MakeRecord(spec);
                    EXPECT_EQ(packed.problem_encoding, expected.winner.problem_encoding);
                    EXPECT_EQ(packed.shapeless_key, expected.winner.shapeless_key);
                    EXPECT_EQ(packed.silicon_key, expected.winner.silicon_key);
                    EXPECT_EQ(packed.environment_key, expected.winner.environment_key);
                    EXPECT_EQ(packed.content_hash, Sha256("cubin"));
                    EXPECT_EQ(packed.m, 96);
                    EXPECT_EQ(packed.n, 128);
                    EXPECT_EQ(packed.k, 256);
                    EXPECT_EQ(packed.batch, 1);
                    EXPECT_TRUE(packed.measured);
                    const StoredWinner winner = UnpackWinner(packed.epoch, packed.bytes).value();
                    EXPECT_EQ(winner.winner.epoch(), 1);
                    EXPECT_EQ(winner.winner.reason(), "fastest of 64");
                  })
                  .ok());
  EXPECT_EQ(visits, 1);
}

TYPED_TEST(TuningStoreTest, AScanMayAskTheStore) {
  ASSERT_TRUE(Put(this->store(), {}).ok());
  ASSERT_TRUE(this->store()
                  .ForEachWinner([&](const PackedWinner& packed) {
                    EXPECT_TRUE(this->store().GetCubin(std::string(packed.content_hash)).ok());
                  })
                  .ok());
}

TYPED_TEST(TuningStoreTest, RefusesAWinnerWithoutItsKernel) {
  const absl::Status status = this->store().PutTuning(MakeRecord({})).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(status));
  EXPECT_EQ(ReasonOf(status), "KERNEL_NOT_STORED");
  EXPECT_THAT(this->Epochs(), ElementsAre());
}

TYPED_TEST(TuningStoreTest, RefusesARecordWithoutKeys) {
  ASSERT_TRUE(this->store().PutCompiled("key", Compiled("cubin")).ok());
  TuningRecord record = MakeRecord({});
  record.winner.silicon_key.clear();
  EXPECT_EQ(ReasonOf(this->store().PutTuning(record).status()), "RECORD_WITHOUT_KEYS");
}

TYPED_TEST(TuningStoreTest, KeepsVendorWinnersWithoutAKernel) {
  ASSERT_TRUE(Put(this->store(), {.provenance = v1::PROVENANCE_VENDOR}).ok());
  const TuningRecord record = this->Get({}).value();
  EXPECT_EQ(record.winner.winner.candidate().vendor().algorithm(), std::string(64, 'a'));
  EXPECT_EQ(record.winner.kernel.content_hash(), "");
}

TYPED_TEST(TuningStoreTest, FindsCompiledCodeByWhatItWasCompiledFrom) {
  std::string cubin(50'000, '\0');
  for (std::size_t i = 0; i < cubin.size(); ++i) cubin[i] = static_cast<char>(i * i >> 3);
  ASSERT_TRUE(this->store().PutCompiled("key", Compiled(cubin)).ok());
  const CompiledCode code = this->store().FindCompiled("key").value().value();
  EXPECT_EQ(code.cubin, cubin);
  EXPECT_EQ(code.seconds, 0);
  ASSERT_EQ(code.entries.size(), 1u);
  EXPECT_EQ(code.entries[0].entry_symbol, "entry");
  EXPECT_EQ(code.entries[0].registers_per_thread, 128);
  EXPECT_EQ(code.entries[0].spill_bytes, 8);
  EXPECT_EQ(code.entries[0].static_shared_memory_bytes, 1024);
  EXPECT_EQ(this->store().GetCubin(Sha256(cubin)).value(), cubin);
}

TYPED_TEST(TuningStoreTest, StoresOneCubinOfTwoSourcesOnce) {
  ASSERT_TRUE(this->store().PutCompiled("one", Compiled("same")).ok());
  ASSERT_TRUE(this->store().PutCompiled("two", Compiled("same")).ok());
  EXPECT_EQ(this->store().Stats().value().kernels(), 1);
  EXPECT_EQ(this->store().FindCompiled("two").value()->cubin, "same");
}

TYPED_TEST(TuningStoreTest, ImportsAllOrNothing) {
  TuningRecord known = MakeRecord({.problem = Gemm(1, 1, 1), .cubin = "a"});
  TuningRecord orphan = MakeRecord({.problem = Gemm(2, 2, 2), .cubin = "missing"});
  EXPECT_EQ(ReasonOf(this->store().PutImport({"a"}, {known, orphan}).status()),
            "KERNEL_NOT_STORED");
  EXPECT_THAT(this->Epochs(), ElementsAre());
  EXPECT_TRUE(absl::IsNotFound(this->store().GetCubin(Sha256("a")).status()));

  EXPECT_THAT(this->store().PutImport({"a", "missing"}, {known, orphan}).value(),
              ElementsAre(1, 2));
  EXPECT_EQ(this->store().GetCubin(Sha256("a")).value(), "a");
}

TYPED_TEST(TuningStoreTest, QuarantinesAKernelOnOneSiliconForOneProblemOrAll) {
  v1::Failure failure;
  failure.set_kind(v1::FAILURE_KIND_OUT_OF_BOUNDS);
  failure.set_message("wrote before D");
  const std::string hash = Sha256("bad");
  const std::string problem = ProblemKey(Gemm(64, 64, 64));
  ASSERT_TRUE(this->store().Quarantine(hash, SiliconKey(H100()), problem, failure).ok());
  const auto found = this->store().FindQuarantined(hash, SiliconKey(H100()), problem).value();
  ASSERT_TRUE(found.has_value());
  EXPECT_TRUE(MessageDifferencer::Equals(*found, failure));
  EXPECT_EQ(this->store().FindQuarantined(hash, SiliconKey(A100()), problem).value(), std::nullopt);
  EXPECT_EQ(this->store().FindQuarantined(Sha256("good"), SiliconKey(H100()), problem).value(),
            std::nullopt);

  failure.set_kind(v1::FAILURE_KIND_TIMEOUT);
  ASSERT_TRUE(this->store().Quarantine(hash, SiliconKey(H100()), problem, failure).ok());
  EXPECT_EQ(this->store().FindQuarantined(hash, SiliconKey(H100()), problem).value()->kind(),
            v1::FAILURE_KIND_TIMEOUT);
  EXPECT_EQ(this->store().Stats().value().quarantined(), 1);
  std::vector<std::tuple<std::string, std::string, std::string>> all;
  ASSERT_TRUE(this->store()
                  .ForEachQuarantined([&](const QuarantineEntry& entry) {
                    all.emplace_back(entry.content_hash, entry.silicon_key, entry.problem_key);
                  })
                  .ok());
  EXPECT_THAT(all, ElementsAre(std::tuple(hash, SiliconKey(H100()), problem)));

  const std::string other = ProblemKey(Gemm(65, 64, 64));
  EXPECT_EQ(this->store().FindQuarantined(hash, SiliconKey(H100()), other).value(), std::nullopt)
      << "it failed at one problem";
  ASSERT_TRUE(this->store().Quarantine(hash, SiliconKey(H100()), "", failure).ok());
  EXPECT_TRUE(this->store().FindQuarantined(hash, SiliconKey(H100()), other).value().has_value());
}

TYPED_TEST(TuningStoreTest, KeepsWhoIsTrustedByName) {
  const TrustedSigner alice = {std::string(64, 'a'), "alice", 1'800'000'000};
  const TrustedSigner bob = {std::string(64, 'b'), "bob", 1'800'000'001};
  EXPECT_TRUE(this->store().Signers()->empty());
  ASSERT_TRUE(this->store().PutSigner(bob).ok());
  ASSERT_TRUE(this->store().PutSigner(alice).ok());
  auto known = this->store().Signers().value();
  ASSERT_EQ(known.size(), 2u);
  EXPECT_EQ(known[0].signer, alice.signer);
  EXPECT_EQ(known[1].display_name, "bob");
  EXPECT_EQ(known[1].trust_seconds, 1'800'000'001);
  EXPECT_EQ(ReasonOf(this->store().PutSigner({bob.signer, "alice", 0})), "NAME_TAKEN");
  ASSERT_TRUE(this->store().PutSigner({bob.signer, "robert", 0}).ok());
  ASSERT_TRUE(this->store().RemoveSigner(alice.signer).ok());
  EXPECT_EQ(ReasonOf(this->store().RemoveSigner(alice.signer)), "SIGNER_NOT_FOUND");
  known = this->store().Signers().value();
  ASSERT_EQ(known.size(), 1u);
  EXPECT_EQ(known[0].display_name, "robert");
}

TYPED_TEST(TuningStoreTest, AdoptsWhatHasNoSigner) {
  ASSERT_TRUE(Put(this->store(), {.provenance = v1::PROVENANCE_IMPORTED}).ok());
  ASSERT_TRUE(Put(this->store(), {.problem = Gemm(64, 64, 64)}).ok());
  const auto adopted = this->store().AdoptWinners("me");
  ASSERT_TRUE(adopted.ok()) << adopted.status();
  ASSERT_EQ(adopted->size(), 1u);
  EXPECT_EQ(adopted->front().winner.epoch(), 1);
  EXPECT_EQ(adopted->front().winner.signer(), "me");
  EXPECT_TRUE(this->store().AdoptWinners("me")->empty());
  const RecordSpec spec;
  const auto record = this->store().GetTuning(EncodeProblem(spec.problem), SiliconKey(spec.silicon),
                                              EnvironmentKey(spec.environment));
  EXPECT_EQ(record->winner.winner.signer(), "me");
}

TYPED_TEST(TuningStoreTest, RemovesWinnersAndRemembersTheirEpochs) {
  ASSERT_TRUE(Put(this->store(), {.cubin = "old"}).ok());
  ASSERT_TRUE(Put(this->store(), {.cubin = "new"}).ok());
  ASSERT_TRUE(Put(this->store(), {.problem = Gemm(64, 64, 64), .cubin = "other"}).ok());
  auto removed = this->store().Remove({1, 2, 77}, /*dry_run=*/true);
  ASSERT_TRUE(removed.ok()) << removed.status();
  EXPECT_THAT(removed->epochs, ElementsAre(1, 2));
  EXPECT_EQ(this->store().Stats()->winners(), 2) << "a dry run changes nothing";

  removed = this->store().Remove({1, 2}, /*dry_run=*/false);
  ASSERT_TRUE(removed.ok()) << removed.status();
  EXPECT_EQ(this->store().Stats()->winners(), 1);
  const RecordSpec spec;
  EXPECT_TRUE(absl::IsNotFound(this->store()
                                   .GetTuning(EncodeProblem(spec.problem), SiliconKey(spec.silicon),
                                              EnvironmentKey(spec.environment))
                                   .status()));
  const auto pruned = this->store().Pruned().value();
  ASSERT_EQ(pruned.size(), 1u);
  EXPECT_EQ(pruned[0].winner_key, MakeRecord({}).winner.winner.key());
  EXPECT_EQ(pruned[0].first, 1);
  EXPECT_EQ(pruned[0].last, 2);
  // Epochs are not given out again, not even that of the newest winner.
  ASSERT_TRUE(this->store().Remove({3}, /*dry_run=*/false).ok());
  EXPECT_EQ(Put(this->store(), {}).value(), 4);
}

TYPED_TEST(TuningStoreTest, PrunesWhatLaterWinnersReplaced) {
  for (int i = 0; i < 30; ++i) {
    ASSERT_TRUE(Put(this->store(), {.cubin = "cubin " + std::to_string(i)}).ok());
  }
  const auto removed = this->store().Prune({});
  ASSERT_TRUE(removed.ok()) << removed.status();
  EXPECT_EQ(removed->superseded, 29);
  EXPECT_EQ(removed->epochs.size(), 29u);
  EXPECT_EQ(this->store().Stats()->winners(), 1);
  EXPECT_EQ(this->store().GetCubin(Sha256("cubin 29")).value(), "cubin 29");
  EXPECT_EQ(this->store().Pruned()->front().last, 29);
}

v1::CreateSweepRequest SweepRequest(const std::string& id, int entries) {
  v1::CreateSweepRequest request;
  request.set_sweep_id(id);
  for (int i = 0; i < entries; ++i) {
    v1::SweepEntry& entry = *request.add_entries();
    entry.set_label("problem " + std::to_string(i));
    *entry.mutable_problem() = Gemm(64 * (i + 1), 64, 64);
  }
  return request;
}

v1::Sweep SweepOf(const v1::CreateSweepRequest& request, v1::WorkState state) {
  v1::Sweep sweep;
  sweep.set_name("sweeps/" + request.sweep_id());
  sweep.set_state(state);
  *sweep.mutable_entries() = request.entries();
  for (v1::SweepEntry& entry : *sweep.mutable_entries()) entry.set_state(v1::WORK_STATE_QUEUED);
  return sweep;
}

TYPED_TEST(TuningStoreTest, SweepsGoOnWhereTheyWere) {
  const v1::CreateSweepRequest request = SweepRequest("llama", 5);
  v1::Sweep sweep = SweepOf(request, v1::WORK_STATE_RUNNING);
  ASSERT_TRUE(this->store().PutSweep(sweep, request).ok());
  sweep.mutable_entries(2)->set_state(v1::WORK_STATE_SUCCEEDED);
  sweep.set_done(1);
  ASSERT_TRUE(this->store().PutSweep(sweep, request).ok());

  EXPECT_TRUE(MessageDifferencer::Equals(this->store().GetSweep("sweeps/llama").value(), sweep));
  const auto unfinished = this->store().UnfinishedSweeps().value();
  ASSERT_EQ(unfinished.size(), 1u);
  EXPECT_TRUE(MessageDifferencer::Equals(unfinished[0], request));
}

TYPED_TEST(TuningStoreTest, FinishedSweepsAreKeptButNotGoneOnWith) {
  for (const auto state :
       {v1::WORK_STATE_SUCCEEDED, v1::WORK_STATE_FAILED, v1::WORK_STATE_CANCELLED,
        v1::WORK_STATE_QUEUED, v1::WORK_STATE_RUNNING}) {
    const auto request = SweepRequest("s" + std::to_string(state), 2);
    ASSERT_TRUE(this->store().PutSweep(SweepOf(request, state), request).ok());
  }
  std::vector<std::string> names;
  const auto unfinished = this->store().UnfinishedSweeps().value();
  for (const auto& request : unfinished) {
    names.push_back(request.sweep_id());
  }
  EXPECT_THAT(names, ElementsAre("s1", "s2"));
  EXPECT_EQ(this->store().GetSweep("sweeps/s3").value().state(), v1::WORK_STATE_SUCCEEDED);
}

TYPED_TEST(TuningStoreTest, AShorterSweepOfTheSameNameReplacesALonger) {
  const auto longer = SweepRequest("s", 5);
  ASSERT_TRUE(this->store().PutSweep(SweepOf(longer, v1::WORK_STATE_RUNNING), longer).ok());
  const auto shorter = SweepRequest("s", 2);
  ASSERT_TRUE(this->store().PutSweep(SweepOf(shorter, v1::WORK_STATE_RUNNING), shorter).ok());
  EXPECT_EQ(this->store().GetSweep("sweeps/s").value().entries_size(), 2);
}

TYPED_TEST(TuningStoreTest, CountsWhatIsStored) {
  EXPECT_EQ(this->store().Stats().value().epoch(), 0);
  ASSERT_TRUE(Put(this->store(), {.create_seconds = 1'600'000'000}).ok());
  ASSERT_TRUE(Put(this->store(), {}).ok());
  ASSERT_TRUE(Put(this->store(), {.problem = Gemm(8, 8, 8), .cubin = "other"}).ok());
  const v1::CacheStats stats = this->store().Stats().value();
  EXPECT_EQ(stats.winners(), 2);
  EXPECT_EQ(stats.kernels(), 2);
  EXPECT_EQ(stats.samples(), 30);
  EXPECT_EQ(stats.epoch(), 3);
  EXPECT_EQ(stats.oldest_winner_time().seconds(), 1'600'000'000);
}

}  // namespace
}  // namespace tilewright
