#ifndef TILEWRIGHT_TUNER_TEMPLATE_TILED_GEMM_SOURCE_H_
#define TILEWRIGHT_TUNER_TEMPLATE_TILED_GEMM_SOURCE_H_

#include <string>

#include "tilewright/v1/kernel.pb.h"
#include "tilewright/v1/problem.pb.h"

namespace tilewright {

// How a tiled GEMM template is instantiated.
struct GemmInstance {
  std::string template_class;
  std::string entry = "TILEWRIGHT_GEMM_ENTRY";
  std::string defines;  // Lines before everything else.
  // TiledGemmTemplate fills in the rest.
  std::string header;  // "gemm/gemm_sm80.cuh"
  std::string config;  // Its initializer.
  v1::Precision precision = v1::PRECISION_UNSPECIFIED;
  bool splits_k = false;
  bool splits_epilogue = false;
};

// Returns the source of `instance` for the canonical `gemm`. Operands have the types that the
// precision multiplies: fp32 that the tensor core reads as tf32 is tf32. Pure; any thread.
std::string GemmSource(v1::GemmProblem gemm, const GemmInstance& instance);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_TEMPLATE_TILED_GEMM_SOURCE_H_
