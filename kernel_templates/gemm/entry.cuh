// The extern "C" entries of a variant: the only lines that a generated source instantiates.
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_GEMM_ENTRY_CUH_
#define TILEWRIGHT_KERNEL_TEMPLATES_GEMM_ENTRY_CUH_

#include "abi/kernel_args.h"
#include "abi/split_k_config.h"
#include "epilogue/column_sums.cuh"
#include "gemm/split_epilogue.cuh"
#include "gemm/split_k.cuh"

#define TILEWRIGHT_GEMM_ENTRY(Variant)                                                 \
  extern "C" __global__ void __launch_bounds__(Variant::kThreads, Variant::kMinBlocks) \
      tilewright_gemm(const __grid_constant__ tilewright::GemmArgs args) {             \
    Variant::Run(args);                                                                \
  }

// Of a template that loads through tensor maps.
#define TILEWRIGHT_TMA_GEMM_ENTRY(Variant)                                             \
  extern "C" __global__ void __launch_bounds__(Variant::kThreads, Variant::kMinBlocks) \
      tilewright_gemm(const __grid_constant__ tilewright::GemmArgs args,               \
                      const __grid_constant__ Variant::Maps maps) {                    \
    Variant::Run(args, maps);                                                          \
  }

// The second step where k is split.
#define TILEWRIGHT_REDUCE_ENTRY(Variant)                                            \
  extern "C" __global__ void __launch_bounds__(tilewright::kReduceThreads)          \
      tilewright_gemm_reduce(const __grid_constant__ tilewright::GemmArgs args) {   \
    tilewright::ReducePartials<Variant::kEpilogueSpec, Variant::Accumulator>(args); \
  }

// The second step where the epilogue is split from the GEMM.
#define TILEWRIGHT_SPLIT_EPILOGUE_ENTRY(Rest)                                        \
  extern "C" __global__ void __launch_bounds__(Rest::kThreads, Rest::kMinBlocks)     \
      tilewright_split_epilogue(const __grid_constant__ tilewright::GemmArgs args) { \
    Rest::Run(args);                                                                 \
  }

// The last step where the gradient of a bias is asked for.
#define TILEWRIGHT_COLUMN_SUMS_ENTRY(Variant)                                     \
  extern "C" __global__ void __launch_bounds__(tilewright::kColumnSumThreads)     \
      tilewright_column_sums(const __grid_constant__ tilewright::GemmArgs args) { \
    tilewright::AddColumnSums<Variant::kSumRows>(args);                           \
  }

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_GEMM_ENTRY_CUH_
