#ifndef TILEWRIGHT_TUNER_STORE_ZSTD_BLOB_H_
#define TILEWRIGHT_TUNER_STORE_ZSTD_BLOB_H_

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace tilewright {

// Far above any cubin (tens of KiB each). It limits what a damaged header can make us allocate.
inline constexpr std::size_t kMaxCubinBytes = std::size_t{64} << 20;

std::string ZstdCompress(std::string_view bytes);

// Returns nothing if `compressed` is not a complete zstd frame of at most kMaxCubinBytes.
std::optional<std::string> ZstdDecompress(std::string_view compressed);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_STORE_ZSTD_BLOB_H_
