#include "proto/problem/problem.h"

#include <cstdint>
#include <utility>

#include "proto/problem/data_type.h"
#include "proto/problem/sizes.h"
#include "proto/support/errors.h"
#include "proto/support/known_values.h"
#include "proto/support/sha256.h"
#include "proto/support/status_macros.h"

namespace tilewright {
namespace {

// Raise this if the meaning of a field changes. Keys of older encodings then match nothing: that
// costs a tuning, but never serves a wrong kernel. Never raise it for a new field: encode that
// field only if it is set, so that stored keys stay.
constexpr uint32_t kEncodingVersion = 2;

// A divisor or alignment of 0 or 1 requires nothing.
bool Divides(int64_t divisor, int64_t value) { return divisor <= 1 || value % divisor == 0; }

// Requirements do not state tiles. No template has smaller tiles than these. If a problem has more
// of them than a grid has blocks (from 2^37 elements on), it needs a kernel planned for it.
bool FitsAnyGrid(const ProblemShape& shape) {
  constexpr int kSmallestTileM = 4;
  constexpr int kSmallestTileN = 16;
  return TilesOf(shape.m, shape.n, shape.batch, kSmallestTileM, kSmallestTileN) <= kMaxGridX;
}

std::string Encode(const v1::Problem& canonical, bool has_shape) {
  ProblemEncoder out(has_shape);
  out.U32(kEncodingVersion);
  out.U32(canonical.kind_case());
  FamilyOf(canonical).Encode(canonical, out);
  return out.Take();
}

}  // namespace

absl::StatusOr<v1::Problem> Canonicalize(v1::Problem problem) {
  static const auto& known = *new KnownValuesFilter(*v1::Problem::descriptor());
  // A problem without the parts that this version does not know would be another problem.
  if (!known.Passes(problem)) {
    RETURN_IF_ERROR(CheckKnownValues(problem, {.name = "problem", .unknown_field = Unimplemented}));
  }
  RETURN_IF_ERROR(FamilyOf(problem).Canonicalize(problem));
  return problem;
}

std::string EncodeProblem(const v1::Problem& canonical) {
  return Encode(canonical, /*has_shape=*/true);
}

std::string ProblemKey(const v1::Problem& canonical) { return Sha256(EncodeProblem(canonical)); }

// The encoding of a problem always has a shape: a canonical GEMM has batch >= 1, and a fused
// dropout has rows. So it never equals an encoding without a shape.
std::string EncodeShapeless(const v1::Problem& canonical) {
  return Encode(canonical, /*has_shape=*/false);
}

std::string ShapelessKey(const v1::Problem& canonical) {
  return Sha256(EncodeShapeless(canonical));
}

std::string DescribeProblem(const v1::Problem& canonical) {
  return FamilyOf(canonical).Describe(canonical);
}

double FloatingPointOperations(const v1::Problem& canonical) {
  return FamilyOf(canonical).FloatingPointOperations(canonical);
}

double MinimumBytes(const v1::Problem& canonical) {
  return MinimumBytes(FamilyOf(canonical).TensorsOf(canonical));
}

double ErrorBudgetOf(const v1::Problem& canonical) {
  return FamilyOf(canonical).NumericsOf(canonical).error_budget();
}

std::optional<v1::Problem> AtShape(const v1::Problem& canonical, const ProblemShape& shape) {
  v1::Problem other = canonical;
  FamilyOf(canonical).SetShape(shape, other);
  if (!FamilyOf(canonical).Canonicalize(other).ok()) return std::nullopt;
  return other;
}

std::optional<BrokenRequirement> FirstBrokenRequirement(const v1::Requirements& requirements,
                                                        const ShapeFields& fields,
                                                        const ProblemShape& shape,
                                                        const TensorUses& uses) {
  using Rule = BrokenRequirement::Rule;
  const struct {
    const char* field;
    int64_t extent;
    int divisor;
  } extents[] = {{fields.m, shape.m, requirements.m_divisor()},
                 {fields.n, shape.n, requirements.n_divisor()},
                 {fields.k, shape.k, requirements.k_divisor()}};
  for (const auto& [field, extent, divisor] : extents) {
    if (!Divides(divisor, extent)) return BrokenRequirement{Rule::kDivisor, field, divisor};
  }
  if (requirements.n_limit() > 0 && shape.n > requirements.n_limit()) {
    return BrokenRequirement{Rule::kLimit, fields.n, requirements.n_limit()};
  }
  for (const TensorUse& use : uses) {
    if (!use.IsMatrix()) continue;
    const int alignment = AlignmentOf(use, requirements);
    for (const auto& [field, stride] : {std::pair(use.row_field, use.layout.row_stride),
                                        std::pair(use.batch_field, use.layout.batch_stride)}) {
      if (Divides(alignment, stride * StorageBytes(use.layout.type))) continue;
      return BrokenRequirement{Rule::kAlignment, field, alignment, stride};
    }
  }
  return std::nullopt;
}

bool RequirementsHold(const v1::Requirements& requirements, const v1::Problem& problem) {
  const Family& family = FamilyOf(problem);
  const ProblemShape shape = family.ShapeOf(problem);
  // A shape without rows gives nothing to compute.
  return shape.m >= 1 && FitsAnyGrid(shape) &&
         !FirstBrokenRequirement(requirements, family.shape_fields(), shape,
                                 family.TensorsOf(problem));
}

}  // namespace tilewright
