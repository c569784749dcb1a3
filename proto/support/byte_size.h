#ifndef TILEWRIGHT_PROTO_SUPPORT_BYTE_SIZE_H_
#define TILEWRIGHT_PROTO_SUPPORT_BYTE_SIZE_H_

#include <cstdint>
#include <optional>
#include <string_view>

namespace tilewright {

// Reads a size in flags and settings: "500MB", "2GiB", "1.5KiB", or a plain number of bytes, from 0
// to 2^60. Returns nothing if `text` is something else.
std::optional<int64_t> ParseByteSize(std::string_view text);

}  // namespace tilewright

#endif  // TILEWRIGHT_PROTO_SUPPORT_BYTE_SIZE_H_
