// Elements of any type as doubles. Self-contained: what checks the templates shares no
// code with them.
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_REFERENCE_ELEMENTS_CUH_
#define TILEWRIGHT_KERNEL_TEMPLATES_REFERENCE_ELEMENTS_CUH_

namespace tilewright {

// The numbers of tilewright.v1.DataType.
inline constexpr int kFp32 = 1;
inline constexpr int kTf32 = 2;
inline constexpr int kFp16 = 3;
inline constexpr int kBf16 = 4;
inline constexpr int kE4m3 = 5;
inline constexpr int kE5m2 = 6;
inline constexpr int kInt8 = 7;
inline constexpr int kInt32 = 8;

__device__ __forceinline__ constexpr int ElementBytes(int type) {
  return type == kFp16 || type == kBf16                    ? 2
         : type == kE4m3 || type == kE5m2 || type == kInt8 ? 1
                                                           : 4;
}

// A binary float of `exponent_bits` and `mantissa_bits`, by arithmetic alone. IEEE
// specials where `has_infinity`; else (E4M3) only the all-ones pattern is NaN.
__device__ inline double DecodeSmallFloat(unsigned bits, int exponent_bits, int mantissa_bits,
                                          bool has_infinity) {
  const unsigned exponent_mask = (1u << exponent_bits) - 1;
  const unsigned mantissa_mask = (1u << mantissa_bits) - 1;
  const unsigned exponent = bits >> mantissa_bits & exponent_mask;
  const unsigned mantissa = bits & mantissa_mask;
  const double sign = bits >> (exponent_bits + mantissa_bits) & 1 ? -1.0 : 1.0;
  const int bias = (1 << (exponent_bits - 1)) - 1;
  if (exponent == exponent_mask) {
    if (has_infinity) {
      return mantissa == 0 ? sign * __longlong_as_double(0x7FF0000000000000ll)
                           : __longlong_as_double(0x7FF8000000000000ll);
    }
    if (mantissa == mantissa_mask) return __longlong_as_double(0x7FF8000000000000ll);
  }
  if (exponent == 0) return sign * ldexp(static_cast<double>(mantissa), 1 - bias - mantissa_bits);
  return sign * ldexp(static_cast<double>(mantissa + mantissa_mask + 1),
                      static_cast<int>(exponent) - bias - mantissa_bits);
}

__device__ __forceinline__ unsigned LoadBits(const void* data, long long index, int type) {
  switch (ElementBytes(type)) {
    case 1:
      return static_cast<const unsigned char*>(data)[index];
    case 2:
      return static_cast<const unsigned short*>(data)[index];
    default:
      return static_cast<const unsigned*>(data)[index];
  }
}

__device__ __forceinline__ void StoreBits(void* data, long long index, int type, unsigned bits) {
  switch (ElementBytes(type)) {
    case 1:
      static_cast<unsigned char*>(data)[index] = static_cast<unsigned char>(bits);
      break;
    case 2:
      static_cast<unsigned short*>(data)[index] = static_cast<unsigned short>(bits);
      break;
    default:
      static_cast<unsigned*>(data)[index] = bits;
  }
}

__device__ __forceinline__ double Decode(unsigned bits, int type) {
  switch (type) {
    case kFp16:
      return DecodeSmallFloat(bits, 5, 10, true);
    case kBf16:
      return static_cast<double>(__uint_as_float(bits << 16));
    case kE4m3:
      return DecodeSmallFloat(bits, 4, 3, false);
    case kE5m2:
      return DecodeSmallFloat(bits, 5, 2, true);
    case kInt8:
      return static_cast<double>(static_cast<signed char>(bits));
    case kInt32:
      return static_cast<double>(static_cast<int>(bits));
    default:
      return static_cast<double>(__uint_as_float(bits));
  }
}

__device__ __forceinline__ double Load(const void* data, long long index, int type) {
  return Decode(LoadBits(data, index, type), type);
}

// The stored bits of `value`, cut off towards zero: it only makes inputs, so any neighbour
// does. TF32 keeps 10 bits of mantissa, which makes every product exact whatever a tensor
// core does with the rest.
__device__ inline unsigned Encode(float value, int type) {
  const unsigned bits = __float_as_uint(value);
  switch (type) {
    case kTf32:
      return bits & 0xFFFFE000u;
    case kBf16:
      return bits >> 16;
    case kFp16: {
      const unsigned sign = bits >> 16 & 0x8000;
      const float magnitude = fabsf(value);
      if (magnitude >= 65504.0f) return sign | 0x7BFF;
      if (magnitude < 6.103515625e-5f) {  // 2^-14: steps of 2^-24 from here down.
        return sign | static_cast<unsigned>(magnitude * 16777216.0f);
      }
      return sign | ((bits & 0x7FFFFFFF) - 0x38000000u) >> 13;
    }
    case kE4m3: {
      const unsigned sign = bits >> 24 & 0x80;
      const float magnitude = fabsf(value);
      if (magnitude >= 448.0f) return sign | 0x7E;
      // 2^-6: steps of 2^-9 from here down.
      if (magnitude < 0x1p-6f) return sign | static_cast<unsigned>(magnitude * 512.0f);
      return sign | ((bits & 0x7FFFFFFF) - 0x3C000000u) >> 20;
    }
    case kE5m2: {
      const unsigned sign = bits >> 24 & 0x80;
      const float magnitude = fabsf(value);
      if (magnitude >= 57344.0f) return sign | 0x7B;
      // 2^-14: steps of 2^-16 from here down.
      if (magnitude < 0x1p-14f) return sign | static_cast<unsigned>(magnitude * 65536.0f);
      return sign | ((bits & 0x7FFFFFFF) - 0x38000000u) >> 21;
    }
    case kInt8: {
      const float bounded = fminf(fmaxf(rintf(value), -128.0f), 127.0f);
      return static_cast<unsigned>(static_cast<int>(bounded)) & 0xFF;
    }
    default:
      return bits;
  }
}

__device__ __forceinline__ bool IsFloat(int type) { return type != kInt8 && type != kInt32; }

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_REFERENCE_ELEMENTS_CUH_
