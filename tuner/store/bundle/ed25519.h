// Ed25519 signatures by OpenSSL. Pure; any thread.
#ifndef TILEWRIGHT_TUNER_STORE_BUNDLE_ED25519_H_
#define TILEWRIGHT_TUNER_STORE_BUNDLE_ED25519_H_

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace tilewright {

inline constexpr std::size_t kEd25519KeyBytes = 32;
inline constexpr std::size_t kEd25519SignatureBytes = 64;

// Makes a new private key from the system's random numbers.
absl::StatusOr<std::string> GenerateEd25519Key();

// INVALID_ARGUMENT if `private_key` does not have 32 bytes.
absl::StatusOr<std::string> Ed25519PublicKey(std::string_view private_key);
absl::StatusOr<std::string> Ed25519Sign(std::string_view private_key, std::string_view message);

bool Ed25519Verify(std::string_view public_key, std::string_view message,
                   std::string_view signature);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_STORE_BUNDLE_ED25519_H_
