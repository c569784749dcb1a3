#include "client/cli/problems/problem_text.h"

#include <cstdint>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cli/problems/enum_names.h"
#include "proto/problem/fused_dropout_layout.h"
#include "tilewright/kernel.h"

namespace tilewright::cli {
namespace {

void AppendTypes(const v1::GemmProblem& problem, std::vector<std::string>& words) {
  const std::string a = problem.a_type() ? NameOf(problem.a_type()) : "bf16";
  const std::string b = problem.b_type() ? NameOf(problem.b_type()) : a;
  const std::string usual = a == "int8" ? "int32" : a == "tf32" ? "fp32" : a;
  const std::string d = problem.d_type() ? NameOf(problem.d_type()) : usual;
  words.push_back(a == b ? a : absl::StrCat(a, "*", b));
  if (d != usual) words.push_back(absl::StrCat("->", d));
  if (problem.accumulator_type() == v1::DATA_TYPE_FP16) words.push_back("sums=fp16");
}

template <typename Enum>
void AppendMode(const char* name, Enum value, std::vector<std::string>& words) {
  const std::string text = NameOf(value);
  if (text != "none" && text != "unspecified" && text != "nearest_even" && text != "required") {
    words.push_back(absl::StrCat(name, "=", text));
  }
}

}  // namespace

std::string DescribeGemm(const v1::GemmProblem& problem) {
  std::vector<std::string> words{
      "gemm", LayoutName(problem.a_layout(), problem.b_layout() == v1::OPERAND_LAYOUT_UNSPECIFIED
                                                 ? v1::OPERAND_LAYOUT_TRANSPOSED
                                                 : problem.b_layout())};
  AppendTypes(problem, words);
  words.push_back(absl::StrCat("m=", problem.m(), " n=", problem.n(), " k=", problem.k()));
  if (problem.batch() > 1) words.push_back(absl::StrCat("batch=", problem.batch()));
  const auto append_shared = [&](const char* name, int64_t batch_stride) {
    if (batch_stride == kBatchBroadcast) words.push_back(absl::StrCat(name, "=broadcast"));
  };
  append_shared("stride_a", problem.a_batch_stride());
  append_shared("stride_b", problem.b_batch_stride());
  append_shared("stride_c", problem.c_batch_stride());
  const v1::Epilogue& epilogue = problem.epilogue();
  AppendMode("bias", epilogue.bias_mode(), words);
  AppendMode("activation", epilogue.activation(), words);
  AppendMode("source", epilogue.source_mode(), words);
  if (epilogue.aux_type()) words.push_back(absl::StrCat("aux=", NameOf(epilogue.aux_type())));
  if (epilogue.dropout().probability() > 0) {
    words.push_back(absl::StrCat("dropout=", epilogue.dropout().probability()));
    if (epilogue.dropout().philox_rounds() == 10) words.push_back("rounds=10");
    if (epilogue.dropout().store_mask()) words.push_back("mask");
  }
  if (epilogue.gradient()) words.push_back("gradient");
  if (epilogue.bias_gradient()) words.push_back("bias_gradient");
  AppendMode("rounding", epilogue.rounding_mode(), words);
  if (epilogue.amax()) words.push_back("amax");
  if (epilogue.non_finite_flag()) words.push_back("non_finite");
  if (epilogue.scale_d()) words.push_back("scale_d");
  if (epilogue.device_scalars()) words.push_back("device_scalars");
  AppendMode("scaling", problem.scaling_mode(), words);
  AppendMode("determinism", problem.numerics().determinism(), words);
  if (problem.numerics().error_budget() > 0) {
    words.push_back(absl::StrCat("error<=", problem.numerics().error_budget()));
  }
  return absl::StrJoin(words, " ");
}

std::string DescribeFusedDropout(const v1::FusedDropoutProblem& problem) {
  std::vector<std::string> words{"dropout"};
  const std::string type = problem.type() ? NameOf(problem.type()) : "bf16";
  words.push_back(type);
  words.push_back(absl::StrCat("rows=", problem.rows(), " columns=", problem.columns()));
  AppendMode("operation", problem.operation(), words);
  AppendMode("activation", problem.activation(), words);
  AppendMode("normalization", problem.normalization(), words);
  const auto append_type = [&](const char* name, v1::DataType other) {
    if (other && NameOf(other) != type) words.push_back(absl::StrCat(name, "=", NameOf(other)));
  };
  append_type("bias_type", problem.bias_type());
  append_type("residual_type", problem.residual_type());
  append_type("weight_type", problem.weight_type());
  if (problem.dropout().probability() > 0) {
    words.push_back(absl::StrCat("dropout=", problem.dropout().probability()));
  }
  if (problem.dropout().philox_rounds() == 10) words.push_back("philox_rounds=10");
  if (problem.dropout().store_mask()) words.push_back("store_mask");
  if (problem.store_statistics()) words.push_back("store_statistics");
  if (problem.store_pre_norm()) words.push_back("store_pre_norm");
  if (problem.add_gradient()) words.push_back("add_gradient");
  if (problem.backward()) words.push_back("backward");
  return absl::StrJoin(words, " ");
}

std::string DescribeProblem(const v1::Problem& problem) {
  if (problem.has_gemm()) return DescribeGemm(problem.gemm());
  if (problem.has_fused_dropout()) return DescribeFusedDropout(problem.fused_dropout());
  return "unknown problem";
}

double FloatingPointOperations(const v1::Problem& problem) {
  if (!problem.has_gemm()) return 0;
  const v1::GemmProblem& gemm = problem.gemm();
  return 2.0 * static_cast<double>(gemm.m()) * static_cast<double>(gemm.n()) *
         static_cast<double>(gemm.k()) * static_cast<double>(gemm.batch() == 0 ? 1 : gemm.batch());
}

double NeededBytes(const v1::Problem& problem) {
  return problem.has_fused_dropout() ? FusedDropoutBytes(problem.fused_dropout()) : 0;
}

}  // namespace tilewright::cli
