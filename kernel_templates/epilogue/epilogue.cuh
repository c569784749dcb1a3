// What happens to the accumulator on its way to D. The one implementation for every GEMM
// template, for fragments in registers as for sums of split-K partials:
//   z = alpha * scales * accumulator + bias + beta * C   (C where it is accumulated)
//   aux = z
//   v = dropout(activation(z)) + C              (C where it is a residual)
//   D = round(scale_d * v)                      (scale_d of an fp8 D, else 1)
// and of a gradient, which reads z from aux:
//   v = dropout(activation'(z) * (alpha * scales * accumulator + beta * C))
// Where alpha is 0 the first product is 0, and where beta is 0 the last, whatever A, B, their
// scales and C hold. amax is that of v. `scales` are those of A and B, of the whole tensors or of
// row and column: [batch][m] and [batch][n]. Those of blocks the main loop has put into the
// accumulators.
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_EPILOGUE_EPILOGUE_CUH_
#define TILEWRIGHT_KERNEL_TEMPLATES_EPILOGUE_EPILOGUE_CUH_

#include "abi/kernel_args.h"
#include "common/random_bits.cuh"
#include "epilogue/activation.cuh"
#include "epilogue/activation_gradient.cuh"
#include "epilogue/dropout.cuh"
#include "epilogue/epilogue_factors.cuh"
#include "epilogue/epilogue_spec.cuh"
#include "epilogue/output.cuh"
#include "epilogue/stochastic_rounding.cuh"
#include "epilogue/tensor_row.cuh"

namespace tilewright {

// Rows and columns are those of tiles, also beyond the edge of D: gemm/raster.cuh says why they fit
// an int, and with them what is left of a row, which may be negative. Places in memory are 64 bits.
//
// One thread's epilogue: holds the running amax and flag. All elements of D that a thread
// owns go through Apply, in vectors of kWidth neighbouring columns; then every thread of
// the warp calls Finish.
template <EpilogueSpec kSpec>
class Epilogue {
 public:
  static constexpr bool kScalesRows = kSpec.scaling == Scaling::kPerRowColumn;
  static constexpr bool kReadsAux = kSpec.gradient && kSpec.aux_type != Type::kNone;
  static constexpr bool kWritesAux = !kSpec.gradient && kSpec.aux_type != Type::kNone;

  // What other tensors of D's shape have for kWidth neighbouring elements: C, and z, an input of a
  // gradient and else an output.
  template <int kWidth>
  struct Neighbours {
    float source[kSpec.source != Source::kNone ? kWidth : 1];
    float z[kSpec.aux_type != Type::kNone ? kWidth : 1];
  };

  // The same as it is stored.
  template <int kWidth>
  struct PackedNeighbours {
    unsigned source[kSpec.source != Source::kNone ? kPackedWords<kSpec.source_type, kWidth> : 1];
    unsigned z[kReadsAux ? kPackedWords<kSpec.aux_type, kWidth> : 1];
  };

  // Bias and scale of a thread's columns, loaded once where a thread stays in its columns.
  template <int kWidth>
  struct ColumnTerms {
    float bias[kSpec.bias == Bias::kPerColumn ? kWidth : 1];
    float scale[kScalesRows ? kWidth : 1];
  };

  __device__ __forceinline__ Epilogue(const GemmArgs& args, int batch,
                                      const EpilogueFactors<kSpec>& factors)
      : args_(args),
        factors_(factors),
        batch_(batch),
        source_columns_(factors.ReadsSource() ? args.n : 0) {}
  __device__ __forceinline__ Epilogue(const GemmArgs& args, int batch)
      : Epilogue(args, batch, EpilogueFactors<kSpec>(args)) {}

  template <int kWidth>
  __device__ __forceinline__ ColumnTerms<kWidth> LoadColumnTerms(int column) const {
    ColumnTerms<kWidth> terms = {};
#pragma unroll
    for (int i = 0; i < kWidth; ++i) {
      const long long place = column + static_cast<long long>(i);
      if (place >= args_.n) continue;
      if constexpr (kSpec.bias == Bias::kPerColumn) {
        terms.bias[i] = LoadElement<kSpec.bias_type>(args_.bias, place);
      }
      if constexpr (kScalesRows) {
        if (!TakesSums()) continue;
        terms.scale[i] = args_.scale_b[static_cast<long long>(batch_) * args_.n + place];
      }
    }
    return terms;
  }

  // As EpilogueFactors has it. Where it is false callers pass sums that are 0.
  __device__ __forceinline__ bool TakesSums() const { return factors_.TakesSums(); }

  // What the sums of a row are multiplied with; 0 beyond the last row, where it does not matter.
  __device__ __forceinline__ float LoadRowFactor(int row) const {
    if constexpr (kScalesRows) {
      const long long first = static_cast<long long>(batch_) * args_.m;
      const bool counts = row < args_.m && TakesSums();
      return counts ? factors_.Alpha() * args_.scale_a[first + row] : 0.0f;
    }
    return factors_.Alpha();
  }

  // Elements (row, column) .. (row, column + kWidth - 1); those at or beyond n are left
  // out. The row exists; `column` is a multiple of kWidth. Bit i of `keep`: dropout keeps element
  // i. Their values are added to `column_sums` where there is a gradient of the bias.
  template <int kWidth, typename Accumulator, int kSums>
  __device__ __forceinline__ void Apply(const Accumulator (&sums)[kWidth], int row, int column,
                                        const ColumnTerms<kWidth>& terms, unsigned keep,
                                        float (&column_sums)[kSums]) {
    const int count = args_.n - column;
    if (count <= 0) return;
    if constexpr (kSpec.d_type == Type::kInt32) {
      unsigned words[kWidth];
#pragma unroll
      for (int i = 0; i < kWidth; ++i) words[i] = static_cast<unsigned>(sums[i]);
      StoreOutput<kWidth>(row, column, words, count);
    } else {
      PackedNeighbours<kWidth> neighbours;
      LoadNeighbours<kWidth>(neighbours, row, column, count);
      const float row_factor = LoadRowFactor(row);
      float values[kWidth];
#pragma unroll
      for (int i = 0; i < kWidth; ++i) values[i] = Scaled(sums[i], row, row_factor, terms, i);
      ApplyScaled<kWidth>(values, neighbours, row, column, count, keep, column_sums);
    }
  }

  // The same from sums that are scaled and have their bias, with what LoadNeighbours gave. `count`:
  // of the elements that exist, at least 1.
  template <int kWidth, int kSums>
  __device__ __forceinline__ void ApplyScaled(float (&values)[kWidth],
                                              const PackedNeighbours<kWidth>& packed, int row,
                                              int column, int count, unsigned keep,
                                              float (&column_sums)[kSums]) {
    Neighbours<kWidth> neighbours;
    if constexpr (kSpec.source != Source::kNone) {
      UnpackRow<kSpec.source_type, kWidth>(neighbours.source, packed.source);
    }
    if constexpr (kReadsAux) UnpackRow<kSpec.aux_type, kWidth>(neighbours.z, packed.z);
    Transform(values, neighbours, KeepBitsOnly{keep});
    if constexpr (kWritesAux) {
      unsigned words[kPackedWords<kSpec.aux_type, kWidth>];
      RoundNearest<kSpec.aux_type>(words, neighbours.z);
      StoreRow<kSpec.aux_type, kSpec.aux_access_bytes, kWidth>(
          args_.aux, Place(row, column, args_.ld_aux, args_.aux_batch_stride), words, count);
    }
    Observe(values, count);
    AddTo(column_sums, values, count);
    unsigned words[kPackedWords<kSpec.d_type, kWidth>];
    Round(words, values, row, column, count);
    StoreOutput<kWidth>(row, column, words, count);
  }

  // The elements of C and z that the epilogue reads; zeros where there are none, or C is not read.
  template <int kWidth>
  __device__ __forceinline__ void LoadNeighbours(PackedNeighbours<kWidth>& packed, int row,
                                                 int column, int count) const {
    if constexpr (kSpec.source != Source::kNone) {
      LoadPackedRow<kSpec.source_type, kSpec.source_access_bytes, kWidth>(
          packed.source, args_.c, Place(row, column, args_.ldc, args_.c_batch_stride),
          kSpec.source == Source::kAccumulate ? source_columns_ - column : count);
    }
    if constexpr (kReadsAux) {
      LoadPackedRow<kSpec.aux_type, kSpec.aux_access_bytes, kWidth>(
          packed.z, args_.aux, Place(row, column, args_.ld_aux, args_.aux_batch_stride), count);
    }
  }

  // What follows is for callers that have fragments and store D themselves: they take the elements
  // of several pairs of neighbours through each step together, so that the steps' latencies
  // overlap. No random bits are needed for rounding.

  // The sums of (row, column) and (row, column + 1), scaled and with their bias. `row_factor`: the
  // row's.
  template <typename Accumulator>
  __device__ __forceinline__ void ScalePair(const Accumulator (&sums)[2], int row, float row_factor,
                                            const ColumnTerms<2>& terms, float* values) const {
#pragma unroll
    for (int i = 0; i < 2; ++i) values[i] = Scaled(sums[i], row, row_factor, terms, i);
  }

  // The same of (row, column) and (row + 1, column).
  template <typename Accumulator>
  __device__ __forceinline__ void ScaleColumnPair(const Accumulator (&sums)[2], int row,
                                                  const ColumnTerms<1>& terms,
                                                  float* values) const {
#pragma unroll
    for (int i = 0; i < 2; ++i) {
      values[i] = Scaled(sums[i], row + i, LoadRowFactor(row + i), terms, 0);
    }
  }

  // From those to the values that are rounded, but for dropping where that is done when they are.
  // `signs`: KeepSigns of each pair; `neighbours`: theirs, of which z is set where it is an output.
  template <int kPairs>
  __device__ __forceinline__ void Complete(float (&values)[2 * kPairs],
                                           Neighbours<2 * kPairs>& neighbours,
                                           const unsigned (&signs)[kPairs]) const {
    if constexpr (kDropsPacked) {
      Transform(values, neighbours, ScaleOnly());
    } else {
      Transform(values, neighbours, KeepPairs{signs});
    }
  }

  // Rounds and packs a pair, of which `count` elements exist: (row, column) and the next of the
  // row.
  __device__ __forceinline__ void PackPair(const float* completed, int row, int column, int count,
                                           unsigned signs,
                                           unsigned (&words)[kPackedWords<kSpec.d_type, 2>],
                                           float (&column_sums)[2]) {
    static_assert(!kSpec.stochastic_rounding);
    const float values[2] = {completed[0], completed[1]};
    Observe(values, count);
    AddTo(column_sums, values, count);
    Round(words, values, row, column, count);
    if constexpr (kDropsPacked) words[0] &= KeepHalves(signs);
  }

  // The same of (row, column) and the next of the column. D is 8 or 16 bits wide.
  __device__ __forceinline__ unsigned PackColumnPair(const float* completed, int row, int column,
                                                     int count, unsigned signs,
                                                     float (&column_sums)[1]) {
    static_assert(!kSpec.stochastic_rounding);
    const float values[2] = {completed[0], completed[1]};
    Observe(values, count);
    if constexpr (kSpec.bias_gradient) {
      column_sums[0] += (count > 0 ? values[0] : 0.0f) + (count > 1 ? values[1] : 0.0f);
    }
    unsigned words[1];
    Round(words, values, row, column, count);
    if constexpr (kDropsPacked) words[0] &= KeepHalves(signs);
    return words[0];
  }

  // The mask of D.
  __device__ __forceinline__ DropoutMask<kSpec> Mask() const {
    return DropoutMask<kSpec>(args_, batch_);
  }

  // Hands on amax and the flag, one atomic a warp. Called by whole warps.
  __device__ __forceinline__ void Finish() {
    if constexpr (kSpec.amax) {
#pragma unroll
      for (int distance = 16; distance > 0; distance /= 2) {
        amax_ = fmaxf(amax_, __shfl_xor_sync(0xFFFFFFFF, amax_, distance));
      }
      // Bit patterns of floats that are not negative are ordered as integers.
      if (threadIdx.x % 32 == 0) {
        atomicMax(reinterpret_cast<int*>(args_.amax), __float_as_int(amax_));
      }
    }
    if constexpr (kSpec.non_finite_flag) {
      const bool any = __any_sync(0xFFFFFFFF, non_finite_);
      if (any && threadIdx.x % 32 == 0) *args_.non_finite = 1;
    }
  }

 private:
  __device__ __forceinline__ long long Place(int row, int column, long long stride,
                                             long long batch_stride) const {
    return batch_ * batch_stride + row * stride + column;
  }

  // Of column i of those that `terms` are of. A row beyond the last has no bias to read; what it
  // gets does not matter.
  template <int kWidth, typename Accumulator>
  __device__ __forceinline__ float Scaled(Accumulator sum, int row, float row_factor,
                                          const ColumnTerms<kWidth>& terms, int i) const {
    float value = row_factor * static_cast<float>(sum);
    if constexpr (kScalesRows) value *= terms.scale[i];
    if constexpr (kSpec.bias == Bias::kPerColumn) {
      value += terms.bias[i];
    } else if constexpr (kSpec.bias == Bias::kPerRow) {
      value += LoadElement<kSpec.bias_type>(args_.bias, row < args_.m ? row : args_.m - 1);
    }
    return value;
  }

  template <int kWidth>
  __device__ __forceinline__ void StoreOutput(
      int row, int column, const unsigned (&words)[kPackedWords<kSpec.d_type, kWidth>],
      int count) const {
    const Output<kSpec> output(args_);
    StoreRow<kSpec.d_type, kSpec.d_access_bytes, kWidth>(
        output.base, Place(row, column, output.row_stride, output.batch_stride), words, count);
  }

  // What dropout does to element i of those at hand: by bit i; by KeepSigns of each pair; or no
  // more than scale it, for it will be dropped when it is packed.
  struct KeepBitsOnly {
    unsigned bits;
    __device__ __forceinline__ float Keep(float value, int i) const {
      return (bits >> i & 1) != 0 ? value : 0.0f;
    }
  };
  struct KeepPairs {
    const unsigned* signs;
    __device__ __forceinline__ float Keep(float value, int i) const {
      const unsigned at_top = i % 2 == 0 ? signs[i / 2] << 16 : signs[i / 2];
      return static_cast<int>(at_top) < 0 ? value : 0.0f;
    }
  };
  struct ScaleOnly {
    __device__ __forceinline__ float Keep(float value, int) const { return value; }
  };
  // Rounded elements are dropped by one AND where nothing looks at them before.
  static constexpr bool kDropsPacked = DropoutMask<kSpec>::kDrops && BytesOf(kSpec.d_type) == 2 &&
                                       kSpec.source != Source::kResidual && !kSpec.amax &&
                                       !kSpec.non_finite_flag && !kSpec.bias_gradient;

  // Whether what dropout scales with is part of the activation.
  static constexpr bool kDividesByShare =
      DropoutMask<kSpec>::kDrops && !kSpec.gradient && DividesByShare(kSpec.activation);

  // From scaled sums with their bias to the values that are rounded.
  template <int kWidth, typename Keeper>
  __device__ __forceinline__ void Transform(float (&values)[kWidth], Neighbours<kWidth>& neighbours,
                                            Keeper keeper) const {
    if constexpr (kSpec.source == Source::kAccumulate) {
#pragma unroll
      for (int i = 0; i < kWidth; ++i) values[i] += factors_.Beta() * neighbours.source[i];
    }
    if constexpr (kSpec.gradient) {
      if constexpr (kReadsAux) {
#pragma unroll
        for (int i = 0; i < kWidth; ++i) {
          values[i] *= ActivateGradient<kSpec.activation>(neighbours.z[i]);
        }
      }
    } else {
      if constexpr (kWritesAux) {
#pragma unroll
        for (int i = 0; i < kWidth; ++i) neighbours.z[i] = values[i];
      }
      Activate<kSpec.activation, kSpec.d_type, kDividesByShare>(values, args_.kept_share);
    }
    if constexpr (DropoutMask<kSpec>::kDrops) {
      // Selected, so that a dropped Inf is 0.
#pragma unroll
      for (int i = 0; i < kWidth; ++i) {
        values[i] = keeper.Keep(kDividesByShare ? values[i] : args_.dropout_scale * values[i], i);
      }
    }
    if constexpr (kSpec.source == Source::kResidual) {
#pragma unroll
      for (int i = 0; i < kWidth; ++i) values[i] += neighbours.source[i];
    }
  }

  template <int kWidth, int kSums>
  __device__ __forceinline__ static void AddTo(float (&column_sums)[kSums],
                                               const float (&values)[kWidth], int count) {
    if constexpr (kSpec.bias_gradient) {
      static_assert(kSums == kWidth);
#pragma unroll
      for (int i = 0; i < kWidth; ++i) column_sums[i] += i < count ? values[i] : 0.0f;
    }
  }

  // fmaxf leaves NaN out.
  template <int kWidth>
  __device__ __forceinline__ void Observe(const float (&values)[kWidth], int count) {
    if constexpr (kSpec.amax) {
#pragma unroll
      for (int i = 0; i < kWidth; ++i) {
        if (i < count) amax_ = fmaxf(amax_, fabsf(values[i]));
      }
    }
  }

  template <int kWidth>
  __device__ __forceinline__ void Round(unsigned (&words)[kPackedWords<kSpec.d_type, kWidth>],
                                        const float (&values)[kWidth], int row, int column,
                                        int count) {
    if constexpr (kSpec.stochastic_rounding) {
      unsigned bits[kWidth];
      PhiloxWords block;
#pragma unroll
      for (int i = 0; i < kWidth; ++i) {
        // Neighbouring columns 2q and 2q + 1 share a block.
        if (i % 2 == 0) {
          block = RandomBlock<kRoundingRounds>(args_.keys, args_.offset, RandomUse::kRounding,
                                               batch_, row, column + i);
        }
        bits[i] =
            RoundStochastically<kSpec.d_type>(values[i], RandomBits16(block, row, column + i));
      }
      words[0] = bits[0];
#pragma unroll
      for (int i = 0; i + 1 < kWidth; i += 2) words[i / 2] = bits[i] | bits[i + 1] << 16;
    } else if constexpr (IsFp8(kSpec.d_type)) {
      float scaled[kWidth];
#pragma unroll
      for (int i = 0; i < kWidth; ++i) scaled[i] = values[i] * factors_.ScaleD();
      RoundNearest<kSpec.d_type>(words, scaled);
      // Rounding to fp8 hides an Inf: what is looked at is what is rounded.
      if constexpr (kSpec.non_finite_flag) {
#pragma unroll
        for (int i = 0; i < kWidth; ++i) {
          FlagNonFinite<0x7F800000>(__float_as_uint(scaled[i]), i < count);
        }
      }
      return;
    } else {
      RoundNearest<kSpec.d_type>(words, values);
    }
    if constexpr (kSpec.non_finite_flag) {
      constexpr unsigned kExponent = kSpec.d_type == Type::kBf16   ? 0x7F80
                                     : kSpec.d_type == Type::kFp16 ? 0x7C00
                                                                   : 0x7F800000;
#pragma unroll
      for (int i = 0; i < kWidth; ++i) {
        FlagNonFinite<kExponent>(UnpackElement<kSpec.d_type>(words, i), i < count);
      }
    }
  }

  // Inf and NaN have all bits of the exponent set.
  template <unsigned kExponent>
  __device__ __forceinline__ void FlagNonFinite(unsigned bits, bool exists) {
    if (exists && (bits & kExponent) == kExponent) non_finite_ = true;
  }

  const GemmArgs& args_;
  const EpilogueFactors<kSpec> factors_;
  const int batch_;
  const int source_columns_;  // Of C, as far as it is read.
  float amax_ = 0.0f;
  bool non_finite_ = false;
};

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_EPILOGUE_EPILOGUE_CUH_
