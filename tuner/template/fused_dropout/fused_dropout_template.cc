// The template kernel_templates/dropout/fused_dropout.cuh, for every GPU from 8.0 on. registry.cc
// declares the one function of this file.
#include <algorithm>
#include <cstdint>
#include <iterator>
#include <set>

#include "kernel_templates/abi/ceil_div.h"
#include "kernel_templates/abi/fused_dropout_args.h"
#include "proto/problem/data_type.h"
#include "proto/problem/fused_dropout/fused_dropout_tensors.h"
#include "proto/problem/sizes.h"
#include "tuner/model/requirements.h"
#include "tuner/template/fused_dropout/model.h"
#include "tuner/template/fused_dropout/parameters.h"
#include "tuner/template/fused_dropout/work.h"
#include "tuner/template/launch_step.h"
#include "tuner/template/spec_text.h"
#include "tuner/template/typed_template.h"

namespace tilewright {
namespace {

constexpr int kVectors[] = {4, 8, 16};
constexpr int kSlots[] = {1, 2, 3, 4, 8};
constexpr int kThreads[] = {128, 256, 512, 1024};
constexpr int kTileRows[] = {16, 32, 64, 128, 256, 512};
// If rows are held, a tile of 16 is so much work that SMs which end first are idle for long.
constexpr int kHeldTileRows[] = {4, 8, 16, 32, 64, 128, 256, 512};

using Problem = v1::FusedDropoutProblem;

// 4 * (sums over rows + vectors of partial sums) <= opt-in limit.
bool FitsSharedMemory(const Problem& problem, const v1::Silicon& silicon,
                      const FusedDropoutConfig& c) {
  return SharedMemoryBytes(c, WorkOf(problem, c.read_mask == 1)) <=
         silicon.max_shared_memory_per_block();
}

// Only the backward form reads a mask, and only if one was stored.
bool HasMaskToRead(const Problem& problem, const FusedDropoutConfig& c) {
  return c.read_mask == 0 || (problem.backward() && problem.dropout().store_mask());
}

// Only normalized rows may be looped. Otherwise they are held whole:
// columns <= vector * slots * column_threads.
bool HoldsRows(const Problem& problem, const FusedDropoutConfig& c) {
  if (!Normalizes(problem)) return c.looped == 0;
  return c.looped == 1 || problem.columns() <= HeldColumns(c);
}

// ceil(rows / tile_m) * ceil(columns / tile_n) < 2^31.
bool FitsBlocks(const Problem& problem, const FusedDropoutConfig& c) {
  const int64_t tile_n = Normalizes(problem) ? problem.columns() : HeldColumns(c);
  return TilesOf(problem.rows(), problem.columns(), /*batch=*/1, c.tile_m, tile_n) <= kMaxGridX;
}

// The next rules depend on the work, which follows from the problem.
bool RingHoldsRows(const Problem& problem, const FusedDropoutConfig& c) {
  return RingHoldsRows(c, WorkOf(problem, c.read_mask == 1));
}
bool FitsRegisters(const Problem& problem, const FusedDropoutConfig& c) {
  return FitsRegisters(c, WorkOf(problem, c.read_mask == 1));
}

constexpr Rule<Problem, FusedDropoutConfig> kRules[] = {
    {"VectorSharesCalls", VectorSharesCalls},
    {"HasSlots", HasSlots},
    {"ThreadsMakeGroups", ThreadsMakeGroups},
    {"TileHoldsPairs", TileHoldsPairs},
    {"HasFlags", HasFlags},
    {"HasNextPair", HasNextPair},
    {"RingHoldsRows", RingHoldsRows},
    {"HasMaskToRead", HasMaskToRead},
    {"HoldsRows", HoldsRows},
    {"FitsRegisters", FitsRegisters},
    {"FitsSharedMemory", FitsSharedMemory},
    {"FitsBlocks", FitsBlocks},
};

// The functions below decide which legal configs are worth a try.

// Vectors have 16 bytes, or twice that, which needs no exchange of random bits (16-bit types) or
// less of it (fp32).
bool SuitsType(const Problem& problem, const FusedDropoutConfig& c) {
  const int bytes = c.vector * StorageBytes(problem.type());
  return bytes == 16 || bytes == 32;
}

// Threads along a row have work: the columns are more than half of what they hold, or the threads
// are only 4. Looped rows take all threads of a block, at least 256.
bool SuitsColumns(const Problem& problem, const FusedDropoutConfig& c) {
  const int held = HeldColumns(c);
  if (c.looped) return c.column_threads == c.threads && c.threads >= 256;
  if (held >= 2 * problem.columns() && c.column_threads > 4) return false;
  // A block takes at least 512 bytes of a row, if the row has as many.
  const int64_t least = 512 / StorageBytes(problem.type());
  return Normalizes(problem) || held >= std::min(least, problem.columns());
}

// A ring pays only for normalized rows, because they are held. It uses vectors of 16 bytes and does
// not need wider ones. Three slots are for rows that two slots cannot hold.
bool SuitsRing(const Problem& problem, const FusedDropoutConfig& c) {
  if (c.ring_parts == 0) return c.slots != 3;
  return Normalizes(problem) && c.vector * StorageBytes(problem.type()) == 16 && c.threads <= 512 &&
         (c.slots - 1) * c.vector * c.column_threads < problem.columns();
}

// One wave of blocks that keep their column sums to the end: each SM has 1 to 4 blocks in all.
bool IsOneWave(const Problem& problem, const FusedDropoutConfig& c) {
  return c.ring_parts > 0 && ColumnSums(problem) > 0;
}

// There are enough blocks for the GPU. If the rows are too few for that, the tile must be the
// smallest. In one wave some SMs may have no block.
bool SuitsRows(const Problem& problem, const v1::Silicon& silicon, const FusedDropoutConfig& c) {
  if (c.tile_m <= std::max(16, 2 * PairsAtOnce(c))) return true;
  const int64_t tiles_n = Normalizes(problem) ? 1 : CeilDiv(problem.columns(), HeldColumns(c));
  const int64_t blocks = CeilDiv(problem.rows(), c.tile_m) * tiles_n;
  return IsOneWave(problem, c) ? 10 * blocks >= 9 * silicon.sm_count()
                               : blocks >= silicon.sm_count();
}

std::vector<int> TileRows(const Problem& problem, const v1::Silicon& silicon,
                          const FusedDropoutConfig& c) {
  if (!IsOneWave(problem, c)) {
    return Normalizes(problem) && ColumnSums(problem) == 0
               ? std::vector<int>{std::begin(kHeldTileRows), std::end(kHeldTileRows)}
               : std::vector<int>{std::begin(kTileRows), std::end(kTileRows)};
  }
  const int step = 8 % PairsAtOnce(c) == 0 ? 2 * PairsAtOnce(c) : std::max(16, 2 * PairsAtOnce(c));
  std::set<int> rows;
  for (int blocks = 1; blocks <= 4; ++blocks) {
    const int64_t wanted = CeilDiv(problem.rows(), int64_t{silicon.sm_count()} * blocks);
    rows.insert(static_cast<int>(std::min<int64_t>(CeilDiv(wanted, step) * step, 4096)));
  }
  return {rows.begin(), rows.end()};
}

void AddTiles(const Problem& problem, const v1::Silicon& silicon, FusedDropoutConfig c,
              std::vector<FusedDropoutConfig>& configs) {
  const bool may_read = problem.backward() && problem.dropout().store_mask();
  for (const int tile_m : TileRows(problem, silicon, c)) {
    for (int read_mask = 0; read_mask <= (may_read ? 1 : 0); ++read_mask) {
      for (int prefetch = 0; prefetch <= 1; ++prefetch) {
        c.tile_m = tile_m;
        c.read_mask = read_mask;
        c.prefetch = prefetch;
        if (FirstBroken(kRules, problem, silicon, c) == nullptr && SuitsType(problem, c) &&
            SuitsColumns(problem, c) && SuitsRows(problem, silicon, c) && SuitsRing(problem, c)) {
          configs.push_back(c);
        }
      }
    }
  }
}

std::vector<FusedDropoutConfig> ConfigsOf(const Problem& problem, const v1::Silicon& silicon,
                                          int looped) {
  std::vector<FusedDropoutConfig> configs;
  for (const int vector : kVectors) {
    for (const int slots : kSlots) {
      // Beside the current pair, nothing, one slot, or whole pairs are in flight. More is worse if
      // one wave does all the work: near SMs then get the data that those far from memory wait for,
      // and these end up to 1.6 times later.
      const std::set<int> rings = {0, slots, slots + 1, 2 * slots, 3 * slots};
      for (int column_threads = 4; column_threads <= 1024; column_threads *= 2) {
        for (const int threads : kThreads) {
          if (threads < column_threads) continue;
          for (const int ring_parts : rings) {
            AddTiles(problem, silicon,
                     {vector, slots, column_threads, threads, 16, 0, 0, looped, ring_parts},
                     configs);
          }
        }
      }
    }
  }
  return configs;
}

std::string Access(int64_t stride, v1::DataType type) {
  return std::to_string(AccessBytes(stride, 0, 1, StorageBytes(type)));
}

// Omits fields that keep their defaults.
std::string RenderSpec(const v1::FusedDropoutProblem& problem) {
  std::string text = "FusedDropoutSpec{.type = " + SpecValue("Type", problem.type()) +
                     ", .x_access_bytes = " + Access(problem.x_stride(), problem.type()) +
                     ", .y_access_bytes = " + Access(problem.y_stride(), problem.type()) +
                     ", .operation = " + SpecValue("DropoutOperation", problem.operation());
  if (problem.activation() > v1::ACTIVATION_NONE) {
    text += ", .activation = " + SpecValue("Activation", problem.activation());
  }
  if (Normalizes(problem)) {
    text += ", .normalization = " + SpecValue("Normalization", problem.normalization());
  }
  if (problem.backward()) text += ", .backward = true";
  if (DropsElements(problem)) {
    text += ", .dropout_rounds = " + std::to_string(problem.dropout().philox_rounds());
    if (problem.dropout().store_mask()) text += ", .store_mask = true";
  }
  if (problem.store_statistics()) text += ", .store_statistics = true";
  if (problem.store_pre_norm()) text += ", .store_pre_norm = true";
  if (problem.add_gradient()) text += ", .add_gradient = true";
  if (HasBias(problem)) text += ", .bias_type = " + SpecValue("Type", problem.bias_type());
  if (HasResidual(problem)) {
    text += ", .residual_type = " + SpecValue("Type", problem.residual_type());
    if (problem.residual_stride() > 0) {
      text += ", .residual_access_bytes = " +
              Access(problem.residual_stride(), problem.residual_type());
    }
  }
  if (Normalizes(problem)) text += ", .weight_type = " + SpecValue("Type", problem.weight_type());
  if (HasPreNorm(problem)) {
    text += ", .pre_norm_type = " + SpecValue("Type", PreNormType(problem)) +
            ", .pre_norm_access_bytes = " + Access(problem.pre_norm_stride(), PreNormType(problem));
  }
  return text + "}";
}

class FusedDropout : public TypedTemplate<v1::FusedDropoutProblem, FusedDropoutConfig> {
 public:
  FusedDropout()
      : TypedTemplate("fused_dropout", "dropout/fused_dropout.cuh", FusedDropoutParameters(),
                      "ServesKind", kRules) {}

  int ArgumentsVersion() const override { return kFusedDropoutArgsVersion; }

 private:
  const Problem* PartOf(const v1::Problem& problem) const override {
    return problem.has_fused_dropout() ? &problem.fused_dropout() : nullptr;
  }

  bool Serves(const Problem&, const v1::Silicon& silicon) const override {
    return silicon.compute_capability() >= 80;
  }

  std::vector<Config> ConfigsToTry(const Problem& problem,
                                   const v1::Silicon& silicon) const override {
    const std::vector<Config> configs = ConfigsOf(problem, silicon, /*looped=*/0);
    // No block can hold such rows, so they are looped.
    return configs.empty() ? ConfigsOf(problem, silicon, /*looped=*/1) : configs;
  }

  v1::LaunchPlan Plan(const Problem& problem, const v1::Silicon& silicon,
                      const Config& c) const override {
    const FusedDropoutWork work = WorkOf(problem, c.read_mask == 1);
    // If rows are normalized, a block has whole rows, however long they are.
    const int tile_n = Normalizes(problem) ? kWholeRow : HeldColumns(c);
    v1::LaunchPlan plan;
    *plan.add_steps() = TileStep(kFusedDropoutEntry, c.threads, c.tile_m, tile_n);
    plan.mutable_steps(0)->set_dynamic_shared_memory_bytes(SharedMemoryBytes(c, work));
    if (work.column_sums > 0) {
      *plan.add_steps() =
          TileStep(kColumnReduceEntry, kColumnReduceThreads, c.tile_m, kColumnReduceColumns);
      plan.mutable_steps(1)->set_grid_rule(v1::GRID_RULE_COLUMNS);
      v1::WorkspaceRegion& region = *plan.mutable_workspace()->add_regions();
      region.set_rule(v1::WORKSPACE_REGION_RULE_COLUMNS);
      region.set_copies(work.column_sums);
      region.set_element_bytes(sizeof(float));
    }
    // Kernels for sm_90 wait themselves for the grid before them.
    if (silicon.compute_capability() >= 90) {
      for (v1::LaunchStep& step : *plan.mutable_steps()) step.set_programmatic_launch(true);
    }
    plan.set_raster_group(1);
    return plan;
  }

  v1::Requirements Requirements(const Problem& problem, const Config& c) const override {
    v1::Requirements requirements = RequirementsOf(TensorsOf(problem));
    if (HasBias(problem)) requirements.set_bias_alignment(StorageBytes(problem.bias_type()));
    if (Normalizes(problem) && !c.looped) requirements.set_n_limit(HeldColumns(c));
    return requirements;
  }

  double Predict(const Problem& problem, const v1::Silicon& silicon,
                 const Config& c) const override {
    return PredictFusedDropoutSeconds(problem, silicon, c);
  }

  std::string Source(const Problem& problem, const Config& c) const override {
    std::string text =
        absl::StrCat("#include \"", std::string(source()), "\"\n\nusing namespace tilewright;\n",
                     "using Variant = FusedDropout<\n    ", RenderSpec(problem), ",\n    ",
                     table().Render(c), ">;\nTILEWRIGHT_FUSED_DROPOUT_ENTRY(Variant)\n");
    if (ColumnSums(problem) > 0) text += "TILEWRIGHT_COLUMN_REDUCE_ENTRY(Variant)\n";
    return text;
  }

  v1::Precision Precision(const Problem&, const Config&) const override {
    return v1::PRECISION_FP32;
  }
};

}  // namespace

const Template& FusedDropoutTemplate() {
  static const auto& one = *new FusedDropout;
  return one;
}

}  // namespace tilewright
