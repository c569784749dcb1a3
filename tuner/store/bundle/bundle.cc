#include "tuner/store/bundle/bundle.h"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/problem/problem.h"
#include "proto/support/errors.h"
#include "proto/support/sha256.h"
#include "proto/support/status_macros.h"
#include "tuner/store/bundle/ed25519.h"
#include "tuner/store/little_endian.h"
#include "tuner/store/store.pb.h"
#include "tuner/store/winner_key.h"
#include "tuner/store/zstd_blob.h"
#include "tuner/target/target.h"

namespace tilewright {
namespace {

using store::BundleManifest;

constexpr std::string_view kMagic = "TWBUNDLE";
constexpr uint32_t kFormatVersion = 1;
// A record has the samples of one tuning, about 100 KiB.
constexpr uint64_t kMaxRecordBytes = uint64_t{16} << 20;

absl::Status Damaged(const std::string& what) {
  return MakeError(absl::StatusCode::kDataLoss, "BUNDLE_DAMAGED",
                   absl::StrCat("the bundle is damaged or was changed: ", what));
}

// Takes bytes from the front of a file. Checks every length against the bytes that are left.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : all_(bytes) {}

  std::optional<std::string_view> Take(uint64_t count) {
    if (count > all_.size() - position_) return std::nullopt;
    const std::string_view taken = all_.substr(position_, count);
    position_ += count;
    return taken;
  }
  std::optional<uint64_t> TakeNumber(std::size_t width) {
    const auto bytes = Take(width);
    if (!bytes) return std::nullopt;
    return ParseLittleEndian(*bytes);
  }
  std::string_view taken() const { return all_.substr(0, position_); }
  bool at_end() const { return position_ == all_.size(); }

 private:
  const std::string_view all_;
  std::size_t position_ = 0;
};

void AddEntry(BundleManifest::Kind kind, std::string bytes, BundleManifest* manifest,
              std::vector<std::string>* blobs) {
  BundleManifest::Entry& entry = *manifest->add_entries();
  entry.set_kind(kind);
  entry.set_sha256(Sha256(bytes));
  entry.set_size(bytes.size());
  blobs->push_back(std::move(bytes));
}

std::string SerializeRecord(const TuningRecord& record) {
  store::BundleRecord out;
  *out.mutable_winner() = record.winner.winner;
  out.mutable_winner()->clear_epoch();
  out.mutable_winner()->clear_key();
  *out.mutable_kernel() = record.winner.kernel;
  out.mutable_kernel()->clear_cubin();
  for (const v1::Candidate& candidate : record.candidates) *out.add_candidates() = candidate;
  out.set_legal_configs(record.legal_configs);
  return out.SerializeAsString();
}

absl::StatusOr<TuningRecord> ParseRecord(std::string_view bytes) {
  store::BundleRecord parsed;
  if (!parsed.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return Damaged("a record cannot be read");
  }
  TuningRecord record;
  StoredWinner& stored = record.winner;
  stored.winner = std::move(*parsed.mutable_winner());
  stored.kernel = std::move(*parsed.mutable_kernel());
  ASSIGN_OR_RETURN(*stored.winner.mutable_problem(), Canonicalize(stored.winner.problem()));
  stored.problem_encoding = EncodeProblem(stored.winner.problem());
  stored.shapeless_key = ShapelessKey(stored.winner.problem());
  stored.silicon_key = SiliconKey(stored.winner.target().silicon());
  stored.environment_key = EnvironmentKey(stored.winner.target().environment());
  stored.winner.set_key(
      WinnerKey(stored.problem_encoding, stored.silicon_key, stored.environment_key));
  record.candidates.assign(parsed.candidates().begin(), parsed.candidates().end());
  record.legal_configs = parsed.legal_configs();
  return record;
}

// Refuses duplicates, and cubins other than the records' kernels. `complain` makes the error.
template <typename Complain>
absl::Status CheckContents(const BundleContents& contents, Complain complain) {
  std::map<std::string, bool> is_named;
  for (const std::string& cubin : contents.cubins) {
    if (cubin.size() > kMaxCubinBytes) return complain("a cubin is too large");
    if (!is_named.try_emplace(Sha256(cubin), false).second) {
      return complain("a cubin comes twice");
    }
  }
  std::set<std::string> keys;
  for (const TuningRecord& record : contents.records) {
    const StoredWinner& winner = record.winner;
    if (winner.winner.candidate().has_vendor()) return complain("a record is a vendor's");
    const auto cubin = is_named.find(winner.kernel.content_hash());
    if (cubin == is_named.end()) return complain("a record's kernel is missing");
    cubin->second = true;
    if (!keys.insert(WinnerKey(winner.problem_encoding, winner.silicon_key, winner.environment_key))
             .second) {
      return complain("a problem comes twice");
    }
  }
  for (const auto& [hash, named] : is_named) {
    if (!named) return complain("a cubin belongs to no record");
  }
  return absl::OkStatus();
}

// The signed part of the file.
struct Head {
  BundleManifest manifest;
  std::string signer;
};

absl::StatusOr<Head> ReadHead(Reader* reader) {
  Head head;
  const auto magic = reader->Take(kMagic.size());
  if (!magic || *magic != kMagic) return Damaged("it does not begin like a bundle");
  const auto version = reader->TakeNumber(4);
  const auto manifest_size = reader->TakeNumber(8);
  if (!version || !manifest_size) return Damaged("it ends early");
  const auto manifest = reader->Take(*manifest_size);
  const auto public_key = manifest ? reader->Take(kEd25519KeyBytes) : std::nullopt;
  if (!public_key) return Damaged("it ends early");
  const std::string_view signed_part = reader->taken();
  const auto signature = reader->Take(kEd25519SignatureBytes);
  if (!signature || !Ed25519Verify(*public_key, signed_part, *signature)) {
    return Damaged("its signature is wrong");
  }
  if (*version != kFormatVersion) {
    return MakeError(absl::StatusCode::kFailedPrecondition, "BUNDLE_TOO_NEW",
                     absl::StrCat("the bundle has format version ", *version,
                                  ", but this program reads ", kFormatVersion));
  }
  if (!head.manifest.ParseFromArray(manifest->data(), static_cast<int>(manifest->size()))) {
    return Damaged("its manifest cannot be read");
  }
  head.signer = ToHex(Sha256(*public_key));
  return head;
}

absl::StatusOr<std::string_view> ReadBlob(const BundleManifest::Entry& entry, Reader* reader) {
  const uint64_t limit =
      entry.kind() == BundleManifest::KIND_CUBIN ? kMaxCubinBytes : kMaxRecordBytes;
  const auto size = reader->TakeNumber(8);
  if (!size || *size != entry.size() || *size > limit) return Damaged("a record's length is wrong");
  const auto blob = reader->Take(*size);
  if (!blob) return Damaged("it ends early");
  if (Sha256(*blob) != entry.sha256()) return Damaged("a record's hash is wrong");
  return *blob;
}

}  // namespace

absl::StatusOr<std::string> WriteBundle(const BundleContents& contents,
                                        std::string_view signing_key) {
  RETURN_IF_ERROR(CheckContents(contents, [](const std::string& what) {
    return MakeError(absl::StatusCode::kInvalidArgument, "BUNDLE_INVALID", what);
  }));
  ASSIGN_OR_RETURN(const std::string public_key, Ed25519PublicKey(signing_key));
  BundleManifest manifest;
  std::vector<std::string> blobs;
  for (const TuningRecord& record : contents.records) {
    AddEntry(BundleManifest::KIND_RECORD, SerializeRecord(record), &manifest, &blobs);
  }
  for (const std::string& cubin : contents.cubins) {
    AddEntry(BundleManifest::KIND_CUBIN, cubin, &manifest, &blobs);
  }
  const std::string manifest_bytes = manifest.SerializeAsString();
  std::string bundle(kMagic);
  AppendUint32(kFormatVersion, &bundle);
  AppendUint64(manifest_bytes.size(), &bundle);
  bundle += manifest_bytes;
  bundle += public_key;
  ASSIGN_OR_RETURN(const std::string signature, Ed25519Sign(signing_key, bundle));
  bundle += signature;
  for (const std::string& blob : blobs) {
    AppendUint64(blob.size(), &bundle);
    bundle += blob;
  }
  return bundle;
}

absl::StatusOr<BundleContents> ReadBundle(std::string_view bytes) {
  Reader reader(bytes);
  BundleContents contents;
  ASSIGN_OR_RETURN(const Head head, ReadHead(&reader));
  contents.signer = head.signer;
  for (const BundleManifest::Entry& entry : head.manifest.entries()) {
    ASSIGN_OR_RETURN(const std::string_view blob, ReadBlob(entry, &reader));
    if (entry.kind() == BundleManifest::KIND_CUBIN) {
      contents.cubins.emplace_back(blob);
    } else if (entry.kind() == BundleManifest::KIND_RECORD) {
      ASSIGN_OR_RETURN(contents.records.emplace_back(), ParseRecord(blob));
    } else {
      return Damaged("its manifest names a record of an unknown kind");
    }
  }
  if (!reader.at_end()) return Damaged("there are more bytes after its end");
  RETURN_IF_ERROR(CheckContents(contents, Damaged));
  return contents;
}

}  // namespace tilewright
