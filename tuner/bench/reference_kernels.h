#ifndef TILEWRIGHT_TUNER_BENCH_REFERENCE_KERNELS_H_
#define TILEWRIGHT_TUNER_BENCH_REFERENCE_KERNELS_H_

#include <cuda.h>

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kernel_templates/launch/driver/cuda_handles.h"
#include "kernel_templates/launch/plan/grid.h"
#include "kernel_templates/reference/reference_args.h"

namespace tilewright {

// The loaded kernels of kernel_templates/reference. Each call enqueues one on the stream. Owned by
// a bench session. Not thread-safe.
class ReferenceKernels {
 public:
  // Has no kernels until Load's result replaces it.
  ReferenceKernels(const DriverApi& driver, CUstream stream) : driver_(&driver), stream_(stream) {}

  // `cubins` are those of all units of ReferenceUnits, in any order.
  static absl::StatusOr<ReferenceKernels> Load(const DriverApi& driver, CUstream stream,
                                               const std::vector<std::string>& cubins);

  const DriverApi& driver() const { return *driver_; }
  CUstream stream() const { return stream_; }

  // Zeroes memory that a kernel adds to.
  absl::Status Clear(CUdeviceptr address, int64_t bytes) const;

  absl::Status Fill(const FillArgs& args) const;
  absl::Status Gemm(const ReferenceGemmArgs& args) const;
  absl::Status Compare(const CompareArgs& args) const;
  absl::Status Scan(const ScanArgs& args) const;
  absl::Status Runs(const RunsArgs& args) const;
  absl::Status Guard(const GuardArgs& args) const;
  absl::Status Checksum(const ChecksumArgs& args) const;
  // REQUIRES: ReferenceUnits has them for the problem.
  absl::Status Mask(const MaskArgs& args) const;
  absl::Status AddColumns(const ColumnTotalsArgs& args) const;
  absl::Status CompareColumns(const CompareColumnsArgs& args) const;

  // Enqueues entry `symbol`, which takes `args`; families call it for entries of their own.
  // Threads, kThreads in a block, stride over `items`; the blocks are enough to fill any GPU.
  static constexpr int kThreads = 256;
  absl::Status RunOver(const char* symbol, int64_t items, const void* args) const;

 private:
  absl::StatusOr<CUfunction> Find(const char* symbol) const;

  const DriverApi* driver_;
  CUstream stream_;
  std::vector<CudaLibrary> libraries_;
};

// Returns the blocks of ReferenceKernels::Gemm: x along n, y along the listed rows, and z that
// share a long k. Pure.
GridSize ReferenceGrid(int64_t row_count, int64_t n, int64_t k);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_BENCH_REFERENCE_KERNELS_H_
