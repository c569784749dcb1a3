// The part of cublasLt's C ABI that we call. We declare it because users may have the library (it
// comes with every deep-learning framework) but no toolkit. The values are from NVIDIA's cuBLAS 12
// and 13 documentation, "cublasLt Datatypes Reference" and "cudaDataType_t". They are the library's
// binary interface and do not change.
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_VENDOR_VENDOR_ABI_H_
#define TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_VENDOR_VENDOR_ABI_H_

#include <cuda.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "kernel_templates/launch/driver/dynamic_library.h"

namespace tilewright::vendor {

// cublasStatus_t.
inline constexpr int kSuccess = 0;
inline constexpr int kInvalidValue = 7;
inline constexpr int kNotSupported = 15;

// cudaDataType_t.
enum DataType : int {
  kReal32F = 0,
  kReal16F = 2,
  kReal8I = 3,
  kReal32I = 10,
  kReal16BF = 14,
  kReal8FE4M3 = 28,
  kReal8FE5M2 = 29,
};

// cublasComputeType_t.
enum ComputeType : int { kCompute16F = 64, kCompute32F = 68, kCompute32I = 72, kComputeTf32 = 77 };

// cublasOperation_t.
enum Operation : int { kAsStored = 0, kTransposed = 1 };

// cublasLtMatmulDescAttributes_t.
enum DescriptorAttribute : int {
  kTransposeA = 3,
  kTransposeB = 4,
  kScalePointerA = 17,
  kScalePointerB = 18,
  kScalePointerD = 20,
  kAmaxPointerD = 21,
  kFastAccumulation = 25,
  kScaleModeA = 31,
  kScaleModeB = 32,
};

// cublasLtMatmulMatrixScale_t: the layout of the scales that A's and B's pointers point to.
enum ScaleMode : int { kScalar = 0, kOuterVector = 3, kVector128 = 4, kBlock128x128 = 5 };

// cublasLtMatrixLayoutAttribute_t.
enum LayoutAttribute : int { kBatchCount = 5, kStridedBatchOffset = 6 };

// cublasLtMatmulPreferenceAttributes_t.
enum PreferenceAttribute : int {
  kMaxWorkspaceBytes = 1,
  kMinAlignmentA = 5,
  kMinAlignmentB = 6,
  kMinAlignmentC = 7,
  kMinAlignmentD = 8,
};

// cublasLtMatmulAlgo_t.
struct Algorithm {
  uint64_t data[8];
};

// cublasLtMatmulHeuristicResult_t.
struct HeuristicResult {
  Algorithm algorithm;
  std::size_t workspace_bytes;
  int state;
  float waves;
  int reserved[4];
};
static_assert(sizeof(Algorithm) == 64 && sizeof(HeuristicResult) == 96);

using Handle = void*;
using Descriptor = void*;
using Layout = void*;
using Preference = void*;
using Transform = void*;

// Pointers into the loaded library; immutable once loaded.
struct Api {
  std::size_t (*get_version)();
  int (*create)(Handle*);
  int (*destroy)(Handle);
  int (*descriptor_create)(Descriptor*, int compute_type, int scale_type);
  int (*descriptor_destroy)(Descriptor);
  int (*descriptor_set)(Descriptor, int attribute, const void* value, std::size_t bytes);
  int (*layout_create)(Layout*, int type, uint64_t rows, uint64_t columns, int64_t stride);
  int (*layout_destroy)(Layout);
  int (*layout_set)(Layout, int attribute, const void* value, std::size_t bytes);
  int (*preference_create)(Preference*);
  int (*preference_destroy)(Preference);
  int (*preference_set)(Preference, int attribute, const void* value, std::size_t bytes);
  int (*get_heuristic)(Handle, Descriptor, Layout a, Layout b, Layout c, Layout d, Preference,
                       int requested, HeuristicResult* results, int* returned);
  int (*check)(Handle, Descriptor, Layout a, Layout b, Layout c, Layout d, const Algorithm*,
               HeuristicResult* result);
  int (*matmul)(Handle, Descriptor, const void* alpha, const void* a, Layout, const void* b, Layout,
                const void* beta, const void* c, Layout, void* d, Layout, const Algorithm*,
                void* workspace, std::size_t workspace_bytes, CUstream);
  int (*transform_create)(Transform*, int scale_type);
  int (*transform_destroy)(Transform);
  int (*transform)(Handle, Transform, const void* alpha, const void* a, Layout, const void* beta,
                   const void* b, Layout, void* c, Layout, CUstream);
  std::string path;
};

// Returns the places where cublasLt may be.
std::vector<std::string> LibraryCandidates();

// Loads the library on the first call. NOT_FOUND, reason CUBLASLT_NOT_FOUND.
absl::StatusOr<const Api*> LoadApi();

}  // namespace tilewright::vendor

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_VENDOR_VENDOR_ABI_H_
