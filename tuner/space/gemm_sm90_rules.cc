#include "tuner/space/gemm_sm90_rules.h"

#include <algorithm>

#include "kernel_templates/launch/plan/size_checks.h"
#include "proto/problem/data_type.h"
#include "proto/problem/gemm/epilogue_parts.h"
#include "proto/problem/gemm/gemm_tensors.h"
#include "proto/problem/precision.h"
#include "tuner/codegen/renderer.h"
#include "tuner/space/requirements.h"
#include "tuner/space/tile_domain.h"

namespace tilewright::sm90 {
namespace {

constexpr int kCapability = 90;

int InputBytes(const v1::GemmProblem& gemm) { return ElementBytes(gemm.a_type()); }

EpilogueLoad LoadOf(const v1::GemmProblem& gemm) {
  const v1::Epilogue& epilogue = gemm.epilogue();
  if (HasSource(epilogue) || HasAux(epilogue)) return EpilogueLoad::kTensors;
  const bool has_vectors = HasBias(epilogue) || HasActivation(epilogue) || epilogue.amax() ||
                           epilogue.non_finite_flag() || RoundsStochastically(epilogue) ||
                           HasDropout(epilogue) || epilogue.bias_gradient();
  const bool has_scales = gemm.scaling_mode() == v1::SCALING_MODE_PER_ROW_COLUMN;
  return has_vectors && has_scales   ? EpilogueLoad::kScaledVector
         : has_vectors || has_scales ? EpilogueLoad::kVector
                                     : EpilogueLoad::kPlain;
}

EpilogueTensors TensorsOf(const v1::GemmProblem& gemm, const v1::Requirements& requirements) {
  const v1::Epilogue& epilogue = gemm.epilogue();
  if (!HasSource(epilogue) && !HasAux(epilogue)) return EpilogueTensors::kNone;
  if (HasSource(epilogue) && HasAux(epilogue)) return EpilogueTensors::kOther;
  const int bytes =
      ElementBytes(HasSource(epilogue) ? epilogue.source_type() : epilogue.aux_type());
  const int alignment =
      HasSource(epilogue) ? requirements.c_alignment() : requirements.aux_alignment();
  const bool reads = HasSource(epilogue) || epilogue.gradient();
  return bytes == ElementBytes(gemm.d_type()) && alignment == kTmaAlignment
             ? reads ? EpilogueTensors::kIn : EpilogueTensors::kOut
             : EpilogueTensors::kOther;
}

// Rows of a swizzle span of an operand that is contiguous along m or n: 32, 64 or 128 bytes that
// divide the tile.
bool SpansFitTiles(const v1::GemmProblem& gemm, const GemmSm90Config& c) {
  const int bytes = InputBytes(gemm);
  return (AIsKMajor(gemm) || Sm90RowBytes(c.tile_m, bytes) > 0) &&
         (BIsKMajor(gemm) || Sm90RowBytes(c.tile_n, bytes) > 0);
}

// wgmma on int8 takes 8, 16, 24 and from there on multiples of 16 columns.
bool IntegersHaveSteps(const v1::GemmProblem& gemm, const GemmSm90Config& c) {
  return gemm.a_type() != v1::DATA_TYPE_INT8 || CoreColumns(c) <= 24 || CoreColumns(c) % 16 == 0;
}

// Sums and what the epilogue holds; where k is split the epilogue is another kernel's.
bool EpilogueFitsRegisters(const v1::GemmProblem& gemm, const GemmSm90Config& c) {
  const EpilogueLoad load = c.split_k > 1 ? EpilogueLoad::kPlain : LoadOf(gemm);
  return SumsFitRegisters(c, load, StorePathFor(gemm, c), ElementBytes(gemm.d_type()));
}

// A mask is made for blocks of 16 rows and columns, and stored by whoever has rows of them.
bool TileHasMask(const v1::GemmProblem& gemm, const GemmSm90Config& c) {
  return !HasDropout(gemm.epilogue()) ||
         (TileHoldsMask(c) && !(StoresMask(gemm.epilogue()) && c.swap_ab && c.split_k == 1));
}

// Of a problem whose blocks are scaled: tile_n / gcd(tile_n, 128) <= 8, or, swapped,
// tile_m <= 64.
bool BlocksHaveScales(const v1::GemmProblem& gemm, const GemmSm90Config& c) {
  return gemm.scaling_mode() != v1::SCALING_MODE_BLOCK_128 || BlockScalesFit(c);
}

// Places of all batches, and a step of the walk beyond them, are unsigned 32-bit numbers:
// ceil(m / tile_m) * ceil(n / tile_n) * batch < 2^31.
bool FitsWalk(const v1::GemmProblem& gemm, const GemmSm90Config& c) {
  return TilesOf(gemm.m(), gemm.n(), gemm.batch(), c.tile_m, c.tile_n) <= kMaxGridX;
}

// Strides of what any config may read or write through TMA.
bool StridesFitTensorMaps(const v1::GemmProblem& gemm) {
  for (const StridedOperand& operand : StridedOperands()) {
    if (!FitsTensorMap(LayoutOf(gemm, operand.operand))) return false;
  }
  return true;
}

struct Constraint {
  const char* name;
  bool (*holds)(const v1::GemmProblem&, const v1::Silicon&, const GemmSm90Config&);
};

// In the order that keeps each rule's arithmetic within bounds that those before it set.
constexpr Constraint kConstraints[] = {
    {"HasConsumers", [](auto&, auto&, auto& c) { return HasConsumers(c); }},
    {"PingPongHasTwo", [](auto&, auto&, auto& c) { return PingPongHasTwo(c); }},
    {"RowsFillConsumers", [](auto&, auto&, auto& c) { return RowsFillConsumers(c); }},
    {"ColumnsFitWgmma", [](auto&, auto&, auto& c) { return ColumnsFitWgmma(c); }},
    {"StoreHoldsColumns",
     [](auto& gemm, auto&, auto& c) { return StoreHoldsColumns(c, StorePathFor(gemm, c)); }},
    {"TileHasMask", [](auto& gemm, auto&, auto& c) { return TileHasMask(gemm, c); }},
    {"IntegersHaveSteps", [](auto& gemm, auto&, auto& c) { return IntegersHaveSteps(gemm, c); }},
    {"ProductsSuitSums", [](auto&, auto&, auto& c) { return ProductsSuitSums(c); }},
    {"PrecisionIsAdmitted",
     [](auto& gemm, auto&, auto& c) { return Admits(gemm, PrecisionOf(gemm, c)); }},
    {"BlocksHaveScales", [](auto& gemm, auto&, auto& c) { return BlocksHaveScales(gemm, c); }},
    {"HasPipeline", [](auto&, auto&, auto& c) { return HasPipeline(c); }},
    {"HasCluster", [](auto&, auto&, auto& c) { return HasCluster(c); }},
    {"SharesKOnce", [](auto&, auto&, auto& c) { return SharesKOnce(c); }},
    {"SharesAreWhole", [](auto&, auto&, auto& c) { return SharesAreWhole(c); }},
    {"SpansFitTiles", [](auto& gemm, auto&, auto& c) { return SpansFitTiles(gemm, c); }},
    {"EpilogueFitsRegisters",
     [](auto& gemm, auto&, auto& c) { return EpilogueFitsRegisters(gemm, c); }},
    {"InstructionFitsLaunch", [](auto&, auto&, auto& c) { return InstructionFitsLaunch(c); }},
    {"FitsSharedMemory",
     [](auto& gemm, auto& silicon, auto& c) {
       return SharedMemoryBytes(c, StorePathFor(gemm, c)) <=
              std::min(kSm90SharedMemory, silicon.max_shared_memory_per_block());
     }},
    {"HasRunTimeValues", [](auto&, auto&, auto& c) { return HasRunTimeValues(c); }},
    {"FitsGrid",
     [](auto& gemm, auto&, auto& c) {
       return FitsGrid(gemm, c.tile_m, c.tile_n, c.split_k, ClusterBlocks(c));
     }},
    {"FitsWalk", [](auto& gemm, auto&, auto& c) { return FitsWalk(gemm, c); }},
    {"SumsColumnsOnce",
     [](auto& gemm, auto&, auto& c) { return SumsColumnsOnce(gemm, c.split_k); }},
    {"SplitsHaveWork",
     [](auto& gemm, auto&, auto& c) { return SplitsHaveWork(gemm, TileK(gemm), c.split_k); }},
    {"FitsWorkspace",
     [](auto& gemm, auto& silicon, auto& c) { return FitsWorkspace(gemm, silicon, c.split_k); }},
};

}  // namespace

bool AIsKMajor(const v1::GemmProblem& gemm) { return gemm.a_layout() == v1::OPERAND_LAYOUT_NORMAL; }
bool BIsKMajor(const v1::GemmProblem& gemm) {
  return gemm.b_layout() == v1::OPERAND_LAYOUT_TRANSPOSED;
}

int TileK(const v1::GemmProblem& gemm) { return kStageRowBytes / InputBytes(gemm); }

v1::Precision PrecisionOf(const v1::GemmProblem& gemm, const GemmSm90Config& c) {
  return TensorCorePrecision(
      gemm.a_type(), {.promote = c.promote, .products = c.products, .fp16_sums = c.fp16_sums});
}

StorePath StorePathFor(const v1::GemmProblem& gemm, const GemmSm90Config& c) {
  const v1::Requirements requirements = RequirementsOf(gemm);
  return StorePathOf(c, {ElementBytes(gemm.d_type()), requirements.d_alignment(),
                         TensorsOf(gemm, requirements), RoundsStochastically(gemm.epilogue()),
                         gemm.epilogue().bias_gradient(), HasDropout(gemm.epilogue())});
}

bool ServesOperands(const v1::GemmProblem& gemm, const v1::Silicon& silicon) {
  if (silicon.compute_capability() != kCapability) return false;
  const v1::Requirements requirements = RequirementsOf(gemm);
  if (requirements.a_alignment() != kTmaAlignment || requirements.b_alignment() != kTmaAlignment) {
    return false;
  }
  if (!StridesFitTensorMaps(gemm)) return false;
  switch (gemm.a_type()) {
    case v1::DATA_TYPE_FP16:
    case v1::DATA_TYPE_BF16:
      return true;
    case v1::DATA_TYPE_FP32:
      return Admits(gemm, v1::PRECISION_TF32) && AIsKMajor(gemm) && BIsKMajor(gemm);
    case v1::DATA_TYPE_TF32:
    case v1::DATA_TYPE_INT8:
    case v1::DATA_TYPE_E4M3:
    case v1::DATA_TYPE_E5M2:
      return AIsKMajor(gemm) && BIsKMajor(gemm);
    default:
      return false;
  }
}

const char* FirstBroken(const v1::GemmProblem& gemm, const v1::Silicon& silicon,
                        const GemmSm90Config& c) {
  if (c.split_epilogue != 0) {
    return FirstBrokenOfSplit(gemm, c,
                              [&](const v1::GemmProblem& first, const GemmSm90Config& config) {
                                return FirstBroken(first, silicon, config);
                              });
  }
  for (const Constraint& constraint : kConstraints) {
    if (!constraint.holds(gemm, silicon, c)) return constraint.name;
  }
  return nullptr;
}

}  // namespace tilewright::sm90
