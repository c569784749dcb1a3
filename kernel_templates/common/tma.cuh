// Bulk tensor copies between global and shared memory (sm_90). Coordinates count elements:
// along the contiguous dimension, along rows, and batches.
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_COMMON_TMA_CUH_
#define TILEWRIGHT_KERNEL_TEMPLATES_COMMON_TMA_CUH_

namespace tilewright {

// What cuTensorMapEncodeTiled fills in; a kernel takes it as a __grid_constant__ parameter.
struct alignas(64) TensorMap {
  unsigned long long opaque[16];
};

__device__ __forceinline__ void PrefetchTensorMap(const TensorMap& map) {
  asm volatile("prefetch.tensormap [%0];" ::"l"(&map) : "memory");
}

// Copies a box to `target` and counts its bytes on `barrier`. What lies beyond the tensor is
// zeros. What is `read_once` is the first to leave L2 again; others are kept as usual (a policy
// that says so makes loads slower).
__device__ __forceinline__ void LoadBox(const TensorMap& map, unsigned target, unsigned barrier,
                                        int column, int row, int batch, bool read_once) {
  if (read_once) {
    asm volatile(
        "{.reg .b64 policy; createpolicy.fractional.L2::evict_first.b64 policy;\n"
        "cp.async.bulk.tensor.3d.shared::cluster.global.mbarrier::complete_tx::bytes"
        ".L2::cache_hint [%0], [%1, {%3, %4, %5}], [%2], policy;}" ::"r"(target),
        "l"(&map), "r"(barrier), "r"(column), "r"(row), "r"(batch)
        : "memory");
  } else {
    asm volatile(
        "cp.async.bulk.tensor.3d.shared::cluster.global.mbarrier::complete_tx::bytes "
        "[%0], [%1, {%3, %4, %5}], [%2];" ::"r"(target),
        "l"(&map), "r"(barrier), "r"(column), "r"(row), "r"(batch)
        : "memory");
  }
}

// As LoadBox, to the same place in each block of the cluster whose bit in `blocks` is set; each
// of them counts the bytes on its own barrier.
__device__ __forceinline__ void LoadBoxMulticast(const TensorMap& map, unsigned target,
                                                 unsigned barrier, int column, int row, int batch,
                                                 unsigned short blocks, bool read_once) {
  if (read_once) {
    asm volatile(
        "{.reg .b64 policy; createpolicy.fractional.L2::evict_first.b64 policy;\n"
        "cp.async.bulk.tensor.3d.shared::cluster.global.mbarrier::complete_tx::bytes"
        ".multicast::cluster.L2::cache_hint [%0], [%1, {%3, %4, %5}], [%2], %6, policy;}" ::"r"(
            target),
        "l"(&map), "r"(barrier), "r"(column), "r"(row), "r"(batch), "h"(blocks)
        : "memory");
  } else {
    asm volatile(
        "cp.async.bulk.tensor.3d.shared::cluster.global.mbarrier::complete_tx::bytes"
        ".multicast::cluster [%0], [%1, {%3, %4, %5}], [%2], %6;" ::"r"(target),
        "l"(&map), "r"(barrier), "r"(column), "r"(row), "r"(batch), "h"(blocks)
        : "memory");
  }
}

// Makes shared memory that this thread wrote visible to the copy unit.
__device__ __forceinline__ void FenceForCopies() {
  asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
}

// Copies a box from `source`; what lies beyond the tensor is left out.
__device__ __forceinline__ void StoreBox(const TensorMap& map, unsigned source, int column, int row,
                                         int batch) {
  asm volatile(
      "cp.async.bulk.tensor.3d.global.shared::cta.bulk_group [%0, {%2, %3, %4}], [%1];" ::"l"(&map),
      "r"(source), "r"(column), "r"(row), "r"(batch)
      : "memory");
}

__device__ __forceinline__ void CommitStores() {
  asm volatile("cp.async.bulk.commit_group;" ::: "memory");
}

// Waits until the sources of all but this thread's latest kPending groups have been read.
template <int kPending>
__device__ __forceinline__ void WaitForStoreReads() {
  asm volatile("cp.async.bulk.wait_group.read %0;" ::"n"(kPending) : "memory");
}

// Four 8x8 matrices of 16-bit elements to shared memory; lane 8i + r names row r of matrix i.
__device__ __forceinline__ void StoreMatrices(unsigned address, const unsigned (&words)[4]) {
  asm volatile("stmatrix.sync.aligned.m8n8.x4.shared.b16 [%0], {%1, %2, %3, %4};" ::"r"(address),
               "r"(words[0]), "r"(words[1]), "r"(words[2]), "r"(words[3])
               : "memory");
}

// As StoreMatrices, each matrix transposed.
__device__ __forceinline__ void StoreMatricesTransposed(unsigned address,
                                                        const unsigned (&words)[4]) {
  asm volatile(
      "stmatrix.sync.aligned.m8n8.x4.trans.shared.b16 [%0], {%1, %2, %3, %4};" ::"r"(address),
      "r"(words[0]), "r"(words[1]), "r"(words[2]), "r"(words[3])
      : "memory");
}

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_COMMON_TMA_CUH_
