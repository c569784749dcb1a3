// Parts of rows on their way through shared memory: a part is one slot of a pair of rows, of every
// tensor that is read.
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_DROPOUT_PART_RING_CUH_
#define TILEWRIGHT_KERNEL_TEMPLATES_DROPOUT_PART_RING_CUH_

#include "abi/fused_dropout_config.h"
#include "common/cp_async.cuh"
#include "common/memory.cuh"

namespace tilewright {

// Waits until all but the latest `pending` groups of copies are there. `pending` is a constant once
// loops are unrolled.
template <int kMost>
__device__ __forceinline__ void WaitForAllBut(int pending) {
  if (pending == kMost) {
    WaitForCopies<kMost>();
  } else if constexpr (kMost > 0) {
    WaitForAllBut<kMost - 1>(pending);
  }
}

// Parts follow one another slot by slot, pair by pair, each a group of copies, and part p + kParts
// takes the place of part p. A thread copies what it reads itself, so that no barrier orders them.
template <FusedDropoutConfig kConfig, int kPartBytes>
class PartRing {
 public:
  static constexpr int kParts = kConfig.ring_parts;

  __device__ __forceinline__ explicit PartRing(const void* shared)
      : shared_(SharedAddress(shared)) {}

  // Starts the copies of as many parts as there are places: copy(pairs ahead, slot, place) starts
  // those of one, if it exists.
  template <typename Copy>
  __device__ __forceinline__ void Fill(const Copy& copy) const {
#pragma unroll
    for (int part = 0; part < kParts; ++part) {
      copy(part / kConfig.slots, part % kConfig.slots, shared_ + part * kPartBytes);
      CommitCopies();
    }
  }

  // Waits for a slot of the pair at hand. `refilled`: how many of its slots have been.
  __device__ __forceinline__ void Wait(int slot, int refilled) const {
    WaitForAllBut<kParts>(kParts - 1 - slot + refilled);
  }

  // The place of a slot of the pair at hand.
  __device__ __forceinline__ unsigned Place(int slot) const {
    int part = first_ + slot;
    if (part >= kParts) part -= kParts;
    return shared_ + part * kPartBytes;
  }

  // Starts the copies of what takes the place of a slot that has been read.
  template <typename Copy>
  __device__ __forceinline__ void Refill(int slot, const Copy& copy) const {
    copy((slot + kParts) / kConfig.slots, (slot + kParts) % kConfig.slots, Place(slot));
    CommitCopies();
  }

  __device__ __forceinline__ void NextPair() {
    first_ += kConfig.slots;
    if (first_ >= kParts) first_ -= kParts;
  }

 private:
  unsigned shared_;
  int first_ = 0;  // Part of slot 0.
};

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_DROPOUT_PART_RING_CUH_
