#ifndef TILEWRIGHT_PROTO_SUPPORT_SHA256_H_
#define TILEWRIGHT_PROTO_SUPPORT_SHA256_H_

#include <string>
#include <string_view>

namespace tilewright {

// Returns the SHA-256 of `bytes`: 32 raw bytes.
std::string Sha256(std::string_view bytes);

// Returns `bytes` in lower-case hex.
std::string ToHex(std::string_view bytes);

// Returns the bytes of lower- or upper-case `hex`; empty if it is not hex.
std::string FromHex(std::string_view hex);

}  // namespace tilewright

#endif  // TILEWRIGHT_PROTO_SUPPORT_SHA256_H_
