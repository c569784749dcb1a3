// fp32 GEMM on the CUDA cores: exact products, any alignment. Operand tiles lie k-major in
// two shared-memory buffers; the next tile travels through registers while one is multiplied.
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_GEMM_GEMM_SIMT_CUH_
#define TILEWRIGHT_KERNEL_TEMPLATES_GEMM_GEMM_SIMT_CUH_

#include "abi/gemm_simt_config.h"
#include "abi/kernel_args.h"
#include "common/memory.cuh"
#include "epilogue/epilogue.cuh"
#include "gemm/clear_sums.cuh"
#include "gemm/entry.cuh"
#include "gemm/operand.cuh"
#include "gemm/raster.cuh"
#include "gemm/split_k.cuh"

namespace tilewright {

// One thread's share of an operand: vectors of 4 elements along the contiguous dimension.
template <OperandSpec kOperand, int kTileMn, int kTileK, int kThreads>
class SimtOperandCopy {
 public:
  static constexpr int kRowWords = kTileMn + 4;  // As abi/gemm_simt_config.h counts them.
  static constexpr int kVectors = kTileMn * kTileK / 4 / kThreads;

  __device__ __forceinline__ SimtOperandCopy(const void* base, long long stride, int first_mn,
                                             int extent_mn)
      : base_(static_cast<const float*>(base)),
        stride_(stride),
        first_mn_(first_mn),
        left_mn_(extent_mn - first_mn) {}

  // Reads the tile that begins at `first_k` and holds `left_k` elements of k.
  __device__ __forceinline__ void Read(long long first_k, int left_k) {
#pragma unroll
    for (int i = 0; i < kVectors; ++i) {
      const int mn = Mn(i);
      const int k = K(i);
      int valid = kOperand.k_major ? left_k - k : left_mn_ - mn;
      if (kOperand.k_major ? mn >= left_mn_ : k >= left_k) valid = 0;
      const long long place_mn = first_mn_ + static_cast<long long>(mn);
      const long long place_k = first_k + k;
      const float* source =
          base_ + (kOperand.k_major ? place_mn * stride_ + place_k : place_k * stride_ + place_mn);
      if (valid >= 4) {
        LoadWords<16, kOperand.access_bytes>(source, held_[i]);
      } else {
#pragma unroll
        for (int j = 0; j < 4; ++j) held_[i][j] = j < valid ? __float_as_uint(source[j]) : 0;
      }
    }
  }

  // Stores what was read, transposed where it lies along k.
  __device__ __forceinline__ void Write(float* tile) const {
#pragma unroll
    for (int i = 0; i < kVectors; ++i) {
      float* target = tile + K(i) * kRowWords + Mn(i);
      if constexpr (kOperand.k_major) {
#pragma unroll
        for (int j = 0; j < 4; ++j) target[j * kRowWords] = __uint_as_float(held_[i][j]);
      } else {
        StoreWords<16, 16>(target, held_[i]);
      }
    }
  }

 private:
  static constexpr int kPerRow = (kOperand.k_major ? kTileK : kTileMn) / 4;

  __device__ __forceinline__ static int Along(int i) {
    return (static_cast<int>(threadIdx.x) + i * kThreads) % kPerRow * 4;
  }
  __device__ __forceinline__ static int Across(int i) {
    return (static_cast<int>(threadIdx.x) + i * kThreads) / kPerRow;
  }
  __device__ __forceinline__ static int Mn(int i) {
    return kOperand.k_major ? Across(i) : Along(i);
  }
  __device__ __forceinline__ static int K(int i) { return kOperand.k_major ? Along(i) : Across(i); }

  const float* const base_;
  const long long stride_;
  const int first_mn_;
  const int left_mn_;
  unsigned held_[kVectors][4];
};

template <OperandSpec kA, OperandSpec kB, EpilogueSpec kSpec, GemmSimtConfig kConfig, bool kSplit>
class GemmSimt {
 public:
  static constexpr EpilogueSpec kEpilogueSpec = kSpec;
  using Accumulator = float;
  static constexpr int kThreads = Threads(kConfig);
  static constexpr int kSumRows = kConfig.tile_m;
  static constexpr int kMinBlocks = MinBlocksPerSm(kConfig);

  __device__ __forceinline__ static void Run(const GemmArgs& args) {
    extern __shared__ __align__(1024) unsigned char tilewright_shared[];
    const TilePlace place =
        PlaceOfBlock(blockIdx.x, args.m, args.n, kConfig.tile_m, kConfig.tile_n, args.raster_group);
    float sums[kThreadM][kGroupsN][4] = {};
    Multiply(args, place, reinterpret_cast<float*>(tilewright_shared), sums);
    if (!kSplit && !EpilogueFactors<kSpec>(args).TakesSums()) Clear(sums);
    Store(args, place, sums, reinterpret_cast<float*>(tilewright_shared));
  }

 private:
  static constexpr int kTileK = kConfig.tile_k;
  static constexpr int kThreadM = kConfig.thread_m;
  static constexpr int kGroupsM = kConfig.thread_m / 4;
  static constexpr int kGroupsN = kConfig.thread_n / 4;
  static constexpr int kThreadsN = kConfig.tile_n / kConfig.thread_n;
  static constexpr int kThreadsM = kConfig.tile_m / kConfig.thread_m;
  static_assert(kA.type == Type::kFp32 && kB.type == Type::kFp32);
  static_assert(IsLegal(kConfig));

  using CopyA = SimtOperandCopy<kA, kConfig.tile_m, kTileK, kThreads>;
  using CopyB = SimtOperandCopy<kB, kConfig.tile_n, kTileK, kThreads>;
  static constexpr int kStageWords = kTileK * (CopyA::kRowWords + CopyB::kRowWords);
  static_assert(2 * kStageWords * 4 == SharedMemoryBytes(kConfig));

  // A thread's rows and columns come in groups of 4 neighbouring ones; the groups of a
  // thread are a whole tile's breadth of threads apart, so that a warp reads neighbouring
  // vectors.
  __device__ __forceinline__ static int Row(int group) {
    return (group * kThreadsM + static_cast<int>(threadIdx.x) / kThreadsN) * 4;
  }
  __device__ __forceinline__ static int Column(int group) {
    return (group * kThreadsN + static_cast<int>(threadIdx.x) % kThreadsN) * 4;
  }

  __device__ __forceinline__ static void MultiplyTile(float (&sums)[kThreadM][kGroupsN][4],
                                                      const float* tile_a, const float* tile_b) {
#pragma unroll
    for (int k = 0; k < kTileK; ++k) {
      float4 a[kGroupsM];
      float4 b[kGroupsN];
#pragma unroll
      for (int i = 0; i < kGroupsM; ++i) {
        a[i] = *reinterpret_cast<const float4*>(tile_a + k * CopyA::kRowWords + Row(i));
      }
#pragma unroll
      for (int j = 0; j < kGroupsN; ++j) {
        b[j] = *reinterpret_cast<const float4*>(tile_b + k * CopyB::kRowWords + Column(j));
      }
#pragma unroll
      for (int i = 0; i < kThreadM; ++i) {
        const float four[4] = {a[i / 4].x, a[i / 4].y, a[i / 4].z, a[i / 4].w};
        const float factor = four[i % 4];
#pragma unroll
        for (int j = 0; j < kGroupsN; ++j) {
          sums[i][j][0] = fmaf(factor, b[j].x, sums[i][j][0]);
          sums[i][j][1] = fmaf(factor, b[j].y, sums[i][j][1]);
          sums[i][j][2] = fmaf(factor, b[j].z, sums[i][j][2]);
          sums[i][j][3] = fmaf(factor, b[j].w, sums[i][j][3]);
        }
      }
    }
  }

  __device__ __forceinline__ static void Multiply(const GemmArgs& args, TilePlace place,
                                                  float* shared,
                                                  float (&sums)[kThreadM][kGroupsN][4]) {
    const int tiles = CeilDiv(args.k, kTileK);
    DepthRange range = {0, tiles};
    if constexpr (kSplit) range = ShareOfDepth(tiles, blockIdx.y, args.split_k);
    const long long batch = blockIdx.z;
    CopyA a(static_cast<const float*>(args.a) + batch * args.a_batch_stride, args.lda,
            place.first_m, args.m);
    CopyB b(static_cast<const float*>(args.b) + batch * args.b_batch_stride, args.ldb,
            place.first_n, args.n);
    const auto read = [&](int tile) {
      const long long first_k = static_cast<long long>(range.first + tile) * kTileK;
      const long long left = args.k - first_k;
      const int left_k = left < kTileK ? static_cast<int>(left) : kTileK;
      a.Read(first_k, left_k);
      b.Read(first_k, left_k);
    };
    const auto write = [&](float* stage) {
      a.Write(stage);
      b.Write(stage + kTileK * CopyA::kRowWords);
    };
    if (range.count > 0) {
      read(0);
      write(shared);
    }
    __syncthreads();
#pragma unroll 1
    for (int tile = 0; tile < range.count; ++tile) {
      const bool has_next = tile + 1 < range.count;
      if (has_next) read(tile + 1);
      const float* stage = shared + tile % 2 * kStageWords;
      MultiplyTile(sums, stage, stage + kTileK * CopyA::kRowWords);
      if (has_next) write(shared + (tile + 1) % 2 * kStageWords);
      __syncthreads();
    }
  }

  __device__ __forceinline__ static void Store(const GemmArgs& args, TilePlace place,
                                               const float (&sums)[kThreadM][kGroupsN][4],
                                               float* shared) {
    Epilogue<kSpec> epilogue(args, blockIdx.z);
    const DropoutMask<kSpec> mask = epilogue.Mask();
    float column_sums[kSpec.bias_gradient ? kGroupsN : 1][4] = {};
#pragma unroll
    for (int j = 0; j < kGroupsN; ++j) {
      const int column = place.first_n + Column(j);
      const auto terms = epilogue.template LoadColumnTerms<4>(column);
#pragma unroll
      for (int i = 0; i < kThreadM; ++i) {
        const int row = Row(i / 4) + i % 4;
        const unsigned keep = kSplit ? kKeepAll : mask.Four(place.first_m + row, column);
        if (row >= args.m - place.first_m) continue;
        if constexpr (kSplit) {
          StorePartial(args, blockIdx.y, blockIdx.z, place.first_m + row, column, sums[i][j]);
        } else {
          epilogue.template Apply<4>(sums[i][j], place.first_m + row, column, terms, keep,
                                     column_sums[kSpec.bias_gradient ? j : 0]);
        }
      }
    }
    if constexpr (kSpec.bias_gradient) StoreColumnSums(args, place, column_sums, shared);
    if constexpr (!kSplit) epilogue.Finish();
  }

  // Adds the sums of the threads that have the same columns, in their order.
  __device__ __forceinline__ static void StoreColumnSums(const GemmArgs& args, TilePlace place,
                                                         const float (&sums)[kGroupsN][4],
                                                         float* shared) {
    static_assert(kThreadsM * kConfig.tile_n <= 2 * kStageWords);
    const int thread_m = static_cast<int>(threadIdx.x) / kThreadsN;
    // The ring is read no more: the main loop ends with a barrier.
#pragma unroll
    for (int j = 0; j < kGroupsN; ++j) {
#pragma unroll
      for (int i = 0; i < 4; ++i) shared[thread_m * kConfig.tile_n + Column(j) + i] = sums[j][i];
    }
    __syncthreads();
    float* const to = ColumnSumsOf<kSumRows>(args, blockIdx.z, place.first_m);
    for (int column = threadIdx.x; column < Min(kConfig.tile_n, args.n - place.first_n);
         column += kThreads) {
      float sum = 0.0f;
#pragma unroll
      for (int i = 0; i < kThreadsM; ++i) sum += shared[i * kConfig.tile_n + column];
      to[place.first_n + column] = sum;
    }
  }
};

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_GEMM_GEMM_SIMT_CUH_
