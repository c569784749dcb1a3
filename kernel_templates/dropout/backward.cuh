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
#include "dropout/part_ring.cuh"
#include "dropout/row_pair.cuh"
#include "epilogue/activation_gradient.cuh"

namespace tilewright {

template <FusedDropoutSpec kSpec, FusedDropoutConfig kConfig>
class FusedDropoutBackward {
 public:
  // Rows of a tile, columns from first_column; all columns where rows are normalized.
  __device__ __forceinline__ static void Run(const FusedDropoutArgs& args, unsigned tile,
                                             unsigned first_column, float* shared) {
    const TilePairs<kConfig> pairs(args, tile);
    float* factors = shared + (Normalizes(kSpec) ? GroupSumFloats(kConfig) : 0);
    // Where vectors are added up: what a ring had, once it is done with.
    float* vectors = factors + (kConfig.looped ? 2 * kConfig.tile_m : 0);
    GroupSum<kConfig> group(shared);
    if constexpr (kConfig.looped) StoreFactors(args, pairs, factors, group);
    for (unsigned part = first_column;
         part == first_column || (kConfig.looped && part < static_cast<unsigned>(args.columns));
         part += HeldColumns(kConfig)) {
      FusedDropoutBackward state;
      state.sums_.Clear();
      state.LoadTerms(args, PairAt<kConfig>(args, part, 0));
      if constexpr (kConfig.ring_parts > 0) {
        state.WalkRing(args, pairs, part, group, vectors);
      } else {
        state.WalkRows(args, pairs, part, group, factors);
      }
      if constexpr (kKinds > 0) state.sums_.Store(args, tile, part, vectors);
    }
  }

 private:
  static constexpr int kVector = kConfig.vector;
  static constexpr int kSlots = kConfig.slots;
  static constexpr int kKinds = ColumnSums(kSpec);
  static constexpr int kMeans = Centers(kSpec) ? 2 : 1;  // Of a row: of w dy n, and of w dy.
  static constexpr int kBiasKind = 0;
  static constexpr int kWeightKind = HasBias(kSpec) ? 1 : 0;
  static constexpr int kShiftKind = kWeightKind + 1;
  static constexpr Type kPreNormType = Normalizes(kSpec) ? kSpec.pre_norm_type : kSpec.type;
  // The mask waits for the packed results where no sum needs it.
  static constexpr bool kMasksStored =
      kSpec.dropout_rounds > 0 && PairMask<kSpec, kConfig>::kHasHalves&& IsHalfWidth(kSpec.type) &&
      !HasBias(kSpec);
  using Pair = RowPair<kConfig>;
  using Output = PairTensor<kConfig, kSpec.type, kSpec.y_access_bytes>;
  using Input = PairTensor<kConfig, kSpec.type, kSpec.x_access_bytes>;
  using PreNorm = PairTensor<kConfig, kPreNormType, kSpec.pre_norm_access_bytes>;

  // What is read of both rows.
  struct Tensors {
    static constexpr int kPreNormPlace = Output::kPartBytes;
    static constexpr int kAddedPlace =
        kPreNormPlace + (Normalizes(kSpec) ? PreNorm::kPartBytes : 0);
    static constexpr int kInputPlace = kAddedPlace + (kSpec.add_gradient ? PreNorm::kPartBytes : 0);
    static constexpr int kPartBytes =
        kInputPlace + (ReadsActivation(kSpec) ? Input::kPartBytes : 0);

    Output dy;
    PreNorm pre_norm;
    PreNorm added;
    Input x;

    __device__ __forceinline__ void Load(const FusedDropoutArgs& args, const Pair& pair) {
      dy.Load(args.dy, args.y_stride, pair);
      if constexpr (Normalizes(kSpec)) pre_norm.Load(args.pre_norm, args.pre_norm_stride, pair);
      if constexpr (kSpec.add_gradient) {
        added.Load(args.pre_norm_gradient, args.pre_norm_stride, pair);
      }
      if constexpr (ReadsActivation(kSpec)) x.Load(args.x, args.x_stride, pair);
    }
    __device__ __forceinline__ static void Copy(const FusedDropoutArgs& args, const Pair& pair,
                                                int slot, unsigned place) {
      Output::Copy(args.dy, args.y_stride, pair, slot, place);
      if constexpr (Normalizes(kSpec)) {
        PreNorm::Copy(args.pre_norm, args.pre_norm_stride, pair, slot, place + kPreNormPlace);
      }
      if constexpr (kSpec.add_gradient) {
        PreNorm::Copy(args.pre_norm_gradient, args.pre_norm_stride, pair, slot,
                      place + kAddedPlace);
      }
      if constexpr (ReadsActivation(kSpec)) {
        Input::Copy(args.x, args.x_stride, pair, slot, place + kInputPlace);
      }
    }
    // Of one row: what the sums over it need, and all.
    __device__ __forceinline__ void ReadNormalized(int half, int slot, unsigned place) {
      dy.Read(half, slot, place);
      pre_norm.Read(half, slot, place + kPreNormPlace);
    }
    __device__ __forceinline__ void Read(int half, int slot, unsigned place) {
      dy.Read(half, slot, place);
      if constexpr (Normalizes(kSpec)) pre_norm.Read(half, slot, place + kPreNormPlace);
      if constexpr (kSpec.add_gradient) added.Read(half, slot, place + kAddedPlace);
      if constexpr (ReadsActivation(kSpec)) x.Read(half, slot, place + kInputPlace);
    }
  };

  // What the normalization found of both rows.
  struct Statistics {
    float mean[2];
    float inverse[2];

    __device__ __forceinline__ void Load(const FusedDropoutArgs& args, const Pair& pair) {
      if constexpr (Normalizes(kSpec)) {
#pragma unroll
        for (int half = 0; half < 2; ++half) {
          mean[half] = 0;
          inverse[half] = 0;
          if (!pair.HasRow(half)) continue;
          if constexpr (Centers(kSpec)) mean[half] = args.mean[pair.Row(half)];
          inverse[half] = args.inverse_root[pair.Row(half)];
        }
      }
    }
  };

  // Rows that come into registers, the next pair while this one is worked on with prefetch.
  __device__ __forceinline__ void WalkRows(const FusedDropoutArgs& args,
                                           const TilePairs<kConfig>& pairs, unsigned first_column,
                                           GroupSum<kConfig>& group, const float* factors) {
    Tensors next;
    Statistics next_statistics;
    const auto load_next = [&](unsigned i) {
      const Pair pair = PairAt<kConfig>(args, first_column, pairs.Index(i));
      next.Load(args, pair);
      next_statistics.Load(args, pair);
    };
    if constexpr (kConfig.prefetch) load_next(0);
#pragma unroll 1
    for (unsigned i = 0; i < pairs.count; ++i) {
      const Pair pair = PairAt<kConfig>(args, first_column, pairs.Index(i));
      if constexpr (!kConfig.prefetch) load_next(i);
      at_ = next;
      statistics_ = next_statistics;
      if constexpr (kConfig.prefetch) {
        if (i + 1 < pairs.count) load_next(i + 1);
      }
      PairMask<kSpec, kConfig> mask;
      MakeMask<kConfig>(args, pair, mask);
      float row_factors[2 * kMeans] = {};
      if constexpr (Normalizes(kSpec)) {
        if constexpr (kConfig.looped) {
#pragma unroll
          for (int k = 0; k < 2 * kMeans; ++k) row_factors[k] = factors[PlaceOf(i) + k];
        } else {
#pragma unroll
          for (int slot = 0; slot < kSlots; ++slot) {
            AddFactors(0, slot, row_factors);
            AddFactors(1, slot, row_factors);
          }
          group.Add(row_factors);
          Scale(args, row_factors);
        }
      }
#pragma unroll
      for (int slot = 0; slot < kSlots; ++slot) {
        Write(args, pair, mask, row_factors, 0, slot);
        Write(args, pair, mask, row_factors, 1, slot);
      }
    }
  }

  // Rows that come through the ring. Where they are normalized they are read there twice, and leave
  // it slot by slot as their results are written.
  __device__ __forceinline__ void WalkRing(const FusedDropoutArgs& args,
                                           const TilePairs<kConfig>& pairs, unsigned first_column,
                                           GroupSum<kConfig>& group, void* shared) {
    PartRing<kConfig, Tensors::kPartBytes> ring(shared);
    const auto pair_at = [&](unsigned i) {
      return PairAt<kConfig>(args, first_column, pairs.Index(i));
    };
    unsigned i = 0;
    const auto copy = [&](int ahead, int slot, unsigned place) {
      if (i + ahead < pairs.count) Tensors::Copy(args, pair_at(i + ahead), slot, place);
    };
    ring.Fill(copy);
    Statistics next;
    next.Load(args, pair_at(0));
#pragma unroll 1
    for (; i < pairs.count; ++i) {
      const Pair pair = pair_at(i);
      statistics_ = next;
      if (i + 1 < pairs.count) next.Load(args, pair_at(i + 1));
      float row_factors[2 * kMeans] = {};
      if constexpr (Normalizes(kSpec)) {
#pragma unroll
        for (int slot = 0; slot < kSlots; ++slot) {
          ring.Wait(slot, 0);
#pragma unroll
          for (int half = 0; half < 2; ++half) {
            at_.ReadNormalized(half, slot, ring.Place(slot));
            AddFactors(half, slot, row_factors);
          }
        }
        group.Add(row_factors);
        Scale(args, row_factors);
      }
#pragma unroll
      for (int slot = 0; slot < kSlots; ++slot) {
        PairMask<kSpec, kConfig> mask;
        mask.Make(args, pair, slot);
        if constexpr (!Normalizes(kSpec)) ring.Wait(slot, slot);
#pragma unroll
        for (int half = 0; half < 2; ++half) {
          at_.Read(half, slot, ring.Place(slot));
          Write(args, pair, mask, row_factors, half, slot);
        }
        ring.Refill(slot, copy);
      }
      ring.NextPair();
    }
  }

  // Of the factors of a thread's pair i, where rows are looped.
  __device__ __forceinline__ static unsigned PlaceOf(unsigned i) {
    return (i * PairsAtOnce(kConfig) + threadIdx.x / kConfig.column_threads) * 4;
  }

  __device__ __forceinline__ void LoadTerms(const FusedDropoutArgs& args, const Pair& pair) {
#pragma unroll
    for (int slot = 0; slot < kSlots; ++slot) {
      if constexpr (Normalizes(kSpec)) weight_.Load(args.weight, pair, slot);
      if constexpr (ReadsActivation(kSpec)) bias_.Load(args.bias, pair, slot);
    }
  }

  __device__ __forceinline__ float Normalized(int half, int slot, int i) const {
    return (at_.pre_norm.Value(half, slot, i) - statistics_.mean[half]) * statistics_.inverse[half];
  }

  // Adds the sums of w dy n and of w dy of a row, in a slot. dy is 0 beyond the tensor.
  __device__ __forceinline__ void AddFactors(int half, int slot, float (&sums)[2 * kMeans]) const {
#pragma unroll
    for (int i = 0; i < kVector; ++i) {
      const float term = weight_.Value(slot, i) * at_.dy.Value(half, slot, i);
      sums[half * kMeans] = fmaf(term, Normalized(half, slot, i), sums[half * kMeans]);
      if constexpr (Centers(kSpec)) sums[half * kMeans + 1] += term;
    }
  }

  // Sums become means.
  __device__ __forceinline__ static void Scale(const FusedDropoutArgs& args,
                                               float (&sums)[2 * kMeans]) {
    const float share = 1.0f / static_cast<float>(args.columns);
#pragma unroll
    for (int k = 0; k < 2 * kMeans; ++k) sums[k] *= share;
  }

  // Where a row is longer than what is held: the means of all rows first.
  __device__ __forceinline__ static void StoreFactors(const FusedDropoutArgs& args,
                                                      const TilePairs<kConfig>& pairs,
                                                      float* factors, GroupSum<kConfig>& group) {
#pragma unroll 1
    for (unsigned i = 0; i < pairs.count; ++i) {
      float sums[2 * kMeans] = {};
      for (unsigned part = 0; part < static_cast<unsigned>(args.columns);
           part += HeldColumns(kConfig)) {
        const Pair pair = PairAt<kConfig>(args, part, pairs.Index(i));
        FusedDropoutBackward state;
        state.LoadTerms(args, pair);
        state.at_.Load(args, pair);
        state.statistics_.Load(args, pair);
#pragma unroll
        for (int slot = 0; slot < kSlots; ++slot) {
          state.AddFactors(0, slot, sums);
          state.AddFactors(1, slot, sums);
        }
      }
      group.Add(sums);
      Scale(args, sums);
      if (threadIdx.x % kConfig.column_threads == 0) {
#pragma unroll
        for (int k = 0; k < 2 * kMeans; ++k) factors[PlaceOf(i) + k] = sums[k];
      }
    }
    __syncthreads();
  }

  // Results of a row in a slot.
  template <typename Mask>
  __device__ __forceinline__ void Write(const FusedDropoutArgs& args, const Pair& pair,
                                        const Mask& mask, const float (&row_factors)[2 * kMeans],
                                        int half, int slot) {
    float gradient[kVector];
#pragma unroll
    for (int i = 0; i < kVector; ++i) {
      const float dy = at_.dy.Value(half, slot, i);
      gradient[i] = dy;
      if constexpr (Normalizes(kSpec)) {
        const float normalized = Normalized(half, slot, i);
        sums_.Add(kWeightKind, slot, i, dy * normalized);
        if constexpr (Centers(kSpec)) sums_.Add(kShiftKind, slot, i, dy);
        float centered = fmaf(weight_.Value(slot, i), dy, -normalized * row_factors[half * kMeans]);
        if constexpr (Centers(kSpec)) centered -= row_factors[half * kMeans + 1];
        gradient[i] = centered * statistics_.inverse[half];
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
        const float z = at_.x.Value(half, slot, i) + bias_.Value(slot, i);
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

  Tensors at_;
  Statistics statistics_;
  ColumnTerm<kConfig, Normalizes(kSpec) ? kSpec.weight_type : kSpec.type> weight_;
  ColumnTerm<kConfig, ReadsActivation(kSpec) ? kSpec.bias_type : kSpec.type> bias_;
  ColumnSumsOfThread<kConfig, Max(1, kKinds)> sums_;
};

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_DROPOUT_BACKWARD_CUH_
