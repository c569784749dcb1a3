#include "tuner/store/zstd_blob.h"

#include <zstd.h>

namespace tilewright {

std::string ZstdCompress(std::string_view bytes) {
  constexpr int kLevel = 3;
  std::string compressed(ZSTD_compressBound(bytes.size()), '\0');
  // This cannot fail with a buffer of ZSTD_compressBound.
  compressed.resize(
      ZSTD_compress(compressed.data(), compressed.size(), bytes.data(), bytes.size(), kLevel));
  return compressed;
}

std::optional<std::string> ZstdDecompress(std::string_view compressed) {
  // The two error codes of this function are the largest values, so one comparison is enough.
  const unsigned long long size = ZSTD_getFrameContentSize(compressed.data(), compressed.size());
  if (size > kMaxCubinBytes) return std::nullopt;
  std::string bytes(size, '\0');
  const std::size_t written =
      ZSTD_decompress(bytes.data(), bytes.size(), compressed.data(), compressed.size());
  if (ZSTD_isError(written) || written != size) return std::nullopt;
  return bytes;
}

}  // namespace tilewright
