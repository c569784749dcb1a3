#ifndef TILEWRIGHT_SERVER_BUNDLES_SIGNERS_H_
#define TILEWRIGHT_SERVER_BUNDLES_SIGNERS_H_

#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "server/lookup/winner_signal.h"
#include "tilewright/v1/cache_service.pb.h"
#include "tuner/search/clock.h"
#include "tuner/store/index/winner_index.h"
#include "tuner/store/tuning_store.h"

namespace tilewright {

// Knows the trusted signers: the key of this cache directory, and the signers that an administrator
// trusts. Keeps the store and the index consistent. Methods may block on disk. Owned by
// DaemonServer; thread-safe.
class Signers {
 public:
  // All references outlive this object.
  Signers(TuningStore& store, WinnerIndex& index, WinnerSignal& winners, Clock& clock,
          std::string cache_dir)
      : store_(store),
        index_(index),
        winners_(winners),
        clock_(clock),
        cache_dir_(std::move(cache_dir)) {}

  // Tells the index about this machine's own key, if there is one. Call it before serving starts.
  absl::Status Start();

  // These implement the RPCs of CacheService with the same names and errors.
  absl::StatusOr<v1::ListSignersResponse> List();
  absl::StatusOr<v1::Signer> Trust(const v1::TrustSignerRequest& request);
  absl::StatusOr<v1::DistrustSignerResponse> Distrust(const v1::DistrustSignerRequest& request);
  absl::StatusOr<v1::AdoptWinnersResponse> Adopt();
  absl::StatusOr<v1::SigningKey> Key();
  absl::StatusOr<v1::SigningKey> Rotate();

  // FAILED_PRECONDITION, reason SIGNER_NOT_TRUSTED: names the command that trusts the signer.
  absl::Status CheckTrusted(const std::string& signer);
  // Returns the fingerprints of all trusted signers.
  absl::StatusOr<std::set<std::string>> Trusted();

  // Returns the fingerprint that `text` means: 64 hexadecimal digits in either case, trusted or
  // not, or the name of a trusted signer. Returns an empty string if `text` is neither.
  absl::StatusOr<std::string> Resolve(const std::string& text);

  // Returns what is known about a signer, trusted or not.
  absl::StatusOr<v1::Signer> Describe(const std::string& signer);

 private:
  struct Counts {
    std::map<std::string, int64_t> winners;  // By signer.
    int64_t unknown = 0;                     // Imported winners without a signer.
  };

  Counts CountWinners() const;
  absl::StatusOr<std::string> OwnSigner() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::StatusOr<v1::Signer> DescribeLocked(const std::string& signer, int64_t winners)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Tells watchers of problems with winners of this signer that their answer may change.
  void NotifyOf(const std::string& signer);

  TuningStore& store_;
  WinnerIndex& index_;
  WinnerSignal& winners_;
  Clock& clock_;
  const std::string cache_dir_;
  absl::Mutex mutex_;  // One change at a time, in the store and then in the index.
};

}  // namespace tilewright

#endif  // TILEWRIGHT_SERVER_BUNDLES_SIGNERS_H_
