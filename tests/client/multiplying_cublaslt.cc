// A cublasLt for a driver whose memory is the host's, of bf16 and one batch. It keeps what the real
// one promises, that a C with a beta of 0 is not read, and no more: alpha is multiplied with the
// products, whatever they are.
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace {

constexpr int kSuccess = 0;
constexpr int kTransposeA = 3;
constexpr int kTransposeB = 4;

struct Descriptor {
  int32_t transpose_a = 0;
  int32_t transpose_b = 0;
};

// Column-major.
struct Layout {
  uint64_t rows;
  uint64_t columns;
  int64_t stride;
};

struct HeuristicResult {
  uint64_t algorithm[8];
  std::size_t workspace_bytes;
  int state;
  float waves;
  int reserved[4];
};

float Load(const void* data, int64_t place) {
  const uint32_t bits = static_cast<uint32_t>(static_cast<const uint16_t*>(data)[place]) << 16;
  float value;
  std::memcpy(&value, &bits, sizeof(value));
  return value;
}

void Store(void* data, int64_t place, float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  static_cast<uint16_t*>(data)[place] = static_cast<uint16_t>(bits >> 16);
}

int64_t Place(const Layout& layout, int64_t row, int64_t column) {
  return column * layout.stride + row;
}

float Of(const void* data, const Layout& layout, bool transposed, int64_t row, int64_t column) {
  return Load(data, transposed ? Place(layout, column, row) : Place(layout, row, column));
}

}  // namespace

extern "C" {

std::size_t cublasLtGetVersion() { return 130099; }
int cublasLtCreate(void** handle) { return *handle = new int(0), kSuccess; }
int cublasLtDestroy(void* handle) { return delete static_cast<int*>(handle), kSuccess; }

int cublasLtMatmulDescCreate(void** descriptor, int, int) {
  return *descriptor = new Descriptor, kSuccess;
}
int cublasLtMatmulDescDestroy(void* descriptor) {
  return delete static_cast<Descriptor*>(descriptor), kSuccess;
}
int cublasLtMatmulDescSetAttribute(void* descriptor, int attribute, const void* value,
                                   std::size_t) {
  auto& of = *static_cast<Descriptor*>(descriptor);
  if (attribute == kTransposeA) std::memcpy(&of.transpose_a, value, sizeof(int32_t));
  if (attribute == kTransposeB) std::memcpy(&of.transpose_b, value, sizeof(int32_t));
  return kSuccess;
}

int cublasLtMatrixLayoutCreate(void** layout, int, uint64_t rows, uint64_t columns,
                               int64_t stride) {
  return *layout = new Layout{rows, columns, stride}, kSuccess;
}
int cublasLtMatrixLayoutDestroy(void* layout) {
  return delete static_cast<Layout*>(layout), kSuccess;
}
int cublasLtMatrixLayoutSetAttribute(void*, int, const void*, std::size_t) { return kSuccess; }

int cublasLtMatmulPreferenceCreate(void** preference) { return *preference = new int(0), kSuccess; }
int cublasLtMatmulPreferenceDestroy(void* preference) {
  return delete static_cast<int*>(preference), kSuccess;
}
int cublasLtMatmulPreferenceSetAttribute(void*, int, const void*, std::size_t) { return kSuccess; }
int cublasLtMatmulAlgoGetHeuristic(void*, void*, void*, void*, void*, void*, void*, int,
                                   HeuristicResult*, int* returned) {
  return *returned = 0, kSuccess;
}
int cublasLtMatmulAlgoCheck(void*, void*, void*, void*, void*, void*, const void*,
                            HeuristicResult* result) {
  return *result = {}, kSuccess;
}

int cublasLtMatmul(void*, void* descriptor, const void* alpha, const void* a, void* a_layout,
                   const void* b, void* b_layout, const void* beta, const void* c, void* c_layout,
                   void* d, void* d_layout, const void*, void*, std::size_t, void*) {
  const auto& of = *static_cast<const Descriptor*>(descriptor);
  const auto& out = *static_cast<const Layout*>(d_layout);
  const auto& left = *static_cast<const Layout*>(a_layout);
  const float factor = *static_cast<const float*>(alpha);
  const float source = *static_cast<const float*>(beta);
  const auto depth = static_cast<int64_t>(of.transpose_a ? left.rows : left.columns);
  for (int64_t row = 0; row < static_cast<int64_t>(out.rows); ++row) {
    for (int64_t column = 0; column < static_cast<int64_t>(out.columns); ++column) {
      float sum = 0;
      for (int64_t i = 0; i < depth; ++i) {
        sum += Of(a, left, of.transpose_a, row, i) *
               Of(b, *static_cast<const Layout*>(b_layout), of.transpose_b, i, column);
      }
      sum *= factor;
      if (source != 0) {
        sum += source * Of(c, *static_cast<const Layout*>(c_layout), false, row, column);
      }
      Store(d, Place(out, row, column), sum);
    }
  }
  return kSuccess;
}

int cublasLtMatrixTransformDescCreate(void** descriptor, int) {
  return *descriptor = new int(0), kSuccess;
}
int cublasLtMatrixTransformDescDestroy(void* descriptor) {
  return delete static_cast<int*>(descriptor), kSuccess;
}
int cublasLtMatrixTransform(void*, void*, const void* alpha, const void* a, void* a_layout,
                            const void*, const void*, void*, void* c, void* c_layout, void*) {
  const auto& out = *static_cast<const Layout*>(c_layout);
  for (int64_t row = 0; row < static_cast<int64_t>(out.rows); ++row) {
    for (int64_t column = 0; column < static_cast<int64_t>(out.columns); ++column) {
      Store(c, Place(out, row, column),
            *static_cast<const float*>(alpha) *
                Of(a, *static_cast<const Layout*>(a_layout), false, row, column));
    }
  }
  return kSuccess;
}

}  // extern "C"
