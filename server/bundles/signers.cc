#include "server/bundles/signers.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "proto/support/errors.h"
#include "proto/support/status_macros.h"
#include "tuner/store/bundle/ed25519.h"
#include "tuner/store/bundle/signing_key.h"

namespace tilewright {
namespace {

constexpr std::size_t kFingerprintDigits = 64;
constexpr std::size_t kMaxNameBytes = 64;
constexpr char kThisMachine[] = "this machine";
// The name that selects imported winners without a signer, to forget them.
constexpr char kUnknownSigner[] = "unknown";

// Returns the fingerprint in lower case, because fingerprints are compared as text.
absl::StatusOr<std::string> ParseFingerprint(const std::string& text) {
  const std::string lower = absl::AsciiStrToLower(text);
  const bool is_hex = std::all_of(lower.begin(), lower.end(),
                                  [](unsigned char c) { return absl::ascii_isxdigit(c); });
  if (lower.size() == kFingerprintDigits && is_hex) return lower;
  return InvalidField("signer", "MALFORMED_FINGERPRINT",
                      "must be 64 hexadecimal digits, as `tilewright key show` prints them");
}

absl::Status CheckName(const std::string& name) {
  const bool printable =
      std::all_of(name.begin(), name.end(), [](unsigned char c) { return c >= 0x20 && c != 0x7f; });
  if (name.empty() || name.size() > kMaxNameBytes || !printable) {
    return InvalidField("display_name", "MALFORMED_NAME", "must be 1 to 64 printable bytes");
  }
  if (name == kThisMachine || name == kUnknownSigner || ParseFingerprint(name).ok()) {
    return InvalidField("display_name", "MALFORMED_NAME",
                        "must not be \"this machine\", \"unknown\" or 64 hexadecimal digits, which "
                        "mean other signers: give another name");
  }
  return absl::OkStatus();
}

absl::Status NotFound(const std::string& name) {
  return MakeError(
      absl::StatusCode::kNotFound, "SIGNER_NOT_FOUND",
      absl::StrCat("no signer is trusted as '", name, "'; `tilewright trust list` shows who is"),
      {{"field", "signer"}});
}

void SetTime(int64_t seconds, google::protobuf::Timestamp& time) { time.set_seconds(seconds); }

}  // namespace

absl::Status Signers::Start() {
  ASSIGN_OR_RETURN(const std::optional<std::string> key, FindSigningKey(cache_dir_));
  if (!key) return absl::OkStatus();
  ASSIGN_OR_RETURN(const std::string signer, FingerprintOf(*key));
  index_.SetTrusted(signer, true);
  return absl::OkStatus();
}

// Returns an empty string if there is no key yet or it is unusable: trusting and distrusting others
// needs no key.
absl::StatusOr<std::string> Signers::OwnSigner() {
  const absl::StatusOr<std::optional<std::string>> key = FindSigningKey(cache_dir_);
  if (!key.ok() || !*key) return std::string();
  return FingerprintOf(**key);
}

Signers::Counts Signers::CountWinners() const {
  Counts counts;
  index_.ForEachTarget([&](const std::vector<std::shared_ptr<const StoredWinner>>& winners) {
    for (const auto& stored : winners) {
      const v1::Winner& winner = stored->winner;
      if (winner.provenance() != v1::PROVENANCE_IMPORTED) continue;
      if (winner.signer().empty()) {
        ++counts.unknown;
      } else {
        ++counts.winners[winner.signer()];
      }
    }
  });
  return counts;
}

absl::StatusOr<v1::Signer> Signers::DescribeLocked(const std::string& signer, int64_t winners) {
  ASSIGN_OR_RETURN(const std::string own, OwnSigner());
  v1::Signer described;
  described.set_signer(signer);
  described.set_winners(winners);
  if (!own.empty() && signer == own) {
    described.set_own(true);
    described.set_trusted(true);
    described.set_display_name(kThisMachine);
    return described;
  }
  ASSIGN_OR_RETURN(const std::vector<TrustedSigner> trusted, store_.Signers());
  for (const TrustedSigner& known : trusted) {
    if (known.signer != signer) continue;
    described.set_trusted(true);
    described.set_display_name(known.display_name);
    SetTime(known.trust_seconds, *described.mutable_trust_time());
  }
  return described;
}

absl::StatusOr<v1::Signer> Signers::Describe(const std::string& signer) {
  Counts counts = CountWinners();
  absl::MutexLock lock(&mutex_);
  return DescribeLocked(signer, counts.winners[signer]);
}

absl::StatusOr<v1::ListSignersResponse> Signers::List() {
  Counts counts = CountWinners();
  absl::MutexLock lock(&mutex_);
  v1::ListSignersResponse response;
  response.set_unknown_signer_winners(counts.unknown);
  ASSIGN_OR_RETURN(const std::string own, OwnSigner());
  ASSIGN_OR_RETURN(std::vector<TrustedSigner> trusted, store_.Signers());
  std::sort(trusted.begin(), trusted.end(), [](const TrustedSigner& a, const TrustedSigner& b) {
    return a.display_name < b.display_name;
  });
  std::vector<std::string> order;
  if (!own.empty()) order.push_back(own);
  for (const TrustedSigner& signer : trusted) {
    if (signer.signer != own) order.push_back(signer.signer);
  }
  std::set<std::string> listed(order.begin(), order.end());
  for (const auto& [signer, winners] : counts.winners) {
    if (listed.insert(signer).second) order.push_back(signer);
  }
  for (const std::string& signer : order) {
    ASSIGN_OR_RETURN(*response.add_signers(), DescribeLocked(signer, counts.winners[signer]));
  }
  return response;
}

absl::StatusOr<v1::Signer> Signers::Trust(const v1::TrustSignerRequest& request) {
  ASSIGN_OR_RETURN(const std::string signer, ParseFingerprint(request.signer()));
  RETURN_IF_ERROR(CheckName(request.display_name()));
  Counts counts = CountWinners();
  absl::StatusOr<v1::Signer> described;
  {
    absl::MutexLock lock(&mutex_);
    RETURN_IF_ERROR(store_.PutSigner({.signer = signer,
                                      .display_name = request.display_name(),
                                      .trust_seconds = absl::ToUnixSeconds(clock_.Now())}));
    index_.SetTrusted(signer, true);
    described = DescribeLocked(signer, counts.winners[signer]);
  }
  NotifyOf(signer);
  return described;
}

absl::StatusOr<std::string> Signers::Resolve(const std::string& text) {
  if (const auto fingerprint = ParseFingerprint(text); fingerprint.ok()) return *fingerprint;
  ASSIGN_OR_RETURN(const std::vector<TrustedSigner> trusted, store_.Signers());
  for (const TrustedSigner& known : trusted) {
    if (known.display_name == text) return known.signer;
  }
  return std::string();
}

absl::StatusOr<v1::DistrustSignerResponse> Signers::Distrust(
    const v1::DistrustSignerRequest& request) {
  Counts counts = CountWinners();
  v1::DistrustSignerResponse response;
  std::string signer;
  {
    absl::MutexLock lock(&mutex_);
    ASSIGN_OR_RETURN(signer, Resolve(request.signer()));
    ASSIGN_OR_RETURN(const std::string own, OwnSigner());
    if (!own.empty() && signer == own) {
      return MakeError(absl::StatusCode::kFailedPrecondition, "OWN_SIGNER",
                       "this is the key of this machine: run `tilewright key rotate` to make a new "
                       "key, and then remove this one");
    }
    ASSIGN_OR_RETURN(const std::vector<TrustedSigner> trusted, store_.Signers());
    const bool known = std::any_of(trusted.begin(), trusted.end(), [&](const TrustedSigner& other) {
      return other.signer == signer;
    });
    if (!known) return NotFound(request.signer());
    RETURN_IF_ERROR(store_.RemoveSigner(signer));
    index_.SetTrusted(signer, false);
    ASSIGN_OR_RETURN(*response.mutable_signer(), DescribeLocked(signer, counts.winners[signer]));
  }
  response.set_winners(counts.winners[signer]);
  NotifyOf(signer);
  return response;
}

absl::StatusOr<v1::AdoptWinnersResponse> Signers::Adopt() {
  absl::MutexLock lock(&mutex_);
  ASSIGN_OR_RETURN(const std::string key, LoadOrCreateSigningKey(cache_dir_));
  ASSIGN_OR_RETURN(const std::string own, FingerprintOf(key));
  index_.SetTrusted(own, true);
  absl::MutexLock publishing(&index_.publishing());
  ASSIGN_OR_RETURN(std::vector<StoredWinner> adopted, store_.AdoptWinners(own));
  v1::AdoptWinnersResponse response;
  response.set_winners(static_cast<int64_t>(adopted.size()));
  for (StoredWinner& winner : adopted) index_.Replace(std::move(winner));
  return response;
}

absl::StatusOr<v1::SigningKey> Signers::Key() {
  absl::MutexLock lock(&mutex_);
  ASSIGN_OR_RETURN(const std::string key, LoadOrCreateSigningKey(cache_dir_));
  v1::SigningKey described;
  ASSIGN_OR_RETURN(*described.mutable_signer(), FingerprintOf(key));
  ASSIGN_OR_RETURN(*described.mutable_public_key(), Ed25519PublicKey(key));
  index_.SetTrusted(described.signer(), true);
  return described;
}

absl::StatusOr<v1::SigningKey> Signers::Rotate() {
  absl::MutexLock lock(&mutex_);
  ASSIGN_OR_RETURN(const std::string old_key, LoadOrCreateSigningKey(cache_dir_));
  ASSIGN_OR_RETURN(const std::string old_signer, FingerprintOf(old_key));
  // Trusts the old key by name before it is replaced, so its winners are served without a gap.
  const absl::Time now = clock_.Now();
  const std::string name =
      absl::StrCat("rotated-", absl::FormatTime("%Y-%m-%d", now, absl::UTCTimeZone()));
  absl::Status named;
  for (int i = 1; i == 1 || (ReasonOf(named) == "NAME_TAKEN" && i < 1000); ++i) {
    named = store_.PutSigner({.signer = old_signer,
                              .display_name = i == 1 ? name : absl::StrCat(name, "-", i),
                              .trust_seconds = absl::ToUnixSeconds(now)});
  }
  RETURN_IF_ERROR(named);
  index_.SetTrusted(old_signer, true);
  ASSIGN_OR_RETURN(const std::string key, GenerateEd25519Key());
  RETURN_IF_ERROR(ReplaceSigningKey(cache_dir_, key));
  v1::SigningKey described;
  described.set_previous_signer(old_signer);
  ASSIGN_OR_RETURN(*described.mutable_signer(), FingerprintOf(key));
  ASSIGN_OR_RETURN(*described.mutable_public_key(), Ed25519PublicKey(key));
  index_.SetTrusted(described.signer(), true);
  return described;
}

absl::StatusOr<std::set<std::string>> Signers::Trusted() {
  absl::MutexLock lock(&mutex_);
  std::set<std::string> trusted;
  ASSIGN_OR_RETURN(const std::vector<TrustedSigner> signers, store_.Signers());
  for (const TrustedSigner& signer : signers) trusted.insert(signer.signer);
  ASSIGN_OR_RETURN(const std::string own, OwnSigner());
  if (!own.empty()) trusted.insert(own);
  return trusted;
}

absl::Status Signers::CheckTrusted(const std::string& signer) {
  absl::MutexLock lock(&mutex_);
  ASSIGN_OR_RETURN(const v1::Signer described, DescribeLocked(signer, 0));
  if (described.trusted()) {
    // This machine's key may be newer than the start of the daemon.
    index_.SetTrusted(signer, true);
    return absl::OkStatus();
  }
  const std::string command = absl::StrCat("tilewright trust add ", signer, " --name NAME");
  return MakeError(
      absl::StatusCode::kFailedPrecondition, "SIGNER_NOT_TRUSTED",
      absl::StrCat("the signer of this bundle, ", signer,
                   ", is not trusted here; ask the sender whether `tilewright key show` prints "
                   "this fingerprint on their machine; if so, run `",
                   command, "` and import again"),
      {{"signer", signer}, {"command", command}});
}

void Signers::NotifyOf(const std::string& signer) {
  std::set<std::string> keys;
  index_.ForEachTarget([&](const std::vector<std::shared_ptr<const StoredWinner>>& winners) {
    for (const auto& stored : winners) {
      if (stored->winner.signer() == signer) keys.insert(stored->shapeless_key);
    }
  });
  for (const std::string& key : keys) winners_.Notify(key);
}

}  // namespace tilewright
