// What released versions wrote: problems keep their keys, databases are brought up to date and
// served, bundles are imported.
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "proto/problem/problem.h"
#include "proto/support/errors.h"
#include "proto/support/sha256.h"
#include "tests/fakes/memory_store.h"
#include "tests/tuner/store/store_fixtures.h"
#include "tuner/search/competing_templates.h"
#include "tuner/store/bundle/bundle.h"
#include "tuner/store/bundle/bundle_import.h"
#include "tuner/store/database/sqlite_store.h"
#include "tuner/store/index/winner_index.h"
#include "tuner/store/packed_winner.h"
#include "tuner/store/upgrade_v1.h"
#include "tuner/target/target.h"

namespace tilewright {
namespace {

std::string Golden(const std::string& name) {
  return std::string(TILEWRIGHT_GOLDEN) + "/v0.1/" + name;
}

v1::Problem Parse(const std::string& text) {
  v1::Problem problem;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &problem)) << text;
  return problem;
}

TEST(GoldenTest, ProblemsKeepTheirKeys) {
  std::ifstream file(Golden("problem_keys.txt"));
  std::string line;
  std::getline(file, line);  // The heading.
  int count = 0;
  while (std::getline(file, line)) {
    std::istringstream words(line);
    std::string key;
    std::string family;
    std::string text;
    words >> key >> family;
    std::getline(words, text);
    const auto canonical = Canonicalize(Parse(text));
    ASSERT_TRUE(canonical.ok()) << canonical.status();
    EXPECT_EQ(ToHex(ProblemKey(*canonical)), key) << text;
    // Kernels of version 0.1 count in 32 bits near the limit: sizes there are a family that none of
    // them is in.
    const bool near_limit = text.find("m: 2147483647") != std::string::npos;
    EXPECT_EQ(ToHex(ShapelessKey(*canonical)) == family, !near_limit) << text;
    ++count;
  }
  EXPECT_EQ(count, 37);
}

class GoldenDatabaseTest : public testing::Test {
 protected:
  GoldenDatabaseTest() {
    chmod(directory_.path().c_str(), 0750);
    std::filesystem::copy_file(Golden("tilewright.db"), directory_ / "tilewright.db");
  }

  std::unique_ptr<SqliteStore> Open() {
    auto store = SqliteStore::Open(directory_.path());
    EXPECT_TRUE(store.ok()) << store.status();
    return store.ok() ? *std::move(store) : nullptr;
  }

  static IndexQuery QueryFor(const std::string& problem) {
    IndexQuery query;
    query.problem = Canonicalize(Parse(problem)).value();
    query.silicon = FindTargetProfile("h100-sxm").value();
    query.environment = Driver(13000);
    return query;
  }

  const TemporaryDirectory directory_;
};

TEST_F(GoldenDatabaseTest, IsServedAsItWasExactly) {
  const auto store = Open();
  ASSERT_NE(store, nullptr);
  EXPECT_EQ(store->recovery_note(), "");
  WinnerIndex index;
  ASSERT_TRUE(index.Load(*store).ok());
  EXPECT_EQ(index.size(), 8u);
  EXPECT_EQ(index.epoch(), 9);
  const std::map<std::string, v1::Provenance> expected = {
      {"gemm { m: 8192 n: 6144 k: 4096 }", v1::PROVENANCE_MEASURED},
      {"fused_dropout { rows: 8192 columns: 5120 operation: DROPOUT_OPERATION_DROPOUT"
       " dropout { probability: 0.1 } }",
       v1::PROVENANCE_MEASURED},
      {"gemm { m: 1024 n: 4096 k: 16384 a_layout: OPERAND_LAYOUT_TRANSPOSED"
       " b_layout: OPERAND_LAYOUT_NORMAL d_type: DATA_TYPE_FP32 }",
       v1::PROVENANCE_VENDOR},
      {"gemm { m: 1 n: 1 k: 1 }", v1::PROVENANCE_VENDOR},
      {"gemm { m: 64 n: 64 k: 64 batch: 12 }", v1::PROVENANCE_IMPORTED},
  };
  for (const auto& [problem, provenance] : expected) {
    const IndexHit hit = index.Find(QueryFor(problem));
    ASSERT_NE(hit.winner, nullptr) << problem;
    EXPECT_EQ(hit.match, v1::MATCH_EXACT) << problem;
    EXPECT_EQ(hit.winner->winner.provenance(), provenance) << problem;
    const std::string& hash = hit.winner->kernel.content_hash();
    EXPECT_TRUE(hash.empty() || store->GetCubin(hash).ok()) << problem;
    const auto record = store->GetTuning(hit.winner->problem_encoding, hit.winner->silicon_key,
                                         hit.winner->environment_key);
    ASSERT_TRUE(record.ok()) << record.status();
    EXPECT_EQ(record->candidates.size(), 3u);
    EXPECT_EQ(record->legal_configs, 321);
  }
  // The newest epoch of two.
  EXPECT_EQ(index.Find(QueryFor("gemm { m: 8192 n: 6144 k: 4096 }")).winner->winner.epoch(), 5);
  IndexQuery pinned = QueryFor("gemm { m: 8192 n: 6144 k: 4096 }");
  pinned.pinned_epoch = 4;
  EXPECT_EQ(index.Find(pinned).winner->winner.epoch(), 1);
}

TEST_F(GoldenDatabaseTest, KeepsQuarantineAndSweeps) {
  const auto store = Open();
  ASSERT_NE(store, nullptr);
  const auto failure =
      store->FindQuarantined(Sha256("a kernel that was wrong"),
                             SiliconKey(FindTargetProfile("h100-sxm").value()), "any problem");
  ASSERT_TRUE(failure.ok() && failure->has_value());
  EXPECT_EQ((*failure)->message(), "differs from the reference");
  const auto unfinished = store->UnfinishedSweeps();
  ASSERT_TRUE(unfinished.ok());
  ASSERT_EQ(unfinished->size(), 1u);
  EXPECT_EQ(unfinished->front().sweep_id(), "night");
  EXPECT_EQ(store->GetSweep("sweeps/night")->done(), 1);
}

// The templates of that version are known one by one: what is unchanged is not measured again.
TEST_F(GoldenDatabaseTest, WinnersKnowTheTemplatesOfTheirVersion) {
  const auto store = Open();
  ASSERT_NE(store, nullptr);
  WinnerIndex index;
  ASSERT_TRUE(index.Load(*store).ok());
  const auto names = [&](const std::string& problem) {
    std::set<std::string> found;
    for (const auto& digest : index.Find(QueryFor(problem)).winner->winner.template_digests()) {
      EXPECT_EQ(digest.digest().size(), 64u);
      found.insert(digest.template_name());
    }
    return found;
  };
  EXPECT_THAT(names("gemm { m: 8192 n: 6144 k: 4096 }"),
              testing::ElementsAre("gemm_simt", "gemm_sm80", "gemm_sm90"));
  EXPECT_THAT(names("fused_dropout { rows: 8192 columns: 5120 operation: DROPOUT_OPERATION_DROPOUT"
                    " dropout { probability: 0.1 } }"),
              testing::ElementsAre("fused_dropout"));
}

TEST(HasOtherCompetitorsTest, AskForAChangeOfWhatCompetes) {
  v1::Winner winner;
  *winner.mutable_problem() = Gemm(512, 512, 512);
  *winner.mutable_target()->mutable_silicon() = FindTargetProfile("h100-sxm").value();
  EXPECT_TRUE(HasOtherCompetitors(winner)) << "nothing is known of them";
  for (const auto& digest : CompetingTemplates(winner.problem(), winner.target().silicon())) {
    *winner.add_template_digests() = digest;
  }
  ASSERT_GE(winner.template_digests_size(), 2);
  EXPECT_FALSE(HasOtherCompetitors(winner));
  v1::TemplateDigest& more = *winner.add_template_digests();
  more.set_template_name("gemm_of_the_past");
  EXPECT_FALSE(HasOtherCompetitors(winner)) << "one that does not compete any more";
  v1::Winner changed = winner;
  changed.mutable_template_digests(0)->set_digest("another");
  EXPECT_TRUE(HasOtherCompetitors(changed));
  v1::Winner fewer = winner;
  fewer.mutable_template_digests()->DeleteSubrange(0, 1);
  EXPECT_TRUE(HasOtherCompetitors(fewer)) << "one that did not compete then";
}

// A program of that version can be given back what it wrote.
TEST_F(GoldenDatabaseTest, IsKeptAsItWasBesideTheNewOne) {
  ASSERT_NE(Open(), nullptr);
  const std::string copy = directory_ / "tilewright.db.schema-1";
  ASSERT_TRUE(std::filesystem::exists(copy));
  SQLite::Database kept(copy);
  EXPECT_EQ(kept.execAndGet("PRAGMA user_version").getInt(), 1);
  EXPECT_EQ(kept.execAndGet("SELECT count(*) FROM winners").getInt(), 9);
}

// A damaged database of that version is salvaged as one of this version is.
TEST_F(GoldenDatabaseTest, IsSalvagedWhereItIsDamaged) {
  {
    SQLite::Database database(directory_ / "tilewright.db", SQLite::OPEN_READWRITE);
    database.exec("PRAGMA writable_schema=ON");
    database.exec("DELETE FROM sqlite_schema WHERE name = 'environments'");
  }
  const auto store = Open();
  ASSERT_NE(store, nullptr);
  EXPECT_NE(store->recovery_note(), "");
  WinnerIndex index;
  ASSERT_TRUE(index.Load(*store).ok());
  EXPECT_EQ(index.Find(QueryFor("gemm { m: 8192 n: 6144 k: 4096 }")).match, v1::MATCH_EXACT);
  const auto failure =
      store->FindQuarantined(Sha256("a kernel that was wrong"),
                             SiliconKey(FindTargetProfile("h100-sxm").value()), "any problem");
  EXPECT_TRUE(failure.ok() && failure->has_value());
}

// A kernel that reads C where beta is 0 would do so at every shape, and on every GPU.
TEST_F(GoldenDatabaseTest, AFaultyKernelAnswersForNoShape) {
  constexpr char kAccumulate[] =
      "gemm { m: 256 n: 256 k: 256 epilogue { source_mode: SOURCE_MODE_ACCUMULATE } }";
  RecordSpec spec;
  spec.problem = Canonicalize(Parse(kAccumulate)).value();
  spec.silicon = FindTargetProfile("h100-sxm").value();
  spec.alignment = 1;
  TuningRecord record = MakeRecord(spec);
  store::WinnerRecord packed;
  ASSERT_TRUE(packed.ParseFromString(PackWinner(record.winner, 0)));
  EXPECT_GT(packed.arguments_version(), 0);
  ASSERT_TRUE(UpgradeRecordV1(packed));
  EXPECT_EQ(packed.arguments_version(), 0) << "no launcher takes it";
  v1::Kernel kernel;
  ASSERT_TRUE(kernel.ParseFromString(packed.kernel()));
  EXPECT_EQ(kernel.launch_plan().arguments_version(), 0);

  // A vendor's algorithm is sound; the template beside it goes.
  record.winner.fallback = record.winner.winner.candidate();
  record.winner.winner.mutable_candidate()->mutable_vendor()->set_algorithm(std::string(64, 'v'));
  ASSERT_TRUE(packed.ParseFromString(PackWinner(record.winner, 0)));
  ASSERT_TRUE(UpgradeRecordV1(packed));
  EXPECT_EQ(packed.content_hash(), "");
  EXPECT_EQ(packed.fallback(), "");
}

TEST(FaultOfVersion1Test, KnowsWhatThatVersionGotWrong) {
  EXPECT_FALSE(FaultOfVersion1(Gemm(512, 512, 512)).has_value());
  v1::Problem accumulate = Gemm(512, 512, 512);
  accumulate.mutable_gemm()->mutable_epilogue()->set_source_mode(v1::SOURCE_MODE_ACCUMULATE);
  EXPECT_TRUE(FaultOfVersion1(accumulate).has_value());
  EXPECT_TRUE(FaultOfVersion1(Gemm(8, 8, 2147483640)).has_value());
}

TEST(GoldenBundleTest, IsImported) {
  const auto contents = ReadBundle(ReadFile(Golden("winners.twb")));
  ASSERT_TRUE(contents.ok()) << contents.status();
  EXPECT_EQ(contents->records.size(), 7u);
  MemoryStore store;
  WinnerIndex index;
  index.SetTrusted(contents->signer, true);
  const auto counts = ImportRecords(store, index, *contents, {.now = absl::Now()});
  ASSERT_TRUE(counts.ok()) << counts.status();
  EXPECT_EQ(counts->winners_imported, 7);
}

}  // namespace
}  // namespace tilewright
