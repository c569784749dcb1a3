// The forward form: h = activation(x + bias), v = residual + mask * h / (1 - p), and y = v, or v
// normalized by its row.
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_DROPOUT_FORWARD_CUH_
#define TILEWRIGHT_KERNEL_TEMPLATES_DROPOUT_FORWARD_CUH_

#include "dropout/fused_dropout_spec.cuh"
#include "dropout/group_sum.cuh"
#include "dropout/pair_mask.cuh"
#include "dropout/part_ring.cuh"
#include "dropout/row_pair.cuh"
#include "epilogue/activation.cuh"

namespace tilewright {

template <FusedDropoutSpec kSpec, FusedDropoutConfig kConfig>
class FusedDropoutForward {
 public:
  // Rows of a tile, columns from first_column; all columns where rows are normalized.
  __device__ __forceinline__ static void Run(const FusedDropoutArgs& args, unsigned tile,
                                             unsigned first_column, float* shared) {
    GroupSum<kConfig> group(shared);
    const TilePairs<kConfig> pairs(args, tile);
    // The bias of a thread's columns stays in registers where no row has to.
    Bias held;
    if constexpr (kHoldsBias) held.Load(args, PairAt<kConfig>(args, first_column, 0));
    const auto pair_at = [&](unsigned i) {
      return PairAt<kConfig>(args, first_column, pairs.Index(i));
    };
    unsigned i = 0;
    const auto copy = [&](int ahead, int slot, unsigned place) {
      if constexpr (kConfig.ring_parts > 0) {
        if (i + ahead < pairs.count) Tensors::Copy(args, pair_at(i + ahead), slot, place);
      }
    };
    PartRing<kConfig, Tensors::kPartBytes> ring(shared +
                                                (Normalizes(kSpec) ? GroupSumFloats(kConfig) : 0));
    Tensors tensors;
    if constexpr (kConfig.prefetch) tensors.Load(args, pair_at(0));
    if constexpr (kConfig.ring_parts > 0) ring.Fill(copy);
#pragma unroll 1
    for (; i < pairs.count; ++i) {
      Pair pair = pair_at(i);
      Tensors now = tensors;
      if constexpr (kConfig.prefetch) {
        if (i + 1 < pairs.count) tensors.Load(args, pair_at(i + 1));
      } else if constexpr (!kConfig.looped && kConfig.ring_parts == 0) {
        now.Load(args, pair);
      }
      const auto fetch = [&](int slot) {
        ring.Wait(slot, slot);
        now.Read(slot, ring.Place(slot));
        ring.Refill(slot, copy);
      };
      if constexpr (Normalizes(kSpec)) {
        Normalize(args, pair, now, group, fetch);
      } else {
        StorePair(args, pair, now, held, fetch);
      }
      if constexpr (kConfig.ring_parts > 0) ring.NextPair();
    }
  }

 private:
  static constexpr int kVector = kConfig.vector;
  static constexpr int kSlots = kConfig.slots;
  static constexpr bool kHoldsBias = HasBias(kSpec) && !Normalizes(kSpec);
  static constexpr bool kDrops = kSpec.dropout_rounds > 0;
  // The mask waits for the packed results where they are all that it is needed for.
  static constexpr bool kMasksStored = kDrops && PairMask<kSpec, kConfig>::kHasHalves &&
                                       IsHalfWidth(kSpec.type) && !HasResidual(kSpec) &&
                                       !Normalizes(kSpec);
  static constexpr bool kActivationDivides = kDrops && DividesByShare(kSpec.activation);
  using Pair = RowPair<kConfig>;

  struct Bias {
    float of[kSlots][kVector];

    __device__ __forceinline__ void Load(const FusedDropoutArgs& args, const Pair& pair) {
#pragma unroll
      for (int slot = 0; slot < kSlots; ++slot) {
        LoadColumns<kSpec.bias_type, kConfig>(of[slot], args.bias, pair, slot);
      }
    }
  };

  using Input = PairTensor<kConfig, kSpec.type, kSpec.x_access_bytes>;
  using Residual = PairTensor<kConfig, HasResidual(kSpec) ? kSpec.residual_type : kSpec.type,
                              kSpec.residual_access_bytes>;

  // What is read of both rows.
  struct Tensors {
    static constexpr int kPartBytes =
        Input::kPartBytes + (HasResidual(kSpec) ? Residual::kPartBytes : 0);

    Input x;
    Residual residual;

    __device__ __forceinline__ void Load(const FusedDropoutArgs& args, const Pair& pair) {
      x.Load(args.x, args.x_stride, pair);
      if constexpr (HasResidual(kSpec)) residual.Load(args.residual, args.residual_stride, pair);
    }
    __device__ __forceinline__ static void Copy(const FusedDropoutArgs& args, const Pair& pair,
                                                int slot, unsigned place) {
      Input::Copy(args.x, args.x_stride, pair, slot, place);
      if constexpr (HasResidual(kSpec)) {
        Residual::Copy(args.residual, args.residual_stride, pair, slot, place + Input::kPartBytes);
      }
    }
    __device__ __forceinline__ void Read(int slot, unsigned place) {
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        x.Read(half, slot, place);
        if constexpr (HasResidual(kSpec)) residual.Read(half, slot, place + Input::kPartBytes);
      }
    }
  };

  // v of both rows, 0 beyond the last row; beyond the last column it does not matter. With
  // kMasksStored what is not kept is not 0 yet.
  struct Values {
    float of[2][kSlots][kVector];
    PairMask<kSpec, kConfig> mask;

    // fetch(slot) gives `tensors` what comes through the ring.
    template <typename Fetch>
    __device__ __forceinline__ void Compute(const FusedDropoutArgs& args, const Pair& pair,
                                            const Tensors& tensors, Bias& bias,
                                            const Fetch& fetch) {
      if constexpr (HasBias(kSpec) && !kHoldsBias) bias.Load(args, pair);
      // The random bits are made while the tensors are on their way.
      if constexpr (kConfig.ring_parts == 0) MakeMask<kConfig>(args, pair, mask);
#pragma unroll
      for (int slot = 0; slot < kSlots; ++slot) {
        if constexpr (kConfig.ring_parts > 0) {
          fetch(slot);
          mask.Make(args, pair, slot);
        }
        if constexpr (kSpec.store_mask) StoreMask(args, pair, mask, slot);
        ComputeSlot(args, tensors, bias, slot);
      }
    }

   private:
    __device__ __forceinline__ void ComputeSlot(const FusedDropoutArgs& args,
                                                const Tensors& tensors, const Bias& bias,
                                                int slot) {
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        float(&values)[kVector] = of[half][slot];
#pragma unroll
        for (int i = 0; i < kVector; ++i) {
          values[i] = tensors.x.Value(half, slot, i);
          if constexpr (HasBias(kSpec)) values[i] += bias.of[slot][i];
        }
        if constexpr (kActivationDivides) {
          Activate<kSpec.activation, Type::kFp32, true>(values, args.kept_share);
        } else {
          Activate<kSpec.activation, Type::kFp32>(values);
        }
#pragma unroll
        for (int i = 0; i < kVector; ++i) {
          if constexpr (kDrops && !kActivationDivides) values[i] *= args.dropout_scale;
          if constexpr (kDrops && !kMasksStored) {
            values[i] = mask.Keeps(half, slot, i) ? values[i] : 0.0f;
          }
          if constexpr (HasResidual(kSpec)) values[i] += tensors.residual.Value(half, slot, i);
        }
      }
    }
  };

  template <typename Fetch>
  __device__ __forceinline__ static void StorePair(const FusedDropoutArgs& args, const Pair& pair,
                                                   const Tensors& tensors, Bias& bias,
                                                   const Fetch& fetch) {
    Values values;
    values.Compute(args, pair, tensors, bias, fetch);
#pragma unroll
    for (int half = 0; half < 2; ++half) {
#pragma unroll
      for (int slot = 0; slot < kSlots; ++slot) {
        if constexpr (kMasksStored) {
          StoreKept<kSpec.type, kSpec.y_access_bytes>(args.y, args.y_stride, pair, half, slot,
                                                      values.of[half][slot], values.mask);
        } else {
          StoreVector<kSpec.type, kSpec.y_access_bytes>(args.y, args.y_stride, pair, half, slot,
                                                        values.of[half][slot]);
        }
      }
    }
  }

  // The mean, and the mean square of what is left: each from the values themselves, since the
  // difference of two means of squares cancels. Where rows are looped they are computed anew for
  // each pass.
  template <typename Fetch>
  __device__ __forceinline__ static void Normalize(const FusedDropoutArgs& args, Pair& pair,
                                                   Tensors& tensors, GroupSum<kConfig>& group,
                                                   const Fetch& fetch) {
    Values values;
    Bias bias;
    if constexpr (!kConfig.looped) values.Compute(args, pair, tensors, bias, fetch);
    const unsigned first = pair.column;
    const auto for_each_part = [&](auto visit) {
      if constexpr (kConfig.looped) {
#pragma unroll 1
        for (unsigned part = 0; part < pair.columns; part += HeldColumns(kConfig)) {
          pair.column = first + part;
          tensors.Load(args, pair);
          values.Compute(args, pair, tensors, bias, fetch);
          visit();
        }
      } else {
        visit();
      }
    };
    const float share = 1.0f / static_cast<float>(pair.columns);
    float mean[2] = {};
    if constexpr (Centers(kSpec)) {
      for_each_part([&] { Accumulate<false>(pair, values, mean, mean); });
      group.Add(mean);
      mean[0] *= share;
      mean[1] *= share;
    }
    float squares[2] = {};
    for_each_part([&] { Accumulate<true>(pair, values, mean, squares); });
    group.Add(squares);
    float inverse[2];
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      inverse[half] = rsqrtf(fmaf(squares[half], share, args.epsilon));
      if constexpr (kSpec.store_statistics) {
        if (threadIdx.x % kConfig.column_threads == 0 && pair.HasRow(half)) {
          if constexpr (Centers(kSpec)) args.mean[pair.Row(half)] = mean[half];
          args.inverse_root[pair.Row(half)] = inverse[half];
        }
      }
    }
    for_each_part([&] { Write(args, pair, values, mean, inverse); });
  }

  // Adds the values to `sums`, or with kSquares the squares of what they are off the mean.
  template <bool kSquares>
  __device__ __forceinline__ static void Accumulate(const Pair& pair, const Values& values,
                                                    const float (&mean)[2], float (&sums)[2]) {
    const auto add = [&](int slot, int count) {
#pragma unroll
      for (int half = 0; half < 2; ++half) {
#pragma unroll
        for (int i = 0; i < kVector; ++i) {
          const float value = values.of[half][slot][i];
          const float term = kSquares ? value - mean[half] : value;
          if (i < count) sums[half] = kSquares ? fmaf(term, term, sums[half]) : sums[half] + term;
        }
      }
    };
#pragma unroll
    for (int slot = 0; slot < kSlots; ++slot) {
      if (pair.IsWhole(slot)) {
        add(slot, kVector);
      } else {
        add(slot, pair.Count(slot));
      }
    }
  }

  __device__ __forceinline__ static void Write(const FusedDropoutArgs& args, const Pair& pair,
                                               const Values& values, const float (&mean)[2],
                                               const float (&inverse)[2]) {
#pragma unroll
    for (int slot = 0; slot < kSlots; ++slot) {
      float weight[kVector];
      LoadColumns<kSpec.weight_type, kConfig>(weight, args.weight, pair, slot);
      float shift[kVector] = {};
      if constexpr (Centers(kSpec)) {
        LoadColumns<kSpec.weight_type, kConfig>(shift, args.shift, pair, slot);
      }
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        if constexpr (kSpec.store_pre_norm) {
          StoreVector<kSpec.pre_norm_type, kSpec.pre_norm_access_bytes>(
              args.pre_norm, args.pre_norm_stride, pair, half, slot, values.of[half][slot]);
        }
        float normalized[kVector];
#pragma unroll
        for (int i = 0; i < kVector; ++i) {
          normalized[i] =
              fmaf((values.of[half][slot][i] - mean[half]) * inverse[half], weight[i], shift[i]);
        }
        StoreVector<kSpec.type, kSpec.y_access_bytes>(args.y, args.y_stride, pair, half, slot,
                                                      normalized);
      }
    }
  }
};

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_DROPOUT_FORWARD_CUH_
