// Boxes of the one tensor that passes through shared memory beside D: C or z that come in, or z
// that goes out.
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_EPILOGUE_BOXES_BESIDE_CUH_
#define TILEWRIGHT_KERNEL_TEMPLATES_EPILOGUE_BOXES_BESIDE_CUH_

#include "abi/gemm_sm90_config.h"
#include "common/mbarrier.cuh"
#include "common/memory.cuh"
#include "common/tma.cuh"
#include "epilogue/epilogue_factors.cuh"
#include "epilogue/epilogue_spec.cuh"
#include "epilogue/tensor_row.cuh"

namespace tilewright {

enum class Direction { kNone, kIn, kOut };

// What a tensor beside D must be to pass so: StorePathOf.
constexpr EpilogueTensors TensorsOf(const EpilogueSpec& spec) {
  const bool has_source = spec.source != Source::kNone;
  const bool has_aux = spec.aux_type != Type::kNone;
  if (!has_source && !has_aux) return EpilogueTensors::kNone;
  if (has_source && has_aux) return EpilogueTensors::kOther;
  const int bytes = BytesOf(has_source ? spec.source_type : spec.aux_type);
  const int access = has_source ? spec.source_access_bytes : spec.aux_access_bytes;
  if (bytes != BytesOf(spec.d_type) || access != 16) return EpilogueTensors::kOther;
  return has_source || spec.gradient ? EpilogueTensors::kIn : EpilogueTensors::kOut;
}
constexpr StoreNeeds StoreNeedsOf(const EpilogueSpec& spec) {
  return {BytesOf(spec.d_type),     spec.d_access_bytes, TensorsOf(spec),
          spec.stochastic_rounding, spec.bias_gradient,  spec.dropout_rounds > 0};
}

// One warp's, over the tiles it stores. An input's boxes are loaded two ahead, into the two buffers
// in turn: those of a tile's first ones while its products are still being made.
template <EpilogueSpec kSpec, Direction kWay, int kRowBlocks, int kColumns>
class BoxesBeside {
 public:
  static constexpr Direction kDirection = kWay;

  // `barriers`: two, of this warp. `map`: of the tensor.
  __device__ __forceinline__ BoxesBeside(const TensorMap* map, unsigned barriers,
                                         const EpilogueFactors<kSpec>& factors)
      : map_(map), barriers_(barriers), factors_(factors) {}

  // One lane, before any other use by the block.
  __device__ __forceinline__ static void InitBarriers(unsigned barriers) {
    InitBarrier(barriers, 1);
    InitBarrier(barriers + 8, 1);
  }

  // Before the products of a tile whose row blocks for this warp begin at (first_m, first_n), 64
  // rows apart. `staging`: the warp's.
  __device__ __forceinline__ void Begin(const GemmArgs& args, int batch, int first_m, int first_n,
                                        unsigned staging) {
    if constexpr (kWay == Direction::kIn) {
      // The map of a C that all batches share has one.
      batch_ = kIsSource && args.c_batch_stride == 0 ? 0 : batch;
      first_m_ = first_m;
      first_n_ = first_n;
      next_ = 0;
      const int rows = first_n < args.n ? Max(0, args.m - first_m) : 0;
      count_ = Min(CeilDiv(rows, 64), kRowBlocks) * kBoxes;
      if (threadIdx.x % 32 == 0) {
        WaitForStoreReads<0>();
        Load(0, staging);
        Load(1, staging);
      }
    }
  }

  // The buffer of the next box of D: free, and with an input's box in it, zeros of a C that is not
  // read.
  __device__ __forceinline__ unsigned Await(unsigned staging, bool is_leader) {
    if constexpr (kWay == Direction::kIn) {
      const int slot = next_ & 1;
      WaitBarrier(barriers_ + slot * 8, phases_ >> slot & 1);
      phases_ ^= 1u << slot;
      if (is_leader && next_ > 0) {
        WaitForStoreReads<0>();
        Load(next_ + 1, staging);
      }
      ++next_;
      const unsigned buffer = staging + slot * kStagingBufferBytes;
      if (kIsSource && !factors_.ReadsSource()) Clear(buffer);
      return buffer;
    } else {
      if (is_leader) WaitForStoreReads<0>();
      __syncwarp();
      return staging;
    }
  }

  __device__ __forceinline__ const TensorMap& Map() const { return *map_; }

  // Elements `first` and the next of the tensor, as they are stored.
  template <typename Neighbours>
  __device__ __forceinline__ static void Unpack(unsigned word, Neighbours& neighbours, int first) {
    float* const to = kIsSource ? neighbours.source : neighbours.z;
    to[first] = FloatFromBits<kType>(word & 0xFFFF);
    to[first + 1] = FloatFromBits<kType>(word >> 16);
  }
  template <typename Neighbours>
  __device__ __forceinline__ static unsigned Pack(const Neighbours& neighbours, int first) {
    return PackedFromFloats<kType>(neighbours.z[first], neighbours.z[first + 1]);
  }

 private:
  static constexpr bool kIsSource = kSpec.source != Source::kNone;
  static constexpr Type kType = kWay == Direction::kNone ? Type::kBf16
                                : kIsSource              ? kSpec.source_type
                                                         : kSpec.aux_type;
  static constexpr int kBoxColumns = 64;
  static constexpr int kBoxes = kColumns / kBoxColumns;

  __device__ __forceinline__ void Load(int box, unsigned staging) const {
    if (box >= count_) return;
    const unsigned barrier = barriers_ + (box & 1) * 8;
    // In the place of a C that is not read, Await has zeros.
    if (kIsSource && !factors_.ReadsSource()) {
      Arrive(barrier);
      return;
    }
    ArriveExpecting(barrier, kStagingBufferBytes);
    LoadBox(*map_, staging + (box & 1) * kStagingBufferBytes, barrier,
            first_n_ + box % kBoxes * kBoxColumns, first_m_ + box / kBoxes * 64, batch_, true);
  }

  // By the whole warp.
  __device__ __forceinline__ static void Clear(unsigned buffer) {
    constexpr unsigned kZeros[4] = {};
#pragma unroll
    for (int at = 0; at < kStagingBufferBytes; at += 32 * 16) {
      StoreSharedFour(buffer + at + threadIdx.x % 32 * 16, kZeros);
    }
    __syncwarp();
  }

  const TensorMap* const map_;
  const unsigned barriers_;
  const EpilogueFactors<kSpec>& factors_;
  unsigned phases_ = 0;  // Bit i: parity of buffer i's next phase.
  int batch_ = 0;
  int first_m_ = 0;
  int first_n_ = 0;
  int next_ = 0;   // Box of the tile that is next.
  int count_ = 0;  // Boxes of the tile that exist.
};

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_EPILOGUE_BOXES_BESIDE_CUH_
