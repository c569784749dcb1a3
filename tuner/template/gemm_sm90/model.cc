#include "tuner/template/gemm_sm90/model.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>

#include "kernel_templates/abi/ceil_div.h"
#include "proto/problem/data_type.h"
#include "proto/problem/gemm/precision.h"
#include "tuner/model/cost_model.h"

namespace tilewright {
namespace {

// The constants are a least-squares fit, in cycles of the sustained clock, to the medians of some
// thousand variants of thirteen problems on an H100 (docs/performance).

// Large products meet the power limit before the tensor core's rate, so multiplications and bytes
// of shared memory also cost energy beside their rates.
constexpr double kPowerFactor = 1.24;
constexpr double kSharedBytesPerCycle = 128;
constexpr double kSharedShare = 0.064;
// Barriers and waits of a stage, which the stages in flight share. kLoneCycles are added if one
// warpgroup multiplies alone, because no other one runs meanwhile.
constexpr double kStageCycles = 119;
constexpr double kLoneCycles = 25;
// An epilogue while nothing multiplies: its latencies, and the bytes of D that the warps of an SM
// round and pass on in a cycle.
constexpr double kEpilogueCycles = 353;
constexpr double kEpilogueBytesPerCycle = 123;
// The share of its cycles that a block idle in the last wave gives back to the others' clock.
constexpr double kIdleShare = 0.43;
// The latency of TMA from L2 or DRAM to shared memory, with the barriers around it.
constexpr double kLoadLatency = 900;
// The most bytes of L2 that one SM reads in a cycle, however few SMs read.
constexpr double kMostL2BytesPerCycle = 64;
// The bytes that a block reads from, or sends to, another block's shared memory in a cycle.
constexpr double kExchangeBytesPerCycle = 32;
constexpr double kExchangeLatency = 600;

// Returns the cycles of a promotion: CUDA cores add each stage's sums while the tensor core waits.
// Scales of blocks also take their loads, and a product for each row and group of columns.
double PromotionCycles(const v1::GemmProblem& gemm, const MachineModel& machine,
                       const GemmSm90Config& c) {
  if (!c.promote) return 0;
  const double sums = 1.0 * c.tile_m * c.tile_n;
  if (gemm.scaling_mode() != v1::SCALING_MODE_BLOCK_128) return sums / machine.fp32_lanes;
  // These are for one thread, which has two core rows in 64.
  const double rows = RowBlocks(c) * (c.swap_ab ? 1 : 2);
  const double columns = ColumnScales(c);
  const double threads = 128.0 * (c.ping_pong ? 1 : c.consumers);
  return (sums + threads * (rows + columns + rows * columns)) / machine.fp32_lanes;
}

// Returns the cycles of one stage of one tile. `lone`: one warpgroup multiplies alone. `active`:
// the share of the SMs that have a block.
double StageCycles(const v1::GemmProblem& gemm, const MachineModel& machine,
                   const GemmSm90Config& c, bool lone, double active) {
  const int tile_k = kStageRowBytes / StorageBytes(gemm.a_type());
  const double math =
      2.0 * c.products * c.tile_m * c.tile_n * tile_k / machine.peak_operations_per_cycle;
  // Every wgmma of 64 rows reads its rows and all the columns; TMA writes both once. Low parts, if
  // there are any, are made by reading all of this and writing as much again.
  const double read = c.products * CoreRows(c) / 64.0 * (64 + CoreColumns(c)) * kStageRowBytes;
  const double made = c.products == 3 ? 2.0 * LoadedBytes(c) : 0;
  const double shared = (read + LoadedBytes(c) + made) / kSharedBytesPerCycle;
  const double from_l2 = (1.0 * c.tile_m / c.cluster_n + 1.0 * c.tile_n / c.cluster_m) *
                         kStageRowBytes /
                         std::min(machine.l2_bytes_per_cycle / active, kMostL2BytesPerCycle);
  const double latency = (kLoadLatency + from_l2) / std::max(c.stages - 1, 1);
  const double promotion = PromotionCycles(gemm, machine, c);
  const double busy = promotion + kPowerFactor * math + kSharedShare * shared +
                      kStageCycles / c.stages + (lone ? kLoneCycles : 0);
  return Overlap(busy, Overlap(from_l2, latency));
}

// Returns the cost of an element of D in shared memory, as bytes of 16-bit elements. Elements of
// one byte are stored in pairs, which halves the width of a warp's store, or singly if transposed.
double StagedBytes(const v1::GemmProblem& gemm, const GemmSm90Config& c) {
  const int bytes = StorageBytes(gemm.d_type());
  return bytes > 1 ? bytes : c.swap_ab ? 4 : 2;
}

double EpilogueCycles(const v1::GemmProblem& gemm, const GemmSm90Config& c) {
  const double element = c.split_k > 1 ? kPartialBytes
                                       : EpilogueElementBytes(gemm) + StagedBytes(gemm, c) -
                                             StorageBytes(gemm.d_type());
  const double exchange =
      c.cluster_k > 1 ? kExchangeLatency + ExchangeBytes(c) / kExchangeBytesPerCycle : 0;
  return exchange + kEpilogueCycles + 1.0 * c.tile_m * c.tile_n * element / kEpilogueBytesPerCycle;
}

// With raster_along_n, passes the transpose of the problem and the tile.
double OperandBytes(const v1::GemmProblem& gemm, const MachineModel& machine,
                    const GemmSm90Config& c) {
  TileWork work;
  work.tile_m = c.tile_m * c.cluster_m;
  work.tile_n = c.tile_n * c.cluster_n;
  work.split_k = c.split_k;
  work.raster_group = c.raster_group;
  MachineModel clusters = machine;
  clusters.sm_count = std::max(1, machine.sm_count / ClusterBlocks(c));
  if (c.raster_along_n == 0) return OperandDramBytes(gemm, clusters, work, 1);
  v1::GemmProblem turned;
  turned.set_m(gemm.n());
  turned.set_n(gemm.m());
  turned.set_k(gemm.k());
  turned.set_batch(gemm.batch());
  turned.set_a_type(gemm.a_type());
  turned.set_a_batch_stride(gemm.b_batch_stride());
  turned.set_b_batch_stride(gemm.a_batch_stride());
  std::swap(work.tile_m, work.tile_n);
  return OperandDramBytes(turned, clusters, work, 1);
}

}  // namespace

double PredictWarpgroupSeconds(const v1::GemmProblem& gemm, const MachineModel& machine,
                               const GemmSm90Config& c) {
  const int cluster = ClusterBlocks(c);
  const double clusters = static_cast<double>(CeilDiv(gemm.m(), c.tile_m * c.cluster_m)) *
                          static_cast<double>(CeilDiv(gemm.n(), c.tile_n * c.cluster_n)) *
                          static_cast<double>(gemm.batch()) * c.split_k;
  const int at_once = std::max(1, machine.sm_count / cluster);
  const double waves = std::ceil(clusters / at_once);
  const int64_t tile_k = kStageRowBytes / StorageBytes(gemm.a_type());
  const auto stages =
      static_cast<double>(CeilDiv(CeilDiv(gemm.k(), tile_k), c.split_k * c.cluster_k));
  // If each block has one tile, ping-pong has nothing to alternate with.
  const bool lone = c.consumers == 1 || (c.ping_pong && waves <= 1);
  const double active = std::min(1.0, clusters / at_once);
  const double mainloop = stages * StageCycles(gemm, machine, c, lone, active);
  const double epilogue = EpilogueCycles(gemm, c);
  // Ping-pong exposes the last epilogue, and of each other one the part beyond a main loop.
  const double exposed =
      c.ping_pong ? epilogue + (waves - 1) * std::max(0.0, epilogue - mainloop) : waves * epilogue;
  // Ping-pong hides an epilogue's latencies, but not its instructions.
  const double instructions = c.split_k > 1 ? 0 : EpilogueInstructions(gemm);
  const double issued = waves * c.tile_m * c.tile_n * instructions / kEpilogueLanes;
  const double idle = 1 - clusters / (waves * at_once);
  const double cycles =
      kLoadLatency + waves * mainloop * (1 - kIdleShare * idle) + exposed + issued;
  const double dram = (OperandBytes(gemm, machine, c) + OutputDramBytes(gemm, machine, c.split_k)) /
                      machine.dram_bytes_per_cycle;
  const double seconds = Overlap(cycles, dram) / machine.clock_hertz + kLaunchSeconds;
  return c.split_k > 1 ? seconds + ReduceSeconds(gemm, machine, c.split_k) : seconds;
}

}  // namespace tilewright
