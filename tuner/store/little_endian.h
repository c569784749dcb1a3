// Fixed-width little-endian integers in byte strings.
#ifndef TILEWRIGHT_TUNER_STORE_LITTLE_ENDIAN_H_
#define TILEWRIGHT_TUNER_STORE_LITTLE_ENDIAN_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace tilewright {

inline void AppendLittleEndian(std::uint64_t value, std::size_t width, std::string* bytes) {
  for (std::size_t i = 0; i < width; ++i) {
    bytes->push_back(static_cast<char>(value >> (8 * i)));
  }
}

inline void AppendUint32(std::uint32_t value, std::string* bytes) {
  AppendLittleEndian(value, sizeof(value), bytes);
}

inline void AppendUint64(std::uint64_t value, std::string* bytes) {
  AppendLittleEndian(value, sizeof(value), bytes);
}

// Reads all of `bytes`, at most eight, as one number.
inline std::uint64_t ParseLittleEndian(std::string_view bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = bytes.size(); i > 0; --i) {
    value = value << 8 | static_cast<unsigned char>(bytes[i - 1]);
  }
  return value;
}

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_STORE_LITTLE_ENDIAN_H_
