// In which precisions a problem may be computed, and which one a candidate has. Pure; any thread.
#ifndef TILEWRIGHT_PROTO_PROBLEM_PRECISION_H_
#define TILEWRIGHT_PROTO_PROBLEM_PRECISION_H_

#include <string>
#include <vector>

#include "proto/support/precision.h"
#include "tilewright/v1/kernel.pb.h"
#include "tilewright/v1/problem.pb.h"

namespace tilewright {

// Precisions that the inputs of `gemm`, whose types are filled in, admit under its error budget,
// the most exact first; without a budget, or with a type of the sums, the types' alone.
std::vector<v1::Precision> AdmissiblePrecisions(const v1::GemmProblem& gemm);

bool Admits(const v1::GemmProblem& gemm, v1::Precision precision);

// The parameters of a template on the tensor core that multiply or sum otherwise than the inputs'
// type says, and the precision they make; UNSPECIFIED where they make none.
struct PrecisionParameters {
  int promote = 0;
  int products = 1;
  int fp16_sums = 0;
};
v1::Precision TensorCorePrecision(v1::DataType input, const PrecisionParameters& parameters);

// The precision of a variant of `gemm`: what its template and parameters say.
v1::Precision PrecisionOf(const v1::GemmProblem& gemm, const v1::Variant& variant);
v1::Precision PrecisionOf(const v1::GemmProblem& gemm, const v1::VendorKernel& kernel);
v1::Precision PrecisionOf(const v1::GemmProblem& gemm, const v1::Candidate& candidate);

// The types that products of `precision` are made of and summed in, for inputs of `input`.
struct ComputeTypes {
  v1::DataType input;
  v1::DataType sums;
};
ComputeTypes ComputeTypesOf(v1::DataType input, v1::Precision precision);

// "tf32x3".
std::string PrecisionName(v1::Precision precision);

}  // namespace tilewright

#endif  // TILEWRIGHT_PROTO_PROBLEM_PRECISION_H_
