// Copies the tiles of one operand from global memory into the shared-memory ring.
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_GEMM_OPERAND_COPY_CUH_
#define TILEWRIGHT_KERNEL_TEMPLATES_GEMM_OPERAND_COPY_CUH_

#include "common/cp_async.cuh"
#include "common/memory.cuh"
#include "gemm/operand.cuh"

namespace tilewright {

constexpr int GreatestCommonDivisor(int a, int b) {
  return b == 0 ? a : GreatestCommonDivisor(b, a % b);
}

// One thread's share of the copies: 16-byte chunks thread, thread + kThreads, ... of the
// tile. Everything that does not change from tile to tile is computed once: addresses, and
// a mask of the chunks that hold elements of the operand. Chunks beyond the edge of m or n
// are not copied at all: what the buffer holds there only reaches elements of D that are
// never stored. Elements beyond k must be zeros; only the one partial tile of k has any,
// and CopyTail brings that one.
template <OperandSpec kOperand, bool kIsA, int kTileMn, int kTileK, int kThreads>
class OperandCopy {
 public:
  using Tile = OperandTile<kOperand, kTileMn, kTileK>;
  using Layout = typename Tile::Layout;
  static constexpr int kChunkCount = Tile::kRows * Tile::kChunks;
  static constexpr int kCopies = CeilDiv(kChunkCount, kThreads);
  // Accesses below 4 bytes go through registers: cp.async has none.
  static constexpr bool kAsync = kOperand.access_bytes >= 4;

  // `base` is the operand's first element of this batch.
  __device__ __forceinline__ OperandCopy(const void* base, long long stride, int first_mn,
                                         int extent_mn, long long first_k, unsigned ring)
      : stride_bytes_(stride * Tile::kElementBytes) {
#pragma unroll
    for (int c = 0; c < kCursors; ++c) {
      const int id = static_cast<int>(threadIdx.x) + c * kThreads;
      const int row = id / Tile::kChunks;
      const int chunk = id % Tile::kChunks;
      // The last chunks of the block's threads may lie beyond the tile, and beyond 2^31; they are
      // never read.
      const long long mn =
          static_cast<long long>(first_mn) + (kOperand.k_major ? row : chunk * kChunkElements);
      const long long k = first_k + (kOperand.k_major ? chunk * kChunkElements : row);
      // One move before its first place: Begin moves first.
      cursor_[c] = static_cast<const char*>(base) +
                   (kOperand.k_major ? mn * stride_bytes_ + k * Tile::kElementBytes
                                     : k * stride_bytes_ + mn * Tile::kElementBytes) -
                   MoveBefore(c);
      if (c < kPeriod) {
        const long long left = (extent_mn - mn) * Tile::kElementBytes;
        valid_[c] = left < 16 ? static_cast<int>(left) : 16;
      }
    }
#pragma unroll
    for (int t = 0; t < kTargets; ++t) {
      const int id = static_cast<int>(threadIdx.x) + t * kThreads;
      target_[t] = ring + Layout::Offset(id / Tile::kChunks, id % Tile::kChunks);
    }
    mask_ = 0;
#pragma unroll
    for (int i = 0; i < kCopies; ++i) {
      const int id = static_cast<int>(threadIdx.x) + i * kThreads;
      const int row = id / Tile::kChunks;
      const bool holds = kOperand.k_major ? row < extent_mn - first_mn : valid_[i % kPeriod] > 0;
      mask_ |= static_cast<unsigned>(holds && id < kChunkCount) << i;
    }
  }

  // The copies to make for a tile: none where there is no such tile.
  __device__ __forceinline__ unsigned MaskIf(bool exists) const { return exists ? mask_ : 0; }

  // Starts part `part` of `parts` of a full tile into the buffer at `offset` of the ring;
  // both are constants once loops are unrolled. The parts of a tile must be taken in order;
  // the last one moves on to the next tile.
  __device__ __forceinline__ void Begin(int part, int parts, unsigned offset, unsigned mask) {
#pragma unroll
    for (int i = 0; i < kCopies; ++i) {
      if (i < FirstOf(part, parts) || i >= FirstOf(part + 1, parts)) continue;
      // The cursor moves before its copy, not after: a move waits until the copies before it
      // have read their address, and by now they have. Opaque to the compiler, which would
      // compute temporaries instead: a fifth more instructions beside the MMAs, and waits.
      asm volatile("add.s64 %0, %0, %1;" : "+l"(cursor_[i % kCursors]) : "l"(MoveBefore(i)));
      const unsigned active = mask & 1u << i;
      const char* source = cursor_[i % kCursors];
      if constexpr (kAsync) {
        CopyFull(Target(i) + offset, source, valid_[i % kPeriod], active);
      } else {
        Read(held_[i], source, kOperand.k_major ? 16 : valid_[i % kPeriod], active);
      }
    }
  }

  // Finishes what Begin of the same part read into registers.
  __device__ __forceinline__ void End(int part, int parts, unsigned offset, unsigned mask) {
    if constexpr (!kAsync) {
#pragma unroll
      for (int i = 0; i < kCopies; ++i) {
        if (i < FirstOf(part, parts) || i >= FirstOf(part + 1, parts)) continue;
        Write(Target(i) + offset, held_[i], mask & 1u << i);
      }
    }
  }

  // Copies the tile that is `tiles` further along k and holds `left` < kTileK elements of
  // k; the rest is zeros. The place in the order of full tiles stays as it is.
  __device__ __forceinline__ void CopyTail(unsigned offset, int tiles, int left) {
    const long long distance = tiles * TileBytes();
    const char* first = cursor_[0] + MoveBefore(0);
#pragma unroll
    for (int i = 0; i < kCopies; ++i) {
      const int id = static_cast<int>(threadIdx.x) + i * kThreads;
      const int k = kOperand.k_major ? (id % Tile::kChunks) * kChunkElements : id / Tile::kChunks;
      const int inside = left - k;
      int valid = valid_[i % kPeriod];
      if (kOperand.k_major) valid = inside * Tile::kElementBytes;
      valid = inside <= 0 ? 0 : valid < 16 ? valid : 16;
      // A row that is not there is not even pointed to.
      const char* source = valid == 0 ? first : Place(i) + distance;
      const unsigned active = mask_ & 1u << i;
      if constexpr (kAsync) {
        CopyPartial(Target(i) + offset, source, valid, active);
      } else {
        unsigned words[4];
        Read(words, source, valid, active);
        Write(Target(i) + offset, words, active);
      }
    }
  }

 private:
  static constexpr int kChunkElements = 16 / Tile::kElementBytes;
  // After this many copies a thread is back at the same chunk of a row, kRowStep rows on.
  static constexpr int kPeriod = Tile::kChunks / GreatestCommonDivisor(kThreads, Tile::kChunks);
  static constexpr int kRowStep = kPeriod * kThreads / Tile::kChunks;
  // Copies take turns with a few cursors, so that none moves soon after it was used.
  static constexpr int kCursors = kPeriod * Min(4, CeilDiv(kCopies, kPeriod));
  // After this many copies the swizzle repeats as well: targets then differ by constants.
  static constexpr int kTargets =
      kPeriod * (Layout::kRowPeriod / GreatestCommonDivisor(kRowStep, Layout::kRowPeriod));

  // Copies are spread evenly over the parts: those of A at the beginning of their share,
  // those of B at its end, so that they do not meet.
  __device__ __forceinline__ static constexpr int FirstOf(int part, int parts) {
    return (part * kCopies + (kIsA ? parts - 1 : 0)) / parts;
  }

  // Bytes between this tile and the next one along k.
  __device__ __forceinline__ long long TileBytes() const {
    return kOperand.k_major ? static_cast<long long>(Tile::kRowBytes) : kTileK * stride_bytes_;
  }

  // How far the cursor of copy i moves before it: on to its next rows, or from the last rows
  // of the tile before.
  __device__ __forceinline__ long long MoveBefore(int i) const {
    constexpr int kRows = kCursors / kPeriod * kRowStep;
    if (i >= kCursors) return kRows * stride_bytes_;
    const int moves = (kCopies - 1 - i) / kCursors;
    return TileBytes() - moves * (kRows * stride_bytes_);
  }

  // Where copy i of the next tile reads.
  __device__ __forceinline__ const char* Place(int i) const {
    return cursor_[i % kCursors] + MoveBefore(i % kCursors) +
           i / kCursors * (kCursors / kPeriod * kRowStep * stride_bytes_);
  }

  __device__ __forceinline__ unsigned Target(int i) const {
    return target_[i % kTargets] + i / kTargets * (kTargets / kPeriod * kRowStep * Tile::kRowBytes);
  }

  __device__ __forceinline__ static void CopyFull(unsigned target, const char* source, int valid,
                                                  unsigned active) {
    if constexpr (kOperand.k_major) {
#pragma unroll
      for (int at = 0; at < 16; at += kOperand.access_bytes) {
        CopyAsync<kOperand.access_bytes>(target + at, source + at, active);
      }
    } else {
      CopyPartial(target, source, valid, active);
    }
  }

  __device__ __forceinline__ static void CopyPartial(unsigned target, const char* source, int valid,
                                                     unsigned active) {
    constexpr int kWidth = kOperand.access_bytes;
#pragma unroll
    for (int at = 0; at < 16; at += kWidth) {
      const int left = valid - at;
      const int part = kWidth == 16 ? left : left < 0 ? 0 : left < kWidth ? left : kWidth;
      CopyAsyncZeroFill<kWidth>(target + at, part == 0 ? source : source + at, part, active);
    }
  }

  // The first `valid` bytes of a chunk by plain loads of single elements, zeros beyond.
  __device__ __forceinline__ static void Read(unsigned (&words)[4], const char* source, int valid,
                                              unsigned active) {
#pragma unroll
    for (int at = 0; at < 16; at += Tile::kElementBytes) {
      unsigned value = 0;
      if (active && at < valid) {
        value = Tile::kElementBytes == 2 ? *reinterpret_cast<const unsigned short*>(source + at)
                                         : *reinterpret_cast<const unsigned char*>(source + at);
      }
      words[at / 4] = at % 4 == 0 ? value : words[at / 4] | value << (8 * (at % 4));
    }
  }

  __device__ __forceinline__ static void Write(unsigned target, const unsigned (&words)[4],
                                               unsigned active) {
    if (active) {
      asm volatile("st.shared.v4.b32 [%0], {%1, %2, %3, %4};" ::"r"(target), "r"(words[0]),
                   "r"(words[1]), "r"(words[2]), "r"(words[3])
                   : "memory");
    }
  }

  const long long stride_bytes_;
  const char* cursor_[kCursors];
  unsigned target_[kTargets];
  int valid_[kPeriod];
  unsigned mask_;
  unsigned held_[kAsync ? 1 : kCopies][4];
};

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_GEMM_OPERAND_COPY_CUH_
