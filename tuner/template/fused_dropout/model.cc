#include "tuner/template/fused_dropout/model.h"

#include <algorithm>
#include <cmath>

#include "kernel_templates/abi/ceil_div.h"
#include "proto/problem/data_type.h"
#include "proto/problem/fused_dropout/fused_dropout_tensors.h"
#include "tuner/model/cost_model.h"
#include "tuner/model/machine_model.h"
#include "tuner/model/requirements.h"
#include "tuner/template/fused_dropout/work.h"

namespace tilewright {
namespace {

// Warp instructions that an SM issues in a cycle. At best it is four, but dependent chains and
// barriers leave fewer.
constexpr double kIssuedPerCycle = 3.4;
// Cycles from a load to its data if DRAM is busy.
constexpr double kBusyLatency = 1000;
// Cycles from a block's launch to its first load, with the start of a tile.
constexpr double kBlockOverhead = 900;
// Cycles of a barrier and the shuffles of a sum over a row. Only other blocks can hide them.
constexpr double kRowSumCycles = 150;
constexpr double kNextLaunchSeconds = 2e-6;
// If a vector takes two accesses, both touch the same lines.
constexpr double kSplitLineShare = 0.96;
// Instructions for the address and the predicates of one vector of one tensor.
constexpr double kVectorInstructions = 9;
// Additional instructions for a vector that passes through a ring.
constexpr double kRingInstructions = 5;

// To keep or drop an element takes one instruction if two are compared at once. It takes one more
// if the packed results are masked, or two if each value is.
double SelectInstructions(const v1::FusedDropoutProblem& problem) {
  const bool divides = !problem.backward() && problem.activation() > v1::ACTIVATION_RELU;
  const bool masks_packed = StorageBytes(problem.type()) == 2 && !Normalizes(problem) &&
                            (problem.backward() ? !HasBias(problem) : !HasResidual(problem));
  return (masks_packed ? 2 : 3) + (divides ? 0 : 1);
}

// One call of the generator with its counter serves 8 elements. Neighbours also exchange words.
double MaskInstructions(const v1::FusedDropoutProblem& problem, const FusedDropoutConfig& config) {
  if (!DropsElements(problem)) return 0;
  if (problem.backward() && problem.dropout().store_mask() && config.read_mask == 1) {
    return 3 + 6.0 / config.vector;
  }
  const double call = PhiloxInstructions(problem.dropout().philox_rounds());
  const double exchange = config.vector == 16 ? 0 : config.vector == 8 ? 1.25 : 1.5;
  const double store = problem.dropout().store_mask() && !problem.backward() ? 2 : 0;
  return (call + 6) / 8 + exchange + SelectInstructions(problem) + store;
}

double MatrixInstructions(const v1::FusedDropoutProblem& problem,
                          const FusedDropoutConfig& config) {
  double instructions = 0;
  for (const TensorUse& use : TensorsOf(problem)) {
    if (!use.IsMatrix()) continue;
    const int bytes = StorageBytes(use.layout.type);
    const double accesses =
        static_cast<double>(bytes) / AccessBytes(use.layout.row_stride, 0, 1, bytes);
    instructions += kVectorInstructions / config.vector + accesses;
    if (config.ring_parts > 0 && !use.written) instructions += kRingInstructions / config.vector;
    if (bytes == 2) instructions += use.written ? 0.5 : 1;
  }
  return instructions;
}

int ResidentBlocksOf(const MachineModel& machine, const FusedDropoutConfig& config,
                     const FusedDropoutWork& work) {
  TileWork tile;
  tile.threads = config.threads;
  tile.shared_memory_bytes = SharedMemoryBytes(config, work);
  tile.registers_per_thread = RegisterEstimate(config, work);
  return ResidentBlocks(machine, tile);
}

// Returns the share of the bandwidth that the loads in flight fill (Little's law).
double FilledShare(const MachineModel& machine, const FusedDropoutConfig& config,
                   const FusedDropoutWork& work, double resident) {
  // In a ring, the current part is no longer in flight.
  const double vectors =
      config.ring_parts > 0 ? config.ring_parts - 1 : (config.prefetch ? 2 : 1) * config.slots;
  const double in_flight = resident * config.threads * 2 * config.vector * vectors * work.row_bytes;
  const double wanted = machine.dram_bytes_per_cycle / machine.sm_count * kBusyLatency / 2;
  return std::min(1.0, in_flight / wanted);
}

}  // namespace

double InstructionsPerElement(const v1::FusedDropoutProblem& problem,
                              const FusedDropoutConfig& config) {
  double instructions = MatrixInstructions(problem, config) + MaskInstructions(problem, config) +
                        ActivationInstructions(problem.activation(), problem.backward());
  if (HasBias(problem)) instructions += 1;
  if (HasResidual(problem)) instructions += 1;
  if (Normalizes(problem)) instructions += problem.backward() ? 9 : 7;
  // Looped rows repeat all the work in each pass.
  if (config.looped) instructions *= problem.backward() ? 1.6 : 3;
  return instructions + ColumnSums(problem);
}

double PredictFusedDropoutSeconds(const v1::FusedDropoutProblem& problem,
                                  const v1::Silicon& silicon, const FusedDropoutConfig& config) {
  v1::GemmProblem in_fp32;
  in_fp32.set_a_type(v1::DATA_TYPE_FP32);
  const MachineModel machine = MachineFor(silicon, in_fp32, v1::PRECISION_FP32);
  const FusedDropoutWork work = WorkOf(problem, config.read_mask == 1);
  const int resident = ResidentBlocksOf(machine, config, work);
  const double tiles_m = static_cast<double>(CeilDiv(problem.rows(), config.tile_m));
  const double tiles_n = Normalizes(problem)
                             ? 1
                             : static_cast<double>(CeilDiv(problem.columns(), HeldColumns(config)));
  const double blocks = tiles_m * tiles_n;
  const double at_once = static_cast<double>(machine.sm_count) * resident;
  const double waves = std::max(1.0, std::ceil(blocks / at_once));
  // Blocks of one wave start and end at different times, so that the blocks of the last wave use
  // a part of the idle time.
  const double idle = 1 + 0.5 * (waves * at_once / blocks - 1) / waves;
  const double held = std::min(blocks, at_once) / machine.sm_count;
  double bytes = MinimumBytes(TensorsOf(problem));
  if (config.read_mask == 1) bytes += static_cast<double>(problem.rows() * problem.columns()) / 8;
  if (config.looped) bytes *= problem.backward() ? 1.6 : 2;
  const double partials = work.column_sums * tiles_m * static_cast<double>(problem.columns()) * 4;
  const bool splits_lines = config.vector * StorageBytes(problem.type()) > 16;
  const double rate = machine.dram_bytes_per_cycle * FilledShare(machine, config, work, held) *
                      (splits_lines ? kSplitLineShare : 1);
  // The kernel also computes elements beyond the last column.
  const double elements =
      tiles_m * config.tile_m *
      (Normalizes(problem) && !config.looped
           ? HeldColumns(config)
           : tiles_n *
                 std::min<double>(HeldColumns(config), static_cast<double>(problem.columns())));
  const double issue = elements * InstructionsPerElement(problem, config) / 32 /
                       (kIssuedPerCycle * std::min<double>(machine.sm_count, blocks));
  const double pairs = static_cast<double>(config.tile_m) / 2 / PairsAtOnce(config);
  // Without a pair in flight a thread always waits for its loads. Other blocks' work hides this.
  const double sums = Normalizes(problem) ? (Centers(problem) ? 2 : 1) * kRowSumCycles : 0;
  const double waits = config.prefetch || config.ring_parts > 0 ? 0 : kBusyLatency;
  const double serial =
      waves * (kBlockOverhead + pairs * (sums + (Normalizes(problem) ? waits : 0))) / resident;
  const double cycles =
      Overlap(Overlap((bytes + partials) / rate, issue) * idle, serial) + kBlockOverhead;
  double seconds = kLaunchSeconds + cycles / machine.clock_hertz;
  if (work.column_sums > 0) {
    seconds += kNextLaunchSeconds +
               (partials / machine.dram_bytes_per_cycle + 2 * kBlockOverhead) / machine.clock_hertz;
  }
  return seconds;
}

}  // namespace tilewright
