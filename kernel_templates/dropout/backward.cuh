// The backward form. g is the gradient of v: dy, or with a normalization what its row makes of it
//   g = (w dy - mean(w dy) - n mean(w dy n)) / root + gradient of v's other uses,
// n = (v - mean) / root being v normalized (RMS_NORM has no means but that of w dy n). Then
//   dr = g,  dx = mask / (1 - p) * g * activation'(x + bias),
// and sums over rows: dx for the bias, dy n for the weight, dy for the shift.
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_DROPOUT_BACKWARD_CUH_
#define TILEWRIGHT_KERNEL_TEMPLATES_DROPOUT_BACKWARD_CUH_

#include "dropout/fused_dropout_spec.cuh"
#include "dropout/group_sum.cuh"
#include "dropout/pair_mask.cuh"
#include "dropout/row_pair.cuh"
#include "epilogue/activation_gradient.cuh"

namespace tilewright {

template <FusedDropoutSpec kSpec, FusedDropoutConfig kConfig>
class FusedDropoutBackward {
 public:
  // Rows from first_row, columns from first_column; all columns where rows are normalized.
  __device__ __forceinline__ static void Run(const FusedDropoutArgs& args, unsigned tile,
                                             unsigned first_column, float* shared) {
    const unsigned first_row = tile * kConfig.tile_m;
    float* factors = shared + (Normalizes(kSpec) ? GroupSumFloats(kConfig) : 0);
    float* vectors = factors + (kConfig.looped ? 2 * kConfig.tile_m : 0);
    GroupSum<kConfig> group(shared);
    if constexpr (kConfig.looped) StoreFactors(args, first_row, factors, group);
    for (unsigned part = first_column;
         part == first_column || (kConfig.looped && part < static_cast<unsigned>(args.columns));
         part += HeldColumns(kConfig)) {
      FusedDropoutBackward state;
      state.sums_.Clear();
      const Pair place = PairAt<kConfig>(args, first_row, part, 0);
      state.LoadTerms(args, place);
      Tensors next;
      if constexpr (kConfig.prefetch) {
        next.Load(args, PairAt<kConfig>(args, first_row, part, IndexOf(0)));
      }
#pragma unroll 1
      for (unsigned i = 0; i < kPairs; ++i) {
        const unsigned index = IndexOf(i);
        const Pair pair = PairAt<kConfig>(args, first_row, part, index);
        if constexpr (kConfig.prefetch) {
          state.at_ = next;
          if (i + 1 < kPairs) {
            next.Load(args, PairAt<kConfig>(args, first_row, part, IndexOf(i + 1)));
          }
        } else {
          state.at_.Load(args, pair);
        }
        PairMask<kSpec, kConfig> mask;
        mask.Make(args, pair);
        float row_factors[4] = {};
        if constexpr (Normalizes(kSpec)) {
          if constexpr (kConfig.looped) {
#pragma unroll
            for (int k = 0; k < 4; ++k) row_factors[k] = factors[index * 4 + k];
          } else {
            state.AddFactors(row_factors);
            group.Add(row_factors);
            Scale(args, row_factors);
          }
        }
        state.Write(args, pair, mask, row_factors);
      }
      if constexpr (kKinds > 0) state.sums_.Store(args, tile, part, vectors);
    }
  }

 private:
  static constexpr int kVector = kConfig.vector;
  static constexpr int kSlots = kConfig.slots;
  static constexpr int kKinds = ColumnSums(kSpec);
  static constexpr int kBiasKind = 0;
  static constexpr int kWeightKind = HasBias(kSpec) ? 1 : 0;
  static constexpr int kShiftKind = kWeightKind + 1;
  static constexpr unsigned kPairs = kConfig.tile_m / 2 / PairsAtOnce(kConfig);
  static constexpr Type kPreNormType = Normalizes(kSpec) ? kSpec.pre_norm_type : kSpec.type;
  // The mask waits for the packed results where no sum needs it.
  static constexpr bool kMasksStored = kSpec.dropout_rounds > 0 &&
                                       PairMask<kSpec, kConfig>::kHasHalves &&
                                       IsHalfWidth(kSpec.type) && !HasBias(kSpec);
  using Pair = RowPair<kConfig>;
  using Output = PairTensor<kConfig, kSpec.type, kSpec.y_access_bytes>;
  using Input = PairTensor<kConfig, kSpec.type, kSpec.x_access_bytes>;
  using PreNorm = PairTensor<kConfig, kPreNormType, kSpec.pre_norm_access_bytes>;

  // What is read of both rows: tensors, and what the normalization found of them.
  struct Tensors {
    Output dy;
    PreNorm pre_norm;
    PreNorm added;
    Input x;
    float mean[2];
    float inverse[2];

    __device__ __forceinline__ void Load(const FusedDropoutArgs& args, const Pair& pair) {
      dy.Load(args.dy, args.y_stride, pair);
      if constexpr (Normalizes(kSpec)) {
        pre_norm.Load(args.pre_norm, args.pre_norm_stride, pair);
#pragma unroll
        for (int half = 0; half < 2; ++half) {
          mean[half] = 0;
          inverse[half] = 0;
          if (!pair.HasRow(half)) continue;
          if constexpr (Centers(kSpec)) mean[half] = args.mean[pair.Row(half)];
          inverse[half] = args.inverse_root[pair.Row(half)];
        }
      }
      if constexpr (kSpec.add_gradient) {
        added.Load(args.pre_norm_gradient, args.pre_norm_stride, pair);
      }
      if constexpr (ReadsActivation(kSpec)) x.Load(args.x, args.x_stride, pair);
    }
  };

  __device__ __forceinline__ static unsigned IndexOf(unsigned i) {
    return i * PairsAtOnce(kConfig) + threadIdx.x / kConfig.column_threads;
  }

  __device__ __forceinline__ void LoadTerms(const FusedDropoutArgs& args, const Pair& pair) {
#pragma unroll
    for (int slot = 0; slot < kSlots; ++slot) {
      if constexpr (Normalizes(kSpec)) {
        LoadColumns<kSpec.weight_type, kConfig>(weight_[slot], args.weight, pair, slot);
      }
      if constexpr (ReadsActivation(kSpec)) {
        LoadColumns<kSpec.bias_type, kConfig>(bias_[slot], args.bias, pair, slot);
      }
    }
  }

  __device__ __forceinline__ float Normalized(int half, int slot, int i) const {
    return (at_.pre_norm.Value(half, slot, i) - at_.mean[half]) * at_.inverse[half];
  }

  // Adds the sums of w dy n and of w dy, of each row. dy is 0 beyond the tensor.
  __device__ __forceinline__ void AddFactors(float (&sums)[4]) const {
#pragma unroll
    for (int half = 0; half < 2; ++half) {
#pragma unroll
      for (int slot = 0; slot < kSlots; ++slot) {
#pragma unroll
        for (int i = 0; i < kVector; ++i) {
          const float term = weight_[slot][i] * at_.dy.Value(half, slot, i);
          sums[2 * half] = fmaf(term, Normalized(half, slot, i), sums[2 * half]);
          if constexpr (Centers(kSpec)) sums[2 * half + 1] += term;
        }
      }
    }
  }

  // Sums become means.
  __device__ __forceinline__ static void Scale(const FusedDropoutArgs& args, float (&sums)[4]) {
    const float share = 1.0f / static_cast<float>(args.columns);
#pragma unroll
    for (int k = 0; k < 4; ++k) sums[k] *= share;
  }

  // Where a row is longer than what is held: the means of all rows first.
  __device__ __forceinline__ static void StoreFactors(const FusedDropoutArgs& args,
                                                      unsigned first_row, float* factors,
                                                      GroupSum<kConfig>& group) {
#pragma unroll 1
    for (unsigned i = 0; i < kPairs; ++i) {
      float sums[4] = {};
      for (unsigned part = 0; part < static_cast<unsigned>(args.columns);
           part += HeldColumns(kConfig)) {
        const Pair pair = PairAt<kConfig>(args, first_row, part, IndexOf(i));
        FusedDropoutBackward state;
        state.LoadTerms(args, pair);
        state.at_.Load(args, pair);
        state.AddFactors(sums);
      }
      group.Add(sums);
      Scale(args, sums);
      if (threadIdx.x % kConfig.column_threads == 0) {
#pragma unroll
        for (int k = 0; k < 4; ++k) factors[IndexOf(i) * 4 + k] = sums[k];
      }
    }
    __syncthreads();
  }

  template <typename Mask>
  __device__ __forceinline__ void Write(const FusedDropoutArgs& args, const Pair& pair,
                                        const Mask& mask, const float (&row_factors)[4]) {
#pragma unroll
    for (int half = 0; half < 2; ++half) {
#pragma unroll
      for (int slot = 0; slot < kSlots; ++slot) {
        float gradient[kVector];
#pragma unroll
        for (int i = 0; i < kVector; ++i) {
          const float dy = at_.dy.Value(half, slot, i);
          gradient[i] = dy;
          if constexpr (Normalizes(kSpec)) {
            const float normalized = Normalized(half, slot, i);
            sums_.Add(kWeightKind, slot, i, dy * normalized);
            if constexpr (Centers(kSpec)) sums_.Add(kShiftKind, slot, i, dy);
            float centered = fmaf(weight_[slot][i], dy, -normalized * row_factors[2 * half]);
            if constexpr (Centers(kSpec)) centered -= row_factors[2 * half + 1];
            gradient[i] = centered * at_.inverse[half];
          }
          if constexpr (kSpec.add_gradient) gradient[i] += at_.added.Value(half, slot, i);
        }
        if constexpr (Normalizes(kSpec) && HasResidual(kSpec)) {
          StoreVector<kSpec.residual_type, kSpec.residual_access_bytes>(
              args.residual_gradient, args.residual_stride, pair, half, slot, gradient);
        }
#pragma unroll
        for (int i = 0; i < kVector; ++i) {
          if constexpr (ReadsActivation(kSpec)) {
            const float z = at_.x.Value(half, slot, i) + bias_[slot][i];
            gradient[i] *= ActivateGradient<kSpec.activation>(z);
          }
          if constexpr (kSpec.dropout_rounds > 0) gradient[i] *= args.dropout_scale;
          if constexpr (kSpec.dropout_rounds > 0 && !kMasksStored) {
            gradient[i] = mask.Keeps(half, slot, i) ? gradient[i] : 0.0f;
          }
          if constexpr (HasBias(kSpec)) sums_.Add(kBiasKind, slot, i, gradient[i]);
        }
        if constexpr (kMasksStored) {
          StoreKept<kSpec.type, kSpec.x_access_bytes>(args.dx, args.x_stride, pair, half, slot,
                                                      gradient, mask);
        } else {
          StoreVector<kSpec.type, kSpec.x_access_bytes>(args.dx, args.x_stride, pair, half, slot,
                                                        gradient);
        }
      }
    }
  }

  Tensors at_;
  float weight_[kSlots][kVector];
  float bias_[kSlots][kVector];
  ColumnSumsOfThread<kConfig, kKinds < 1 ? 1 : kKinds> sums_;
};

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_DROPOUT_BACKWARD_CUH_
