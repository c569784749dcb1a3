#include "kernel_templates/launch/gemm/gemm_launcher.h"

#include "kernel_templates/launch/gemm/tensor_map.h"
#include "proto/support/status_macros.h"

namespace tilewright {
namespace {

// A C that is not read may be null or any address. No tensor map can be made for it, so D takes its
// place.
const void* AddressOf(v1::Operand operand, const v1::GemmProblem& problem, const TensorUses& uses,
                      const GemmArguments& operands) {
  if (operand == v1::OPERAND_C && !ReadsSource(problem, operands)) operand = v1::OPERAND_D;
  for (const TensorUse& use : uses) {
    if (use.operand == operand) return kGemmOperands.Get(use, operands);
  }
  return nullptr;
}

}  // namespace

absl::Status GemmLaunch::AddTensorMaps(const DriverApi& driver, const v1::LaunchStep& step,
                                       const Problem& problem, const TensorUses& uses,
                                       const Operands& operands, std::vector<CUtensorMap>& maps) {
  for (const v1::TensorMapSpec& spec : step.tensor_maps()) {
    ASSIGN_OR_RETURN(
        maps.emplace_back(),
        EncodeTensorMap(driver, spec, problem, AddressOf(spec.operand(), problem, uses, operands)));
  }
  return absl::OkStatus();
}

}  // namespace tilewright
