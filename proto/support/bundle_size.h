#ifndef TILEWRIGHT_PROTO_SUPPORT_BUNDLE_SIZE_H_
#define TILEWRIGHT_PROTO_SUPPORT_BUNDLE_SIZE_H_

#include <cstddef>

namespace tilewright {

// No bundle is larger, because writer and reader hold all of it in memory.
inline constexpr std::size_t kMaxBundleBytes = std::size_t{2} << 30;

}  // namespace tilewright

#endif  // TILEWRIGHT_PROTO_SUPPORT_BUNDLE_SIZE_H_
