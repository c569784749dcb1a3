// The limits of dropout, its probability as kernels take it, and the size of a stored mask.
// docs/dropout.md defines them. Pure; any thread.
#ifndef TILEWRIGHT_PROTO_PROBLEM_DROPOUT_MASK_H_
#define TILEWRIGHT_PROTO_PROBLEM_DROPOUT_MASK_H_

#include <cstdint>

namespace tilewright {

// Offsets are below this: the batch has the upper 16 bits of their word.
inline constexpr uint64_t kOffsetLimit = uint64_t{1} << 48;

// The number of values that the bits of an element can have. A threshold is in [0, kDropoutSteps].
inline constexpr uint32_t kDropoutSteps = 32768;

// Returns the threshold for a `probability` p in [0, 1]: the integer nearest to p * 2^15, ties to
// even. The threshold 0 drops nothing, and kDropoutSteps drops everything.
uint32_t QuantizeProbability(double probability);

// Returns the factor of the kept elements: 32768 / (32768 - threshold), or 0 if threshold is 32768.
float DropoutScale(uint32_t threshold);

// Returns GemmArgs::dropout_offset for a threshold: (32768 - threshold) * (2^16 + 1).
uint32_t DropoutOffset(uint32_t threshold);

// Returns the bytes of one row of a packed mask.
int64_t PackedMaskRowBytes(int64_t columns);

}  // namespace tilewright

#endif  // TILEWRIGHT_PROTO_PROBLEM_DROPOUT_MASK_H_
