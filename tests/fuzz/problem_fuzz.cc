// Problems as a request or a bundle brings them.
#include <cmath>

#include "proto/problem/problem.h"
#include "tests/fuzz/fuzz_target.h"

namespace tilewright {
namespace {

// What is accepted is canonical once and for all, and what is derived from it is sound.
bool Run(std::string_view input) {
  v1::Problem problem;
  if (!problem.ParseFromArray(input.data(), static_cast<int>(input.size()))) return false;
  const absl::StatusOr<v1::Problem> canonical = Canonicalize(problem);
  if (!canonical.ok()) {
    TILEWRIGHT_FUZZ_CHECK(!canonical.status().message().empty());
    return false;
  }
  const absl::StatusOr<v1::Problem> again = Canonicalize(*canonical);
  TILEWRIGHT_FUZZ_CHECK(again.ok());
  const std::string encoding = EncodeProblem(*canonical);
  TILEWRIGHT_FUZZ_CHECK(!encoding.empty() && EncodeProblem(*again) == encoding);
  TILEWRIGHT_FUZZ_CHECK(ProblemKey(*canonical).size() == 32);
  TILEWRIGHT_FUZZ_CHECK(!ShapelessKey(*canonical).empty());
  TILEWRIGHT_FUZZ_CHECK(!DescribeProblem(*canonical).empty());
  const double operations = FloatingPointOperations(*canonical);
  const double bytes = MinimumBytes(*canonical);
  TILEWRIGHT_FUZZ_CHECK(std::isfinite(operations) && operations >= 0);
  TILEWRIGHT_FUZZ_CHECK(std::isfinite(bytes) && bytes > 0);
  return true;
}

}  // namespace

FuzzTarget MakeFuzzTarget() {
  FuzzTarget target;
  v1::Problem gemm;
  gemm.mutable_gemm()->set_m(64);
  gemm.mutable_gemm()->set_n(72);
  gemm.mutable_gemm()->set_k(80);
  target.seeds.push_back(gemm.SerializeAsString());
  target.seeds.push_back(Canonicalize(gemm).value().SerializeAsString());
  v1::Epilogue& epilogue = *gemm.mutable_gemm()->mutable_epilogue();
  epilogue.set_bias_mode(v1::BIAS_MODE_PER_COLUMN);
  epilogue.set_activation(v1::ACTIVATION_GELU_TANH);
  epilogue.mutable_dropout()->set_probability(0.1);
  gemm.mutable_gemm()->set_batch(3);
  target.seeds.push_back(Canonicalize(gemm).value().SerializeAsString());
  v1::Problem dropout;
  dropout.mutable_fused_dropout()->set_rows(128);
  dropout.mutable_fused_dropout()->set_columns(512);
  dropout.mutable_fused_dropout()->set_operation(v1::DROPOUT_OPERATION_BIAS_DROPOUT_RESIDUAL);
  dropout.mutable_fused_dropout()->mutable_dropout()->set_probability(0.1);
  target.seeds.push_back(dropout.SerializeAsString());
  target.seeds.push_back(Canonicalize(dropout).value().SerializeAsString());
  target.prototype = std::make_unique<v1::Problem>();
  target.run = Run;
  return target;
}

}  // namespace tilewright
