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

// Who may sign what is imported and served here: the key of this cache directory, and whom an
// administrator trusts. Keeps the store and the index of one mind. Methods may block on disk.
// Owned by DaemonServer; thread-safe.
class Signers {
 public:
  // All outlive this.
  Signers(TuningStore& store, WinnerIndex& index, WinnerSignal& winners, Clock& clock,
          std::string cache_dir)
      : store_(store),
        index_(index),
        winners_(winners),
        clock_(clock),
        cache_dir_(std::move(cache_dir)) {}

  // Tells the index of this machine's own key, where it has one. Before anything is served.
  absl::Status Start();

  // As the RPCs of CacheService of these names, with their errors.
  absl::StatusOr<v1::ListSignersResponse> List();
  absl::StatusOr<v1::Signer> Trust(const v1::TrustSignerRequest& request);
  absl::StatusOr<v1::DistrustSignerResponse> Distrust(const v1::DistrustSignerRequest& request);
  absl::StatusOr<v1::AdoptWinnersResponse> Adopt();
  absl::StatusOr<v1::SigningKey> Key();
  absl::StatusOr<v1::SigningKey> Rotate();

  // FAILED_PRECONDITION, reason SIGNER_NOT_TRUSTED, with the command that trusts it.
  absl::Status CheckTrusted(const std::string& signer);
  // The fingerprints of all that are trusted now.
  absl::StatusOr<std::set<std::string>> Trusted();

  // The fingerprint that `text` means: 64 hexadecimal digits of either case, whoever's they are, or
  // the name of a trusted signer. Empty: neither.
  absl::StatusOr<std::string> Resolve(const std::string& text);

  // What is known of a signer, trusted or not.
  absl::StatusOr<v1::Signer> Describe(const std::string& signer);

 private:
  struct Counts {
    std::map<std::string, int64_t> winners;  // By signer.
    int64_t unknown = 0;                     // Imported winners without one.
  };

  Counts CountWinners() const;
  absl::StatusOr<std::string> OwnSigner() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::StatusOr<v1::Signer> DescribeLocked(const std::string& signer, int64_t winners)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Tells those who watch what this signer signed that their answer may be another one.
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
