#include "client/c/problem_conversion.h"

#include "absl/strings/str_cat.h"
#include "client/c/versioned_struct.h"
#include "proto/support/status_macros.h"

namespace tilewright::c {
namespace {

static_assert(TILEWRIGHT_TYPE_INT32 == static_cast<int>(v1::DATA_TYPE_INT32));
static_assert(TILEWRIGHT_LAYOUT_TRANSPOSED == static_cast<int>(v1::OPERAND_LAYOUT_TRANSPOSED));
static_assert(TILEWRIGHT_ACTIVATION_SILU == static_cast<int>(v1::ACTIVATION_SILU));
static_assert(TILEWRIGHT_BIAS_PER_ROW == static_cast<int>(v1::BIAS_MODE_PER_ROW));
static_assert(TILEWRIGHT_SOURCE_RESIDUAL == static_cast<int>(v1::SOURCE_MODE_RESIDUAL));
static_assert(TILEWRIGHT_ROUNDING_STOCHASTIC == static_cast<int>(v1::ROUNDING_MODE_STOCHASTIC));
static_assert(TILEWRIGHT_DETERMINISM_NOT_REQUIRED ==
              static_cast<int>(v1::DETERMINISM_MODE_NOT_REQUIRED));
static_assert(TILEWRIGHT_SCALING_BLOCK_128 == static_cast<int>(v1::SCALING_MODE_BLOCK_128));
static_assert(TILEWRIGHT_NO_OFFSET == kNoLaunchOffset);
static_assert(TILEWRIGHT_BATCH_BROADCAST == kBatchBroadcast);
static_assert(TILEWRIGHT_MODE_WAIT_TUNED == static_cast<int>(v1::LOOKUP_MODE_WAIT_TUNED));
static_assert(TILEWRIGHT_MATCH_PREDICTED == static_cast<int>(v1::MATCH_PREDICTED));
static_assert(TILEWRIGHT_PROVENANCE_VENDOR == static_cast<int>(v1::PROVENANCE_VENDOR));

void SetSizes(const tilewright_gemm_problem& from, v1::GemmProblem& to) {
  to.set_m(from.m);
  to.set_n(from.n);
  to.set_k(from.k);
  to.set_batch(from.batch);
  to.set_lda(from.lda);
  to.set_ldb(from.ldb);
  to.set_ldc(from.ldc);
  to.set_ldd(from.ldd);
  to.set_ld_aux(from.ld_aux);
  to.set_a_batch_stride(from.a_batch_stride);
  to.set_b_batch_stride(from.b_batch_stride);
  to.set_c_batch_stride(from.c_batch_stride);
  to.set_d_batch_stride(from.d_batch_stride);
  to.set_aux_batch_stride(from.aux_batch_stride);
}

absl::Status SetOperands(const tilewright_gemm_problem& from, v1::GemmProblem& to) {
  RETURN_IF_ERROR(SetEnum("gemm.a_type", from.a_type, to, &v1::GemmProblem::set_a_type));
  RETURN_IF_ERROR(SetEnum("gemm.b_type", from.b_type, to, &v1::GemmProblem::set_b_type));
  RETURN_IF_ERROR(SetEnum("gemm.d_type", from.d_type, to, &v1::GemmProblem::set_d_type));
  RETURN_IF_ERROR(SetEnum("gemm.accumulator_type", from.accumulator_type, to,
                          &v1::GemmProblem::set_accumulator_type));
  RETURN_IF_ERROR(SetEnum("gemm.a_layout", from.a_layout, to, &v1::GemmProblem::set_a_layout));
  return SetEnum("gemm.b_layout", from.b_layout, to, &v1::GemmProblem::set_b_layout);
}

absl::Status SetEpilogue(const tilewright_gemm_problem& from, v1::Epilogue& to) {
  RETURN_IF_ERROR(SetEnum("gemm.epilogue.bias_mode", from.bias, to, &v1::Epilogue::set_bias_mode));
  RETURN_IF_ERROR(
      SetEnum("gemm.epilogue.bias_type", from.bias_type, to, &v1::Epilogue::set_bias_type));
  RETURN_IF_ERROR(
      SetEnum("gemm.epilogue.source_mode", from.source, to, &v1::Epilogue::set_source_mode));
  RETURN_IF_ERROR(
      SetEnum("gemm.epilogue.source_type", from.source_type, to, &v1::Epilogue::set_source_type));
  RETURN_IF_ERROR(
      SetEnum("gemm.epilogue.activation", from.activation, to, &v1::Epilogue::set_activation));
  RETURN_IF_ERROR(
      SetEnum("gemm.epilogue.aux_type", from.aux_type, to, &v1::Epilogue::set_aux_type));
  to.set_amax(from.amax != 0);
  to.set_non_finite_flag(from.non_finite_flag != 0);
  to.set_scale_d(from.scale_d != 0);
  to.set_gradient(from.gradient != 0);
  to.set_bias_gradient(from.bias_gradient != 0);
  to.set_device_scalars(from.device_scalars != 0);
  if (from.dropout != 0 || from.philox_rounds != 0 || from.store_mask != 0) {
    v1::Dropout& dropout = *to.mutable_dropout();
    dropout.set_probability(from.dropout);
    dropout.set_philox_rounds(from.philox_rounds);
    dropout.set_store_mask(from.store_mask != 0);
  }
  return SetEnum("gemm.epilogue.rounding_mode", from.rounding, to,
                 &v1::Epilogue::set_rounding_mode);
}

}  // namespace

absl::StatusOr<v1::GemmProblem> ToProblem(const tilewright_gemm_problem* problem) {
  ASSIGN_OR_RETURN(const tilewright_gemm_problem from,
                   ReadVersioned(problem, "problem", tilewright_gemm_problem{}));
  if (from.reserved != 0) {
    return InvalidField("problem.reserved", "UNKNOWN_VALUE", "must be 0: call the init function");
  }
  v1::GemmProblem to;
  SetSizes(from, to);
  RETURN_IF_ERROR(SetOperands(from, to));
  RETURN_IF_ERROR(SetEpilogue(from, *to.mutable_epilogue()));
  RETURN_IF_ERROR(
      SetEnum("gemm.scaling_mode", from.scaling, to, &v1::GemmProblem::set_scaling_mode));
  to.mutable_numerics()->set_error_budget(from.error_budget);
  RETURN_IF_ERROR(SetEnum("gemm.numerics.determinism", from.determinism, *to.mutable_numerics(),
                          &v1::NumericsPolicy::set_determinism));
  return to;
}

absl::StatusOr<GetOptions> ToOptions(const tilewright_get_options* options) {
  GetOptions to;
  if (options == nullptr) return to;
  ASSIGN_OR_RETURN(const tilewright_get_options from,
                   ReadVersioned(options, "options", tilewright_get_options{}));
  if (from.mode != TILEWRIGHT_MODE_DEFAULT) {
    ASSIGN_OR_RETURN(to.mode, ToEnum<v1::LookupMode>("options.mode", from.mode));
  }
  if (from.deadline_ms < 0) {
    return InvalidField("options.deadline_ms", "OUT_OF_RANGE",
                        absl::StrCat("must be at least 0, was ", from.deadline_ms));
  }
  to.device_ordinal = from.device_ordinal;
  if (from.target != nullptr) to.target = from.target;
  to.pinned_epoch = from.pinned_epoch;
  if (from.pinned_content_hash != nullptr) {
    to.pinned_content_hash.assign(reinterpret_cast<const char*>(from.pinned_content_hash), 32);
  }
  to.deadline = std::chrono::milliseconds(from.deadline_ms);
  return to;
}

tilewright_gemm_arguments DefaultArguments() {
  tilewright_gemm_arguments arguments{};
  arguments.alpha = 1.0f;
  arguments.offset = TILEWRIGHT_NO_OFFSET;
  return arguments;
}

absl::StatusOr<GemmArguments> ToArguments(const tilewright_gemm_arguments* given) {
  ASSIGN_OR_RETURN(const tilewright_gemm_arguments from,
                   ReadVersioned(given, "arguments", DefaultArguments()));
  GemmArguments to;
  to.a = from.a;
  to.b = from.b;
  to.c = from.c;
  to.d = from.d;
  to.bias = from.bias;
  to.aux = from.aux;
  to.amax = from.amax;
  to.non_finite = from.non_finite;
  to.workspace = from.workspace;
  to.workspace_bytes = from.workspace_bytes;
  to.alpha = from.alpha;
  to.beta = from.beta;
  to.seed = from.seed;
  to.offset = from.offset;
  to.scale_a = from.scale_a;
  to.scale_b = from.scale_b;
  to.scale_d = from.scale_d;
  to.scale_a_elements = from.scale_a_elements;
  to.scale_b_elements = from.scale_b_elements;
  to.mask = from.mask;
  to.mask_bytes = from.mask_bytes;
  to.bias_gradient = from.bias_gradient;
  to.device_alpha = from.device_alpha;
  to.device_beta = from.device_beta;
  return to;
}

}  // namespace tilewright::c
