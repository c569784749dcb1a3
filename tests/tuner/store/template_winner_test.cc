// The template beside a vendor's winner, through the store, the index and a bundle.
#include "tuner/store/template_winner.h"

#include <string>

#include "gtest/gtest.h"
#include "proto/support/errors.h"
#include "proto/support/sha256.h"
#include "tests/fakes/memory_store.h"
#include "tests/tuner/store/store_fixtures.h"
#include "tuner/store/bundle/bundle_export.h"
#include "tuner/store/bundle/bundle_import.h"
#include "tuner/store/database/sqlite_store.h"

namespace tilewright {
namespace {

constexpr double kVendorSeconds = 1e-4;
constexpr double kTemplateSeconds = 2e-4;

// A vendor's algorithm won; the kernel `cubin` was the best template.
TuningRecord VendorRecord(const std::string& cubin) {
  const TuningRecord best = MakeRecord({.cubin = cubin, .seconds = kTemplateSeconds});
  TuningRecord record =
      MakeRecord({.provenance = v1::PROVENANCE_VENDOR, .seconds = kVendorSeconds});
  record.winner.kernel = best.winner.kernel;
  record.winner.fallback = best.winner.winner.candidate();
  return record;
}

struct Machine {
  void Add(TuningRecord record, const std::string& cubin) {
    ASSERT_TRUE(store.PutCompiled(Sha256("key of " + cubin), Compiled(cubin)).ok());
    record.winner.winner.set_epoch(store.PutTuning(record).value());
    index.Insert(std::move(record.winner));
  }

  MemoryStore store;
  WinnerIndex index;
};

TEST(TemplateWinnerTest, IsTheTemplateWithItsOwnTimes) {
  const auto served = TemplateWinner(VendorRecord("best").winner);
  ASSERT_TRUE(served.has_value());
  EXPECT_FALSE(IsVendor(*served));
  EXPECT_EQ(served->winner.provenance(), v1::PROVENANCE_MEASURED);
  EXPECT_EQ(served->winner.candidate().measurement().median_seconds(), kTemplateSeconds);
  EXPECT_DOUBLE_EQ(served->winner.margin(), kVendorSeconds / kTemplateSeconds - 1);
  EXPECT_EQ(served->kernel.content_hash(), Sha256("best"));
}

TEST(TemplateWinnerTest, OneThatNeverRanIsPredicted) {
  StoredWinner winner = VendorRecord("best").winner;
  winner.fallback.clear_measurement();
  EXPECT_EQ(TemplateWinner(winner)->winner.provenance(), v1::PROVENANCE_PREDICTED);
}

TEST(TemplateWinnerTest, ThereIsNoneWhereNoTemplateWasSound) {
  const StoredWinner vendor = MakeRecord({.provenance = v1::PROVENANCE_VENDOR}).winner;
  EXPECT_FALSE(TemplateWinner(vendor).has_value());
  EXPECT_TRUE(TemplateWinner(MakeRecord({}).winner).has_value());
}

TEST(TemplateWinnerTest, AStoreKeepsItAcrossARestart) {
  const TemporaryDirectory directory;
  const TuningRecord record = VendorRecord("best");
  const StoredWinner& winner = record.winner;
  {
    auto store = SqliteStore::Open(directory / "cache");
    ASSERT_TRUE(store.ok()) << store.status();
    EXPECT_EQ(ReasonOf((*store)->PutTuning(record).status()), "KERNEL_NOT_STORED");
    ASSERT_TRUE((*store)->PutCompiled("key", Compiled("best")).ok());
    ASSERT_TRUE((*store)->PutTuning(record).ok());
  }
  auto store = SqliteStore::Open(directory / "cache");
  ASSERT_TRUE(store.ok()) << store.status();
  const auto read =
      (*store)->GetTuning(winner.problem_encoding, winner.silicon_key, winner.environment_key);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->winner.winner.provenance(), v1::PROVENANCE_VENDOR);
  EXPECT_EQ(read->winner.kernel.content_hash(), Sha256("best"));
  EXPECT_EQ(read->winner.fallback.measurement().median_seconds(), kTemplateSeconds);
  WinnerIndex index;
  ASSERT_TRUE(index.Load(**store).ok());
  const IndexHit hit = index.Find(QueryOf({}));
  ASSERT_NE(hit.winner, nullptr);
  EXPECT_TRUE(IsVendor(*hit.winner));
  EXPECT_TRUE(TemplateWinner(*hit.winner).has_value());
}

TEST(TemplateWinnerTest, AKernelThatIsNotTheFallbacksIsRefused) {
  MemoryStore store;
  ASSERT_TRUE(store.PutCompiled("key", Compiled("best")).ok());
  TuningRecord record = VendorRecord("best");
  record.winner.fallback.set_content_hash(Sha256("another"));
  EXPECT_EQ(ReasonOf(store.PutTuning(record).status()), "RECORD_WITHOUT_KERNEL");
}

TEST(TemplateWinnerTest, ServesWhereTheAlgorithmCannot) {
  Machine machine;
  machine.Add(VendorRecord("best"), "best");
  const WinnerIndex& index = machine.index;
  EXPECT_TRUE(IsVendor(*index.Find(QueryOf({})).winner));
  EXPECT_TRUE(IsVendor(*index.Find(QueryOf({.environment = Driver(1)})).winner));

  const IndexHit similar = index.Find(QueryOf({.silicon = H200()}));
  EXPECT_EQ(similar.match, v1::MATCH_SIMILAR_SILICON);
  EXPECT_FALSE(IsVendor(*similar.winner));

  const IndexHit near = index.Find(QueryOf({.problem = Gemm(1024, 1024, 2048)}));
  EXPECT_EQ(near.match, v1::MATCH_NEAREST_PROBLEM);
  EXPECT_FALSE(IsVendor(*near.winner));

  IndexQuery pinned = QueryOf({});
  pinned.pinned_content_hash = Sha256("best");
  const IndexHit locked = index.Find(pinned);
  EXPECT_EQ(locked.match, v1::MATCH_EXACT);
  EXPECT_EQ(locked.winner->kernel.content_hash(), Sha256("best"));
  EXPECT_FALSE(IsVendor(*locked.winner));
}

TEST(TemplateWinnerTest, TravelsInABundleInPlaceOfTheAlgorithm) {
  Machine from;
  from.Add(VendorRecord(Stub("best")), Stub("best"));
  const BundleContents contents = CollectForExport(from.store, from.index, {}).value();
  const std::string bundle = WriteBundle(contents, std::string(32, 'k')).value();
  Machine to;
  const BundleContents read = ReadBundle(bundle).value();
  to.index.SetTrusted(read.signer, true);
  const ImportCounts counts = ImportRecords(to.store, to.index, read, {.now = absl::Now()}).value();
  EXPECT_EQ(counts.winners_imported, 1);
  const IndexHit hit = to.index.Find(QueryOf({}));
  ASSERT_NE(hit.winner, nullptr);
  EXPECT_EQ(hit.winner->winner.provenance(), v1::PROVENANCE_IMPORTED);
  EXPECT_FALSE(IsVendor(*hit.winner));
  EXPECT_EQ(to.store.GetCubin(Sha256(Stub("best"))).value(), Stub("best"));
}

}  // namespace
}  // namespace tilewright
