#ifndef TILEWRIGHT_PROTO_SUPPORT_SHA256_H_
#define TILEWRIGHT_PROTO_SUPPORT_SHA256_H_

#include <string>
#include <string_view>

namespace tilewright {

// SHA-256 of `bytes`: 32 raw bytes.
std::string Sha256(std::string_view bytes);

// Lower-case hex of `bytes`.
std::string ToHex(std::string_view bytes);

// The bytes of lower- or upper-case `hex`; empty where it is not hex.
std::string FromHex(std::string_view hex);

}  // namespace tilewright

#endif  // TILEWRIGHT_PROTO_SUPPORT_SHA256_H_
