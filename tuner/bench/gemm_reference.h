#ifndef TILEWRIGHT_TUNER_BENCH_GEMM_REFERENCE_H_
#define TILEWRIGHT_TUNER_BENCH_GEMM_REFERENCE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "kernel_templates/launch/driver/cuda_handles.h"
#include "proto/problem/gemm/gemm_tensors.h"
#include "tilewright/gemm.h"
#include "tilewright/v1/problem.pb.h"
#include "tuner/bench/reference.h"

namespace tilewright {

// The reference of a GEMM, in double precision, for the rows that RowsToCheck lists.
class GemmReference final : public Reference {
 public:
  explicit GemmReference(const v1::GemmProblem& problem);

  double Bytes() const override;
  absl::Status Allocate(const DriverApi& driver) override;
  absl::Status Compute(const ReferenceKernels& kernels) override;
  absl::Status Compare(const DeviceTensor& output, const DeviceTensors& outputs,
                       const Arithmetic& arithmetic, CheckCounts* counts,
                       const ReferenceKernels& kernels) const override;
  std::string NameOf(const TensorUse& use) const override;
  std::optional<std::string> WrongValues(const OutputFindings& output,
                                         const CheckFindings& findings) const override;
  // Returns the error of D, as problem.proto defines it for an error budget.
  double RelativeErrorOf(const CheckFindings& findings) const override;

  // Sets the scalars of a launch on the latest inputs. Those that it must not read are NaN.
  void SetScalars(GemmArguments& operands) const;

  // Returns the rows to compare: batch * m + row.
  const std::vector<int64_t>& rows() const { return rows_; }
  // Returns the factor of D; 1 if the problem has no such scale.
  float ScaleD() const;

 private:
  // The expected values of D or of an auxiliary output.
  struct Expected {
    absl::Status Allocate(const DriverApi& driver, int64_t elements);

    DeviceMemory value;
    DeviceMemory bound;
    DeviceMemory size;
  };

  absl::Status Fill(const ReferenceKernels& kernels) override;
  absl::Status FillInput(const DeviceTensor& input, const ReferenceKernels& kernels) const;
  absl::Status CompareMatrix(const DeviceTensor& output, const Arithmetic& arithmetic,
                             CheckCounts* counts, const ReferenceKernels& kernels) const;
  absl::Status CompareMask(const DeviceTensor& mask, CheckCounts* counts,
                           const ReferenceKernels& kernels) const;
  absl::Status CompareBiasGradient(const DeviceTensor& sums, const DeviceTensors& outputs,
                                   CheckCounts* counts, const ReferenceKernels& kernels) const;
  std::optional<std::string> WrongAmax(const OutputFindings& amax,
                                       const CheckFindings& findings) const;
  std::string PlaceInMatrix(unsigned long long index) const;
  ReferenceMatrix InputMatrix(GemmTensor tensor) const;
  bool IsRead(GemmTensor tensor) const;
  float Alpha() const;
  float Beta() const;
  ReferenceDropout Dropout() const;

  const v1::GemmProblem problem_;
  const std::vector<int64_t> rows_;
  DeviceMemory device_rows_;
  Expected d_;
  Expected aux_;
  DeviceMemory size_z_;
  DeviceMemory totals_;
  DeviceMemory arrived_;  // Used if blocks of the reference share k.
};

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_BENCH_GEMM_REFERENCE_H_
