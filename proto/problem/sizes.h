// The sizes that a problem can have. Pure; any thread.
#ifndef TILEWRIGHT_PROTO_PROBLEM_SIZES_H_
#define TILEWRIGHT_PROTO_PROBLEM_SIZES_H_

#include <cstdint>

namespace tilewright {

// The limit of m, n, k and of rows and columns: the arguments of kernels have 32-bit fields.
inline constexpr int64_t kMaxExtent = INT32_MAX;
// The limit of batches: they are in grid y or z.
inline constexpr int64_t kMaxGridYz = 65535;
inline constexpr int64_t kMaxGridX = INT32_MAX;

// A tile with this many columns has all columns of a row.
inline constexpr int kWholeRow = INT32_MAX;

// Returns whether adding a tile to `extent` may need more than 31 bits. Kernels of versions that
// did not serve such extents yet are wrong there, and nothing shows it. So problems with such an
// extent share kernels only with each other.
constexpr bool IsNearLimit(int64_t extent) { return extent > kMaxExtent - 65536; }

// Returns ceil(m / tile_m) * ceil(n / tile_n) * batch, but at most 2^62.
int64_t TilesOf(int64_t m, int64_t n, int64_t batch, int64_t tile_m, int64_t tile_n);

}  // namespace tilewright

#endif  // TILEWRIGHT_PROTO_PROBLEM_SIZES_H_
