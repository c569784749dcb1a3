// Bundles from nobody: random changes of good ones, correctly signed again where that gets
// them further. ReadBundle may refuse; it may not crash, hang or take memory.
#include <chrono>
#include <random>
#include <string>

#include "google/protobuf/stubs/logging.h"
#include "gtest/gtest.h"
#include "proto/support/sha256.h"
#include "tests/store/store_fixtures.h"
#include "tuner/store/bundle.h"
#include "tuner/store/ed25519.h"
#include "tuner/store/little_endian.h"
#include "tuner/store/store.pb.h"

namespace tilewright {
namespace {

constexpr auto kTime = std::chrono::seconds(3);

class Mutator {
 public:
  explicit Mutator(unsigned seed) : random_(seed) {}

  std::size_t Below(std::size_t bound) { return bound == 0 ? 0 : random_() % bound; }

  std::string Mutate(std::string bytes) {
    for (std::size_t i = 0, count = 1 + Below(4); i < count; ++i) {
      const std::size_t at = Below(bytes.size() + 1);
      switch (Below(5)) {
        case 0:
          if (at < bytes.size()) bytes[at] = static_cast<char>(random_());
          break;
        case 1:
          bytes.erase(at, Below(64));
          break;
        case 2:
          bytes.insert(at, std::string(Below(64), static_cast<char>(random_())));
          break;
        case 3:
          bytes.insert(at, bytes.substr(Below(bytes.size() + 1), Below(256)));
          break;
        default:
          for (std::size_t j = at; j < bytes.size() && j < at + 8; ++j) bytes[j] = '\xff';
      }
    }
    return bytes;
  }

 private:
  std::mt19937_64 random_;
};

// A bundle whose signature and hashes hold, around a mutated record.
std::string Resigned(const std::string& record, const std::string& cubin) {
  store::BundleManifest manifest;
  std::string blobs;
  for (const auto& [kind, blob] : {std::pair{store::BundleManifest::KIND_RECORD, record},
                                   std::pair{store::BundleManifest::KIND_CUBIN, cubin}}) {
    store::BundleManifest::Entry& entry = *manifest.add_entries();
    entry.set_kind(kind);
    entry.set_sha256(Sha256(blob));
    entry.set_size(blob.size());
    AppendUint64(blob.size(), &blobs);
    blobs += blob;
  }
  const std::string key(32, 'k');
  std::string bundle = "TWBUNDLE";
  AppendUint32(1, &bundle);
  const std::string bytes = manifest.SerializeAsString();
  AppendUint64(bytes.size(), &bundle);
  bundle += bytes + Ed25519PublicKey(key).value();
  bundle += Ed25519Sign(key, bundle).value();
  return bundle + blobs;
}

TEST(BundleFuzzTest, RandomChangesNeverPassAndNeverCrash) {
  BundleContents contents;
  contents.records = {MakeRecord({})};
  contents.cubins = {"cubin"};
  const std::string whole = WriteBundle(contents, std::string(32, 'k')).value();
  Mutator mutator(1);
  const auto end = std::chrono::steady_clock::now() + kTime / 2;
  int rounds = 0;
  for (; std::chrono::steady_clock::now() < end; ++rounds) {
    const std::string bundle = mutator.Mutate(whole);
    ASSERT_TRUE(bundle == whole || !ReadBundle(bundle).ok()) << "round " << rounds;
  }
  EXPECT_GT(rounds, 100);
}

TEST(BundleFuzzTest, SignedNonsenseNeverCrashes) {
  const TuningRecord record = MakeRecord({});
  store::BundleRecord message;
  *message.mutable_winner() = record.winner.winner;
  *message.mutable_kernel() = record.winner.kernel;
  const std::string good = message.SerializeAsString();
  ASSERT_TRUE(ReadBundle(Resigned(good, "cubin")).ok());
  const google::protobuf::LogSilencer quiet;  // It says every string that is not UTF-8.
  Mutator mutator(2);
  const auto end = std::chrono::steady_clock::now() + kTime / 2;
  int rounds = 0;
  for (; std::chrono::steady_clock::now() < end; ++rounds) {
    const auto read = ReadBundle(Resigned(mutator.Mutate(good), "cubin"));
    if (!read.ok()) continue;
    // Whatever passed is consistent.
    ASSERT_EQ(read->records.size(), 1u);
    ASSERT_EQ(read->records[0].winner.kernel.content_hash(), Sha256("cubin"));
    ASSERT_FALSE(read->records[0].winner.problem_encoding.empty());
  }
  EXPECT_GT(rounds, 100);
}

}  // namespace
}  // namespace tilewright
