// Barriers in shared memory that count arrivals and the bytes of asynchronous copies (sm_90).
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_COMMON_MBARRIER_CUH_
#define TILEWRIGHT_KERNEL_TEMPLATES_COMMON_MBARRIER_CUH_

namespace tilewright {

__device__ __forceinline__ void InitBarrier(unsigned barrier, int arrivals) {
  asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(barrier), "r"(arrivals) : "memory");
}

// Makes initialised barriers visible to the cluster and to the copy unit.
__device__ __forceinline__ void FenceBarrierInit() {
  asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
}

// Arrives, and expects that many bytes of copies before the phase ends.
__device__ __forceinline__ void ArriveExpecting(unsigned barrier, int bytes) {
  asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(barrier), "r"(bytes)
               : "memory");
}

__device__ __forceinline__ void Arrive(unsigned barrier) {
  asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];" ::"r"(barrier) : "memory");
}

// Arrives at the barrier that lies at the same place in block `rank` of the cluster. Orders no
// writes: a release to the cluster costs a fence of the whole GPU.
__device__ __forceinline__ void ArriveRemote(unsigned barrier, unsigned rank) {
  asm volatile(
      "{.reg .b32 remote; mapa.shared::cluster.u32 remote, %0, %1;\n"
      "mbarrier.arrive.shared::cluster.b64 _, [remote];}" ::"r"(barrier),
      "r"(rank)
      : "memory");
}

// As ArriveRemote, after all that this thread read and wrote before.
__device__ __forceinline__ void ArriveRemoteReleasing(unsigned barrier, unsigned rank) {
  asm volatile(
      "{.reg .b32 remote; mapa.shared::cluster.u32 remote, %0, %1;\n"
      "mbarrier.arrive.release.cluster.shared::cluster.b64 _, [remote];}" ::"r"(barrier),
      "r"(rank)
      : "memory");
}

// Waits for the end of the phase of this parity.
__device__ __forceinline__ void WaitBarrier(unsigned barrier, unsigned parity) {
  asm volatile(
      "{.reg .pred done;\n"
      "WAIT: mbarrier.try_wait.parity.shared::cta.b64 done, [%0], %1;\n"
      "@done bra DONE;\n"
      "bra WAIT;\n"
      "DONE: }" ::"r"(barrier),
      "r"(parity)
      : "memory");
}

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_COMMON_MBARRIER_CUH_
