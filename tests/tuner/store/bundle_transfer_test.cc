// Export from one machine's store, import into another's.
#include <climits>
#include <cmath>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "proto/support/errors.h"
#include "proto/support/export_summary.h"
#include "proto/support/sha256.h"
#include "tests/fakes/memory_store.h"
#include "tests/fakes/stub_cubin.h"
#include "tests/tuner/store/store_fixtures.h"
#include "tuner/store/bundle/bundle_export.h"
#include "tuner/store/bundle/bundle_import.h"
#include "tuner/target/target.h"

namespace tilewright {
namespace {

// After every record of these tests was made.
const absl::Time kNow = absl::FromUnixSeconds(2'100'000'000);

struct Machine {
  // Of the stub with the spec's label.
  void Add(RecordSpec spec) {
    spec.cubin = Stub(spec.cubin);
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
  const BundleContents read = ReadBundle(bundle).value();
  to.index.SetTrusted(read.signer, true);
  return ImportRecords(to.store, to.index, read, {.now = kNow}).value();
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
  EXPECT_EQ(to.store.GetCubin(hit.winner->kernel.content_hash()).value(), Stub("a"));
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
    EXPECT_TRUE(absl::IsNotFound(to.store.GetCubin(Sha256(Stub("theirs"))).status()));
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
  EXPECT_EQ(to.Find({}).winner->kernel.content_hash(), Sha256(Stub("newer")));
  EXPECT_EQ(Transfer(older, to).winners_kept, 1);
  EXPECT_EQ(to.Find({}).winner->kernel.content_hash(), Sha256(Stub("newer")));
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
  EXPECT_EQ(to.Find({}).winner->kernel.content_hash(), Sha256(Stub("measured")));
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
  EXPECT_EQ(contents.cubins, std::vector<std::string>{Stub("new")});
}

TEST(BundleTransferTest, AKernelThatFailedHereIsNotTakenIn) {
  Machine from;
  from.Add({.cubin = "bad"});
  from.Add({.problem = Gemm(8, 8, 8), .cubin = "good"});
  Machine to;
  ASSERT_TRUE(to.store.Quarantine(Sha256(Stub("bad")), SiliconKey(H100()), "", v1::Failure()).ok());
  const ImportCounts counts = Transfer(from, to);
  EXPECT_EQ(counts.winners_imported, 1);
  EXPECT_EQ(counts.winners_quarantined, 1);
  EXPECT_EQ(counts.kernels_imported, 1);
  EXPECT_TRUE(absl::IsNotFound(to.store.GetCubin(Sha256(Stub("bad"))).status()));
}

TEST(BundleTransferTest, SaysWhatWasLeftOutAndWhy) {
  Machine sender;
  sender.Add({.problem = Gemm(8, 8, 8), .cubin = "theirs"});
  Machine from;
  Transfer(sender, from);
  from.Add({.cubin = "ours"});
  from.Add({.problem = Gemm(8, 8, 16), .provenance = v1::PROVENANCE_VENDOR});
  // One that could not be stored: the index alone has it.
  from.index.Insert(MakeRecord({.problem = Gemm(8, 8, 24), .cubin = Stub("unstored")}).winner);
  v1::ExportSummary summary;
  const auto collect = [&] {
    return CollectForExport(from.store, from.index, {}, kMaxBundleBytes, &summary);
  };
  ASSERT_TRUE(collect().ok());
  EXPECT_EQ(summary.winners(), 2);
  EXPECT_EQ(summary.kernels(), 2);
  EXPECT_EQ(summary.signer_not_trusted(), 0);
  EXPECT_EQ(summary.vendor_only(), 1);
  EXPECT_EQ(summary.not_stored(), 1);
  EXPECT_EQ(LeftOut(summary), 2);

  const std::string signer = from.Find({.problem = Gemm(8, 8, 8)}).winner->winner.signer();
  ASSERT_FALSE(signer.empty());
  from.index.SetTrusted(signer, false);
  ASSERT_TRUE(collect().ok());
  EXPECT_EQ(summary.winners(), 1);
  EXPECT_EQ(summary.signer_not_trusted(), 1);
  EXPECT_EQ(DescribeLeftOut(summary),
            "left out 3 winners: 1 cublasLt algorithm without a sound template; 1 whose "
            "signer is not trusted here (`tilewright trust list` shows the signers); 1 served but "
            "not stored yet (try again when the disk accepts writes)");
}

TEST(BundleTransferTest, AnExportOfNothingSaysWhy) {
  Machine from;
  from.Add({.provenance = v1::PROVENANCE_VENDOR});
  const absl::Status status = CollectForExport(from.store, from.index, {}).status();
  EXPECT_EQ(ReasonOf(status), "NO_WINNER");
  EXPECT_EQ(status.message(),
            "there is no winner to export: left out 1 winner: 1 cublasLt algorithm without a sound "
            "template");
  from.Add({.problem = Gemm(8, 8, 16), .provenance = v1::PROVENANCE_VENDOR});
  EXPECT_EQ(CollectForExport(from.store, from.index, {}).status().message(),
            "there is no winner to export: left out 2 winners: 2 cublasLt algorithms without a "
            "sound template");
}

// The older record that is stored for its target was exported in its place.
TEST(BundleTransferTest, AWinnerThatIsNotStoredYetIsNotReplacedByAnOlderOne) {
  Machine from;
  from.Add({.cubin = "older"});
  from.Add({.problem = Gemm(8, 8, 8)});
  const std::string hash = Sha256(Stub("older"));
  const std::string silicon = SiliconKey(H100());
  from.index.Quarantine({.content_hash = hash, .silicon_key = silicon, .problem_key = ""});
  from.index.Insert(MakeRecord({.cubin = Stub("unstored")}).winner);
  ASSERT_EQ(from.Find({}).winner->winner.epoch(), 0);
  v1::ExportSummary summary;
  const auto contents = CollectForExport(from.store, from.index, {}, kMaxBundleBytes, &summary);
  ASSERT_TRUE(contents.ok()) << contents.status();
  EXPECT_EQ(contents->records.size(), 1u);
  EXPECT_EQ(summary.winners(), 1);
  EXPECT_EQ(summary.not_stored(), 1);
}

// Reads fail as a disk or a database does that cannot be read now.
class FailingStore final : public MemoryStore {
 public:
  absl::StatusOr<TuningRecord> GetTuning(const std::string& problem_encoding,
                                         const std::string& silicon_key,
                                         const std::string& environment_key) override {
    if (!tuning_failure.ok()) return tuning_failure;
    return MemoryStore::GetTuning(problem_encoding, silicon_key, environment_key);
  }
  absl::StatusOr<std::string> GetCubin(const std::string& content_hash) override {
    if (!cubin_failure.ok()) return cubin_failure;
    return MemoryStore::GetCubin(content_hash);
  }

  absl::Status tuning_failure;
  absl::Status cubin_failure;
};

TEST(BundleTransferTest, OnlyDamageIsLeftOutAndAnyOtherErrorEndsTheExport) {
  FailingStore store;
  WinnerIndex index;
  StoredWinner winner = MakeRecord({.cubin = Stub("a")}).winner;
  winner.winner.set_epoch(Put(store, {.cubin = Stub("a")}).value());
  index.Insert(winner);
  for (absl::Status* failure : {&store.tuning_failure, &store.cubin_failure}) {
    const auto reason_with = [&](const absl::Status& status) {
      *failure = status;
      const absl::Status exported = CollectForExport(store, index, {}).status();
      *failure = absl::OkStatus();
      return ReasonOf(exported);
    };
    EXPECT_EQ(reason_with(MakeError(absl::StatusCode::kFailedPrecondition, "DISK_FAILING", "")),
              "DISK_FAILING");
    EXPECT_EQ(reason_with(MakeError(absl::StatusCode::kResourceExhausted, "NO_DESCRIPTOR", "")),
              "NO_DESCRIPTOR");
    EXPECT_EQ(reason_with(MakeError(absl::StatusCode::kDataLoss, "CUBIN_DAMAGED", "")),
              "NO_WINNER");
    EXPECT_EQ(reason_with(MakeError(absl::StatusCode::kNotFound, "GONE", "")), "NO_WINNER");
  }
}

TEST(BundleTransferTest, LeavesVendorWinnersOut) {
  Machine from;
  from.Add({.provenance = v1::PROVENANCE_VENDOR});
  EXPECT_TRUE(absl::IsNotFound(CollectForExport(from.store, from.index, {}).status()));
  from.Add({.problem = Gemm(8, 8, 8)});
  EXPECT_EQ(CollectForExport(from.store, from.index, {}).value().records.size(), 1u);
}

// What a signed bundle may claim, and which field the refusal has to name.
TEST(BundleTransferTest, RecordsThatCannotBeWhatTheySayAreRefusedAndNamed) {
  using Change = std::function<void(TuningRecord&, std::string&)>;
  const double kNan = std::nan("");
  const auto winner = [](auto change) {
    return [change](TuningRecord& record, std::string&) { change(record.winner.winner); };
  };
  const auto silicon = [](auto change) {
    return [change](TuningRecord& record, std::string&) {
      change(*record.winner.winner.mutable_target()->mutable_silicon());
    };
  };
  const auto plan = [](auto change) {
    return [change](TuningRecord& record, std::string&) {
      change(*record.winner.kernel.mutable_launch_plan());
    };
  };
  const auto measurement = [&](auto change) {
    return winner([change](auto& w) { change(*w.mutable_candidate()->mutable_measurement()); });
  };
  const std::vector<std::pair<std::string, Change>> faults = {
      {"launch_plan.steps", plan([](auto& p) { p.clear_steps(); })},
      {"launch_plan.steps[0].tile_m", plan([](auto& p) { p.mutable_steps(0)->set_tile_m(0); })},
      {"launch_plan.steps[0].tile_n", plan([](auto& p) { p.mutable_steps(0)->set_tile_n(-5); })},
      {"launch_plan.requirements.k_divisor",
       plan([](auto& p) { p.mutable_requirements()->set_k_divisor(INT_MAX); })},
      {"gemm.m", plan([](auto& p) { p.mutable_requirements()->set_m_divisor(4096); })},
      {"gemm.n", plan([](auto& p) { p.mutable_requirements()->set_n_limit(8); })},
      {"launch_plan.workspace.partial_copies",
       plan([](auto& p) { p.mutable_workspace()->set_partial_copies(1 << 30); })},
      {"winner.candidate.measurement.median_seconds",
       measurement([&](auto& m) { m.set_median_seconds(kNan); })},
      {"winner.candidate.measurement.median_seconds",
       measurement([](auto& m) { m.set_median_seconds(-1); })},
      {"winner.candidate.measurement.seconds", measurement([](auto& m) { m.add_seconds(-1e-4); })},
      {"winner.candidate.measurement.median_seconds", measurement([](auto& m) {
         m.clear_seconds();
         m.set_median_seconds(1e-12);
       })},
      {"winner.vendor_best_seconds", winner([](auto& w) { w.set_vendor_best_seconds(INFINITY); })},
      {"winner.margin", winner([&](auto& w) { w.set_margin(kNan); })},
      {"winner.provenance", winner([](auto& w) { w.clear_provenance(); })},
      {"winner.create_time",
       winner([](auto& w) { w.mutable_create_time()->set_seconds(4'000'000'000); })},
      {"winner.create_time",
       winner([](auto& w) { w.mutable_create_time()->set_seconds(INT64_MAX); })},
      {"winner.candidate", winner([](auto& w) { w.mutable_candidate()->clear_content_hash(); })},
      {"winner.target.silicon.sm_count", silicon([](auto& s) { s.set_sm_count(-1); })},
      {"winner.target.silicon.dram_bytes_per_second",
       silicon([&](auto& s) { s.set_dram_bytes_per_second(kNan); })},
      {"architecture", silicon([](auto& s) { s.set_compute_capability(80); })},
      {"candidates[1].measurement.median_seconds",
       [&](TuningRecord& record, std::string&) {
         record.candidates[1].mutable_measurement()->set_median_seconds(kNan);
       }},
      {"cubin",
       [](TuningRecord&, std::string& cubin) {
         cubin = "fifty-two bytes of text, which is no native code....";
       }},
      {"cubin",
       [](TuningRecord&, std::string& cubin) { cubin = StubCubin("x", "sm_80", {"any"}); }},
      {"cubin",
       [](TuningRecord&, std::string& cubin) { cubin = StubCubin("x", "sm_90a", {"any"}); }},
  };
  for (const auto& [field, change] : faults) {
    RecordSpec spec;
    spec.cubin = Stub("a");
    TuningRecord record = MakeRecord(spec);
    change(record, spec.cubin);
    const std::string hash = Sha256(spec.cubin);
    record.winner.kernel.set_content_hash(hash);
    if (!record.winner.winner.candidate().content_hash().empty()) {
      record.winner.winner.mutable_candidate()->set_content_hash(hash);
    }
    BundleContents contents;
    contents.records = {MakeRecord({.problem = Gemm(64, 64, 64), .cubin = Stub("b")}), record};
    contents.cubins = {Stub("b"), spec.cubin};
    const std::string bundle = WriteBundle(contents, std::string(32, 'k')).value();
    Machine to;
    const absl::Status status =
        ImportRecords(to.store, to.index, ReadBundle(bundle).value(), {.now = kNow}).status();
    SCOPED_TRACE(status);
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << field;
    EXPECT_EQ(ReasonOf(status), "BUNDLE_INVALID");
    const auto info = ErrorInfoOf(status);
    ASSERT_TRUE(info);
    EXPECT_EQ(info->metadata().at("record"), "1");
    if (field != "architecture") {
      EXPECT_EQ(info->metadata().at("field"), field);
    }
    EXPECT_EQ(to.index.size(), 0u) << "nothing of a refused bundle is stored";
  }
}

TEST(BundleTransferTest, AnUnknownKeyIsNotFound) {
  Machine from;
  from.Add({});
  const absl::Status status = CollectForExport(from.store, from.index, {"nothing"}).status();
  EXPECT_TRUE(absl::IsNotFound(status));
  EXPECT_EQ(ReasonOf(status), "NO_WINNER");
}

// Signed by this machine, they would be trusted wherever this machine is.
TEST(BundleExportTest, LeavesOutWhatNobodyHereTrusts) {
  MemoryStore store;
  WinnerIndex index;
  for (const char* signer : {"", "somebody"}) {
    const RecordSpec spec = {.problem = Gemm(*signer == 0 ? 64 : 128, 64, 64),
                             .provenance = v1::PROVENANCE_IMPORTED};
    ASSERT_TRUE(store.PutCompiled("key", Compiled(spec.cubin)).ok());
    TuningRecord record = MakeRecord(spec);
    record.winner.winner.set_signer(signer);
    record.winner.winner.set_epoch(store.PutTuning(record).value());
    index.Insert(record.winner);
  }
  EXPECT_EQ(ReasonOf(CollectForExport(store, index, {}).status()), "NO_WINNER");
  index.SetTrusted("somebody", true);
  const auto contents = CollectForExport(store, index, {});
  ASSERT_TRUE(contents.ok()) << contents.status();
  EXPECT_EQ(contents->records.size(), 1u);
  EXPECT_EQ(contents->records.front().winner.winner.signer(), "somebody");
}

}  // namespace
}  // namespace tilewright
