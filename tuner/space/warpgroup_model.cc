#include "tuner/space/warpgroup_model.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "tuner/problem/data_type.h"
#include "tuner/space/cost_model.h"
#include "tuner/space/tile_domain.h"

namespace tilewright {
namespace {

constexpr double kSharedBytesPerCycle = 128;
// TMA from L2 or DRAM to shared memory, and the barriers around it, cycles.
constexpr double kLoadLatency = 900;
// Barrier and issue of a stage that no other warpgroup hides, cycles.
constexpr double kStepOverhead = 30;
// Start of a block: barriers, descriptors, the first stage; and its end.
constexpr double kBlockOverhead = 1500;
// From the last product of a tile to the first of the next, beside the stores.
constexpr double kTileOverhead = 250;
// Bytes of D that the warps of an SM round and stage in a cycle.
constexpr double kEpilogueBytesPerCycle = 24;
constexpr double kPartialBytes = 4;

// Cycles of the tensor core and of what feeds it for one stage of one tile.
double StageCycles(const v1::GemmProblem& gemm, const MachineModel& machine,
                   const GemmSm90Config& c) {
  const double bytes = StorageBytes(gemm.a_type());
  const double tile_k = kStageRowBytes / bytes;
  const double math = 2.0 * c.tile_m * c.tile_n * tile_k / machine.peak_operations_per_cycle;
  // Every wgmma of 64 rows reads its rows and all the columns.
  const double wgmmas = CoreRows(c) / 64.0;
  const double shared =
      wgmmas * (64 + CoreColumns(c)) * kStageRowBytes / kSharedBytesPerCycle +
      StageBytes(c) / kSharedBytesPerCycle;
  const double from_l2 = (1.0 * c.tile_m / c.cluster_n + 1.0 * c.tile_n / c.cluster_m) *
                         kStageRowBytes / machine.l2_bytes_per_cycle;
  const double latency = (kLoadLatency + from_l2) / std::max(c.stages - 1, 1);
  // One warpgroup alone waits for its own barriers.
  const double exposed = c.ping_pong || c.consumers == 1 ? kStepOverhead : 0;
  return Overlap(Overlap(math, shared), Overlap(from_l2, latency)) + exposed;
}

double EpilogueCycles(const v1::GemmProblem& gemm, const MachineModel& machine,
                      const GemmSm90Config& c) {
  const double element = c.split_k > 1 ? kPartialBytes : EpilogueElementBytes(gemm);
  const double bytes = 1.0 * c.tile_m * c.tile_n * element;
  return bytes / kEpilogueBytesPerCycle + bytes / machine.l2_bytes_per_cycle;
}

// The problem and the tile as raster_along_n sees them: its transpose.
double OperandBytes(const v1::GemmProblem& gemm, const MachineModel& machine,
                    const GemmSm90Config& c) {
  TileWork work;
  work.tile_m = c.tile_m * c.cluster_m;
  work.tile_n = c.tile_n * c.cluster_n;
  work.split_k = c.split_k;
  work.raster_group = c.raster_group;
  MachineModel clusters = machine;
  clusters.sm_count = std::max(1, machine.sm_count / (c.cluster_m * c.cluster_n));
  if (c.raster_along_n == 0) return OperandDramBytes(gemm, clusters, work, 1);
  v1::GemmProblem turned;
  turned.set_m(gemm.n());
  turned.set_n(gemm.m());
  turned.set_k(gemm.k());
  turned.set_batch(gemm.batch());
  turned.set_a_type(gemm.a_type());
  std::swap(work.tile_m, work.tile_n);
  return OperandDramBytes(turned, clusters, work, 1);
}

}  // namespace

double PredictWarpgroupSeconds(const v1::GemmProblem& gemm, const MachineModel& machine,
                               const GemmSm90Config& c) {
  const int cluster = c.cluster_m * c.cluster_n;
  const double clusters = static_cast<double>(CeilDivide(gemm.m(), c.tile_m * c.cluster_m)) *
                          static_cast<double>(CeilDivide(gemm.n(), c.tile_n * c.cluster_n)) *
                          static_cast<double>(gemm.batch()) * c.split_k;
  const int at_once = std::max(1, machine.sm_count / cluster);
  const double tiles = std::ceil(clusters / at_once);
  const int64_t tile_k = kStageRowBytes / StorageBytes(gemm.a_type());
  const auto stages =
      static_cast<double>(CeilDivide(CeilDivide(gemm.k(), tile_k), c.split_k));
  const double mainloop = stages * StageCycles(gemm, machine, c);
  const double epilogue = EpilogueCycles(gemm, machine, c) + kTileOverhead;
  // Ping-pong: the epilogue of a tile runs under the main loop of the next.
  const double turn = c.ping_pong ? std::max(mainloop + kTileOverhead / 2, (mainloop + epilogue) / 2)
                                  : mainloop + epilogue;
  const double cycles = kBlockOverhead + kLoadLatency + tiles * turn +
                        (c.ping_pong ? mainloop + epilogue - turn : 0);
  const double dram =
      (OperandBytes(gemm, machine, c) + OutputDramBytes(gemm, machine, c.split_k)) /
      machine.dram_bytes_per_cycle;
  const double seconds = Overlap(cycles, dram) / machine.clock_hertz + kLaunchSeconds;
  return c.split_k > 1 ? seconds + ReduceSeconds(gemm, machine, c.split_k) : seconds;
}

}  // namespace tilewright
