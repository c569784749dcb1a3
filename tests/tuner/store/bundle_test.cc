#include "tuner/store/bundle/bundle.h"

#include <sys/stat.h>

#include <string>

#include "gmock/gmock.h"
#include "google/protobuf/util/message_differencer.h"
#include "gtest/gtest.h"
#include "proto/support/errors.h"
#include "proto/support/sha256.h"
#include "tests/tuner/store/store_fixtures.h"
#include "tuner/store/bundle/ed25519.h"
#include "tuner/store/bundle/signing_key.h"
#include "tuner/store/little_endian.h"
#include "tuner/store/store.pb.h"

namespace tilewright {
namespace {

using ::google::protobuf::util::MessageDifferencer;
using store::BundleManifest;

const std::string& Key() {
  static const auto* const key = new std::string(32, 'k');
  return *key;
}

BundleContents Contents() {
  BundleContents contents;
  contents.records = {MakeRecord({.cubin = "one"}),
                      MakeRecord({.problem = Gemm(7, 8, 9), .cubin = "two"}),
                      MakeRecord({.problem = Gemm(8, 8, 8), .cubin = "two"})};
  contents.cubins = {"one", "two"};
  return contents;
}

// A bundle made by hand, correctly signed, from entries that may be anything.
class BundleForge {
 public:
  BundleForge& Add(BundleManifest::Kind kind, const std::string& blob) {
    return AddAs(kind, blob, Sha256(blob), blob.size());
  }
  BundleForge& AddAs(BundleManifest::Kind kind, const std::string& blob, const std::string& hash,
                     uint64_t size) {
    BundleManifest::Entry& entry = *manifest_.add_entries();
    entry.set_kind(kind);
    entry.set_sha256(hash);
    entry.set_size(size);
    AppendUint64(size, &blobs_);
    blobs_ += blob;
    return *this;
  }
  std::string Sign(uint32_t version = 1) const {
    std::string bundle = "TWBUNDLE";
    AppendUint32(version, &bundle);
    const std::string manifest = manifest_.SerializeAsString();
    AppendUint64(manifest.size(), &bundle);
    bundle += manifest + Ed25519PublicKey(Key()).value();
    bundle += Ed25519Sign(Key(), bundle).value();
    return bundle + blobs_;
  }

 private:
  BundleManifest manifest_;
  std::string blobs_;
};

std::string RecordBytes(const TuningRecord& record) {
  store::BundleRecord out;
  *out.mutable_winner() = record.winner.winner;
  *out.mutable_kernel() = record.winner.kernel;
  return out.SerializeAsString();
}

void ExpectDamaged(const std::string& bundle) {
  const absl::Status status = ReadBundle(bundle).status();
  EXPECT_TRUE(absl::IsDataLoss(status)) << status;
  EXPECT_EQ(ReasonOf(status), "BUNDLE_DAMAGED");
}

TEST(BundleTest, CarriesRecordsAndCubins) {
  const BundleContents contents = Contents();
  const BundleContents read = ReadBundle(WriteBundle(contents, Key()).value()).value();
  EXPECT_EQ(read.cubins, contents.cubins);
  EXPECT_EQ(read.signer, ToHex(Sha256(Ed25519PublicKey(Key()).value())));
  ASSERT_EQ(read.records.size(), 3u);
  for (std::size_t i = 0; i < 3; ++i) {
    const TuningRecord& was = contents.records[i];
    const TuningRecord& is = read.records[i];
    EXPECT_TRUE(MessageDifferencer::Equals(is.winner.winner, was.winner.winner));
    EXPECT_TRUE(MessageDifferencer::Equals(is.winner.kernel, was.winner.kernel));
    EXPECT_EQ(is.winner.problem_encoding, was.winner.problem_encoding);
    EXPECT_EQ(is.winner.shapeless_key, was.winner.shapeless_key);
    EXPECT_EQ(is.winner.silicon_key, was.winner.silicon_key);
    EXPECT_EQ(is.winner.environment_key, was.winner.environment_key);
    EXPECT_EQ(is.candidates.size(), was.candidates.size());
    EXPECT_EQ(is.candidates[0].measurement().seconds_size(), 5);
    EXPECT_EQ(is.legal_configs, 321);
  }
}

TEST(BundleTest, AnEmptyBundleIsABundle) {
  EXPECT_TRUE(ReadBundle(WriteBundle({}, Key()).value()).value().records.empty());
}

TEST(BundleTest, FlippingAnyByteIsNoticed) {
  BundleContents contents;
  contents.records = {MakeRecord({.cubin = "one"})};
  contents.cubins = {"one"};
  const std::string whole = WriteBundle(contents, Key()).value();
  for (std::size_t i = 0; i < whole.size(); ++i) {
    for (const int mask : {0x01, 0x80, 0xff}) {
      std::string bundle = whole;
      bundle[i] = static_cast<char>(bundle[i] ^ mask);
      ASSERT_TRUE(absl::IsDataLoss(ReadBundle(bundle).status())) << "byte " << i;
    }
  }
}

TEST(BundleTest, CuttingAnywhereIsNoticed) {
  const std::string whole = WriteBundle(Contents(), Key()).value();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    ASSERT_TRUE(absl::IsDataLoss(ReadBundle(std::string_view(whole).substr(0, size)).status()))
        << "size " << size;
  }
}

TEST(BundleTest, WhatFollowsTheEndIsNoticed) {
  ExpectDamaged(WriteBundle(Contents(), Key()).value() + '\0');
}

TEST(BundleTest, HugeLengthsAllocateNothing) {
  std::string bundle = "TWBUNDLE";
  AppendUint32(1, &bundle);
  AppendUint64(~uint64_t{0}, &bundle);
  ExpectDamaged(bundle + std::string(200, 'x'));
  for (const uint64_t size : {~uint64_t{0}, uint64_t{1} << 40, uint64_t{1} << 63}) {
    ExpectDamaged(BundleForge().AddAs(BundleManifest::KIND_CUBIN, "x", Sha256("x"), size).Sign());
  }
}

TEST(BundleTest, AWellSignedBundleIsStillChecked) {
  const TuningRecord record = MakeRecord({.cubin = "one"});
  const std::string bytes = RecordBytes(record);
  const auto kRecord = BundleManifest::KIND_RECORD;
  const auto kCubin = BundleManifest::KIND_CUBIN;
  ASSERT_TRUE(ReadBundle(BundleForge().Add(kRecord, bytes).Add(kCubin, "one").Sign()).ok());

  ExpectDamaged(BundleForge().Add(kRecord, bytes).Sign());
  ExpectDamaged(BundleForge().Add(kRecord, bytes).Add(kCubin, "other").Sign());
  ExpectDamaged(BundleForge().Add(kRecord, bytes).Add(kCubin, "one").Add(kCubin, "two").Sign());
  ExpectDamaged(BundleForge().Add(kRecord, bytes).Add(kCubin, "one").Add(kCubin, "one").Sign());
  ExpectDamaged(BundleForge().Add(kRecord, bytes).Add(kRecord, bytes).Add(kCubin, "one").Sign());
  ExpectDamaged(BundleForge().Add(kRecord, "no record").Sign());
  ExpectDamaged(BundleForge().Add(BundleManifest::KIND_UNSPECIFIED, "x").Sign());
  ExpectDamaged(BundleForge().Add(kRecord, bytes).AddAs(kCubin, "one", Sha256("two"), 3).Sign());
}

TEST(BundleTest, KeysAreDerivedNotBelieved) {
  TuningRecord record = MakeRecord({.cubin = "one"});
  record.winner.winner.set_key("the key of another");
  record.winner.winner.mutable_problem()->mutable_gemm()->clear_lda();
  const BundleContents read = ReadBundle(BundleForge()
                                             .Add(BundleManifest::KIND_RECORD, RecordBytes(record))
                                             .Add(BundleManifest::KIND_CUBIN, "one")
                                             .Sign())
                                  .value();
  const TuningRecord expected = MakeRecord({.cubin = "one"});
  EXPECT_EQ(read.records[0].winner.winner.key(), expected.winner.winner.key());
  EXPECT_EQ(read.records[0].winner.problem_encoding, expected.winner.problem_encoding);
}

TEST(BundleTest, AProblemThatIsNoneIsRefused) {
  TuningRecord record = MakeRecord({.cubin = "one"});
  record.winner.winner.mutable_problem()->mutable_gemm()->set_m(-1);
  EXPECT_FALSE(ReadBundle(BundleForge()
                              .Add(BundleManifest::KIND_RECORD, RecordBytes(record))
                              .Add(BundleManifest::KIND_CUBIN, "one")
                              .Sign())
                   .ok());
}

TEST(BundleTest, ANewerFormatIsSaid) {
  const absl::Status status = ReadBundle(BundleForge().Sign(2)).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(status));
  EXPECT_EQ(ReasonOf(status), "BUNDLE_TOO_NEW");
}

TEST(BundleTest, WritesNothingItWouldNotRead) {
  BundleContents missing = Contents();
  missing.cubins.pop_back();
  EXPECT_TRUE(absl::IsInvalidArgument(WriteBundle(missing, Key()).status()));
  BundleContents vendor = Contents();
  vendor.records.push_back(
      MakeRecord({.problem = Gemm(1, 1, 1), .provenance = v1::PROVENANCE_VENDOR}));
  EXPECT_TRUE(absl::IsInvalidArgument(WriteBundle(vendor, Key()).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(WriteBundle(Contents(), "short key").status()));
}

TEST(SigningKeyTest, IsMadeOnceAndKeptPrivate) {
  const TemporaryDirectory directory;
  const std::string key = LoadOrCreateSigningKey(directory.path()).value();
  EXPECT_EQ(key.size(), 32u);
  EXPECT_EQ(LoadOrCreateSigningKey(directory.path()).value(), key);
  struct stat info;
  ASSERT_EQ(::stat((directory / "signing.key").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  const TemporaryDirectory other;
  EXPECT_NE(LoadOrCreateSigningKey(other.path()).value(), key);
}

TEST(SigningKeyTest, AnExposedOrDamagedKeyIsRefused) {
  const TemporaryDirectory directory;
  ASSERT_TRUE(LoadOrCreateSigningKey(directory.path()).ok());
  ::chmod((directory / "signing.key").c_str(), 0644);
  EXPECT_EQ(ReasonOf(LoadOrCreateSigningKey(directory.path()).status()), "SIGNING_KEY_EXPOSED");
  ::chmod((directory / "signing.key").c_str(), 0600);
  WriteFile(directory / "signing.key", "short");
  EXPECT_EQ(ReasonOf(LoadOrCreateSigningKey(directory.path()).status()), "SIGNING_KEY_INVALID");
}

TEST(Ed25519Test, MatchesTheTestVectorOfRfc8032) {
  const std::string key =
      FromHex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb");
  EXPECT_EQ(ToHex(Ed25519PublicKey(key).value()),
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
  EXPECT_EQ(ToHex(Ed25519Sign(key, "\x72").value()),
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
            "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00");
}

}  // namespace
}  // namespace tilewright
