// Element types of tensors as the templates name them, their storage and conversions.
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_COMMON_TYPES_CUH_
#define TILEWRIGHT_KERNEL_TEMPLATES_COMMON_TYPES_CUH_

namespace tilewright {

enum class Type { kNone, kFp32, kTf32, kFp16, kBf16, kInt8, kInt32, kE4m3, kE5m2 };

constexpr int BytesOf(Type type) {
  switch (type) {
    case Type::kFp32:
    case Type::kTf32:
    case Type::kInt32:
      return 4;
    case Type::kFp16:
    case Type::kBf16:
      return 2;
    case Type::kInt8:
    case Type::kE4m3:
    case Type::kE5m2:
      return 1;
    case Type::kNone:
      break;
  }
  return 0;
}

// Whether a type is an 8-bit float.
constexpr bool IsFp8(Type type) { return type == Type::kE4m3 || type == Type::kE5m2; }

// Whether a type is a 16-bit float, the outputs that stochastic rounding is for.
constexpr bool IsHalfWidth(Type type) { return type == Type::kFp16 || type == Type::kBf16; }

// `bits` of one stored element (the low bits of the word) as fp32.
template <Type kType>
__device__ __forceinline__ float FloatFromBits(unsigned bits) {
  if constexpr (kType == Type::kBf16) {
    return __uint_as_float(bits << 16);
  } else if constexpr (kType == Type::kFp16) {
    float value;
    asm("{.reg .b16 h, unused; mov.b32 {h, unused}, %1; cvt.f32.f16 %0, h;}"
        : "=f"(value)
        : "r"(bits));
    return value;
  } else if constexpr (IsFp8(kType)) {
    // Every fp8 value is one of fp16.
    unsigned halves;
    if constexpr (kType == Type::kE4m3) {
      asm("cvt.rn.f16x2.e4m3x2 %0, %1;" : "=r"(halves) : "h"(static_cast<unsigned short>(bits)));
    } else {
      asm("cvt.rn.f16x2.e5m2x2 %0, %1;" : "=r"(halves) : "h"(static_cast<unsigned short>(bits)));
    }
    return FloatFromBits<Type::kFp16>(halves & 0xFFFF);
  } else if constexpr (kType == Type::kInt32) {
    return static_cast<float>(static_cast<int>(bits));
  } else {
    return __uint_as_float(bits);
  }
}

// Two values rounded to nearest even and packed, `low` in the low half. 8-bit floats (in 16 bits)
// and 16-bit ones. An fp8 value beyond the type's largest, Inf as well, becomes that; NaN stays
// NaN.
template <Type kType>
__device__ __forceinline__ unsigned PackedFromFloats(float low, float high) {
  static_assert(IsHalfWidth(kType) || IsFp8(kType));
  unsigned packed;
  if constexpr (kType == Type::kBf16) {
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(packed) : "f"(high), "f"(low));
  } else if constexpr (kType == Type::kFp16) {
    asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(packed) : "f"(high), "f"(low));
  } else {
    unsigned short bits;
    if constexpr (kType == Type::kE4m3) {
      asm("cvt.rn.satfinite.e4m3x2.f32 %0, %1, %2;" : "=h"(bits) : "f"(high), "f"(low));
    } else {
      asm("cvt.rn.satfinite.e5m2x2.f32 %0, %1, %2;" : "=h"(bits) : "f"(high), "f"(low));
    }
    packed = bits;
  }
  return packed;
}

// `value` rounded to nearest even, as stored bits.
template <Type kType>
__device__ __forceinline__ unsigned BitsFromFloat(float value) {
  if constexpr (IsFp8(kType)) {
    return PackedFromFloats<kType>(value, 0.0f);
  } else if constexpr (kType == Type::kBf16) {
    unsigned short bits;
    asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(bits) : "f"(value));
    return bits;
  } else if constexpr (kType == Type::kFp16) {
    unsigned short bits;
    asm("cvt.rn.f16.f32 %0, %1;" : "=h"(bits) : "f"(value));
    return bits;
  } else {
    return __float_as_uint(value);
  }
}

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_COMMON_TYPES_CUH_
