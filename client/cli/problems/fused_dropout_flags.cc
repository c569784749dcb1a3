#include "client/cli/problems/fused_dropout_flags.h"

#include <functional>
#include <vector>

namespace tilewright::cli {
namespace {

using P = v1::FusedDropoutProblem;
using Field = ProblemField<P>;

template <typename Enum>
Field Name(const char* name, const char* help, void (P::*set)(Enum)) {
  return NameField<Enum, P>(name, help, [set](P& problem, Enum value) { (problem.*set)(value); });
}

Field Switch(const char* name, const char* help, void (P::*set)(bool)) {
  return SwitchField<P>(name, help, [set](P& problem, bool on) { (problem.*set)(on); });
}

std::vector<Field> OperationFields() {
  return {
      Required(IntegerField("rows", "Rows of x", &P::set_rows)),
      Required(IntegerField("columns", "Columns of x", &P::set_columns)),
      Required(Name("operation", "What to compute (required)", &P::set_operation)),
      Name("activation", "Activation (default none)", &P::set_activation),
      Name("normalization", "Normalization of the rows (default none)", &P::set_normalization),
      Switch("backward", "Compute the gradient of the operation", &P::set_backward),
      Switch("store_statistics", "Also write the mean and the inverse root of each row",
             &P::set_store_statistics),
      Switch("store_pre_norm", "Also write the values before the normalization (pre_norm)",
             &P::set_store_pre_norm),
      Switch("add_gradient", "Backward: also add the gradient of the other uses of pre_norm",
             &P::set_add_gradient),
  };
}

std::vector<Field> DropoutFields() {
  return {
      NumberField<P>("dropout", "Share of elements set to zero, from 0 to 1", "SHARE",
                     [](P& p, double share) { p.mutable_dropout()->set_probability(share); }),
      SmallIntegerField<P>(
          "philox_rounds", "Rounds of the random numbers, 7 or 10 (default 7)",
          [](P& p, int32_t rounds) { p.mutable_dropout()->set_philox_rounds(rounds); }),
      SwitchField<P>("store_mask", "Also write the mask; a backward form may read it",
                     [](P& p, bool on) { p.mutable_dropout()->set_store_mask(on); }),
  };
}

std::vector<Field> TypeFields() {
  return {
      Name("type", "Type of x and y (default bf16)", &P::set_type),
      Name("bias_type", "Type of the bias (default: the type of x)", &P::set_bias_type),
      Name("residual_type", "Type of the residual (default: the type of x)", &P::set_residual_type),
      Name("weight_type", "Type of weight and shift (default: the type of x)", &P::set_weight_type),
  };
}

std::vector<Field> StrideFields() {
  return {
      IntegerField("x_stride", "Elements between rows of x (default: packed)", &P::set_x_stride),
      IntegerField("residual_stride", "The same for the residual", &P::set_residual_stride),
      IntegerField("y_stride", "The same for y", &P::set_y_stride),
      IntegerField("pre_norm_stride", "The same for pre_norm", &P::set_pre_norm_stride),
  };
}

}  // namespace

const ProblemKind& FusedDropoutKind() {
  static const auto& kind = *new TableOfFields<P>(
      "dropout",
      "Dropout of a tensor [rows,columns], fused with the operations before and after it",
      "fused_dropout", &v1::Problem::mutable_fused_dropout,
      {{"Problem", OperationFields()},
       {"Dropout", DropoutFields()},
       {"Types", TypeFields()},
       {"Strides", StrideFields()}});
  return kind;
}

}  // namespace tilewright::cli
