// The functions of the C interface for fused dropouts.
#include "client/c/handles.h"
#include "client/c/kernel_calls.h"
#include "client/c/problem_conversion.h"
#include "client/c/versioned_struct.h"
#include "proto/support/status_macros.h"

namespace tilewright::c {
namespace {

static_assert(TILEWRIGHT_OPERATION_BIAS_ACTIVATION_DROPOUT ==
              static_cast<int>(v1::DROPOUT_OPERATION_BIAS_ACTIVATION_DROPOUT));
static_assert(TILEWRIGHT_NORMALIZATION_RMS_NORM == static_cast<int>(v1::NORMALIZATION_RMS_NORM));

absl::Status SetTypes(const tilewright_fused_dropout_problem& from, v1::FusedDropoutProblem& to) {
  RETURN_IF_ERROR(SetEnum("fused_dropout.type", from.type, to, &v1::FusedDropoutProblem::set_type));
  RETURN_IF_ERROR(SetEnum("fused_dropout.bias_type", from.bias_type, to,
                          &v1::FusedDropoutProblem::set_bias_type));
  RETURN_IF_ERROR(SetEnum("fused_dropout.residual_type", from.residual_type, to,
                          &v1::FusedDropoutProblem::set_residual_type));
  return SetEnum("fused_dropout.weight_type", from.weight_type, to,
                 &v1::FusedDropoutProblem::set_weight_type);
}

absl::Status SetOperation(const tilewright_fused_dropout_problem& from,
                          v1::FusedDropoutProblem& to) {
  RETURN_IF_ERROR(SetEnum("fused_dropout.operation", from.operation, to,
                          &v1::FusedDropoutProblem::set_operation));
  RETURN_IF_ERROR(SetEnum("fused_dropout.activation", from.activation, to,
                          &v1::FusedDropoutProblem::set_activation));
  RETURN_IF_ERROR(SetEnum("fused_dropout.normalization", from.normalization, to,
                          &v1::FusedDropoutProblem::set_normalization));
  if (from.dropout != 0 || from.philox_rounds != 0 || from.store_mask != 0) {
    to.mutable_dropout()->set_probability(from.dropout);
    to.mutable_dropout()->set_philox_rounds(from.philox_rounds);
    to.mutable_dropout()->set_store_mask(from.store_mask != 0);
  }
  to.set_backward(from.backward != 0);
  to.set_store_statistics(from.store_statistics != 0);
  to.set_store_pre_norm(from.store_pre_norm != 0);
  to.set_add_gradient(from.add_gradient != 0);
  return absl::OkStatus();
}

absl::StatusOr<v1::FusedDropoutProblem> ToFusedDropout(
    const tilewright_fused_dropout_problem* problem) {
  ASSIGN_OR_RETURN(const tilewright_fused_dropout_problem from,
                   ReadVersioned(problem, "problem", tilewright_fused_dropout_problem{}));
  v1::FusedDropoutProblem to;
  to.set_rows(from.rows);
  to.set_columns(from.columns);
  to.set_x_stride(from.x_stride);
  to.set_residual_stride(from.residual_stride);
  to.set_y_stride(from.y_stride);
  to.set_pre_norm_stride(from.pre_norm_stride);
  RETURN_IF_ERROR(SetTypes(from, to));
  RETURN_IF_ERROR(SetOperation(from, to));
  return to;
}

// Returns the defaults: no operands, an epsilon of 1e-5, no offset.
tilewright_fused_dropout_arguments FusedDefaults() {
  tilewright_fused_dropout_arguments arguments{};
  arguments.epsilon = FusedDropoutArguments().epsilon;
  arguments.offset = kNoLaunchOffset;
  return arguments;
}

absl::StatusOr<FusedDropoutArguments> ToFusedArguments(
    const tilewright_fused_dropout_arguments* given) {
  ASSIGN_OR_RETURN(const tilewright_fused_dropout_arguments from,
                   ReadVersioned(given, "arguments", FusedDefaults()));
  FusedDropoutArguments to;
  to.x = from.x;
  to.bias = from.bias;
  to.residual = from.residual;
  to.weight = from.weight;
  to.shift = from.shift;
  to.y = from.y;
  to.dy = from.dy;
  to.pre_norm_gradient = from.pre_norm_gradient;
  to.dx = from.dx;
  to.residual_gradient = from.residual_gradient;
  to.pre_norm = from.pre_norm;
  to.mask = from.mask;
  to.mean = from.mean;
  to.inverse_root = from.inverse_root;
  to.bias_gradient = from.bias_gradient;
  to.weight_gradient = from.weight_gradient;
  to.shift_gradient = from.shift_gradient;
  to.mask_bytes = from.mask_bytes;
  to.workspace = from.workspace;
  to.workspace_bytes = from.workspace_bytes;
  to.seed = from.seed;
  to.offset = from.offset;
  to.epsilon = from.epsilon;
  return to;
}

}  // namespace
}  // namespace tilewright::c

namespace c = tilewright::c;

void tilewright_fused_dropout_problem_init(tilewright_fused_dropout_problem* problem,
                                           size_t struct_size) {
  c::Initialize(tilewright_fused_dropout_problem{}, problem, struct_size);
}

void tilewright_fused_dropout_arguments_init(tilewright_fused_dropout_arguments* arguments,
                                             size_t struct_size) {
  c::Initialize(c::FusedDefaults(), arguments, struct_size);
}

tilewright_status tilewright_get_fused_dropout_kernel(
    tilewright_client* client, const tilewright_fused_dropout_problem* problem,
    const tilewright_get_options* options, tilewright_kernel** kernel) {
  return c::Guard(
      [&] { return c::GetKernel(client, c::ToFusedDropout(problem), options, kernel); });
}

tilewright_status tilewright_fused_dropout_workspace_bytes(
    const tilewright_kernel* kernel, const tilewright_fused_dropout_problem* problem,
    int64_t* bytes) {
  return c::Guard([&] { return c::WorkspaceBytes(kernel, c::ToFusedDropout(problem), bytes); });
}

tilewright_status tilewright_fused_dropout_launch(
    const tilewright_kernel* kernel, const tilewright_fused_dropout_problem* problem,
    const tilewright_fused_dropout_arguments* arguments, void* stream) {
  return c::Guard([&] {
    const auto given = c::ToFusedArguments(arguments);
    return problem == nullptr ? c::Launch(kernel, given, stream)
                              : c::LaunchShape(kernel, c::ToFusedDropout(problem), given, stream);
  });
}
