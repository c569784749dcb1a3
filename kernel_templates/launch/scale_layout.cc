#include "kernel_templates/launch/scale_layout.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "kernel_templates/abi/ceil_div.h"
#include "proto/support/errors.h"
#include "proto/support/status_macros.h"

namespace tilewright {
namespace {

constexpr int64_t kBlock = 128;
// cublasLt reads the scales of blocks of B in groups of four along k.
constexpr int64_t kBlockGroup = 4;

int64_t Batch(const v1::GemmProblem& problem) { return std::max<int64_t>(problem.batch(), 1); }

int64_t ElementsOfA(const v1::GemmProblem& problem) {
  switch (problem.scaling_mode()) {
    case v1::SCALING_MODE_PER_TENSOR:
      return 1;
    case v1::SCALING_MODE_PER_ROW_COLUMN:
      return Batch(problem) * problem.m();
    case v1::SCALING_MODE_BLOCK_128:
      return Batch(problem) * CeilDiv(problem.k(), kBlock) * problem.m();
    default:
      return 0;
  }
}

int64_t ElementsOfB(const v1::GemmProblem& problem) {
  switch (problem.scaling_mode()) {
    case v1::SCALING_MODE_PER_TENSOR:
      return 1;
    case v1::SCALING_MODE_PER_ROW_COLUMN:
      return Batch(problem) * problem.n();
    case v1::SCALING_MODE_BLOCK_128:
      return Batch(problem) * CeilDiv(problem.n(), kBlock) *
             CeilDiv(CeilDiv(problem.k(), kBlock), kBlockGroup) * kBlockGroup;
    default:
      return 0;
  }
}

// "[batch][m]", for messages.
const char* ShapeOf(const v1::GemmProblem& problem, v1::Operand operand) {
  if (operand == v1::OPERAND_SCALE_D) return "one value";
  const bool is_a = operand == v1::OPERAND_SCALE_A;
  switch (problem.scaling_mode()) {
    case v1::SCALING_MODE_PER_ROW_COLUMN:
      return is_a ? "[batch][m]" : "[batch][n]";
    case v1::SCALING_MODE_BLOCK_128:
      return is_a ? "[batch][ceil(k / 128)][m]"
                  : "[batch][ceil(n / 128)][ceil(k / 128) rounded up to a multiple of 4]";
    default:
      return "one value";
  }
}

absl::Status CheckScale(const char* field, const v1::GemmProblem& problem, v1::Operand operand,
                        const float* scales, int64_t given, int alignment) {
  const int64_t needed = ScaleElements(problem, operand);
  if (needed == 0) return absl::OkStatus();
  const std::string wanted =
      absl::StrCat("pass ", needed, " fp32 in device memory, ", ShapeOf(problem, operand));
  if (scales == nullptr) {
    return InvalidField(field, "NULL_POINTER", absl::StrCat("is null; ", wanted));
  }
  if (reinterpret_cast<uintptr_t>(scales) % static_cast<uintptr_t>(alignment) != 0) {
    return InvalidField(field, "MISALIGNED_POINTER",
                        absl::StrCat("must be aligned to ", alignment, " bytes"));
  }
  if (given != 0 && given != needed) {
    return InvalidField(field, "WRONG_SHAPE", absl::StrCat("has ", given, " elements; ", wanted));
  }
  return absl::OkStatus();
}

}  // namespace

int64_t ScaleElements(const v1::GemmProblem& problem, v1::Operand operand) {
  switch (operand) {
    case v1::OPERAND_SCALE_A:
      return ElementsOfA(problem);
    case v1::OPERAND_SCALE_B:
      return ElementsOfB(problem);
    case v1::OPERAND_SCALE_D:
      return problem.epilogue().scale_d() ? 1 : 0;
    default:
      return 0;
  }
}

absl::Status CheckScales(const v1::GemmProblem& problem, const GemmOperands& operands,
                         int alignment) {
  RETURN_IF_ERROR(CheckScale("operands.scale_a", problem, v1::OPERAND_SCALE_A, operands.scale_a,
                             operands.scale_a_elements, alignment));
  RETURN_IF_ERROR(CheckScale("operands.scale_b", problem, v1::OPERAND_SCALE_B, operands.scale_b,
                             operands.scale_b_elements, alignment));
  return CheckScale("operands.scale_d", problem, v1::OPERAND_SCALE_D, operands.scale_d,
                    /*given=*/0, alignment);
}

}  // namespace tilewright
