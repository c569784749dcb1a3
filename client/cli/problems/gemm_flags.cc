#include "client/cli/problems/gemm_flags.h"

#include <cstdint>
#include <functional>
#include <vector>

#include "client/cli/problems/enum_names.h"
#include "client/cli/problems/parse.h"
#include "client/cli/problems/problem_fields.h"
#include "proto/support/status_macros.h"
#include "tilewright/kernel.h"

namespace tilewright::cli {
namespace {

using Field = ProblemField<v1::GemmProblem>;

Field Integer(const char* name, const char* help, void (v1::GemmProblem::*set)(int64_t)) {
  return IntegerField(name, help, set);
}

template <typename Enum>
Field Name(const char* name, const char* help, std::function<void(v1::GemmProblem&, Enum)> set) {
  return NameField<Enum, v1::GemmProblem>(name, help, set);
}

// A stride in elements. "broadcast" means -1.
Field SharedStride(const char* name, const char* help, void (v1::GemmProblem::*set)(int64_t)) {
  return {name, help, "N", false,
          [set](const std::string& field, const std::string& text, v1::GemmProblem& problem) {
            if (text == "broadcast") {
              (problem.*set)(kBatchBroadcast);
              return absl::OkStatus();
            }
            ASSIGN_OR_RETURN(const int64_t value, ParseInteger(field, text));
            (problem.*set)(value);
            return absl::OkStatus();
          }};
}

Field Switch(const char* name, const char* help, std::function<void(v1::GemmProblem&, bool)> set) {
  return SwitchField<v1::GemmProblem>(name, help, set);
}

std::vector<Field> ShapeFields() {
  using P = v1::GemmProblem;
  return {
      Required(Integer("m", "Rows of D", &P::set_m)),
      Required(Integer("n", "Columns of D", &P::set_n)),
      Required(Integer("k", "Length of the inner products", &P::set_k)),
      Integer("batch", "Independent products of this shape (default 1)", &P::set_batch),
      {"layout",
       "Layout of A then B: nn, nt, tn, tt. n: stored as [m,k], [k,n]; t: as [k,m], [n,k] "
       "(default nt)",
       "LETTERS", false,
       [](const std::string&, const std::string& text, P& problem) {
         return ParseLayout(text, problem);
       }},
      Name<v1::DataType>("a_type", "Type of A (default bf16)",
                         [](P& p, v1::DataType type) { p.set_a_type(type); }),
      Name<v1::DataType>("b_type", "Type of B (default: the type of A)",
                         [](P& p, v1::DataType type) { p.set_b_type(type); }),
      Name<v1::DataType>("d_type",
                         "Type of D (default: the type of A; int32 for int8, fp32 for tf32)",
                         [](P& p, v1::DataType type) { p.set_d_type(type); }),
      Name<v1::DataType>(
          "accumulator_type",
          "Type of the sums (default fp32; int32 for int8; with --error-budget the tuner chooses)",
          [](P& p, v1::DataType type) { p.set_accumulator_type(type); }),
  };
}

std::vector<Field> StrideFields() {
  using P = v1::GemmProblem;
  return {
      Integer("lda", "Elements between rows of A as stored (default: packed)", &P::set_lda),
      Integer("ldb", "The same for B", &P::set_ldb),
      Integer("ldc", "The same for C", &P::set_ldc),
      Integer("ldd", "The same for D", &P::set_ldd),
      Integer("ld_aux", "The same for the auxiliary tensor", &P::set_ld_aux),
      SharedStride("a_batch_stride",
                   "Elements between batches of A (default: packed); broadcast or -1: all share it",
                   &P::set_a_batch_stride),
      SharedStride("b_batch_stride", "The same for B", &P::set_b_batch_stride),
      SharedStride("c_batch_stride", "The same for C", &P::set_c_batch_stride),
      Integer("d_batch_stride", "Elements between batches of D (default: packed)",
              &P::set_d_batch_stride),
      Integer("aux_batch_stride", "The same for the auxiliary tensor", &P::set_aux_batch_stride),
  };
}

std::vector<Field> EpilogueFields() {
  using P = v1::GemmProblem;
  return {
      Name<v1::BiasMode>("bias", "Bias (default none)",
                         [](P& p, v1::BiasMode m) { p.mutable_epilogue()->set_bias_mode(m); }),
      Name<v1::DataType>("bias_type", "Type of the bias (default: the type of D)",
                         [](P& p, v1::DataType t) { p.mutable_epilogue()->set_bias_type(t); }),
      Name<v1::SourceMode>(
          "source", "Use of C (default none)",
          [](P& p, v1::SourceMode m) { p.mutable_epilogue()->set_source_mode(m); }),
      Name<v1::DataType>("source_type", "Type of C (default: the type of D)",
                         [](P& p, v1::DataType t) { p.mutable_epilogue()->set_source_type(t); }),
      Name<v1::Activation>("activation", "Activation (default none)",
                           [](P& p, v1::Activation a) { p.mutable_epilogue()->set_activation(a); }),
      Name<v1::DataType>("aux_type",
                         "Also write the activation's input, in this type; a gradient reads it",
                         [](P& p, v1::DataType t) { p.mutable_epilogue()->set_aux_type(t); }),
      NumberField<P>("dropout", "Share of elements set to zero, from 0 to 1", "SHARE",
                     [](P& p, double share) {
                       p.mutable_epilogue()->mutable_dropout()->set_probability(share);
                     }),
      SmallIntegerField<P>("philox_rounds",
                           "Rounds of dropout's random numbers, 7 or 10 (default 7)",
                           [](P& p, int32_t rounds) {
                             p.mutable_epilogue()->mutable_dropout()->set_philox_rounds(rounds);
                           }),
      Switch("store_mask", "Also write the mask of dropout, one bit for each element",
             [](P& p, bool on) { p.mutable_epilogue()->mutable_dropout()->set_store_mask(on); }),
      Switch("gradient", "Backward form: multiply by the derivative at aux, with the same mask",
             [](P& p, bool on) { p.mutable_epilogue()->set_gradient(on); }),
      Switch("bias_gradient", "With --gradient: also write the sums of the columns",
             [](P& p, bool on) { p.mutable_epilogue()->set_bias_gradient(on); }),
      Name<v1::RoundingMode>(
          "rounding", "Rounding of D (default nearest_even)",
          [](P& p, v1::RoundingMode m) { p.mutable_epilogue()->set_rounding_mode(m); }),
      Switch("amax", "Also write max |D|",
             [](P& p, bool on) { p.mutable_epilogue()->set_amax(on); }),
      Switch("non_finite", "Also flag any Inf or NaN in D",
             [](P& p, bool on) { p.mutable_epilogue()->set_non_finite_flag(on); }),
      Switch("scale_d", "Multiply an FP8 D by a scale before rounding",
             [](P& p, bool on) { p.mutable_epilogue()->set_scale_d(on); }),
      Switch("device_scalars", "Read alpha and beta from device memory",
             [](P& p, bool on) { p.mutable_epilogue()->set_device_scalars(on); }),
  };
}

std::vector<Field> NumericsFields() {
  using P = v1::GemmProblem;
  return {
      Name<v1::ScalingMode>("scaling", "Scales of A and B (default none)",
                            [](P& p, v1::ScalingMode m) { p.set_scaling_mode(m); }),
      Name<v1::DeterminismMode>(
          "determinism", "Whether every run gives the same bits (default required)",
          [](P& p, v1::DeterminismMode m) { p.mutable_numerics()->set_determinism(m); }),
      NumberField<P>(
          "error_budget",
          "Serve the fastest precision within this relative error (default: the types decide)",
          "ERROR", [](P& p, double error) { p.mutable_numerics()->set_error_budget(error); }),
      Switch("promote_accumulation", "FP8: promote sums to fp32 every 128 k",
             [](P& p, bool on) { p.mutable_numerics()->set_promote_accumulation(on); }),
  };
}

}  // namespace

const ProblemKind& GemmKind() {
  static const auto& kind = *new TableOfFields<v1::GemmProblem>(
      "gemm", "D[m,n] = epilogue(op(A)[m,k] . op(B)[k,n])", "gemm", &v1::Problem::mutable_gemm,
      {{"Problem", ShapeFields()},
       {"Strides", StrideFields()},
       {"Epilogue", EpilogueFields()},
       {"Numerics", NumericsFields()}});
  return kind;
}

}  // namespace tilewright::cli
