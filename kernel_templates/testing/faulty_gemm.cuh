// A plain bf16 GEMM with a fault, for the tests of what runs kernels. Any grid of any blocks: the
// threads share out the elements of D, so that it may take the place of every kernel that does
// not split k. A stored [m, k], B stored [n, k].
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_TESTING_FAULTY_GEMM_CUH_
#define TILEWRIGHT_KERNEL_TEMPLATES_TESTING_FAULTY_GEMM_CUH_

#include "abi/kernel_args.h"
#include "common/types.cuh"

namespace tilewright {

enum class Fault {
  kIllegalAccess,
  kEndless,
  kWrongResult,
  kOutOfBoundsWrite,
  kNondeterministic,
  kReadsUnread,
};

template <Fault kFault>
__device__ __forceinline__ void ComputeFaultyElement(const GemmArgs& args, long long batch, int row,
                                                     int column) {
  const unsigned short* a =
      static_cast<const unsigned short*>(args.a) + batch * args.a_batch_stride + row * args.lda;
  const unsigned short* b =
      static_cast<const unsigned short*>(args.b) + batch * args.b_batch_stride + column * args.ldb;
  float sum = 0.0f;
  for (int i = 0; i < args.k; ++i) {
    sum += FloatFromBits<Type::kBf16>(a[i]) * FloatFromBits<Type::kBf16>(b[i]);
  }
  sum *= args.alpha;

  const bool first = row == 0 && column == 0 && batch == 0;
  const bool last = row == args.m - 1 && column == args.n - 1 && batch == args.batch - 1;
  if constexpr (kFault == Fault::kIllegalAccess) {
    // The top of the address space: no allocation is there.
    if (first) sum += *reinterpret_cast<const volatile float*>(0x7FFFFFFFFFF0ull);
  }
  if constexpr (kFault == Fault::kEndless) {
    // A volatile read keeps the compiler from assuming that the loop ends.
    while (first && *static_cast<const volatile unsigned short*>(args.a) != 0x10000) {
    }
  }
  if constexpr (kFault == Fault::kWrongResult) {
    if (row == 0 && column == 0) sum = sum * 1.5f + 100.0f;
  }
  if constexpr (kFault == Fault::kReadsUnread) {
    if (args.c != nullptr) {
      const unsigned short* c = static_cast<const unsigned short*>(args.c);
      sum += args.beta *
             FloatFromBits<Type::kBf16>(c[batch * args.c_batch_stride + row * args.ldc + column]);
    }
  }
  if constexpr (kFault == Fault::kNondeterministic) {
    long long now;
    asm volatile("mov.u64 %0, %%globaltimer;" : "=l"(now));
    if (first) sum += static_cast<float>(now >> 5 & 0xFFFF);
  }
  unsigned short* d =
      static_cast<unsigned short*>(args.d) + batch * args.d_batch_stride + row * args.ldd + column;
  *d = static_cast<unsigned short>(BitsFromFloat<Type::kBf16>(sum));
  if constexpr (kFault == Fault::kOutOfBoundsWrite) {
    if (last) d[1] = 0x4242;
  }
}

template <Fault kFault>
__device__ __forceinline__ void RunFaultyGemm(const GemmArgs& args) {
  const long long threads = 1ll * gridDim.x * gridDim.y * gridDim.z * blockDim.x;
  const long long block = (1ll * blockIdx.z * gridDim.y + blockIdx.y) * gridDim.x + blockIdx.x;
  const long long elements = 1ll * args.m * args.n;
  for (long long i = block * blockDim.x + threadIdx.x; i < elements * args.batch; i += threads) {
    const long long element = i % elements;
    ComputeFaultyElement<kFault>(args, i / elements, static_cast<int>(element / args.n),
                                 static_cast<int>(element % args.n));
  }
}

}  // namespace tilewright

// Defines the entry of a kernel with a fault.
#define TILEWRIGHT_FAULTY_GEMM_ENTRY(fault)                                \
  extern "C" __global__ void __launch_bounds__(1024)                       \
      tilewright_gemm(const __grid_constant__ tilewright::GemmArgs args) { \
    tilewright::RunFaultyGemm<tilewright::Fault::fault>(args);             \
  }

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_TESTING_FAULTY_GEMM_CUH_
