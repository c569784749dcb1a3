#include "tuner/bench/rotating_operands.h"

#include <algorithm>
#include <cmath>

#include "proto/problem/data_type.h"
#include "proto/problem/gemm/gemm_tensors.h"
#include "proto/support/status_macros.h"

namespace tilewright {
namespace {

int64_t BiasBytes(const v1::GemmProblem& problem) {
  return BiasElements(problem) * StorageBytes(problem.epilogue().bias_type());
}

int64_t ScaleBytes(const v1::GemmProblem& problem, v1::Operand operand) {
  return ScaleElements(problem, operand) * static_cast<int64_t>(sizeof(float));
}

}  // namespace

int RotatingOperands::SetsFor(double bytes_per_set, double l2_bytes, int launches) {
  if (launches <= 1 || bytes_per_set <= 0) return 1;
  const double sets = std::ceil(2 * l2_bytes / bytes_per_set) + 1;
  return static_cast<int>(std::min<double>(sets, launches));
}

absl::StatusOr<RotatingOperands> RotatingOperands::Copy(const DriverApi& driver,
                                                        const v1::GemmProblem& problem,
                                                        const GemmArguments& original, int count,
                                                        CUstream stream) {
  RotatingOperands rotation;
  const auto clone = [&](const void* from, int64_t bytes, bool copy) -> absl::StatusOr<void*> {
    if (from == nullptr || bytes == 0) return nullptr;
    ASSIGN_OR_RETURN(DeviceMemory memory, DeviceMemory::Allocate(driver, bytes));
    if (copy) {
      RETURN_IF_ERROR(driver.Check(
          driver.cuMemcpyDtoDAsync(memory.address(), reinterpret_cast<CUdeviceptr>(from),
                                   static_cast<std::size_t>(bytes), stream),
          "copying an operand"));
    }
    void* pointer = memory.pointer();
    rotation.memory_.push_back(std::move(memory));
    return pointer;
  };
  const auto span = [&](v1::Operand operand) { return LayoutOf(problem, operand).SpanBytes(); };
  rotation.sets_.push_back(original);
  for (int i = 1; i < count; ++i) {
    GemmArguments set = original;
    ASSIGN_OR_RETURN(set.a, clone(original.a, span(v1::OPERAND_A), true));
    ASSIGN_OR_RETURN(set.b, clone(original.b, span(v1::OPERAND_B), true));
    ASSIGN_OR_RETURN(set.c, clone(original.c, span(v1::OPERAND_C), true));
    ASSIGN_OR_RETURN(set.bias, clone(original.bias, BiasBytes(problem), true));
    ASSIGN_OR_RETURN(void* const scale_a,
                     clone(original.scale_a, ScaleBytes(problem, v1::OPERAND_SCALE_A), true));
    ASSIGN_OR_RETURN(void* const scale_b,
                     clone(original.scale_b, ScaleBytes(problem, v1::OPERAND_SCALE_B), true));
    set.scale_a = static_cast<const float*>(scale_a);
    set.scale_b = static_cast<const float*>(scale_b);
    ASSIGN_OR_RETURN(set.d, clone(original.d, span(v1::OPERAND_D), false));
    ASSIGN_OR_RETURN(set.aux,
                     clone(original.aux, span(v1::OPERAND_AUX), problem.epilogue().gradient()));
    ASSIGN_OR_RETURN(set.mask, clone(original.mask, MaskBytes(problem), false));
    ASSIGN_OR_RETURN(void* const bias_gradient,
                     clone(original.bias_gradient, BiasGradientLayout(problem).SpanBytes(), false));
    set.bias_gradient = static_cast<float*>(bias_gradient);
    rotation.sets_.push_back(set);
  }
  return rotation;
}

double OperandBytes(const v1::GemmProblem& problem) {
  double bytes = static_cast<double>(BiasBytes(problem) + ScaleBytes(problem, v1::OPERAND_SCALE_A) +
                                     ScaleBytes(problem, v1::OPERAND_SCALE_B) + MaskBytes(problem) +
                                     BiasGradientLayout(problem).SpanBytes());
  for (const v1::Operand operand :
       {v1::OPERAND_A, v1::OPERAND_B, v1::OPERAND_C, v1::OPERAND_D, v1::OPERAND_AUX}) {
    bytes += static_cast<double>(LayoutOf(problem, operand).SpanBytes());
  }
  return bytes;
}

}  // namespace tilewright
