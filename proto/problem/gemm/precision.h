// In which precisions a problem may be computed, and what each of them means. Pure; any thread.
#ifndef TILEWRIGHT_PROTO_PROBLEM_GEMM_PRECISION_H_
#define TILEWRIGHT_PROTO_PROBLEM_GEMM_PRECISION_H_

#include <string>
#include <vector>

#include "tilewright/v1/kernel.pb.h"
#include "tilewright/v1/problem.pb.h"

namespace tilewright {

// The precision that the types of `gemm`, which are filled in, say. Sums whose type is left open
// count as of the default. A VendorKernel that states no precision means this one.
v1::Precision PrecisionOfTypes(const v1::GemmProblem& gemm);

// Precisions that the inputs of `gemm`, whose types are filled in, admit under its error budget,
// the most exact first; without a budget, or with a type of the sums, the types' alone.
std::vector<v1::Precision> AdmissiblePrecisions(const v1::GemmProblem& gemm);

bool Admits(const v1::GemmProblem& gemm, v1::Precision precision);

// The precision that the algorithm's record states, or else the types say.
v1::Precision PrecisionOf(const v1::GemmProblem& gemm, const v1::VendorKernel& kernel);

// The types that products of `precision` are made of and summed in, for inputs of `input`.
struct ComputeTypes {
  v1::DataType input;
  v1::DataType sums;
};
ComputeTypes ComputeTypesOf(v1::DataType input, v1::Precision precision);

// "tf32x3".
std::string PrecisionName(v1::Precision precision);

}  // namespace tilewright

#endif  // TILEWRIGHT_PROTO_PROBLEM_GEMM_PRECISION_H_
