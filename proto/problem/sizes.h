// The sizes that a problem can have. Pure; any thread.
#ifndef TILEWRIGHT_PROTO_PROBLEM_SIZES_H_
#define TILEWRIGHT_PROTO_PROBLEM_SIZES_H_

#include <cstdint>

namespace tilewright {

// Of m, n and k, and of the rows and columns of a fused dropout: the arguments have 32-bit fields.
inline constexpr int64_t kMaxExtent = INT32_MAX;
// Of batches: grid y and z.
inline constexpr int64_t kMaxGridYz = 65535;
inline constexpr int64_t kMaxGridX = INT32_MAX;

// A tile of so many columns has all columns of a row, however many.
inline constexpr int kWholeRow = INT32_MAX;

// Whether an extent is so close to the largest that adding a tile to it leaves 31 bits. Kernels of
// versions before the first one that serves such extents are wrong there, and look no different. So
// problems with such an extent share kernels with each other alone.
constexpr bool IsNearLimit(int64_t extent) { return extent > kMaxExtent - 65536; }

// ceil(m / tile_m) * ceil(n / tile_n) * batch, at most 2^62: more is no more.
int64_t TilesOf(int64_t m, int64_t n, int64_t batch, int64_t tile_m, int64_t tile_n);

}  // namespace tilewright

#endif  // TILEWRIGHT_PROTO_PROBLEM_SIZES_H_
