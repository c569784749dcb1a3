#include "client/cpp/fused_dropout_defaults.h"

#include <cstdint>
#include <string>

#include "proto/problem/dropout_mask.h"
#include "proto/problem/fused_dropout_layout.h"

namespace tilewright {
namespace {

void FillTypes(v1::FusedDropoutProblem& problem) {
  using enum v1::DataType;
  if (problem.type() == DATA_TYPE_UNSPECIFIED) problem.set_type(DATA_TYPE_BF16);
  const v1::DataType type = problem.type();
  if (HasBias(problem) && problem.bias_type() == DATA_TYPE_UNSPECIFIED) {
    problem.set_bias_type(type);
  }
  if (HasResidual(problem) && problem.residual_type() == DATA_TYPE_UNSPECIFIED) {
    problem.set_residual_type(type);
  }
  if (Normalizes(problem) && problem.weight_type() == DATA_TYPE_UNSPECIFIED) {
    problem.set_weight_type(type);
  }
}

int64_t StrideOf(const v1::FusedDropoutProblem& problem, bool present, int64_t stride) {
  return !present ? 0 : stride == 0 ? problem.columns() : stride;
}

void FillStrides(v1::FusedDropoutProblem& problem) {
  const bool has_residual = HasResidual(problem) && (!problem.backward() || Normalizes(problem));
  problem.set_x_stride(StrideOf(problem, true, problem.x_stride()));
  problem.set_y_stride(StrideOf(problem, true, problem.y_stride()));
  problem.set_residual_stride(StrideOf(problem, has_residual, problem.residual_stride()));
  problem.set_pre_norm_stride(StrideOf(problem, HasPreNorm(problem), problem.pre_norm_stride()));
}

// A probability that is none is left to the service, which refuses it.
void FillDropout(v1::FusedDropoutProblem& problem) {
  if (!problem.has_dropout()) return;
  v1::Dropout& dropout = *problem.mutable_dropout();
  if (!(dropout.probability() >= 0 && dropout.probability() <= 1)) return;
  const uint32_t threshold = QuantizeProbability(dropout.probability());
  dropout.set_probability(1.0 * threshold / kDropoutSteps);
  if (dropout.philox_rounds() == 0) dropout.set_philox_rounds(7);
  if (threshold == 0) problem.clear_dropout();
}

// What of a problem decides which kernels compute it.
std::string FamilyOf(v1::FusedDropoutProblem problem) {
  problem.clear_rows();
  problem.clear_columns();
  problem.clear_x_stride();
  problem.clear_residual_stride();
  problem.clear_y_stride();
  problem.clear_pre_norm_stride();
  if (problem.has_dropout()) problem.mutable_dropout()->clear_probability();
  return problem.SerializeAsString();
}

}  // namespace

v1::FusedDropoutProblem WithDefaults(const v1::FusedDropoutProblem& problem) {
  v1::FusedDropoutProblem filled = problem;
  if (filled.activation() == v1::ACTIVATION_UNSPECIFIED) {
    filled.set_activation(v1::ACTIVATION_NONE);
  }
  if (filled.normalization() == v1::NORMALIZATION_UNSPECIFIED) {
    filled.set_normalization(v1::NORMALIZATION_NONE);
  }
  if (filled.numerics().determinism() == v1::DETERMINISM_MODE_UNSPECIFIED) {
    filled.mutable_numerics()->set_determinism(v1::DETERMINISM_MODE_REQUIRED);
  }
  FillTypes(filled);
  FillStrides(filled);
  FillDropout(filled);
  return filled;
}

bool SameFamily(const v1::FusedDropoutProblem& a, const v1::FusedDropoutProblem& b) {
  return FamilyOf(a) == FamilyOf(b);
}

}  // namespace tilewright
