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
      if constexpr (kSpec.device_scalars) takes_sums_ = alpha_ != 0.0f;
      if constexpr (kSpec.scaling == Scaling::kPerTensor) {
        if (TakesSums()) alpha_ *= *args.scale_a * *args.scale_b;
      }
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
  // Whether anything of A and B reaches D. Not where alpha is 0: their products are then no part of
  // the sum, and an Inf or NaN among them, or among their scales, must not become one of D. The
  // same for all threads, so that it is asked once and not of every element. An int32 D takes the
  // sums as they are.
  __device__ __forceinline__ bool TakesSums() const {
    if constexpr (kSpec.d_type == Type::kInt32) return true;
    if constexpr (kSpec.device_scalars) return takes_sums_;
    return args_.alpha != 0.0f;
  }
  __device__ __forceinline__ float Beta() const {
    if constexpr (kSpec.device_scalars) return beta_;
    return args_.beta;
  }
  // Whether C is read. Not where beta is 0: C may then hold anything, and be null where beta is
  // passed by value. The same for all threads.
  __device__ __forceinline__ bool ReadsSource() const {
    if constexpr (kSpec.source == Source::kAccumulate) return Beta() != 0.0f;
    return kSpec.source == Source::kResidual;
  }
  __device__ __forceinline__ float ScaleD() const {
    if constexpr (kSpec.scale_d) return scale_d_;
    return 1.0f;
  }

 private:
  static constexpr bool kLoadsAlpha = kSpec.device_scalars || kSpec.scaling == Scaling::kPerTensor;
  const GemmArgs& args_;
  float alpha_;
  bool takes_sums_;
  float beta_;
  float scale_d_;
};

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_EPILOGUE_EPILOGUE_FACTORS_CUH_
