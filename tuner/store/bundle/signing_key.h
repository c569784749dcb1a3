// The key that signs the exports of a cache directory: signing.key in it, with mode 0600.
#ifndef TILEWRIGHT_TUNER_STORE_BUNDLE_SIGNING_KEY_H_
#define TILEWRIGHT_TUNER_STORE_BUNDLE_SIGNING_KEY_H_

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace tilewright {

// Returns the key of this cache directory; makes it on first use. FAILED_PRECONDITION, reasons
// SIGNING_KEY_INVALID and SIGNING_KEY_EXPOSED.
absl::StatusOr<std::string> LoadOrCreateSigningKey(const std::string& cache_dir);

// Returns the same key, or nothing if there is none yet.
absl::StatusOr<std::optional<std::string>> FindSigningKey(const std::string& cache_dir);

// Makes `key` the directory's key. The old one is kept as signing.key.<fingerprint>.
absl::Status ReplaceSigningKey(const std::string& cache_dir, std::string_view key);

// Returns the name of a signer: hex SHA-256 of the public key of `private_key`.
absl::StatusOr<std::string> FingerprintOf(std::string_view private_key);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_STORE_BUNDLE_SIGNING_KEY_H_
