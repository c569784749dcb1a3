// An epilogue in a launch of its own. The GEMM stores scaled sums, with bias and what is
// accumulated, rounded: where D will be, or, where the epilogue keeps them, in aux. This kernel
// does the rest, in place. It costs their way to memory and back, and leaves the GEMM nothing but
// to multiply.
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_GEMM_SPLIT_EPILOGUE_CUH_
#define TILEWRIGHT_KERNEL_TEMPLATES_GEMM_SPLIT_EPILOGUE_CUH_

#include "abi/kernel_args.h"
#include "abi/split_epilogue_config.h"
#include "common/cluster.cuh"
#include "epilogue/column_sums.cuh"
#include "epilogue/epilogue.cuh"
#include "gemm/raster.cuh"

namespace tilewright {

// kWhole: of both launches.
template <EpilogueSpec kWhole>
class SplitEpilogue {
 private:
  static constexpr bool kFromAux = Epilogue<kWhole>::kWritesAux;
  static constexpr Type kPassed = kFromAux ? kWhole.aux_type : kWhole.d_type;
  // Of an element, of all tensors.
  static constexpr int ReadBytes() {
    const int source = kWhole.source == Source::kResidual ? BytesOf(kWhole.source_type) : 0;
    const int z = kWhole.gradient && kWhole.aux_type != Type::kNone ? BytesOf(kWhole.aux_type) : 0;
    return BytesOf(kPassed) + source + z;
  }

 public:
  static constexpr int kThreads = kSplitEpilogueThreads;
  static constexpr int kSumRows = kSplitEpilogueTileM;
  // As many as hide the loads' latency with what they have in flight, and leave registers for it.
  static constexpr int kMinBlocks = ReadBytes() <= 2 ? 4 : ReadBytes() <= 4 ? 3 : 2;

  // A warp has 16 rows of 64 columns, a lane 8 columns of every fourth row. All that is read is on
  // its way before the first of it is used.
  __device__ __forceinline__ static void Run(const GemmArgs& args) {
    __shared__ unsigned kept[kThreads / 32][kBlocks][8];
    AllowLaterGrids();
    WaitForEarlierGrids();
    const int batch = blockIdx.z;
    const int warp = static_cast<int>(threadIdx.x) / 32;
    const int lane = static_cast<int>(threadIdx.x) % 32;
    const TilePlace place =
        PlaceOfBlock(blockIdx.x, args.m, args.n, kSplitEpilogueTileM, kSplitEpilogueTileN, 1);
    const int first_n = place.first_n + warp * kSplitEpilogueWarpColumns;
    if (first_n >= args.n) return;
    const int column = first_n + lane % 8 * kVector;
    Epilogue<kSpec> epilogue(args, batch);
    unsigned words[kAccesses][kPackedWords<kPassed, kVector>];
    typename Epilogue<kSpec>::template PackedNeighbours<kVector> neighbours[kAccesses];
    int counts[kAccesses];
#pragma unroll
    for (int i = 0; i < kAccesses; ++i) {
      const int row = place.first_m + i * 4 + lane / 8;
      counts[i] = row < args.m ? args.n - column : 0;
      if (counts[i] <= 0) continue;
      Load(args, batch, row, column, counts[i], words[i]);
      epilogue.template LoadNeighbours<kVector>(neighbours[i], row, column, counts[i]);
    }
    if constexpr (DropoutMask<kSpec>::kDrops) {
      const DropoutMask<kSpec> mask = epilogue.Mask();
#pragma unroll
      for (int block = 0; block < kBlocks; ++block) {
        reinterpret_cast<unsigned char*>(kept[warp][block])[lane] =
            static_cast<unsigned char>(mask.Block(place.first_m / 16, first_n / 16 + block));
      }
      __syncwarp();
    }
    float column_sums[kVector] = {};
#pragma unroll
    for (int i = 0; i < kAccesses; ++i) {
      if (counts[i] <= 0) continue;
      const int row = place.first_m + i * 4 + lane / 8;
      unsigned keep = kKeepAll;
      if constexpr (DropoutMask<kSpec>::kDrops) {
        keep = KeepBitsOfRow(kept[warp][lane % 8 / 2][row % 8], row, column);
      }
      float values[kVector];
      UnpackRow<kPassed, kVector>(values, words[i]);
      epilogue.template ApplyScaled<kVector>(values, neighbours[i], row, column, counts[i], keep,
                                             column_sums);
    }
    if constexpr (kSpec.bias_gradient) {
      float* const to = ColumnSumsOf<kSumRows>(args, batch, place.first_m);
#pragma unroll
      for (int i = 0; i < kVector; ++i) {
        const float sum = SumLanes<8>(column_sums[i]);
        if (lane < 8 && column + i < args.n) to[column + i] = sum;
      }
    }
    epilogue.Finish();
  }

 private:
  static constexpr int kVector = 8;
  static constexpr int kBlocks = kSplitEpilogueWarpColumns / 16;
  static constexpr int kAccesses = kSplitEpilogueTileM * kSplitEpilogueWarpColumns / (32 * kVector);
  static_assert(kSplitEpilogueWarpColumns == 8 * kVector && kSplitEpilogueTileM == 16);
  // What the GEMM left to do.
  static constexpr EpilogueSpec Rest(EpilogueSpec spec) {
    spec.bias = Bias::kNone;
    if (spec.source == Source::kAccumulate) spec.source = Source::kNone;
    if (!spec.gradient) spec.aux_type = Type::kNone;
    spec.scaling = Scaling::kNone;
    spec.device_scalars = false;
    return spec;
  }
  static constexpr EpilogueSpec kSpec = Rest(kWhole);

  __device__ __forceinline__ static void Load(const GemmArgs& args, int batch, int row, int column,
                                              int count,
                                              unsigned (&words)[kPackedWords<kPassed, kVector>]) {
    if constexpr (kFromAux) {
      LoadPackedRow<kPassed, kWhole.aux_access_bytes, kVector>(
          words, args.aux, batch * args.aux_batch_stride + row * args.ld_aux + column, count);
    } else {
      LoadPackedRow<kPassed, kWhole.d_access_bytes, kVector>(
          words, args.d, batch * args.d_batch_stride + row * args.ldd + column, count);
    }
  }
};

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_GEMM_SPLIT_EPILOGUE_CUH_
