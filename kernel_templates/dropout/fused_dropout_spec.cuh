// What a fused-dropout kernel does, as compile-time values. Mirrors tilewright.v1.
// FusedDropoutProblem.
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_DROPOUT_FUSED_DROPOUT_SPEC_CUH_
#define TILEWRIGHT_KERNEL_TEMPLATES_DROPOUT_FUSED_DROPOUT_SPEC_CUH_

#include "abi/fused_dropout_config.h"
#include "common/types.cuh"
#include "epilogue/epilogue_spec.cuh"

namespace tilewright {

enum class DropoutOperation { kDropout, kBiasDropoutResidual, kBiasActivationDropout };
enum class Normalization { kNone, kLayerNorm, kRmsNorm };

// Access bytes: the widest access that the base and the stride admit.
struct FusedDropoutSpec {
  Type type;
  int x_access_bytes;
  int y_access_bytes;
  DropoutOperation operation;
  Activation activation = Activation::kNone;
  Normalization normalization = Normalization::kNone;
  bool backward = false;
  int dropout_rounds = 0;   // Of Philox; 0: no dropout.
  bool store_mask = false;  // Backward: the mask is there to be read.
  bool store_statistics = false;
  bool store_pre_norm = false;
  bool add_gradient = false;
  Type bias_type = Type::kNone;
  Type residual_type = Type::kNone;
  int residual_access_bytes = 1;
  Type weight_type = Type::kNone;
  Type pre_norm_type = Type::kNone;
  int pre_norm_access_bytes = 1;
};

constexpr bool HasBias(const FusedDropoutSpec& spec) {
  return spec.operation != DropoutOperation::kDropout;
}
constexpr bool HasResidual(const FusedDropoutSpec& spec) {
  return spec.operation == DropoutOperation::kBiasDropoutResidual;
}
constexpr bool Normalizes(const FusedDropoutSpec& spec) {
  return spec.normalization != Normalization::kNone;
}
constexpr bool Centers(const FusedDropoutSpec& spec) {
  return spec.normalization == Normalization::kLayerNorm;
}
// Whether the backward form needs x: where the slope of the activation depends on it.
constexpr bool ReadsActivation(const FusedDropoutSpec& spec) {
  return spec.activation != Activation::kNone;
}
constexpr bool ReadsMask(const FusedDropoutSpec& spec, const FusedDropoutConfig& config) {
  return spec.backward && spec.store_mask && config.read_mask != 0;
}
// Of the backward form: of the bias, of the weight and of the shift.
constexpr int ColumnSums(const FusedDropoutSpec& spec) {
  if (!spec.backward) return 0;
  return (HasBias(spec) ? 1 : 0) + (Normalizes(spec) ? 1 : 0) + (Centers(spec) ? 1 : 0);
}

constexpr FusedDropoutWork WorkOf(const FusedDropoutSpec& spec, const FusedDropoutConfig& config) {
  FusedDropoutWork work = {};
  work.backward = spec.backward;
  work.least_access = 16;
  const auto read = [&work](Type type, int access_bytes) {
    ++work.row_tensors;
    work.row_bytes += BytesOf(type);
    if (access_bytes < work.least_access) work.least_access = access_bytes;
  };
  if (spec.backward) {
    read(spec.type, spec.y_access_bytes);
    if (Normalizes(spec)) read(spec.pre_norm_type, spec.pre_norm_access_bytes);
    if (spec.add_gradient) read(spec.pre_norm_type, spec.pre_norm_access_bytes);
    if (ReadsActivation(spec)) read(spec.type, spec.x_access_bytes);
  } else {
    read(spec.type, spec.x_access_bytes);
    if (HasResidual(spec)) read(spec.residual_type, spec.residual_access_bytes);
  }
  work.normalizes = Normalizes(spec);
  if (spec.backward) {
    work.held_values = (Normalizes(spec) ? 2 : 0) + (ReadsActivation(spec) ? 1 : 0);
  } else {
    work.held_values = Normalizes(spec) ? 2 : HasBias(spec) ? 1 : 0;
  }
  work.drops = spec.dropout_rounds > 0 && !ReadsMask(spec, config);
  work.column_sums = ColumnSums(spec);
  work.column_terms = (Normalizes(spec) ? 1 : 0) + (ReadsActivation(spec) ? 1 : 0);
  return work;
}

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_DROPOUT_FUSED_DROPOUT_SPEC_CUH_
