#ifndef TILEWRIGHT_TUNER_BENCH_FUSED_DROPOUT_REFERENCE_H_
#define TILEWRIGHT_TUNER_BENCH_FUSED_DROPOUT_REFERENCE_H_

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "kernel_templates/launch/driver/cuda_handles.h"
#include "proto/problem/fused_dropout/fused_dropout_tensors.h"
#include "tilewright/fused_dropout.h"
#include "tilewright/v1/problem.pb.h"
#include "tuner/bench/reference.h"

// Must follow reference_args.h, which it needs.
#include "kernel_templates/reference/fused_dropout_reference_args.h"

namespace tilewright {

// The reference of a fused dropout. It keeps the terms of rows and columns in double precision and
// computes each element from them again when it compares it.
class FusedDropoutReference final : public Reference {
 public:
  explicit FusedDropoutReference(const v1::FusedDropoutProblem& problem) : problem_(problem) {}

  double Bytes() const override;
  absl::Status Allocate(const DriverApi& driver) override;
  absl::Status Compute(const ReferenceKernels& kernels) override;
  absl::Status Compare(const DeviceTensor& output, const DeviceTensors& outputs,
                       const Arithmetic& arithmetic, CheckCounts* counts,
                       const ReferenceKernels& kernels) const override;
  std::optional<std::string> WrongValues(const OutputFindings& output,
                                         const CheckFindings& findings) const override;
  // Returns the largest error of all outputs.
  double RelativeErrorOf(const CheckFindings& findings) const override;

  // Sets the scalars of a launch. Those that it must not read are NaN.
  void SetScalars(FusedDropoutArguments& operands) const;

 private:
  absl::Status Fill(const ReferenceKernels& kernels) override;
  absl::Status FillInput(const DeviceTensor& input, const ReferenceKernels& kernels) const;
  ReferenceMatrix InputMatrix(FusedTensor tensor) const;
  FusedReferenceArgs Arguments() const;
  ReferenceDropout Dropout() const;

  const v1::FusedDropoutProblem problem_;
  DeviceMemory row_terms_;
  DeviceMemory column_terms_;
};

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_BENCH_FUSED_DROPOUT_REFERENCE_H_
