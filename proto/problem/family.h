// What the code knows about each kind of problem.
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

// The extents of a problem as grids, workspaces and distances use them. Outputs are [m, n] in
// `batch` batches, and sums run over k.
struct ProblemShape {
  int64_t m = 1;
  int64_t n = 1;
  int64_t k = 1;
  int64_t batch = 1;
};

// The names of a family's fields for m, n and k, for errors: "fused_dropout.rows". A family without
// k has no name for it.
struct ShapeFields {
  const char* m = "";
  const char* n = "";
  const char* k = "";
};

// A kind of problem: one field of `oneof kind` in Problem. To add a kind, add a folder with a
// Family here and a line in visit_problem.h. Every `problem` is of this kind. It is canonical
// unless a comment says otherwise. Stateless and pure; any thread.
class Family {
 public:
  virtual ~Family() = default;

  // Returns the name of its field in Problem: "gemm".
  virtual std::string_view name() const = 0;

  // Checks every rule of problem.proto and fills every default: see Canonicalize in problem.h.
  // `problem` need not be canonical. After an error its content is undefined.
  virtual absl::Status Canonicalize(v1::Problem& problem) const = 0;

  // Writes the fields in an order that never changes, because keys are hashes of it. A field that
  // is newer than the first version is written only if it is set, behind its number.
  // The shape and the strides go to ProblemEncoder::Shape, because a launch passes them to a
  // kernel. The rest decides which kernels can compute the problem.
  virtual void Encode(const v1::Problem& problem, ProblemEncoder& out) const = 0;

  // Returns whether a kernel for `served` may be launched for `problem` if its requirements hold.
  virtual bool MayServe(const v1::Problem& served, const v1::Problem& problem) const = 0;

  // Gives `problem` another shape, with packed strides. The result need not be canonical.
  virtual void SetShape(const ProblemShape& shape, v1::Problem& problem) const = 0;
  virtual ProblemShape ShapeOf(const v1::Problem& problem) const = 0;
  virtual ShapeFields shape_fields() const = 0;

  // Returns one line without the family's defaults: "gemm nt bf16 m=8192 n=6144 k=4096 bias".
  virtual std::string Describe(const v1::Problem& problem) const = 0;

  // Counts the multiplications and additions of products; 0 if the family only moves data.
  virtual double FloatingPointOperations(const v1::Problem& problem) const = 0;

  // Returns every tensor that a launch reads or writes, in the order of the family's enumeration.
  // It leaves out tensors that the problem does not have.
  virtual TensorUses TensorsOf(const v1::Problem& problem) const = 0;

  virtual const v1::NumericsPolicy& NumericsOf(const v1::Problem& problem) const = 0;
};

// Returns the family of `problem`. If the kind is not set, this is a family that refuses it and has
// no tensors. Static lifetime.
const Family& FamilyOf(const v1::Problem& problem);

}  // namespace tilewright

#endif  // TILEWRIGHT_PROTO_PROBLEM_FAMILY_H_
