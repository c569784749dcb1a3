// The key that signs what a cache directory exports: signing.key in it, of mode 0600.
#ifndef TILEWRIGHT_TUNER_STORE_BUNDLE_SIGNING_KEY_H_
#define TILEWRIGHT_TUNER_STORE_BUNDLE_SIGNING_KEY_H_

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace tilewright {

// The key of this cache directory, made on first use. FAILED_PRECONDITION, reasons
// SIGNING_KEY_INVALID and SIGNING_KEY_EXPOSED.
absl::StatusOr<std::string> LoadOrCreateSigningKey(const std::string& cache_dir);

// The same, and nothing where there is none yet.
absl::StatusOr<std::optional<std::string>> FindSigningKey(const std::string& cache_dir);

// Puts `key` in the place of the directory's key, which is kept as signing.key.<fingerprint>.
absl::Status ReplaceSigningKey(const std::string& cache_dir, std::string_view key);

// What a signer is called: hex SHA-256 of the public key of `private_key`.
absl::StatusOr<std::string> FingerprintOf(std::string_view private_key);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_STORE_BUNDLE_SIGNING_KEY_H_
