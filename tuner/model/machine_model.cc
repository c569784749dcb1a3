#include "tuner/model/machine_model.h"

#include <algorithm>

#include "proto/problem/gemm/precision.h"
#include "tuner/target/target.h"

namespace tilewright {
namespace {

// Returns the share of the peak rate that mma.sync reaches if nothing else delays it. Hopper's peak
// needs wgmma; mma.sync reaches at most 62 to 65 % of it. Datacenter Blackwell's peak needs
// tcgen05; mma.sync runs there at about Hopper's rate per SM. On all others mma.sync is the native
// form.
double MmaSyncShare(int compute_capability) {
  if (compute_capability >= 120) return 0.95;
  if (compute_capability >= 100) return 0.30;
  if (compute_capability >= 90) return 0.65;
  return 0.95;
}

// Returns the share of the highest clock that a GPU holds under a full tensor-core load. Hopper and
// Blackwell boards meet their power limit first (700 W: about 1.7 of 1.98 GHz). The others hold
// about their highest clock.
double SustainedClock(int compute_capability) {
  return compute_capability >= 90 && compute_capability < 120 ? 0.87 : 0.95;
}

// The share of the data sheet's bandwidth that a copy reaches: 3.02 of 3.35 TB/s on an H100.
constexpr double kDramShare = 0.9;

// Returns the bytes that an SM reads from L2 in a cycle while all others read; hits of neighbouring
// SMs on one line are merged. Datacenter chips have ports of 64 and reach about 40. GeForce-class
// chips reach 2 to 5 TB/s for 82 to 128 SMs.
double L2BytesPerCycle(int compute_capability) {
  switch (compute_capability) {
    case 86:
    case 89:
      return 18;
    default:
      return compute_capability >= 120 ? 18 : 40;
  }
}

// From the CUDA C++ Programming Guide, technical specifications by compute capability.
int MaxBlocksPerSm(int compute_capability) {
  switch (compute_capability) {
    case 86:
      return 16;
    case 89:
      return 24;
    default:
      return compute_capability >= 120 ? 24 : 32;
  }
}

}  // namespace

MachineModel MachineFor(const v1::Silicon& silicon, const v1::GemmProblem& gemm,
                        v1::Precision precision) {
  const ComputeTypes types = ComputeTypesOf(gemm.a_type(), precision);
  const int capability = silicon.compute_capability();
  MachineModel machine;
  machine.sm_count = std::max(silicon.sm_count(), 1);
  const double max_clock = 1e6 * std::max(silicon.max_clock_mhz(), 1);
  machine.clock_hertz = SustainedClock(capability) * max_clock;
  const double peak =
      PeakOperationsPerSecond(silicon, types.input, types.sums) / (max_clock * machine.sm_count);
  const bool cuda_cores = types.input == v1::DATA_TYPE_FP32;
  machine.peak_operations_per_cycle = std::max(peak, 1.0);
  machine.operations_per_cycle =
      std::max(peak * (cuda_cores ? 1.0 : MmaSyncShare(capability)), 1.0);
  // For an unknown board, half of the usual value is better than a division by zero.
  const double bandwidth =
      silicon.dram_bytes_per_second() > 0 ? silicon.dram_bytes_per_second() : 500e9;
  machine.dram_bytes_per_cycle = kDramShare * bandwidth / machine.clock_hertz;
  machine.l2_bytes_per_cycle = L2BytesPerCycle(capability);
  machine.l2_bytes = static_cast<double>(silicon.l2_bytes());
  machine.shared_memory_per_sm = silicon.shared_memory_per_sm();
  machine.registers_per_sm = silicon.registers_per_sm();
  machine.threads_per_sm = silicon.max_threads_per_sm();
  machine.blocks_per_sm = MaxBlocksPerSm(capability);
  machine.fp32_lanes = capability == 80 ? 64 : 128;
  return machine;
}

}  // namespace tilewright
