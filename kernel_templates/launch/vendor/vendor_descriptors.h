#ifndef TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_VENDOR_VENDOR_DESCRIPTORS_H_
#define TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_VENDOR_VENDOR_DESCRIPTORS_H_

#include "absl/status/status.h"
#include "kernel_templates/launch/vendor/vendor_abi.h"
#include "kernel_templates/launch/vendor/vendor_types.h"
#include "proto/problem/gemm/gemm_tensors.h"
#include "tilewright/gemm.h"
#include "tilewright/v1/problem.pb.h"

namespace tilewright::vendor {

// Makes an INTERNAL, reason CUBLASLT_ERROR, with the library's number and `what` was attempted.
absl::Status Check(int status, const char* what);

// Describes one problem to cublasLt. A row-major matrix is its own transpose in column-major order:
// D^T = op(B)^T op(A)^T. So the first operand of cublasLt is our B. Owns the library's handles; not
// thread-safe.
class Descriptors {
 public:
  explicit Descriptors(const Api& api) : api_(api) {}
  Descriptors(const Descriptors&) = delete;
  Descriptors& operator=(const Descriptors&) = delete;
  ~Descriptors();

  // Call it once. The pointers of `operands` to scales and amax become part of the descriptor.
  absl::Status Describe(const v1::GemmProblem& problem, const Types& types,
                        const GemmArguments& operands);

  Descriptor descriptor() const { return descriptor_; }
  Layout first() const { return first_; }    // B
  Layout second() const { return second_; }  // A
  Layout source() const { return source_; }  // C
  Layout output() const { return output_; }  // D

 private:
  template <typename Value>
  absl::Status Set(DescriptorAttribute attribute, Value value, const char* what) {
    return Check(api_.descriptor_set(descriptor_, attribute, &value, sizeof(value)), what);
  }
  absl::Status DescribeScales(const v1::GemmProblem& problem, const GemmArguments& operands);
  absl::Status DescribeMatrix(const MatrixLayout& matrix, int64_t batch, DataType type,
                              Layout* layout);

  const Api& api_;
  Descriptor descriptor_ = nullptr;
  Layout first_ = nullptr;
  Layout second_ = nullptr;
  Layout source_ = nullptr;
  Layout output_ = nullptr;
};

}  // namespace tilewright::vendor

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_VENDOR_VENDOR_DESCRIPTORS_H_
