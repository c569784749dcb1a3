#include <bit>
#include <cstdint>
#include <string>
#include <utility>

#include "proto/problem/batch_stride.h"
#include "proto/problem/canonical_problem.h"
#include "proto/problem/sizes.h"
#include "proto/support/sha256.h"

namespace tilewright {
namespace {

// Raised whenever a field is added or its meaning changes: keys of older encodings then
// match nothing, which costs a tuning but never serves a wrong kernel.
constexpr uint32_t kEncodingVersion = 2;

class Encoder {
 public:
  explicit Encoder(uint32_t kind) {
    U32(kEncodingVersion);
    U32(kind);
  }

  void U32(uint32_t value) { Fixed(value, 4); }
  void I64(int64_t value) { Fixed(static_cast<uint64_t>(value), 8); }
  void F64(double value) { Fixed(std::bit_cast<uint64_t>(value), 8); }
  void Bool(bool value) { Fixed(value ? 1 : 0, 1); }

  std::string Take() { return std::move(bytes_); }

 private:
  void Fixed(uint64_t value, int width) {
    for (int i = 0; i < width; ++i) bytes_.push_back(static_cast<char>(value >> (8 * i)));
  }

  std::string bytes_;
};

void EncodeDropout(const v1::Dropout& dropout, Encoder& out) {
  out.F64(dropout.probability());
  out.I64(dropout.philox_rounds());
  out.Bool(dropout.store_mask());
}

void EncodeEpilogue(const v1::Epilogue& epilogue, Encoder& out) {
  out.U32(epilogue.bias_mode());
  out.U32(epilogue.bias_type());
  out.U32(epilogue.source_mode());
  out.U32(epilogue.source_type());
  out.U32(epilogue.activation());
  out.U32(epilogue.aux_type());
  EncodeDropout(epilogue.dropout(), out);
  out.U32(epilogue.rounding_mode());
  out.Bool(epilogue.amax());
  out.Bool(epilogue.non_finite_flag());
  out.Bool(epilogue.device_scalars());
  out.Bool(epilogue.gradient());
  out.Bool(epilogue.bias_gradient());
  out.Bool(epilogue.scale_d());
}

void EncodeNumerics(const v1::NumericsPolicy& numerics, Encoder& out) {
  out.U32(numerics.determinism());
  out.F64(numerics.error_budget());
  out.Bool(numerics.promote_accumulation());
}

void EncodeStrides(const v1::GemmProblem& gemm, Encoder& out) {
  out.I64(gemm.lda());
  out.I64(gemm.ldb());
  out.I64(gemm.ldc());
  out.I64(gemm.ldd());
  out.I64(gemm.ld_aux());
  out.I64(gemm.a_batch_stride());
  out.I64(gemm.b_batch_stride());
  out.I64(gemm.c_batch_stride());
  out.I64(gemm.d_batch_stride());
  out.I64(gemm.aux_batch_stride());
}

void EncodeGemm(const v1::GemmProblem& gemm, Encoder& out) {
  out.I64(gemm.m());
  out.I64(gemm.n());
  out.I64(gemm.k());
  out.I64(gemm.batch());
  out.U32(gemm.a_type());
  out.U32(gemm.b_type());
  out.U32(gemm.d_type());
  out.U32(gemm.accumulator_type());
  out.U32(gemm.a_layout());
  out.U32(gemm.b_layout());
  EncodeStrides(gemm, out);
  out.U32(gemm.scaling_mode());
  EncodeEpilogue(gemm.epilogue(), out);
  EncodeNumerics(gemm.numerics(), out);
}

void EncodeFusedDropout(const v1::FusedDropoutProblem& problem, Encoder& out) {
  out.I64(problem.rows());
  out.I64(problem.columns());
  out.U32(problem.type());
  out.U32(problem.operation());
  out.U32(problem.activation());
  out.U32(problem.normalization());
  EncodeDropout(problem.dropout(), out);
  out.Bool(problem.backward());
  EncodeNumerics(problem.numerics(), out);
  out.U32(problem.bias_type());
  out.U32(problem.residual_type());
  out.I64(problem.x_stride());
  out.I64(problem.residual_stride());
  out.I64(problem.y_stride());
  out.Bool(problem.store_statistics());
  out.U32(problem.weight_type());
  out.Bool(problem.store_pre_norm());
  out.I64(problem.pre_norm_stride());
  out.Bool(problem.add_gradient());
}

// What of an extent decides which kernels may serve it: whether it is near the limit.
int64_t ExtentOfFamily(int64_t extent) { return IsNearLimit(extent) ? kMaxExtent : 0; }

// Kernels follow any stride, but those of versions before the first one that knows broadcasts take
// a matrix that all batches share for one batch of several.
int64_t BatchStrideOfFamily(int64_t stride) {
  return stride == kSharedByBatches ? kSharedByBatches : 0;
}

v1::Problem WithoutShape(const v1::Problem& canonical) {
  v1::Problem family = canonical;
  if (family.has_fused_dropout()) {
    v1::FusedDropoutProblem& dropout = *family.mutable_fused_dropout();
    dropout.clear_rows();
    dropout.clear_columns();
    dropout.clear_x_stride();
    dropout.clear_residual_stride();
    dropout.clear_y_stride();
    dropout.clear_pre_norm_stride();
    if (dropout.has_dropout()) dropout.mutable_dropout()->set_probability(0.5);
    return family;
  }
  v1::GemmProblem& gemm = *family.mutable_gemm();
  gemm.set_m(ExtentOfFamily(gemm.m()));
  gemm.set_n(ExtentOfFamily(gemm.n()));
  gemm.set_k(ExtentOfFamily(gemm.k()));
  gemm.clear_batch();
  gemm.clear_lda();
  gemm.clear_ldb();
  gemm.clear_ldc();
  gemm.clear_ldd();
  gemm.clear_ld_aux();
  gemm.set_a_batch_stride(BatchStrideOfFamily(gemm.a_batch_stride()));
  gemm.set_b_batch_stride(BatchStrideOfFamily(gemm.b_batch_stride()));
  gemm.set_c_batch_stride(BatchStrideOfFamily(gemm.c_batch_stride()));
  gemm.clear_d_batch_stride();
  gemm.clear_aux_batch_stride();
  // An argument of a launch; a kernel with dropout serves every one but 0.
  v1::Epilogue& epilogue = *gemm.mutable_epilogue();
  if (epilogue.has_dropout()) epilogue.mutable_dropout()->set_probability(0.5);
  return family;
}

}  // namespace

std::string EncodeProblem(const v1::Problem& canonical) {
  Encoder out(canonical.kind_case());
  if (canonical.has_fused_dropout()) {
    EncodeFusedDropout(canonical.fused_dropout(), out);
  } else {
    EncodeGemm(canonical.gemm(), out);
  }
  return out.Take();
}

std::string ProblemKey(const v1::Problem& canonical) { return Sha256(EncodeProblem(canonical)); }

// A canonical GEMM has a batch >= 1, a fused dropout rows, so that no encoding of a problem is one
// of a family.
std::string ProblemFamilyKey(const v1::Problem& canonical) {
  return Sha256(EncodeProblem(WithoutShape(canonical)));
}

}  // namespace tilewright
