#ifndef TILEWRIGHT_TUNER_MODEL_MACHINE_MODEL_H_
#define TILEWRIGHT_TUNER_MODEL_MACHINE_MODEL_H_

#include "tilewright/v1/kernel.pb.h"
#include "tilewright/v1/problem.pb.h"

namespace tilewright {

// What the cost model knows of a GPU, in cycles and bytes. Pure; any thread.
struct MachineModel {
  int sm_count = 1;
  double clock_hertz = 1e9;
  // Operations that mma.sync, or fp32 units, finish in one cycle of one SM at best.
  double operations_per_cycle = 1;
  // The same of the GPU's widest instructions: wgmma where there is one.
  double peak_operations_per_cycle = 1;
  // DRAM bytes in one cycle, of the whole GPU.
  double dram_bytes_per_cycle = 1;
  // L2 bytes that one SM takes in one cycle while all others do the same.
  double l2_bytes_per_cycle = 1;
  double l2_bytes = 0;
  int shared_memory_per_sm = 0;
  int registers_per_sm = 0;
  int threads_per_sm = 0;
  int blocks_per_sm = 0;
  // CUDA cores an SM: fp32 multiply-adds in one cycle.
  double fp32_lanes = 128;
};

// For products of `precision`: tf32 rates for fp32 inputs that the tensor core multiplies.
MachineModel MachineFor(const v1::Silicon& silicon, const v1::GemmProblem& gemm,
                        v1::Precision precision);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_MODEL_MACHINE_MODEL_H_
