// Whose bundles are taken in, and whose winners are served.
#include <sys/stat.h>

#include <chrono>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/support/errors.h"
#include "tests/server/test_daemon.h"
#include "tests/server/winner_fixture.h"
#include "tuner/store/bundle/bundle.h"
#include "tuner/store/bundle/bundle_export.h"
#include "tuner/store/bundle/signing_key.h"

namespace tilewright {
namespace {

using ::testing::HasSubstr;

const std::string kKey(32, 'k');

std::string Sender() { return FingerprintOf(kKey).value(); }

// Winners of a machine with the key kKey.
std::string BundleOf(std::vector<int64_t> ms, const std::string& key = kKey) {
  TestDaemon machine(1);
  for (const int64_t m : ms) {
    EXPECT_TRUE(PutWinner({.problem = GemmProblemOf(m, 4096, 4096),
                           .target = machine.TargetOf(""),
                           .cubin = FakeCubin(1000, m)},
                          machine.store, machine.index)
                    .ok());
  }
  return WriteBundle(CollectForExport(machine.store, machine.index, {}).value(), key).value();
}

class SignersTest : public ::testing::Test {
 protected:
  template <typename Request, typename Response>
  absl::StatusOr<Response> Call(grpc::Status (v1::CacheService::Stub::*method)(grpc::ClientContext*,
                                                                               const Request&,
                                                                               Response*),
                                const Request& request = {}) {
    grpc::ClientContext context;
    Response response;
    const absl::Status status =
        FromGrpc((client_.cache.get()->*method)(&context, request, &response));
    if (!status.ok()) return status;
    return response;
  }

  template <typename Response, typename Method>
  absl::StatusOr<Response> Send(Method method, const std::string& bundle) {
    grpc::ClientContext context;
    Response response;
    auto writer = ((*client_.cache).*method)(&context, &response);
    v1::BundleChunk chunk;
    chunk.set_data(bundle);
    writer->Write(chunk);
    writer->WritesDone();
    const absl::Status status = FromGrpc(writer->Finish());
    if (!status.ok()) return status;
    return response;
  }
  absl::StatusOr<v1::ImportBundleResponse> Import(const std::string& bundle) {
    return Send<v1::ImportBundleResponse>(&v1::CacheService::Stub::ImportBundle, bundle);
  }
  absl::StatusOr<v1::InspectBundleResponse> Inspect(const std::string& bundle) {
    return Send<v1::InspectBundleResponse>(&v1::CacheService::Stub::InspectBundle, bundle);
  }

  absl::StatusOr<v1::Signer> Trust(const std::string& signer, const std::string& name) {
    v1::TrustSignerRequest request;
    request.set_signer(signer);
    request.set_display_name(name);
    return Call(&v1::CacheService::Stub::TrustSigner, request);
  }
  absl::StatusOr<v1::DistrustSignerResponse> Distrust(const std::string& signer) {
    v1::DistrustSignerRequest request;
    request.set_signer(signer);
    return Call(&v1::CacheService::Stub::DistrustSigner, request);
  }
  absl::StatusOr<v1::ListSignersResponse> List() {
    return Call(&v1::CacheService::Stub::ListSigners, v1::ListSignersRequest());
  }
  absl::StatusOr<v1::SigningKey> Key() {
    return Call(&v1::CacheService::Stub::GetSigningKey, v1::GetSigningKeyRequest());
  }
  absl::StatusOr<v1::SigningKey> Rotate() {
    return Call(&v1::CacheService::Stub::RotateSigningKey, v1::RotateSigningKeyRequest());
  }
  absl::StatusOr<v1::GetKernelResponse> Get(int64_t m) {
    return client_.Get(RequestOf(m, v1::LOOKUP_MODE_CACHED_ONLY));
  }

  // Imports are not measured again behind the tests' backs.
  static DaemonServer::Options Options() {
    DaemonServer::Options options;
    options.revalidation_interval = std::chrono::hours(1);
    return options;
  }

  TestDaemon daemon_{1, Options()};
  ServiceClient client_ = daemon_.Connect();
};

TEST_F(SignersTest, AnUnknownSignerIsRefusedWithTheCommandThatTrustsIt) {
  const std::string bundle = BundleOf({256});
  const absl::Status refused = Import(bundle).status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ReasonOf(refused), "SIGNER_NOT_TRUSTED");
  EXPECT_THAT(std::string(refused.message()),
              HasSubstr("tilewright trust add " + Sender() + " --name NAME"));
  EXPECT_EQ(ErrorInfoOf(refused)->metadata().at("signer"), Sender());
  EXPECT_EQ(daemon_.index.size(), 0u);
  EXPECT_FALSE(Get(256).ok());
}

TEST_F(SignersTest, ATrustedSignersWinnersAreServedUntilItIsTrustedNoMore) {
  const std::string bundle = BundleOf({256, 512});
  ASSERT_TRUE(Trust(Sender(), "sender").ok());
  const auto imported = Import(bundle);
  ASSERT_TRUE(imported.ok()) << imported.status();
  EXPECT_EQ(imported->winners_imported(), 2);
  EXPECT_EQ(imported->signer_name(), "sender");
  const auto served = Get(256);
  ASSERT_TRUE(served.ok()) << served.status();
  EXPECT_EQ(served->provenance(), v1::PROVENANCE_IMPORTED);
  const auto winners = client_.List(v1::ListWinnersRequest());
  ASSERT_TRUE(winners.ok());
  for (const v1::Winner& winner : winners->winners()) EXPECT_EQ(winner.signer(), Sender());

  const auto ended = Distrust("sender");
  ASSERT_TRUE(ended.ok()) << ended.status();
  EXPECT_EQ(ended->winners(), 2);
  EXPECT_FALSE(ended->signer().trusted());
  const absl::Status ended_get = Get(256).status();
  EXPECT_FALSE(ended_get.ok()) << "served no more, from memory either";
  grpc::ClientContext context;
  v1::ExplainWinnerRequest explain;
  *explain.mutable_problem() = RequestOf(256, v1::LOOKUP_MODE_CACHED_ONLY).problem();
  v1::ExplainWinnerResponse explained;
  const absl::Status ended_explain =
      FromGrpc(client_.cache->ExplainWinner(&context, explain, &explained));
  // It was said that nothing is stored, though a list shows it.
  for (const absl::Status& status : {ended_get, ended_explain}) {
    EXPECT_EQ(ReasonOf(status), "NO_WINNER");
    EXPECT_THAT(std::string(status.message()), HasSubstr("its signer is not trusted here"));
  }
  const v1::ListSignersResponse listed = List().value();
  ASSERT_EQ(listed.signers_size(), 1) << "whose winners are stored is shown";
  EXPECT_EQ(listed.signers(0).winners(), 2);

  ASSERT_TRUE(Trust(Sender(), "again").ok());
  EXPECT_TRUE(Get(256).ok()) << "the rows stayed";
}

TEST_F(SignersTest, AnImportLosesToWhatWasMeasuredHere) {
  ASSERT_TRUE(Trust(Sender(), "sender").ok());
  ASSERT_TRUE(Import(BundleOf({256})).ok());
  const auto tuned = client_.Get(RequestOf(256, v1::LOOKUP_MODE_WAIT_TUNED));
  ASSERT_TRUE(tuned.ok()) << tuned.status();
  v1::CreateTuningRequest request;
  *request.mutable_problem() = GemmProblemOf(256, 4096, 4096);
  request.mutable_options()->set_force(true);
  ASSERT_TRUE(client_.AwaitTuning(client_.CreateTuning(request).value().name()).ok());
  EXPECT_EQ(Get(256)->provenance(), v1::PROVENANCE_MEASURED);
  const auto again = Import(BundleOf({256}));
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->winners_kept(), 1);
  EXPECT_EQ(Get(256)->provenance(), v1::PROVENANCE_MEASURED);
}

// Else nobody could replace what is not served any more.
TEST_F(SignersTest, AnImportOfADistrustedSignerGivesWayToATrustedOne) {
  ASSERT_TRUE(Trust(Sender(), "first").ok());
  ASSERT_TRUE(Import(BundleOf({256})).ok());
  ASSERT_TRUE(Distrust("first").ok());
  const std::string other_key(32, 'o');
  const std::string older = BundleOf({256}, other_key);
  ASSERT_TRUE(Trust(FingerprintOf(other_key).value(), "second").ok());
  EXPECT_EQ(Import(older)->winners_imported(), 1);
  EXPECT_TRUE(Get(256).ok());
}

TEST_F(SignersTest, InspectingSaysWhatAnImportWouldDoAndDoesNothing) {
  const std::string bundle = BundleOf({256, 512});
  const auto seen = Inspect(bundle);
  ASSERT_TRUE(seen.ok()) << seen.status();
  EXPECT_EQ(seen->signer().signer(), Sender());
  EXPECT_FALSE(seen->signer().trusted());
  EXPECT_EQ(seen->winner_count(), 2);
  EXPECT_EQ(seen->kernel_count(), 2);
  EXPECT_EQ(seen->winners_size(), 2);
  EXPECT_EQ(seen->outcome().winners_imported(), 2);
  EXPECT_EQ(daemon_.index.size(), 0u);
  std::string damaged = bundle;
  damaged[damaged.size() / 2] ^= 1;
  EXPECT_EQ(ReasonOf(Inspect(damaged).status()), "BUNDLE_DAMAGED");
}

TEST_F(SignersTest, ThisMachinesOwnKeyIsAlwaysTrusted) {
  const v1::SigningKey key = Key().value();
  EXPECT_EQ(key.public_key().size(), 32u);
  const std::string own = LoadOrCreateSigningKey(daemon_.folder()).value();
  EXPECT_EQ(FingerprintOf(own).value(), key.signer());
  ASSERT_TRUE(Import(BundleOf({256}, own)).ok());
  EXPECT_TRUE(Get(256).ok());
  EXPECT_EQ(ReasonOf(Distrust(key.signer()).status()), "OWN_SIGNER");
  const v1::ListSignersResponse listed = List().value();
  ASSERT_EQ(listed.signers_size(), 1);
  EXPECT_TRUE(listed.signers(0).own());
  EXPECT_TRUE(listed.signers(0).trusted());
}

TEST_F(SignersTest, ARotatedKeyStaysTrustedByNameAndCanBeRemoved) {
  const std::string old_key = LoadOrCreateSigningKey(daemon_.folder()).value();
  const std::string old_signer = FingerprintOf(old_key).value();
  ASSERT_TRUE(Import(BundleOf({256}, old_key)).ok());
  const v1::SigningKey rotated = Rotate().value();
  EXPECT_EQ(rotated.previous_signer(), old_signer);
  EXPECT_NE(rotated.signer(), old_signer);
  EXPECT_EQ(Key()->signer(), rotated.signer());
  EXPECT_TRUE(Get(256).ok()) << "what the old key signed stays served";
  struct stat info;
  ASSERT_EQ(stat((daemon_.folder() + "/signing.key").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  ASSERT_EQ(stat((daemon_.folder() + "/signing.key." + old_signer).c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);

  // A second rotation on the same day finds another name.
  ASSERT_TRUE(Rotate().ok());
  const v1::ListSignersResponse listed = List().value();
  ASSERT_EQ(listed.signers_size(), 3);
  EXPECT_THAT(listed.signers(1).display_name(), HasSubstr("rotated-"));
  ASSERT_TRUE(Distrust(old_signer).ok());
  EXPECT_FALSE(Get(256).ok());
}

TEST_F(SignersTest, NamesAndFingerprintsAreChecked) {
  EXPECT_EQ(ReasonOf(Trust("abc", "name").status()), "MALFORMED_FINGERPRINT");
  EXPECT_EQ(ReasonOf(Trust(std::string(64, 'g'), "name").status()), "MALFORMED_FINGERPRINT");
  EXPECT_EQ(ReasonOf(Trust(Sender(), "").status()), "MALFORMED_NAME");
  EXPECT_EQ(ReasonOf(Trust(Sender(), std::string(65, 'n')).status()), "MALFORMED_NAME");
  EXPECT_EQ(ReasonOf(Trust(Sender(), "\x1b[2J").status()), "MALFORMED_NAME");
  for (const std::string& taken :
       {std::string("this machine"), std::string("unknown"), std::string(64, 'A')}) {
    EXPECT_EQ(ReasonOf(Trust(Sender(), taken).status()), "MALFORMED_NAME") << taken;
  }
  ASSERT_TRUE(Trust(Sender(), "name").ok());
  EXPECT_EQ(ReasonOf(Trust(std::string(64, 'a'), "name").status()), "NAME_TAKEN");
  EXPECT_EQ(Trust(Sender(), "another")->display_name(), "another");
  EXPECT_EQ(ReasonOf(Distrust("nobody").status()), "SIGNER_NOT_FOUND");
}

// As a version left it that did not keep signers.
TEST_F(SignersTest, WinnersWithoutASignerAreServedAndCanBeAdopted) {
  auto winner = PutWinner({.problem = GemmProblemOf(256, 4096, 4096),
                           .target = daemon_.TargetOf(""),
                           .provenance = v1::PROVENANCE_IMPORTED},
                          daemon_.store, daemon_.index);
  ASSERT_TRUE(winner.ok()) << winner.status();
  EXPECT_TRUE(Get(256).ok());
  EXPECT_EQ(List()->unknown_signer_winners(), 1);
  const auto adopted = Call(&v1::CacheService::Stub::AdoptWinners, v1::AdoptWinnersRequest());
  ASSERT_TRUE(adopted.ok()) << adopted.status();
  EXPECT_EQ(adopted->winners(), 1);
  EXPECT_EQ(List()->unknown_signer_winners(), 0);
  EXPECT_EQ(List()->signers(0).winners(), 1) << "of this machine's own";
  EXPECT_TRUE(Get(256).ok());
}

TEST_F(SignersTest, AListNamesTheSignersWhoseWinnersAreNotServed) {
  ASSERT_TRUE(Trust(Sender(), "sender").ok());
  ASSERT_TRUE(Import(BundleOf({256, 512})).ok());
  EXPECT_TRUE(client_.List({})->distrusted_signers().empty());
  ASSERT_TRUE(Distrust("sender").ok());
  const auto listed = client_.List({});
  EXPECT_EQ(listed->winners_size(), 2);
  EXPECT_THAT(listed->distrusted_signers(), ::testing::ElementsAre(Sender()));
}

TEST_F(SignersTest, AnExportSaysInItsFirstChunkWhatItLeftOut) {
  ASSERT_TRUE(Trust(Sender(), "sender").ok());
  ASSERT_TRUE(Import(BundleOf({256, 512})).ok());
  ASSERT_TRUE(Distrust("sender").ok());
  ASSERT_TRUE(PutWinner({.problem = GemmProblemOf(1024, 4096, 4096),
                         .target = daemon_.TargetOf(""),
                         .cubin = FakeCubin(3 << 20, 7)},
                        daemon_.store, daemon_.index)
                  .ok());
  grpc::ClientContext context;
  const auto reader = client_.cache->ExportBundle(&context, {});
  v1::BundleChunk chunk;
  int chunks = 0;
  for (; reader->Read(&chunk); ++chunks) {
    ASSERT_EQ(chunk.has_summary(), chunks == 0);
    if (chunks > 0) continue;
    EXPECT_EQ(chunk.summary().winners(), 1);
    EXPECT_EQ(chunk.summary().kernels(), 1);
    EXPECT_EQ(chunk.summary().signer_not_trusted(), 2);
  }
  EXPECT_TRUE(reader->Finish().ok());
  EXPECT_GT(chunks, 1);
}

}  // namespace
}  // namespace tilewright
