// Asynchronous copies from global to shared memory (sm_80 and later).
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_COMMON_CP_ASYNC_CUH_
#define TILEWRIGHT_KERNEL_TEMPLATES_COMMON_CP_ASYNC_CUH_

namespace tilewright {

// Copies kBytes (4, 8 or 16) if `active` is not zero, else leaves shared memory as it is.
template <int kBytes>
__device__ __forceinline__ void CopyAsync(unsigned target, const void* source, unsigned active) {
  if constexpr (kBytes == 16) {
    // .cg bypasses L1: operand tiles are read once a block.
    asm volatile(
        "{.reg .pred p; setp.ne.b32 p, %2, 0;\n"
        "@p cp.async.cg.shared.global.L2::128B [%0], [%1], 16;}"
        :
        : "r"(target), "l"(source), "r"(active)
        : "memory");
  } else {
    asm volatile(
        "{.reg .pred p; setp.ne.b32 p, %2, 0;\n"
        "@p cp.async.ca.shared.global [%0], [%1], %3;}"
        :
        : "r"(target), "l"(source), "r"(active), "n"(kBytes)
        : "memory");
  }
}

// As above, but only the first `valid` bytes are read and the rest are zeros.
template <int kBytes>
__device__ __forceinline__ void CopyAsyncZeroFill(unsigned target, const void* source, int valid,
                                                  unsigned active) {
  if constexpr (kBytes == 16) {
    asm volatile(
        "{.reg .pred p; setp.ne.b32 p, %3, 0;\n"
        "@p cp.async.cg.shared.global.L2::128B [%0], [%1], 16, %2;}"
        :
        : "r"(target), "l"(source), "r"(valid), "r"(active)
        : "memory");
  } else {
    asm volatile(
        "{.reg .pred p; setp.ne.b32 p, %3, 0;\n"
        "@p cp.async.ca.shared.global [%0], [%1], %4, %2;}"
        :
        : "r"(target), "l"(source), "r"(valid), "r"(active), "n"(kBytes)
        : "memory");
  }
}

__device__ __forceinline__ void CommitCopies() {
  asm volatile("cp.async.commit_group;" ::: "memory");
}

// Waits until at most kPending of the latest groups are still under way.
template <int kPending>
__device__ __forceinline__ void WaitForCopies() {
  asm volatile("cp.async.wait_group %0;" ::"n"(kPending) : "memory");
}

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_COMMON_CP_ASYNC_CUH_
