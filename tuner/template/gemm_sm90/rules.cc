#include "tuner/template/gemm_sm90/rules.h"

#include <algorithm>

#include "kernel_templates/launch/plan/size_checks.h"
#include "proto/problem/data_type.h"
#include "proto/problem/gemm/epilogue_parts.h"
#include "proto/problem/gemm/gemm_tensors.h"
#include "proto/problem/gemm/precision.h"
#include "proto/problem/sizes.h"
#include "tuner/model/requirements.h"
#include "tuner/template/tiled_gemm/rules.h"
#include "tuner/template/tiled_gemm/tensor_core_precision.h"

namespace tilewright::sm90 {
namespace {

constexpr int kCapability = 90;

static_assert(kScaleBlock == kScaledBlock);

int InputBytes(const v1::GemmProblem& gemm) { return StorageBytes(gemm.a_type()); }

EpilogueLoad LoadOf(const v1::GemmProblem& gemm) {
  const v1::Epilogue& epilogue = gemm.epilogue();
  if (HasSource(epilogue) || HasAux(epilogue)) return EpilogueLoad::kTensors;
  v1::Epilogue vectors = PartsOf(epilogue);
  vectors.clear_gradient();  // Here it is the identity, which costs nothing.
  vectors.clear_scale_d();
  vectors.clear_device_scalars();
  const bool has_vectors = vectors.ByteSizeLong() > 0;
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
      StorageBytes(HasSource(epilogue) ? epilogue.source_type() : epilogue.aux_type());
  const int alignment =
      HasSource(epilogue) ? requirements.c_alignment() : requirements.aux_alignment();
  const bool reads = HasSource(epilogue) || epilogue.gradient();
  return bytes == StorageBytes(gemm.d_type()) && alignment == kTmaAlignment
             ? reads ? EpilogueTensors::kIn : EpilogueTensors::kOut
             : EpilogueTensors::kOther;
}

// An operand that is contiguous along m or n has rows in swizzle spans of 32, 64 or 128 bytes,
// which divide the tile.
bool SpansFitTiles(const v1::GemmProblem& gemm, const GemmSm90Config& c) {
  const int bytes = InputBytes(gemm);
  return (AIsKMajor(gemm) || Sm90RowBytes(c.tile_m, bytes) > 0) &&
         (BIsKMajor(gemm) || Sm90RowBytes(c.tile_n, bytes) > 0);
}

// wgmma on integers takes 8, 16 or 24 columns, and above that multiples of 16.
bool IntegersHaveSteps(const v1::GemmProblem& gemm, const GemmSm90Config& c) {
  return !IsInteger(gemm.a_type()) || CoreColumns(c) <= 24 || CoreColumns(c) % 16 == 0;
}

// The sums and the epilogue fit in registers. If k is split, another kernel runs the epilogue.
bool EpilogueFitsRegisters(const v1::GemmProblem& gemm, const GemmSm90Config& c) {
  const EpilogueLoad load = c.split_k > 1 ? EpilogueLoad::kPlain : LoadOf(gemm);
  return SumsFitRegisters(c, load, StorePathFor(gemm, c), StorageBytes(gemm.d_type()));
}

// A mask is made for blocks of 16 rows and columns. Whoever has rows of a block stores its mask.
bool TileHasMask(const v1::GemmProblem& gemm, const GemmSm90Config& c) {
  return !HasDropout(gemm.epilogue()) ||
         (TileHoldsMask(c) && !(StoresMask(gemm.epilogue()) && c.swap_ab && c.split_k == 1));
}

// If the problem's blocks are scaled: tile_n / gcd(tile_n, 128) <= 8 or, swapped, tile_m <= 64.
bool BlocksHaveScales(const v1::GemmProblem& gemm, const GemmSm90Config& c) {
  return gemm.scaling_mode() != v1::SCALING_MODE_BLOCK_128 || BlockScalesFit(c);
}

// Positions in all batches, and one step of the walk beyond them, are unsigned 32-bit numbers:
// ceil(m / tile_m) * ceil(n / tile_n) * batch < 2^31.
bool FitsWalk(const v1::GemmProblem& gemm, const GemmSm90Config& c) {
  return TilesOf(gemm.m(), gemm.n(), gemm.batch(), c.tile_m, c.tile_n) <= kMaxGridX;
}

// Tells if tensor maps can hold the strides of all that any config may read or write through TMA.
bool StridesFitTensorMaps(const v1::GemmProblem& gemm) {
  for (const StridedOperand& operand : StridedOperands()) {
    if (!FitsTensorMap(LayoutOf(gemm, operand.operand))) return false;
  }
  return true;
}

// The problem's types or its error budget admit the precision that follows from promote, products
// and fp16_sums.
bool PrecisionIsAdmitted(const v1::GemmProblem& gemm, const GemmSm90Config& c) {
  return Admits(gemm, PrecisionOf(gemm, c));
}

// The next rules depend on the types, or on how D goes to memory, which the problem gives.
bool StoreHoldsColumns(const v1::GemmProblem& gemm, const GemmSm90Config& c) {
  return StoreHoldsColumns(c, StorePathFor(gemm, c));
}
bool FitsSharedMemory(const v1::GemmProblem& gemm, const v1::Silicon& silicon,
                      const GemmSm90Config& c) {
  return SharedMemoryBytes(c, StorePathFor(gemm, c)) <=
         std::min(kSm90SharedMemory, silicon.max_shared_memory_per_block());
}
bool FitsGrid(const v1::GemmProblem& gemm, const GemmSm90Config& c) {
  return tilewright::FitsGrid(gemm, c.tile_m, c.tile_n, c.split_k, ClusterBlocks(c));
}
bool SplitsHaveWork(const v1::GemmProblem& gemm, const GemmSm90Config& c) {
  return tilewright::SplitsHaveWork(gemm, TileK(gemm), c.split_k);
}

constexpr Rule<v1::GemmProblem, GemmSm90Config> kRules[] = {
    {"HasConsumers", HasConsumers},
    {"PingPongHasTwo", PingPongHasTwo},
    {"RowsFillConsumers", RowsFillConsumers},
    {"ColumnsFitWgmma", ColumnsFitWgmma},
    {"StoreHoldsColumns", StoreHoldsColumns},
    {"TileHasMask", TileHasMask},
    {"IntegersHaveSteps", IntegersHaveSteps},
    {"ProductsSuitSums", ProductsSuitSums},
    {"PrecisionIsAdmitted", PrecisionIsAdmitted},
    {"BlocksHaveScales", BlocksHaveScales},
    {"HasPipeline", HasPipeline},
    {"HasCluster", HasCluster},
    {"SharesKOnce", SharesKOnce},
    {"SharesAreWhole", SharesAreWhole},
    {"SpansFitTiles", SpansFitTiles},
    {"EpilogueFitsRegisters", EpilogueFitsRegisters},
    {"InstructionFitsLaunch", InstructionFitsLaunch},
    {"FitsSharedMemory", FitsSharedMemory},
    {"HasRunTimeValues", HasRunTimeValues},
    {"FitsGrid", FitsGrid},
    {"FitsWalk", FitsWalk},
    {"SumsColumnsOnce", SumsColumnsOnce<GemmSm90Config>},
    {"SplitsHaveWork", SplitsHaveWork},
    {"FitsWorkspace", FitsWorkspace<GemmSm90Config>},
};

}  // namespace

int TileK(const v1::GemmProblem& gemm) { return kStageRowBytes / InputBytes(gemm); }

v1::Precision PrecisionOf(const v1::GemmProblem& gemm, const GemmSm90Config& c) {
  return TensorCorePrecision(
      gemm.a_type(), {.promote = c.promote, .products = c.products, .fp16_sums = c.fp16_sums});
}

StorePath StorePathFor(const v1::GemmProblem& gemm, const GemmSm90Config& c) {
  const v1::Requirements requirements = RequirementsOf(gemm);
  return StorePathOf(c, {StorageBytes(gemm.d_type()), requirements.d_alignment(),
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
  switch (MultiplierOf(gemm.a_type())) {
    case Multiplier::kHalf:
      return true;
    case Multiplier::kFp32:
      return Admits(gemm, v1::PRECISION_TF32) && AIsKMajor(gemm) && BIsKMajor(gemm);
    case Multiplier::kTf32:
    case Multiplier::kInteger:
    case Multiplier::kFp8:
      return AIsKMajor(gemm) && BIsKMajor(gemm);
    case Multiplier::kNone:
      break;
  }
  return false;
}

Rules<v1::GemmProblem, GemmSm90Config> AllRules() { return kRules; }

}  // namespace tilewright::sm90
