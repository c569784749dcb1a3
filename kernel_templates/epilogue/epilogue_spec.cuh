// What an epilogue does, as compile-time values. Mirrors tilewright.v1.Epilogue.
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_EPILOGUE_EPILOGUE_SPEC_CUH_
#define TILEWRIGHT_KERNEL_TEMPLATES_EPILOGUE_EPILOGUE_SPEC_CUH_

#include "common/types.cuh"

namespace tilewright {

enum class Activation { kNone, kRelu, kGeluTanh, kGeluErf, kSilu };
enum class Bias { kNone, kPerColumn, kPerRow };
enum class Source { kNone, kAccumulate, kResidual };
// Of A and B. The scales of blocks are the main loop's.
enum class Scaling { kNone, kPerTensor, kPerRowColumn, kBlock128 };

// Access bytes: the widest access that the base and the strides admit, and for D its columns.
struct EpilogueSpec {
  Type d_type;
  int d_access_bytes;
  Bias bias = Bias::kNone;
  Type bias_type = Type::kNone;
  Source source = Source::kNone;
  Type source_type = Type::kNone;
  int source_access_bytes = 1;
  Activation activation = Activation::kNone;
  Type aux_type = Type::kNone;
  int aux_access_bytes = 1;
  bool stochastic_rounding = false;
  bool amax = false;
  bool non_finite_flag = false;
  Scaling scaling = Scaling::kNone;
  bool scale_d = false;    // Of an 8-bit D.
  int dropout_rounds = 0;  // Of Philox; 0: no dropout.
  bool store_mask = false;
  bool gradient = false;  // The backward form; aux is an input.
  bool bias_gradient = false;
  bool device_scalars = false;
  bool to_aux = false;  // What is stored is aux, not D: the first launch of a split epilogue.
};

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_EPILOGUE_EPILOGUE_SPEC_CUH_
