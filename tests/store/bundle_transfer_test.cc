// Export from one machine's store, import into another's.
#include <string>

#include "gtest/gtest.h"
#include "proto/support/errors.h"
#include "proto/support/sha256.h"
#include "tests/store/store_fixtures.h"
#include "tuner/store/bundle_export.h"
#include "tuner/store/bundle_import.h"
#include "tuner/store/memory_store.h"
#include "tuner/target/target.h"

namespace tilewright {
namespace {

struct Machine {
  void Add(const RecordSpec& spec) {
    StoredWinner winner = MakeRecord(spec).winner;
    winner.winner.set_epoch(Put(store, spec).value());
    index.Insert(std::move(winner));
  }
  // What is served for `spec`.
  IndexHit Find(const RecordSpec& spec) const { return index.Find(QueryOf(spec)); }

  MemoryStore store;
  WinnerIndex index;
};

// Through the bytes of a bundle, as between two machines.
ImportCounts Transfer(Machine& from, Machine& to) {
  const BundleContents contents = CollectForExport(from.store, from.index, {}).value();
  const std::string bundle = WriteBundle(contents, std::string(32, 'k')).value();
  return ImportRecords(to.store, to.index, ReadBundle(bundle).value()).value();
}

TEST(BundleTransferTest, WinnersArriveAsImportedWithTheirKernels) {
  Machine from;
  from.Add({.cubin = "a"});
  from.Add({.problem = Gemm(8, 8, 8), .cubin = "a"});
  Machine to;
  const ImportCounts counts = Transfer(from, to);
  EXPECT_EQ(counts.winners_imported, 2);
  EXPECT_EQ(counts.winners_kept, 0);
  EXPECT_EQ(counts.kernels_imported, 1);
  const IndexHit hit = to.Find({});
  EXPECT_EQ(hit.match, v1::MATCH_EXACT);
  EXPECT_EQ(hit.winner->winner.provenance(), v1::PROVENANCE_IMPORTED);
  EXPECT_EQ(to.store.GetCubin(hit.winner->kernel.content_hash()).value(), "a");
  const TuningRecord record = to.store
                                  .GetTuning(hit.winner->problem_encoding, hit.winner->silicon_key,
                                             hit.winner->environment_key)
                                  .value();
  EXPECT_EQ(record.winner.winner.provenance(), v1::PROVENANCE_IMPORTED);
  EXPECT_EQ(record.candidates.size(), 3u);
}

TEST(BundleTransferTest, TheSameBundleTwiceChangesNothing) {
  Machine from;
  from.Add({});
  Machine to;
  Transfer(from, to);
  const ImportCounts again = Transfer(from, to);
  EXPECT_EQ(again.winners_imported, 0);
  EXPECT_EQ(again.winners_kept, 1);
  EXPECT_EQ(to.index.epoch(), 1);
}

TEST(BundleTransferTest, WhatWasMeasuredHereIsKept) {
  Machine from;
  from.Add({.cubin = "theirs", .create_seconds = 2'000'000'000});
  for (const auto provenance : {v1::PROVENANCE_MEASURED, v1::PROVENANCE_VENDOR}) {
    Machine to;
    to.Add({.cubin = "ours", .provenance = provenance});
    const ImportCounts counts = Transfer(from, to);
    EXPECT_EQ(counts.winners_kept, 1);
    EXPECT_EQ(counts.kernels_imported, 0);
    EXPECT_EQ(to.Find({}).winner->winner.provenance(), provenance);
    EXPECT_TRUE(absl::IsNotFound(to.store.GetCubin(Sha256("theirs")).status()));
  }
}

TEST(BundleTransferTest, ANewerImportReplacesAnOlderOneOnly) {
  Machine older;
  older.Add({.cubin = "older", .create_seconds = 1'000});
  Machine newer;
  newer.Add({.cubin = "newer", .create_seconds = 2'000});
  Machine to;
  EXPECT_EQ(Transfer(older, to).winners_imported, 1);
  EXPECT_EQ(Transfer(newer, to).winners_imported, 1);
  EXPECT_EQ(to.Find({}).winner->kernel.content_hash(), Sha256("newer"));
  EXPECT_EQ(Transfer(older, to).winners_kept, 1);
  EXPECT_EQ(to.Find({}).winner->kernel.content_hash(), Sha256("newer"));
}

TEST(BundleTransferTest, AnImportReplacesAPredictionUnlessItIsOne) {
  Machine measured;
  measured.Add({.cubin = "measured"});
  Machine predicted;
  predicted.Add({.cubin = "predicted", .provenance = v1::PROVENANCE_PREDICTED});
  Machine to;
  to.Add({.cubin = "ours", .provenance = v1::PROVENANCE_PREDICTED});
  EXPECT_EQ(Transfer(predicted, to).winners_kept, 1);
  EXPECT_EQ(Transfer(measured, to).winners_imported, 1);
  EXPECT_EQ(to.Find({}).winner->kernel.content_hash(), Sha256("measured"));
}

TEST(BundleTransferTest, AnImportedPredictionIsNotServedAsMeasured) {
  Machine from;
  from.Add({.provenance = v1::PROVENANCE_PREDICTED});
  Machine to;
  Transfer(from, to);
  const IndexHit hit = to.Find({});
  EXPECT_EQ(hit.match, v1::MATCH_PREDICTED);
  EXPECT_EQ(hit.winner->winner.provenance(), v1::PROVENANCE_IMPORTED);
  EXPECT_FALSE(hit.winner->winner.candidate().has_measurement());
}

TEST(BundleTransferTest, ExportsTheNewestOfTheKeysAsked) {
  Machine from;
  from.Add({.cubin = "old"});
  from.Add({.cubin = "new"});
  from.Add({.problem = Gemm(8, 8, 8), .cubin = "other"});
  const std::string key = MakeRecord({}).winner.winner.key();
  const BundleContents contents = CollectForExport(from.store, from.index, {key}).value();
  ASSERT_EQ(contents.records.size(), 1u);
  EXPECT_EQ(contents.cubins, std::vector<std::string>{"new"});
}

TEST(BundleTransferTest, AKernelThatFailedHereIsNotTakenIn) {
  Machine from;
  from.Add({.cubin = "bad"});
  from.Add({.problem = Gemm(8, 8, 8), .cubin = "good"});
  Machine to;
  ASSERT_TRUE(to.store.Quarantine(Sha256("bad"), SiliconKey(H100()), "", v1::Failure()).ok());
  const ImportCounts counts = Transfer(from, to);
  EXPECT_EQ(counts.winners_imported, 1);
  EXPECT_EQ(counts.winners_quarantined, 1);
  EXPECT_EQ(counts.kernels_imported, 1);
  EXPECT_TRUE(absl::IsNotFound(to.store.GetCubin(Sha256("bad")).status()));
}

TEST(BundleTransferTest, LeavesVendorWinnersOut) {
  Machine from;
  from.Add({.provenance = v1::PROVENANCE_VENDOR});
  EXPECT_TRUE(absl::IsNotFound(CollectForExport(from.store, from.index, {}).status()));
  from.Add({.problem = Gemm(8, 8, 8)});
  EXPECT_EQ(CollectForExport(from.store, from.index, {}).value().records.size(), 1u);
}

TEST(BundleTransferTest, AnUnknownKeyIsNotFound) {
  Machine from;
  from.Add({});
  const absl::Status status = CollectForExport(from.store, from.index, {"nothing"}).status();
  EXPECT_TRUE(absl::IsNotFound(status));
  EXPECT_EQ(ReasonOf(status), "NO_WINNER");
}

}  // namespace
}  // namespace tilewright
