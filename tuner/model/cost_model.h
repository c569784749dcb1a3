// The cost model: an estimate that ranks configs well enough for measuring to begin with the
// right ones. Never shown as a measurement. Pure; any thread.
#ifndef TILEWRIGHT_TUNER_MODEL_COST_MODEL_H_
#define TILEWRIGHT_TUNER_MODEL_COST_MODEL_H_

#include "tilewright/v1/problem.pb.h"
#include "tuner/model/machine_model.h"

namespace tilewright {

// What the model needs to know of a config. A step is the work on one stage of tile_k.
struct TileWork {
  int tile_m = 0;
  int tile_n = 0;
  int tile_k = 0;
  int threads = 0;
  int shared_memory_bytes = 0;
  int registers_per_thread = 0;
  int stages = 2;  // Buffers in flight, the one being read among them.
  int split_k = 1;
  int raster_group = 1;
  // Bytes of shared memory that all warps read in a step, bank conflicts and broadcasts
  // counted in.
  double fragment_bytes = 0;
  // Warp instructions of a step beside the multiplications: loads of fragments and copies.
  double warp_instructions = 0;
};

// Blocks of `work` that one SM holds at once; at least 1.
int ResidentBlocks(const MachineModel& machine, const TileWork& work);

// Bytes that the operands of all blocks bring from DRAM: those of each wave once, and none
// again that L2 still holds.
double OperandDramBytes(const v1::GemmProblem& gemm, const MachineModel& machine,
                        const TileWork& work, int resident);

// What the models of all templates share.

// A launch on an idle stream, seconds.
inline constexpr double kLaunchSeconds = 2.5e-6;

// Two activities that overlap, though not perfectly: more than the longer, less than the sum.
double Overlap(double a, double b);

// Bytes an element of D moves in the epilogue; and to and from DRAM, from which a C that all
// batches share comes once.
double EpilogueElementBytes(const v1::GemmProblem& gemm);
double EpilogueDramElementBytes(const v1::GemmProblem& gemm);

// Bytes that the outputs, or the partial sums beyond L2, move to and from DRAM.
double OutputDramBytes(const v1::GemmProblem& gemm, const MachineModel& machine, int split_k);

// Instructions of an activation or its derivative, an element (forward 1 / (1 - p) is part of the
// smooth ones; `coarse`: as epilogue/activation.cuh has it), and of a call of the generator,
// counted in the SASS of sm_90a.
double ActivationInstructions(v1::Activation activation, bool gradient, bool coarse = false);
double PhiloxInstructions(int rounds);

// Instructions of the CUDA cores that the epilogue takes for each element of D beside scaling,
// rounding and storing it: bias, activation, random bits, and what is observed.
double EpilogueInstructions(const v1::GemmProblem& gemm);

// Those that an SM gets done in a cycle beside a main loop, whose sums take the register file's
// ports, and for want of warps also without one: 128 at best. From the times of bias, GELU and
// dropout over those of bare GEMMs, 16384 x 4096 x 1024 on an H100 (docs/performance): 117 with
// tanh, 122 with erf; dropout alone, of which more is serial, 77.
inline constexpr double kEpilogueLanes = 110;

// The second launch of a split epilogue.
double SplitEpilogueSeconds(const v1::GemmProblem& gemm, const MachineModel& machine);

// The second launch where k is split.
double ReduceSeconds(const v1::GemmProblem& gemm, const MachineModel& machine, int split_k);

double PredictTiledSeconds(const v1::GemmProblem& gemm, const MachineModel& machine,
                           const TileWork& work);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_MODEL_COST_MODEL_H_
