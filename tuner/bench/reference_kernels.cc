#include "tuner/bench/reference_kernels.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "kernel_templates/abi/ceil_div.h"
#include "proto/problem/dropout_mask.h"
#include "proto/support/status_macros.h"
#include "tuner/bench/check_rows.h"

namespace tilewright {
namespace {

constexpr int64_t kMaxBlocks = 8192;
constexpr int64_t kReferenceBlockColumns = 64;
constexpr int64_t kReferenceTotalRows = 256;

absl::Status LaunchKernel(const DriverApi& driver, CUfunction function, const GridSize& grid,
                          unsigned block_x, unsigned block_y, const void* args, CUstream stream) {
  CUlaunchConfig config{};
  config.gridDimX = grid.x;
  config.gridDimY = grid.y;
  config.gridDimZ = grid.z;
  config.blockDimX = block_x;
  config.blockDimY = block_y;
  config.blockDimZ = 1;
  config.hStream = stream;
  void* parameters[] = {const_cast<void*>(args)};
  return driver.Check(driver.cuLaunchKernelEx(&config, function, parameters, nullptr),
                      "launching a reference kernel");
}

}  // namespace

absl::StatusOr<ReferenceKernels> ReferenceKernels::Load(const DriverApi& driver, CUstream stream,
                                                        const std::vector<std::string>& cubins) {
  ReferenceKernels kernels(driver, stream);
  for (const std::string& cubin : cubins) {
    ASSIGN_OR_RETURN(CudaLibrary library, CudaLibrary::LoadCubin(driver, cubin));
    kernels.libraries_.push_back(std::move(library));
  }
  // The other symbols belong to some problems only.
  for (const char* symbol :
       {"tilewright_reference_fill", "tilewright_reference_scan", "tilewright_reference_runs",
        "tilewright_reference_guard", "tilewright_reference_checksum"}) {
    RETURN_IF_ERROR(kernels.Find(symbol).status());
  }
  return kernels;
}

absl::Status ReferenceKernels::Clear(CUdeviceptr address, int64_t bytes) const {
  return driver_->Check(
      driver_->cuMemsetD8Async(address, 0, static_cast<std::size_t>(bytes), stream_),
      "clearing the sums of a check");
}

absl::StatusOr<CUfunction> ReferenceKernels::Find(const char* symbol) const {
  for (const CudaLibrary& library : libraries_) {
    const auto found = library.Function(symbol);
    if (!absl::IsNotFound(found.status())) return found;
  }
  return absl::InternalError(absl::StrCat("no reference kernel is named ", symbol));
}

absl::Status ReferenceKernels::RunOver(const char* symbol, int64_t items, const void* args) const {
  ASSIGN_OR_RETURN(const CUfunction function, Find(symbol));
  const int64_t blocks = std::clamp<int64_t>(CeilDiv(items, kThreads), 1, kMaxBlocks);
  return LaunchKernel(*driver_, function, {static_cast<unsigned>(blocks), 1, 1}, kThreads, 1, args,
                      stream_);
}

absl::Status ReferenceKernels::Fill(const FillArgs& args) const {
  return RunOver("tilewright_reference_fill",
                 args.matrix.batch * args.matrix.rows * args.matrix.columns, &args);
}

GridSize ReferenceGrid(int64_t row_count, int64_t n, int64_t k) {
  // Blocks share k from 2^17 on (some 4 ms), as long as the GPU has use for more of them. One block
  // would take minutes for the longest k.
  constexpr int64_t kLeastDepth = int64_t{1} << 17;
  constexpr int64_t kUsefulBlocks = 2048;
  const int64_t columns = CeilDiv(n, kReferenceBlockColumns);
  const int64_t rows = CeilDiv(row_count, kReferenceBlockRows);
  const int64_t shares =
      std::min(k / kLeastDepth, kUsefulBlocks / std::max<int64_t>(columns * rows, 1));
  return {static_cast<unsigned>(columns), static_cast<unsigned>(rows),
          static_cast<unsigned>(std::max<int64_t>(shares, 1))};
}

absl::Status ReferenceKernels::Gemm(const ReferenceGemmArgs& args) const {
  ASSIGN_OR_RETURN(const CUfunction function, Find("tilewright_reference_gemm"));
  const GridSize grid = ReferenceGrid(args.row_count, args.n, args.k);
  if (grid.z > 1) {
    const auto clear = [&](const void* memory, std::size_t bytes) {
      return Clear(reinterpret_cast<CUdeviceptr>(memory), static_cast<int64_t>(bytes));
    };
    const auto elements = static_cast<std::size_t>(args.row_count * args.n);
    RETURN_IF_ERROR(clear(args.expected, elements * sizeof(double)));
    RETURN_IF_ERROR(clear(args.bound, elements * sizeof(double)));
    RETURN_IF_ERROR(clear(args.arrived, std::size_t{grid.x} * grid.y * sizeof(unsigned)));
  }
  return LaunchKernel(*driver_, function, grid, 16, kReferenceBlockRows, &args, stream_);
}

absl::Status ReferenceKernels::Compare(const CompareArgs& args) const {
  return RunOver("tilewright_reference_compare", args.row_count * args.output.columns, &args);
}

absl::Status ReferenceKernels::Scan(const ScanArgs& args) const {
  return RunOver("tilewright_reference_scan", args.span + 2 * args.guard, &args);
}

absl::Status ReferenceKernels::Runs(const RunsArgs& args) const {
  return RunOver("tilewright_reference_runs",
                 args.first.batch * args.first.rows * args.first.columns, &args);
}

absl::Status ReferenceKernels::Guard(const GuardArgs& args) const {
  return RunOver("tilewright_reference_guard", 2 * args.guard, &args);
}

absl::Status ReferenceKernels::Checksum(const ChecksumArgs& args) const {
  return RunOver("tilewright_reference_checksum", args.words, &args);
}

absl::Status ReferenceKernels::Mask(const MaskArgs& args) const {
  return RunOver("tilewright_reference_mask",
                 args.batch * args.rows * PackedMaskRowBytes(args.columns), &args);
}

absl::Status ReferenceKernels::AddColumns(const ColumnTotalsArgs& args) const {
  const int64_t rows = args.output.batch * args.output.rows;
  const int64_t parts = CeilDiv(rows, kReferenceTotalRows);
  return RunOver("tilewright_reference_column_totals", parts * args.output.columns, &args);
}

absl::Status ReferenceKernels::CompareColumns(const CompareColumnsArgs& args) const {
  return RunOver("tilewright_reference_compare_columns", args.columns, &args);
}

}  // namespace tilewright
