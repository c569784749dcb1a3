#include "proto/support/sha256.h"

#include <openssl/sha.h>

#include <algorithm>
#include <cctype>

#include "absl/strings/escaping.h"

namespace tilewright {

std::string Sha256(std::string_view bytes) {
  std::string digest(SHA256_DIGEST_LENGTH, '\0');
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
         reinterpret_cast<unsigned char*>(digest.data()));
  return digest;
}

std::string ToHex(std::string_view bytes) {
  return absl::BytesToHexString(absl::string_view(bytes.data(), bytes.size()));
}

std::string FromHex(std::string_view hex) {
  const bool is_hex =
      hex.size() % 2 == 0 &&
      std::all_of(hex.begin(), hex.end(), [](unsigned char c) { return std::isxdigit(c) != 0; });
  return is_hex ? absl::HexStringToBytes(absl::string_view(hex.data(), hex.size())) : std::string();
}

}  // namespace tilewright
