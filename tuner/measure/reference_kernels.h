#ifndef TILEWRIGHT_TUNER_MEASURE_REFERENCE_KERNELS_H_
#define TILEWRIGHT_TUNER_MEASURE_REFERENCE_KERNELS_H_

#include <cuda.h>

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kernel_templates/launch/cuda_handles.h"
#include "kernel_templates/launch/operand_layout.h"
#include "kernel_templates/reference/reference_args.h"

namespace tilewright {

// The kernels of kernel_templates/reference, loaded; each call enqueues one on a stream. Owned
// by a bench session. Not thread-safe.
class ReferenceKernels {
 public:
  static absl::StatusOr<ReferenceKernels> Load(const DriverApi& driver, const std::string& cubin);

  absl::Status Fill(const FillArgs& args, CUstream stream) const;
  absl::Status Gemm(const ReferenceGemmArgs& args, CUstream stream) const;
  absl::Status Compare(const CompareArgs& args, CUstream stream) const;
  absl::Status Scan(const ScanArgs& args, CUstream stream) const;
  absl::Status Runs(const RunsArgs& args, CUstream stream) const;
  absl::Status Guard(const GuardArgs& args, CUstream stream) const;
  absl::Status Checksum(const ChecksumArgs& args, CUstream stream) const;

 private:
  ReferenceKernels(const DriverApi& driver, CudaLibrary library)
      : driver_(&driver), library_(std::move(library)) {}

  // Threads stride over `items`; enough blocks to fill any GPU.
  absl::Status LaunchOver(CUfunction function, int64_t items, const void* args,
                          CUstream stream) const;

  const DriverApi* driver_;
  CudaLibrary library_;
  CUfunction fill_ = nullptr;
  CUfunction gemm_ = nullptr;
  CUfunction compare_ = nullptr;
  CUfunction scan_ = nullptr;
  CUfunction runs_ = nullptr;
  CUfunction guard_ = nullptr;
  CUfunction checksum_ = nullptr;
};

// The matrix at `data`, as the kernels take it.
ReferenceMatrix ToReferenceMatrix(const MatrixLayout& layout, void* data);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_MEASURE_REFERENCE_KERNELS_H_
