// What is known about each kind of problem.
#ifndef TILEWRIGHT_PROTO_PROBLEM_FAMILY_H_
#define TILEWRIGHT_PROTO_PROBLEM_FAMILY_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "proto/problem/problem_encoder.h"
#include "proto/problem/tensor_use.h"
#include "tilewright/v1/problem.pb.h"

namespace tilewright {

// The extents of a problem as grids, workspaces and distances see them: outputs are [m, n] in
// `batch` batches, and sums are over k.
struct ProblemShape {
  int64_t m = 1;
  int64_t n = 1;
  int64_t k = 1;
  int64_t batch = 1;
};

// The fields of a family that say m, n and k, as errors name them: "fused_dropout.rows". A family
// without k names none.
struct ShapeFields {
  const char* m = "";
  const char* n = "";
  const char* k = "";
};

// A kind of problem: one field of `oneof kind` in Problem. A new kind is a folder here with a
// Family, and a line in visit_problem.h. Every `problem` is of this kind, and canonical unless a
// comment says otherwise. Stateless and pure; any thread.
class Family {
 public:
  virtual ~Family() = default;

  // Its field in Problem: "gemm".
  virtual std::string_view name() const = 0;

  // Checks every rule of problem.proto and fills every default: see Canonicalize in problem.h.
  // `problem` need not be canonical; what is left in it after an error is undefined.
  virtual absl::Status Canonicalize(v1::Problem& problem) const = 0;

  // Writes every field in an order that never changes: keys are hashes of it.
  virtual void Encode(const v1::Problem& problem, ProblemEncoder& out) const = 0;

  // Clears what kernels take at launch: shape, strides, the probability of dropout where there is
  // dropout. What is left decides which kernels can compute the problem.
  virtual void ClearShape(v1::Problem& problem) const = 0;

  // Whether a kernel that was made for `served` may be launched for `problem`, if requirements
  // hold.
  virtual bool MayServe(const v1::Problem& served, const v1::Problem& problem) const = 0;

  // Another shape, with packed strides. The result need not be canonical.
  virtual void SetShape(const ProblemShape& shape, v1::Problem& problem) const = 0;
  virtual ProblemShape ShapeOf(const v1::Problem& problem) const = 0;
  virtual ShapeFields shape_fields() const = 0;

  // In one line, without the family's defaults: "gemm nt bf16 m=8192 n=6144 k=4096 bias".
  virtual std::string Describe(const v1::Problem& problem) const = 0;

  // Multiplications and additions of products; 0 for what only moves data.
  virtual double FloatingPointOperations(const v1::Problem& problem) const = 0;

  // Every tensor that a launch reads or writes, in the order of the family's enumeration. Those
  // that the problem does not have are left out.
  virtual TensorUses TensorsOf(const v1::Problem& problem) const = 0;

  virtual const v1::NumericsPolicy& NumericsOf(const v1::Problem& problem) const = 0;
};

// The family of `problem`. Where its kind is not set, one that refuses it and has no tensors.
// Static lifetime.
const Family& FamilyOf(const v1::Problem& problem);

}  // namespace tilewright

#endif  // TILEWRIGHT_PROTO_PROBLEM_FAMILY_H_
