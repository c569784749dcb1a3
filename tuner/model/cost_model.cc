#include "tuner/model/cost_model.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "kernel_templates/abi/ceil_div.h"
#include "proto/problem/data_type.h"
#include "proto/problem/gemm/epilogue_parts.h"
#include "proto/problem/gemm/gemm_strides.h"
#include "proto/problem/gemm/gemm_tensors.h"
#include "proto/problem/gemm/precision.h"
#include "proto/problem/gemm/split_epilogue.h"

namespace tilewright {
namespace {

// Shared memory has 32 banks of 4 bytes. An SM has 4 schedulers; each issues one warp instruction
// per cycle.
constexpr double kSharedBytesPerCycle = 128;
constexpr int kSchedulers = 4;
// The driver keeps this much of a block's shared memory for itself.
constexpr int kReservedSharedBytes = 1024;
// Warps get registers in units of 256, which is 8 for each thread.
constexpr int kRegisterUnit = 8;
// Cycles of a load from L2 or DRAM to shared memory: L2 hits take about 300, DRAM about 800.
constexpr double kLoadLatency = 600;
// Cycles for each block of the barrier, the pipeline bookkeeping and the first ldmatrix of a step.
constexpr double kStepOverhead = 50;
// Cycles from a block's launch to its first load, and from its last store to its successor.
constexpr double kBlockOverhead = 700;
// With one warp for each scheduler the tensor core idles between ldmatrix and mma. It reaches 0.85
// of the rate with two.
constexpr double kLoneWarpShare = 0.85;
// The share of L2 for operands. Outputs and the copies of the other half take the rest.
constexpr double kL2Share = 0.6;
// Seconds of a launch that follows another one.
constexpr double kNextLaunchSeconds = 1.5e-6;

int RoundUp(int value, int unit) { return CeilDiv(value, unit) * unit; }

// Returns the share of the schedulers' rate that `warps` resident warps reach. An uneven number
// leaves schedulers idle, and a single warp on one cannot hide its own latencies.
double WarpShare(int warps) {
  const int per_scheduler = CeilDiv(warps, kSchedulers);
  const double balance = static_cast<double>(warps) / (per_scheduler * kSchedulers);
  return balance * (per_scheduler == 1 ? kLoneWarpShare : 1.0);
}

// Returns the cycles in which an SM with `resident` blocks finishes one step of one of them.
double StepCycles(const v1::GemmProblem& gemm, const MachineModel& machine, const TileWork& work,
                  int resident) {
  const double elements = static_cast<double>(work.tile_m + work.tile_n) * work.tile_k;
  const double stage_bytes = elements * StorageBytes(gemm.a_type());
  const double operations = 2.0 * work.tile_m * work.tile_n * work.tile_k;
  const double math =
      operations / machine.operations_per_cycle / WarpShare(resident * work.threads / 32);
  const double shared = (work.fragment_bytes + stage_bytes) / kSharedBytesPerCycle;
  const double issue = work.warp_instructions / kSchedulers;
  const double l2 = stage_bytes / machine.l2_bytes_per_cycle;
  // Little's law: the time between two arrivals is the latency over the stages in flight.
  const double latency = (kLoadLatency + l2) / ((work.stages - 1) * resident);
  const double on_chip = Overlap(Overlap(math, shared), issue);
  return Overlap(on_chip, Overlap(l2, latency)) + kStepOverhead / resident;
}

// Returns the cycles that a block takes beside its steps and does not share with others.
double EpilogueCycles(const v1::GemmProblem& gemm, const MachineModel& machine,
                      const TileWork& work) {
  const double elements = static_cast<double>(work.tile_m) * work.tile_n;
  // Accumulators go into and out of shared memory once, so that whole rows are stored.
  const double staging = 2 * elements * kPartialBytes / kSharedBytesPerCycle;
  const double bytes = elements * (work.split_k > 1 ? kPartialBytes : EpilogueElementBytes(gemm));
  const double instructions = work.split_k > 1 ? 0 : elements * EpilogueInstructions(gemm);
  return staging + bytes / machine.l2_bytes_per_cycle + instructions / kEpilogueLanes;
}

// Returns the cycles of a wave in which each SM has `resident` blocks.
double WaveCycles(const v1::GemmProblem& gemm, const MachineModel& machine, const TileWork& work,
                  int resident) {
  const double steps = static_cast<double>(CeilDiv(CeilDiv(gemm.k(), work.tile_k), work.split_k));
  const double mainloop = steps * resident * StepCycles(gemm, machine, work, resident);
  // Blocks of one SM drift apart, so that one's epilogue runs during the steps of another.
  const double tail = kBlockOverhead + kLoadLatency + EpilogueCycles(gemm, machine, work);
  return mainloop + tail * (1 + 0.3 * (resident - 1));
}

}  // namespace

double Overlap(double a, double b) {
  const double a2 = a * a;
  const double b2 = b * b;
  return std::sqrt(std::sqrt(a2 * a2 + b2 * b2));
}

double EpilogueElementBytes(const v1::GemmProblem& gemm) {
  double bytes = 0;
  for (const v1::Operand operand : {v1::OPERAND_C, v1::OPERAND_D, v1::OPERAND_AUX}) {
    bytes += StorageBytes(LayoutOf(gemm, operand).type);
  }
  return bytes;
}

double EpilogueDramElementBytes(const v1::GemmProblem& gemm) {
  double bytes = 0;
  for (const v1::Operand operand : {v1::OPERAND_C, v1::OPERAND_D, v1::OPERAND_AUX}) {
    const MatrixLayout layout = LayoutOf(gemm, operand);
    const auto batch = static_cast<double>(std::max<int64_t>(gemm.batch(), 1));
    bytes += StorageBytes(layout.type) * static_cast<double>(layout.batch) / batch;
  }
  return bytes;
}

double ActivationInstructions(v1::Activation activation, bool gradient, bool coarse) {
  switch (activation) {
    case v1::ACTIVATION_RELU:
      return 2;
    case v1::ACTIVATION_GELU_TANH:
      return gradient ? 16 : 7;
    case v1::ACTIVATION_GELU_ERF:
      return gradient ? 20 : coarse ? 9 : 12;
    case v1::ACTIVATION_SILU:
      return gradient ? 11 : 5;
    default:
      return 0;
  }
}

double PhiloxInstructions(int rounds) { return rounds == 10 ? 36 : 24; }

double EpilogueInstructions(const v1::GemmProblem& gemm) {
  constexpr double kCounter = 6;
  const v1::Epilogue& epilogue = gemm.epilogue();
  double instructions =
      ActivationInstructions(epilogue.activation(), epilogue.gradient(), IsCoarse(gemm.d_type()));
  if (HasBias(epilogue)) instructions += 1;
  if (HasSource(epilogue)) instructions += 1.5;
  if (HasAux(epilogue)) instructions += 1;
  // One call gives random bits for 8 elements; 2 instructions compare and drop.
  if (HasDropout(epilogue)) {
    instructions += (PhiloxInstructions(epilogue.dropout().philox_rounds()) + kCounter) / 8 + 2;
  }
  // One call gives random bits for two neighbours; 3 instructions round.
  if (RoundsStochastically(epilogue)) instructions += (PhiloxInstructions(7) + kCounter) / 2 + 3;
  if (epilogue.amax()) instructions += 1;
  if (epilogue.non_finite_flag()) instructions += 2;
  if (epilogue.bias_gradient()) instructions += 1;
  return instructions;
}

double SplitEpilogueSeconds(const v1::GemmProblem& gemm, const MachineModel& machine) {
  const double elements = static_cast<double>(gemm.batch()) * static_cast<double>(gemm.m()) *
                          static_cast<double>(gemm.n());
  // This launch reads what the first one passes. If that is aux, EpilogueDramElementBytes counts
  // it.
  const double bytes = EpilogueDramElementBytes(gemm) +
                       (WritesAux(gemm.epilogue()) ? 0 : StorageBytes(SplitType(gemm)));
  const double cycles =
      Overlap(elements * bytes / machine.dram_bytes_per_cycle,
              elements * EpilogueInstructions(gemm) / (machine.sm_count * kEpilogueLanes));
  return kNextLaunchSeconds + (kLoadLatency + kBlockOverhead + cycles) / machine.clock_hertz;
}

double ReduceSeconds(const v1::GemmProblem& gemm, const MachineModel& machine, int split_k) {
  const double elements = static_cast<double>(gemm.batch()) * static_cast<double>(gemm.m()) *
                          static_cast<double>(gemm.n());
  const double partials = elements * split_k * kPartialBytes;
  // Partials that fit in L2 are read back from there.
  const double partial_rate = partials < kL2Share * machine.l2_bytes
                                  ? machine.l2_bytes_per_cycle * machine.sm_count
                                  : machine.dram_bytes_per_cycle;
  const double memory = partials / partial_rate +
                        elements * EpilogueDramElementBytes(gemm) / machine.dram_bytes_per_cycle;
  const double cycles =
      Overlap(memory, elements * EpilogueInstructions(gemm) / (machine.sm_count * kEpilogueLanes));
  return kNextLaunchSeconds + (kLoadLatency + kBlockOverhead + cycles) / machine.clock_hertz;
}

double OutputDramBytes(const v1::GemmProblem& gemm, const MachineModel& machine, int split_k) {
  const double elements = static_cast<double>(gemm.batch()) * static_cast<double>(gemm.m()) *
                          static_cast<double>(gemm.n());
  if (split_k == 1) return elements * EpilogueDramElementBytes(gemm);
  const double partials = elements * split_k * kPartialBytes;
  return partials < kL2Share * machine.l2_bytes ? 0 : partials;
}

int ResidentBlocks(const MachineModel& machine, const TileWork& work) {
  const int registers = RoundUp(std::max(work.registers_per_thread, 1), kRegisterUnit);
  const int by_registers = machine.registers_per_sm / (registers * work.threads);
  const int by_shared =
      machine.shared_memory_per_sm / (work.shared_memory_bytes + kReservedSharedBytes);
  const int by_threads = machine.threads_per_sm / work.threads;
  return std::max(1, std::min({by_registers, by_shared, by_threads, machine.blocks_per_sm}));
}

// A raster group is a strip of g tiles of m that sweeps all of n. B is read once for each strip, or
// for each wave if there are fewer. A's strip is read once if L2 holds it, else by every wave. The
// batches follow each other. If they share an operand and L2 holds it, DRAM is read once.
double OperandDramBytes(const v1::GemmProblem& gemm, const MachineModel& machine,
                        const TileWork& work, int resident) {
  const double bytes = StorageBytes(gemm.a_type());
  const double k = static_cast<double>(gemm.k());
  const double a = static_cast<double>(gemm.m()) * k * bytes;
  const double b = static_cast<double>(gemm.n()) * k * bytes;
  const double batch = static_cast<double>(gemm.batch());
  const double cache = kL2Share * machine.l2_bytes;
  const bool shares_a = gemm.a_batch_stride() == kSharedByBatches;
  const bool shares_b = gemm.b_batch_stride() == kSharedByBatches;
  const double a_batches = shares_a && a <= cache / 2 ? 1 : batch;
  const double b_batches = shares_b && b <= cache / 2 ? 1 : batch;
  if (a + b <= cache) return a_batches * a + b_batches * b;
  const double tiles_m = static_cast<double>(CeilDiv(gemm.m(), work.tile_m));
  const double tiles_n = static_cast<double>(CeilDiv(gemm.n(), work.tile_n));
  // The splits of one tile run at the same time and read different parts of k.
  const double wave =
      std::max(1.0, static_cast<double>(machine.sm_count) * resident / work.split_k);
  const double waves = std::max(1.0, std::ceil(tiles_m * tiles_n / wave));
  const double group = std::min<double>(work.raster_group, tiles_m);
  const double strips = std::ceil(tiles_m / group);
  const double strip_bytes = group * work.tile_m * k * bytes;
  const double sweeps =
      strip_bytes <= cache / 2 ? 1 : std::max(1.0, std::ceil(group * tiles_n / wave));
  const double b_reads = b <= cache / 2 ? 1 : std::min(strips, waves);
  return a_batches * a * std::min(sweeps, waves) + b_batches * b * b_reads;
}

double PredictTiledSeconds(const v1::GemmProblem& gemm, const MachineModel& machine,
                           const TileWork& work) {
  const int resident = ResidentBlocks(machine, work);
  const double blocks = static_cast<double>(CeilDiv(gemm.m(), work.tile_m)) *
                        static_cast<double>(CeilDiv(gemm.n(), work.tile_n)) *
                        static_cast<double>(gemm.batch()) * work.split_k;
  const double at_once = static_cast<double>(machine.sm_count) * resident;
  const double full_waves = std::floor(blocks / at_once);
  const double rest = blocks - full_waves * at_once;
  double cycles = full_waves > 0 ? full_waves * WaveCycles(gemm, machine, work, resident) : 0;
  if (rest > 0) {
    cycles += WaveCycles(gemm, machine, work, static_cast<int>(std::ceil(rest / machine.sm_count)));
  }
  const double dram = (OperandDramBytes(gemm, machine, work, resident) +
                       OutputDramBytes(gemm, machine, work.split_k)) /
                      machine.dram_bytes_per_cycle;
  const double seconds = Overlap(cycles, dram) / machine.clock_hertz + kLaunchSeconds;
  return work.split_k > 1 ? seconds + ReduceSeconds(gemm, machine, work.split_k) : seconds;
}

}  // namespace tilewright
