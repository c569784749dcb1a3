#include "client/cli/gemm_flags.h"

#include <CLI/CLI.hpp>
#include <cstdint>
#include <functional>
#include <limits>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "client/cli/enum_names.h"
#include "client/cli/parse.h"
#include "proto/support/errors.h"
#include "proto/support/status_macros.h"

namespace tilewright::cli {
namespace {

using Setter = std::function<absl::Status(const std::string& field, const std::string& text,
                                          v1::GemmProblem& problem)>;

struct Field {
  std::string name;
  std::string help;
  const char* value_name = "";  // Empty: a switch.
  bool required = false;
  Setter set;
};

Field Integer(const char* name, const char* help, void (v1::GemmProblem::*set)(int64_t)) {
  return {name, help, "N", false,
          [set](const std::string& field, const std::string& text, v1::GemmProblem& problem) {
            ASSIGN_OR_RETURN(const int64_t value, ParseInteger(field, text));
            (problem.*set)(value);
            return absl::OkStatus();
          }};
}

Field Required(Field field) {
  field.required = true;
  return field;
}

template <typename Enum>
Field Name(const char* name, const char* help, std::function<void(v1::GemmProblem&, Enum)> set) {
  return {name,
          absl::StrCat(help, ": ", EnumNameList(*google::protobuf::GetEnumDescriptor<Enum>())),
          "NAME", false,
          [set](const std::string& field, const std::string& text, v1::GemmProblem& problem) {
            ASSIGN_OR_RETURN(const Enum value, ParseName<Enum>(field, text));
            set(problem, value);
            return absl::OkStatus();
          }};
}

Field Switch(const char* name, const char* help, std::function<void(v1::GemmProblem&, bool)> set) {
  return {name, help, "", false,
          [set](const std::string& field, const std::string& text, v1::GemmProblem& problem) {
            if (text != "true" && text != "false") {
              return InvalidField(field, "INVALID_SWITCH",
                                  absl::StrCat("must be true or false, was '", text, "'"));
            }
            set(problem, text == "true");
            return absl::OkStatus();
          }};
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
      Name<v1::DataType>("b_type", "Type of B (default: that of A)",
                         [](P& p, v1::DataType type) { p.set_b_type(type); }),
      Name<v1::DataType>("d_type", "Type of D (default: that of A; int32 for int8, fp32 for tf32)",
                         [](P& p, v1::DataType type) { p.set_d_type(type); }),
      Name<v1::DataType>(
          "accumulator_type",
          "Type of the sums (default fp32; int32 for int8; with --error-budget open)",
          [](P& p, v1::DataType type) { p.set_accumulator_type(type); }),
  };
}

std::vector<Field> StrideFields() {
  using P = v1::GemmProblem;
  return {
      Integer("lda", "Elements between rows of A as stored (default: packed)", &P::set_lda),
      Integer("ldb", "The same of B", &P::set_ldb),
      Integer("ldc", "The same of C", &P::set_ldc),
      Integer("ldd", "The same of D", &P::set_ldd),
      Integer("ld_aux", "The same of the auxiliary tensor", &P::set_ld_aux),
      Integer("a_batch_stride", "Elements between batches of A (default: packed)",
              &P::set_a_batch_stride),
      Integer("b_batch_stride", "The same of B", &P::set_b_batch_stride),
      Integer("c_batch_stride", "The same of C", &P::set_c_batch_stride),
      Integer("d_batch_stride", "The same of D", &P::set_d_batch_stride),
      Integer("aux_batch_stride", "The same of the auxiliary tensor", &P::set_aux_batch_stride),
  };
}

std::vector<Field> EpilogueFields() {
  using P = v1::GemmProblem;
  return {
      Name<v1::BiasMode>("bias", "Bias (default none)",
                         [](P& p, v1::BiasMode m) { p.mutable_epilogue()->set_bias_mode(m); }),
      Name<v1::DataType>("bias_type", "Type of the bias (default: that of D)",
                         [](P& p, v1::DataType t) { p.mutable_epilogue()->set_bias_type(t); }),
      Name<v1::SourceMode>(
          "source", "What C is used for (default none)",
          [](P& p, v1::SourceMode m) { p.mutable_epilogue()->set_source_mode(m); }),
      Name<v1::DataType>("source_type", "Type of C (default: that of D)",
                         [](P& p, v1::DataType t) { p.mutable_epilogue()->set_source_type(t); }),
      Name<v1::Activation>("activation", "Activation (default none)",
                           [](P& p, v1::Activation a) { p.mutable_epilogue()->set_activation(a); }),
      Name<v1::DataType>("aux_type",
                         "Also write the pre-activation, in this type; a gradient reads it",
                         [](P& p, v1::DataType t) { p.mutable_epilogue()->set_aux_type(t); }),
      {"dropout", "Share of elements set to zero, from 0 to 1", "SHARE", false,
       [](const std::string& field, const std::string& text, P& problem) {
         ASSIGN_OR_RETURN(const double value, ParseNumber(field, text));
         problem.mutable_epilogue()->mutable_dropout()->set_probability(value);
         return absl::OkStatus();
       }},
      {"philox_rounds", "Rounds of dropout's random numbers, 7 or 10 (default 7)", "N", false,
       [](const std::string& field, const std::string& text, P& problem) {
         ASSIGN_OR_RETURN(const int64_t value, ParseInteger(field, text));
         // What no int32 holds is neither 7 nor 10.
         const bool fits = value >= 0 && value <= std::numeric_limits<int32_t>::max();
         problem.mutable_epilogue()->mutable_dropout()->set_philox_rounds(
             fits ? static_cast<int32_t>(value) : -1);
         return absl::OkStatus();
       }},
      Switch("store_mask", "Also write the mask of dropout, one bit an element",
             [](P& p, bool on) { p.mutable_epilogue()->mutable_dropout()->set_store_mask(on); }),
      Switch("gradient", "The backward form: times the derivative at aux, dropped as forward",
             [](P& p, bool on) { p.mutable_epilogue()->set_gradient(on); }),
      Switch("bias_gradient", "With --gradient: also give the sums of the columns",
             [](P& p, bool on) { p.mutable_epilogue()->set_bias_gradient(on); }),
      Name<v1::RoundingMode>(
          "rounding", "Rounding of D (default nearest_even)",
          [](P& p, v1::RoundingMode m) { p.mutable_epilogue()->set_rounding_mode(m); }),
      Switch("amax", "Also give max |D|",
             [](P& p, bool on) { p.mutable_epilogue()->set_amax(on); }),
      Switch("non_finite", "Also flag any Inf or NaN in D",
             [](P& p, bool on) { p.mutable_epilogue()->set_non_finite_flag(on); }),
      Switch("scale_d", "Multiply an FP8 D with a scale before it is rounded",
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
          "determinism", "Same bits on every run (default required)",
          [](P& p, v1::DeterminismMode m) { p.mutable_numerics()->set_determinism(m); }),
      {"error_budget", "Fastest precision within this relative error (default: by the types)",
       "ERROR", false,
       [](const std::string& field, const std::string& text, P& problem) {
         ASSIGN_OR_RETURN(const double value, ParseNumber(field, text));
         problem.mutable_numerics()->set_error_budget(value);
         return absl::OkStatus();
       }},
      Switch("promote_accumulation", "FP8: promote sums to fp32 every 128 k",
             [](P& p, bool on) { p.mutable_numerics()->set_promote_accumulation(on); }),
  };
}

struct FieldGroup {
  std::string title;
  std::vector<Field> fields;
};

const std::vector<FieldGroup>& FieldGroups() {
  static const auto& groups = *new std::vector<FieldGroup>{{"Problem", ShapeFields()},
                                                           {"Strides", StrideFields()},
                                                           {"Epilogue", EpilogueFields()},
                                                           {"Numerics", NumericsFields()}};
  return groups;
}

const Field* FindField(std::string_view name) {
  for (const FieldGroup& group : FieldGroups()) {
    for (const Field& field : group.fields) {
      if (field.name == name) return &field;
    }
  }
  return nullptr;
}

}  // namespace

void AddGemmFlags(CLI::App& app, GemmFields& fields) {
  for (const FieldGroup& group : FieldGroups()) {
    for (const Field& field : group.fields) {
      const std::string flag = absl::StrCat("--", absl::StrReplaceAll(field.name, {{"_", "-"}}));
      const auto keep = [&fields, name = field.name](const std::string& text) {
        fields[name] = text;
      };
      CLI::Option* option =
          *field.value_name == '\0'
              ? app.add_flag_callback(flag, [keep] { keep("true"); }, field.help)
              : app.add_option_function<std::string>(flag, keep, field.help)
                    ->type_name(field.value_name);
      option->group(group.title);
      if (field.required) option->required();
    }
  }
}

absl::StatusOr<v1::GemmProblem> ParseGemm(const GemmFields& fields) {
  v1::GemmProblem problem;
  for (const auto& [name, text] : fields) {
    const std::string path = absl::StrCat("gemm.", name);
    const Field* field = FindField(name);
    if (field == nullptr) {
      return InvalidField(path, "UNKNOWN_NAME",
                          absl::StrCat("no such field; there are ", GemmFieldList()));
    }
    RETURN_IF_ERROR(field->set(path, text, problem));
  }
  return problem;
}

bool IsGemmField(std::string_view name) { return FindField(name) != nullptr; }

std::string GemmFieldList() {
  std::vector<std::string> names;
  for (const FieldGroup& group : FieldGroups()) {
    for (const Field& field : group.fields) names.push_back(field.name);
  }
  return absl::StrJoin(names, ", ");
}

}  // namespace tilewright::cli
