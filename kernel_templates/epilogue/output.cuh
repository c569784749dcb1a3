#ifndef TILEWRIGHT_KERNEL_TEMPLATES_EPILOGUE_OUTPUT_CUH_
#define TILEWRIGHT_KERNEL_TEMPLATES_EPILOGUE_OUTPUT_CUH_

#include "abi/kernel_args.h"
#include "epilogue/epilogue_spec.cuh"

namespace tilewright {

// Where an epilogue stores what it computes: D, or aux where it is the first launch of a split one.
template <EpilogueSpec kSpec>
struct Output {
  __device__ __forceinline__ explicit Output(const GemmArgs& args)
      : base(kSpec.to_aux ? args.aux : args.d),
        row_stride(kSpec.to_aux ? args.ld_aux : args.ldd),
        batch_stride(kSpec.to_aux ? args.aux_batch_stride : args.d_batch_stride) {}

  void* base;
  long long row_stride;
  long long batch_stride;
};

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_EPILOGUE_OUTPUT_CUH_
