// Blocks of a cluster, warpgroups of a block, and launches that follow one another (sm_90).
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_COMMON_CLUSTER_CUH_
#define TILEWRIGHT_KERNEL_TEMPLATES_COMMON_CLUSTER_CUH_

namespace tilewright {

// Rank of this block in its cluster.
__device__ __forceinline__ unsigned ClusterRank() {
  unsigned rank;
  asm volatile("mov.u32 %0, %%cluster_ctarank;" : "=r"(rank));
  return rank;
}

// Where what lies at `address` here lies in block `rank` of the cluster.
__device__ __forceinline__ unsigned RemoteAddress(unsigned address, unsigned rank) {
  unsigned remote;
  asm volatile("mapa.shared::cluster.u32 %0, %1, %2;" : "=r"(remote) : "r"(address), "r"(rank));
  return remote;
}

// Stores 16 bytes in another block, and counts them on a barrier there once they are visible.
__device__ __forceinline__ void StoreRemoteFour(unsigned address, const float (&values)[4],
                                                unsigned barrier) {
  asm volatile(
      "st.async.weak.shared::cluster.mbarrier::complete_tx::bytes.v4.f32 [%0], {%1, %2, %3, %4}, "
      "[%5];" ::"r"(address),
      "f"(values[0]), "f"(values[1]), "f"(values[2]), "f"(values[3]), "r"(barrier)
      : "memory");
}
__device__ __forceinline__ void StoreRemoteFour(unsigned address, const int (&values)[4],
                                                unsigned barrier) {
  asm volatile(
      "st.async.weak.shared::cluster.mbarrier::complete_tx::bytes.v4.s32 [%0], {%1, %2, %3, %4}, "
      "[%5];" ::"r"(address),
      "r"(values[0]), "r"(values[1]), "r"(values[2]), "r"(values[3]), "r"(barrier)
      : "memory");
}

// All threads of all blocks of the cluster.
__device__ __forceinline__ void SyncCluster() {
  asm volatile(
      "barrier.cluster.arrive.release.aligned;\n"
      "barrier.cluster.wait.acquire.aligned;" ::
          : "memory");
}

// One of the 16 barriers of the block: waits until `threads` have arrived or wait.
__device__ __forceinline__ void SyncThreads(int barrier, int threads) {
  asm volatile("bar.sync %0, %1;" ::"r"(barrier), "r"(threads) : "memory");
}
__device__ __forceinline__ void ArriveThreads(int barrier, int threads) {
  asm volatile("bar.arrive %0, %1;" ::"r"(barrier), "r"(threads) : "memory");
}

// Moves registers between warpgroups; all four warps of one call it.
template <int kRegisters>
__device__ __forceinline__ void GrowRegisters() {
  asm volatile("setmaxnreg.inc.sync.aligned.u32 %0;" ::"n"(kRegisters));
}
template <int kRegisters>
__device__ __forceinline__ void ShrinkRegisters() {
  asm volatile("setmaxnreg.dec.sync.aligned.u32 %0;" ::"n"(kRegisters));
}

// True in one lane of the (converged) warp.
__device__ __forceinline__ bool ElectLane() {
  unsigned elected;
  asm volatile("{.reg .pred p; elect.sync _|p, 0xFFFFFFFF; selp.u32 %0, 1, 0, p;}" : "=r"(elected));
  return elected != 0;
}

// Programmatic dependent launch: waits until the grids before this one are complete and their
// writes visible. Does nothing in a launch without the attribute, nor before sm_90, whose plans do
// not have it.
__device__ __forceinline__ void WaitForEarlierGrids() {
#if __CUDA_ARCH__ >= 900
  asm volatile("griddepcontrol.wait;" ::: "memory");
#endif
}
// Lets the next grid be launched as this one's blocks end; it waits as above.
__device__ __forceinline__ void AllowLaterGrids() {
#if __CUDA_ARCH__ >= 900
  asm volatile("griddepcontrol.launch_dependents;" ::: "memory");
#endif
}

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_COMMON_CLUSTER_CUH_
