// Canonical GEMM problems and variants for tests, spelled out by hand.
#ifndef TILEWRIGHT_TESTS_TUNER_CODEGEN_GEMM_PROBLEMS_H_
#define TILEWRIGHT_TESTS_TUNER_CODEGEN_GEMM_PROBLEMS_H_

#include <cstdint>
#include <string>
#include <utility>

#include "tilewright/v1/kernel.pb.h"
#include "tilewright/v1/problem.pb.h"
#include "tuner/template/gemm_simt/parameters.h"
#include "tuner/template/gemm_sm80/parameters.h"
#include "tuner/template/gemm_sm90/parameters.h"

namespace tilewright {

// `layout` is two letters, "NT". Strides are packed and padded up to `stride_multiple`
// elements; with 1 they are what the shape says.
inline v1::Problem MakeGemm(v1::DataType type, const std::string& layout, int64_t m = 512,
                            int64_t n = 512, int64_t k = 512, int64_t stride_multiple = 1) {
  const auto padded = [&](int64_t extent) {
    return (extent + stride_multiple - 1) / stride_multiple * stride_multiple;
  };
  v1::Problem problem;
  v1::GemmProblem& gemm = *problem.mutable_gemm();
  gemm.set_m(m);
  gemm.set_n(n);
  gemm.set_k(k);
  gemm.set_batch(1);
  gemm.set_a_type(type);
  gemm.set_b_type(type);
  const bool is_integer = type == v1::DATA_TYPE_INT8;
  const bool is_wide = type == v1::DATA_TYPE_FP32 || type == v1::DATA_TYPE_TF32;
  gemm.set_d_type(is_integer ? v1::DATA_TYPE_INT32 : is_wide ? v1::DATA_TYPE_FP32 : type);
  gemm.set_accumulator_type(is_integer ? v1::DATA_TYPE_INT32 : v1::DATA_TYPE_FP32);
  gemm.set_a_layout(layout[0] == 'N' ? v1::OPERAND_LAYOUT_NORMAL : v1::OPERAND_LAYOUT_TRANSPOSED);
  gemm.set_b_layout(layout[1] == 'N' ? v1::OPERAND_LAYOUT_NORMAL : v1::OPERAND_LAYOUT_TRANSPOSED);
  gemm.set_lda(padded(layout[0] == 'N' ? k : m));
  gemm.set_ldb(padded(layout[1] == 'N' ? n : k));
  gemm.set_ldd(padded(n));
  gemm.set_scaling_mode(v1::SCALING_MODE_NONE);
  v1::Epilogue& epilogue = *gemm.mutable_epilogue();
  epilogue.set_bias_mode(v1::BIAS_MODE_NONE);
  epilogue.set_source_mode(v1::SOURCE_MODE_NONE);
  epilogue.set_activation(v1::ACTIVATION_NONE);
  epilogue.set_rounding_mode(v1::ROUNDING_MODE_NEAREST_EVEN);
  return problem;
}

inline v1::Variant MakeVariant(const std::string& template_name, v1::Config config) {
  v1::Variant variant;
  variant.set_template_name(template_name);
  *variant.mutable_config() = std::move(config);
  return variant;
}

inline v1::Variant MakeVariant(const GemmSm80Config& config) {
  return MakeVariant("gemm_sm80", GemmSm80Parameters().Encode(config));
}

inline v1::Variant MakeVariant(const GemmSm90Config& config) {
  return MakeVariant("gemm_sm90", GemmSm90Parameters().Encode(config));
}

// Two consumers, three stages and no cluster.
inline GemmSm90Config PlainSm90Config(int tile_m, int tile_n, int ping_pong, int swap_ab) {
  return {.tile_m = tile_m,
          .tile_n = tile_n,
          .stages = 3,
          .consumers = 2,
          .ping_pong = ping_pong,
          .cluster_m = 1,
          .cluster_n = 1,
          .cluster_k = 1,
          .promote = 0,
          .swap_ab = swap_ab,
          .split_k = 1,
          .raster_group = 8,
          .raster_along_n = 0};
}

inline v1::Variant MakeVariant(const GemmSimtConfig& config) {
  return MakeVariant("gemm_simt", GemmSimtParameters().Encode(config));
}

}  // namespace tilewright

#endif  // TILEWRIGHT_TESTS_TUNER_CODEGEN_GEMM_PROBLEMS_H_
