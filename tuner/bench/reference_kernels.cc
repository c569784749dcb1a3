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
  constexpr bool kOptional = true;
  const struct {
    const char* symbol;
    CUfunction* function;
    bool optional = false;
  } entries[] = {{"tilewright_reference_fill", &kernels.fill_},
                 {"tilewright_reference_scan", &kernels.scan_},
                 {"tilewright_reference_runs", &kernels.runs_},
                 {"tilewright_reference_guard", &kernels.guard_},
                 {"tilewright_reference_checksum", &kernels.checksum_},
                 {"tilewright_reference_gemm", &kernels.gemm_, kOptional},
                 {"tilewright_reference_compare", &kernels.compare_, kOptional},
                 {"tilewright_reference_mask", &kernels.mask_, kOptional},
                 {"tilewright_reference_column_totals", &kernels.add_columns_, kOptional},
                 {"tilewright_reference_compare_columns", &kernels.compare_columns_, kOptional}};
  for (const auto& entry : entries) {
    for (const CudaLibrary& library : kernels.libraries_) {
      const auto found = library.Function(entry.symbol);
      if (found.ok()) *entry.function = *found;
    }
    if (*entry.function == nullptr && !entry.optional) {
      return absl::InternalError(absl::StrCat("no reference kernel is named ", entry.symbol));
    }
  }
  return kernels;
}

absl::Status ReferenceKernels::Clear(CUdeviceptr address, int64_t bytes) const {
  return driver_->Check(
      driver_->cuMemsetD8Async(address, 0, static_cast<std::size_t>(bytes), stream_),
      "clearing the sums of a check");
}

absl::Status ReferenceKernels::LaunchOver(CUfunction function, int64_t items,
                                          const void* args) const {
  if (function == nullptr) return absl::InternalError("a reference kernel was not loaded");
  const int64_t blocks = std::clamp<int64_t>(CeilDiv(items, kThreads), 1, kMaxBlocks);
  return LaunchKernel(*driver_, function, {static_cast<unsigned>(blocks), 1, 1}, kThreads, 1, args,
                      stream_);
}

absl::Status ReferenceKernels::Fill(const FillArgs& args) const {
  return LaunchOver(fill_, args.matrix.batch * args.matrix.rows * args.matrix.columns, &args);
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
  return LaunchKernel(*driver_, gemm_, grid, 16, kReferenceBlockRows, &args, stream_);
}

absl::Status ReferenceKernels::Compare(const CompareArgs& args) const {
  return LaunchOver(compare_, args.row_count * args.output.columns, &args);
}

absl::Status ReferenceKernels::Scan(const ScanArgs& args) const {
  return LaunchOver(scan_, args.span + 2 * args.guard, &args);
}

absl::Status ReferenceKernels::Runs(const RunsArgs& args) const {
  return LaunchOver(runs_, args.first.batch * args.first.rows * args.first.columns, &args);
}

absl::Status ReferenceKernels::Guard(const GuardArgs& args) const {
  return LaunchOver(guard_, 2 * args.guard, &args);
}

absl::Status ReferenceKernels::Checksum(const ChecksumArgs& args) const {
  return LaunchOver(checksum_, args.words, &args);
}

absl::Status ReferenceKernels::Mask(const MaskArgs& args) const {
  return LaunchOver(mask_, args.batch * args.rows * PackedMaskRowBytes(args.columns), &args);
}

absl::Status ReferenceKernels::AddColumns(const ColumnTotalsArgs& args) const {
  const int64_t rows = args.output.batch * args.output.rows;
  const int64_t parts = CeilDiv(rows, kReferenceTotalRows);
  return LaunchOver(add_columns_, parts * args.output.columns, &args);
}

absl::Status ReferenceKernels::CompareColumns(const CompareColumnsArgs& args) const {
  return LaunchOver(compare_columns_, args.columns, &args);
}

absl::Status ReferenceKernels::RunOver(const char* symbol, int64_t items, const void* args) const {
  for (const CudaLibrary& library : libraries_) {
    const auto found = library.Function(symbol);
    if (found.ok()) return LaunchOver(*found, items, args);
  }
  return absl::InternalError(absl::StrCat("no reference kernel is named ", symbol));
}

}  // namespace tilewright
