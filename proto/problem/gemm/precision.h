// The precisions in which a problem may be computed, and their meaning. Pure; any thread.
#ifndef TILEWRIGHT_PROTO_PROBLEM_GEMM_PRECISION_H_
#define TILEWRIGHT_PROTO_PROBLEM_GEMM_PRECISION_H_

#include <vector>

#include "tilewright/v1/kernel.pb.h"
#include "tilewright/v1/problem.pb.h"

namespace tilewright {

// Returns the precision that the types of `gemm` state. They are filled in; if the type of the sums
// is open, its default counts. A VendorKernel that states no precision means this one.
v1::Precision PrecisionOfTypes(const v1::GemmProblem& gemm);

// Returns the precisions that the types and the error budget of `gemm` admit, the most exact first.
// Without a budget, or with a type for the sums, this is only the precision of the types.
std::vector<v1::Precision> AdmissiblePrecisions(const v1::GemmProblem& gemm);

bool Admits(const v1::GemmProblem& gemm, v1::Precision precision);

// Returns the precision that the algorithm's record states, else the precision of the types.
v1::Precision PrecisionOf(const v1::GemmProblem& gemm, const v1::VendorKernel& kernel);

// The types of the factors and of the sums in `precision`, for inputs of type `input`.
struct ComputeTypes {
  v1::DataType input;
  v1::DataType sums;
};
ComputeTypes ComputeTypesOf(v1::DataType input, v1::Precision precision);

// Blocks that share a tile along k store partial sums in the workspace, as fp32 or int32.
inline constexpr int kPartialBytes = 4;

}  // namespace tilewright

#endif  // TILEWRIGHT_PROTO_PROBLEM_GEMM_PRECISION_H_
