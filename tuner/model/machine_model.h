#ifndef TILEWRIGHT_TUNER_MODEL_MACHINE_MODEL_H_
#define TILEWRIGHT_TUNER_MODEL_MACHINE_MODEL_H_

#include "tilewright/v1/kernel.pb.h"
#include "tilewright/v1/problem.pb.h"

namespace tilewright {

// The cost model's view of a GPU, in cycles and bytes. Pure; any thread.
struct MachineModel {
  int sm_count = 1;
  double clock_hertz = 1e9;
  // The most operations that mma.sync or the fp32 units finish in one cycle of one SM.
  double operations_per_cycle = 1;
  // The same for the GPU's widest instructions: wgmma if there is one.
  double peak_operations_per_cycle = 1;
  // DRAM bytes of the whole GPU in one cycle.
  double dram_bytes_per_cycle = 1;
  // L2 bytes that one SM reads in one cycle while all others do the same.
  double l2_bytes_per_cycle = 1;
  double l2_bytes = 0;
  int shared_memory_per_sm = 0;
  int registers_per_sm = 0;
  int threads_per_sm = 0;
  int blocks_per_sm = 0;
  // CUDA cores of an SM: fp32 multiply-adds in one cycle.
  double fp32_lanes = 128;
};

// Uses the rates of `precision`: those of tf32 if the tensor core multiplies fp32 inputs.
MachineModel MachineFor(const v1::Silicon& silicon, const v1::GemmProblem& gemm,
                        v1::Precision precision);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_MODEL_MACHINE_MODEL_H_
