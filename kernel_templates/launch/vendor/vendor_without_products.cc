#include "kernel_templates/launch/vendor/vendor_without_products.h"

#include <cstdint>

#include "kernel_templates/launch/gemm/gemm_operands.h"
#include "kernel_templates/launch/vendor/vendor_descriptors.h"
#include "proto/problem/data_type.h"
#include "proto/problem/gemm/gemm_tensors.h"
#include "proto/support/errors.h"
#include "proto/support/status_macros.h"

namespace tilewright::vendor {
namespace {

int64_t BatchBytes(const MatrixLayout& matrix, int64_t batch) {
  return batch * matrix.batch_stride * StorageBytes(matrix.type);
}

absl::Status WriteZeros(const DriverApi& driver, const MatrixLayout& d, void* to, CUstream stream) {
  const int64_t bytes = StorageBytes(d.type);
  const bool is_packed = d.row_stride == d.columns;
  for (int64_t batch = 0; batch < d.batch; ++batch) {
    const auto address =
        reinterpret_cast<CUdeviceptr>(to) + static_cast<CUdeviceptr>(BatchBytes(d, batch));
    const auto row = static_cast<std::size_t>(d.columns * bytes);
    const auto rows = static_cast<std::size_t>(d.rows);
    // The padding of rows is not written.
    RETURN_IF_ERROR(driver.Check(
        is_packed
            ? driver.cuMemsetD8Async(address, 0, row * rows, stream)
            : driver.cuMemsetD2D8Async(address, static_cast<std::size_t>(d.row_stride * bytes), 0,
                                       row, rows, stream),
        "writing zeros to D"));
  }
  return absl::OkStatus();
}

// The library's handles of one transformation. Not thread-safe.
class Transformation {
 public:
  explicit Transformation(const Api& api) : api_(api) {}
  Transformation(const Transformation&) = delete;
  Transformation& operator=(const Transformation&) = delete;
  ~Transformation() {
    if (descriptor_ != nullptr) api_.transform_destroy(descriptor_);
    for (Layout layout : {source_, output_}) {
      if (layout != nullptr) api_.layout_destroy(layout);
    }
  }

  // Describes one batch. cublasLt sees row-major matrices as their own transposes.
  absl::Status Describe(const MatrixLayout& c, const MatrixLayout& d, const Types& types) {
    RETURN_IF_ERROR(
        Check(api_.transform_create(&descriptor_, kReal32F), "cublasLtMatrixTransformDescCreate"));
    RETURN_IF_ERROR(
        Check(api_.layout_create(&source_, types.source, static_cast<uint64_t>(c.columns),
                                 static_cast<uint64_t>(c.rows), c.row_stride),
              "cublasLtMatrixLayoutCreate"));
    return Check(api_.layout_create(&output_, types.output, static_cast<uint64_t>(d.columns),
                                    static_cast<uint64_t>(d.rows), d.row_stride),
                 "cublasLtMatrixLayoutCreate");
  }

  // to = beta * from.
  absl::Status Launch(Handle handle, float beta, const void* from, void* to,
                      CUstream stream) const {
    const float none = 0.0f;
    return Check(api_.transform(handle, descriptor_, &beta, from, source_, &none, nullptr, nullptr,
                                to, output_, stream),
                 "cublasLtMatrixTransform");
  }

 private:
  const Api& api_;
  Transform descriptor_ = nullptr;
  Layout source_ = nullptr;
  Layout output_ = nullptr;
};

}  // namespace

absl::Status CheckWithoutProducts(const v1::GemmProblem& problem, const GemmArguments& operands) {
  if (!ReadsSource(problem, operands) || StorageBytes(problem.d_type()) > 1) {
    return absl::OkStatus();
  }
  return MakeError(absl::StatusCode::kUnimplemented, "ALPHA_IS_ZERO",
                   "operands.alpha: is 0, and cublasLt writes no beta * C to an fp8 D without "
                   "multiplying A and B; scale C yourself if alpha is 0");
}

absl::Status LaunchWithoutProducts(const DriverApi& driver, const Api& api, Handle handle,
                                   const v1::GemmProblem& problem, const Types& types,
                                   const GemmArguments& operands, CUstream stream) {
  const MatrixLayout d = LayoutOf(problem, v1::OPERAND_D);
  if (!ReadsSource(problem, operands)) return WriteZeros(driver, d, operands.d, stream);
  const MatrixLayout c = LayoutOf(problem, v1::OPERAND_C);
  Transformation transformation(api);
  RETURN_IF_ERROR(transformation.Describe(c, d, types));
  for (int64_t batch = 0; batch < d.batch; ++batch) {
    RETURN_IF_ERROR(transformation.Launch(
        handle, operands.beta, static_cast<const char*>(operands.c) + BatchBytes(c, batch),
        static_cast<char*>(operands.d) + BatchBytes(d, batch), stream));
  }
  return absl::OkStatus();
}

}  // namespace tilewright::vendor
