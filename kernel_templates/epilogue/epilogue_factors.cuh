#ifndef TILEWRIGHT_KERNEL_TEMPLATES_EPILOGUE_EPILOGUE_FACTORS_CUH_
#define TILEWRIGHT_KERNEL_TEMPLATES_EPILOGUE_EPILOGUE_FACTORS_CUH_

#include "abi/kernel_args.h"
#include "epilogue/epilogue_spec.cuh"

namespace tilewright {

// What every element is multiplied with. A kernel of many tiles reads it once.
template <EpilogueSpec kSpec>
class EpilogueFactors {
 public:
  // After the grids before this one are complete: they may have written the scales.
  __device__ __forceinline__ explicit EpilogueFactors(const GemmArgs& args) : args_(args) {
    if constexpr (kLoadsAlpha) {
      alpha_ = kSpec.device_scalars ? *args.device_alpha : args.alpha;
      if constexpr (kSpec.scaling == Scaling::kPerTensor) alpha_ *= *args.scale_a * *args.scale_b;
    }
    if constexpr (kSpec.device_scalars && kSpec.source == Source::kAccumulate) {
      beta_ = *args.device_beta;
    }
    if constexpr (kSpec.scale_d) scale_d_ = *args.scale_d;
  }

  __device__ __forceinline__ float Alpha() const {
    if constexpr (kLoadsAlpha) return alpha_;
    return args_.alpha;
  }
  __device__ __forceinline__ float Beta() const {
    if constexpr (kSpec.device_scalars) return beta_;
    return args_.beta;
  }
  __device__ __forceinline__ float ScaleD() const {
    if constexpr (kSpec.scale_d) return scale_d_;
    return 1.0f;
  }

 private:
  static constexpr bool kLoadsAlpha = kSpec.device_scalars || kSpec.scaling == Scaling::kPerTensor;
  const GemmArgs& args_;
  float alpha_;
  float beta_;
  float scale_d_;
};

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_EPILOGUE_EPILOGUE_FACTORS_CUH_
