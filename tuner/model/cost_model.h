// The cost model: an estimate that ranks configs well enough that measuring begins with good ones.
// Never shown as a measurement. Pure; any thread.
#ifndef TILEWRIGHT_TUNER_MODEL_COST_MODEL_H_
#define TILEWRIGHT_TUNER_MODEL_COST_MODEL_H_

#include "tilewright/v1/problem.pb.h"
#include "tuner/model/machine_model.h"

namespace tilewright {

// The facts about a config that the model needs. A step is the work on one stage of tile_k.
struct TileWork {
  int tile_m = 0;
  int tile_n = 0;
  int tile_k = 0;
  int threads = 0;
  int shared_memory_bytes = 0;
  int registers_per_thread = 0;
  int stages = 2;  // Buffers in flight, with the one that is being read.
  int split_k = 1;
  int raster_group = 1;
  // Bytes of shared memory that all warps read in a step, including bank conflicts and broadcasts.
  double fragment_bytes = 0;
  // Warp instructions of a step beside the multiplications: loads of fragments and copies.
  double warp_instructions = 0;
};

// Returns how many blocks of `work` one SM holds at once; at least 1.
int ResidentBlocks(const MachineModel& machine, const TileWork& work);

// Returns the bytes that the operands of all blocks bring from DRAM. Each wave brings its bytes
// once, and brings none that L2 still holds.
double OperandDramBytes(const v1::GemmProblem& gemm, const MachineModel& machine,
                        const TileWork& work, int resident);

// The rest is what the models of all templates share.

// Seconds of a launch on an idle stream.
inline constexpr double kLaunchSeconds = 2.5e-6;

// Returns the time of two activities that overlap in part: above the longer, below the sum.
double Overlap(double a, double b);

// Return the bytes that the epilogue moves for each element of D: all bytes, and those to and from
// DRAM. If all batches share C, it comes from DRAM once.
double EpilogueElementBytes(const v1::GemmProblem& gemm);
double EpilogueDramElementBytes(const v1::GemmProblem& gemm);

// Returns the bytes that outputs, or partial sums that exceed L2, move to and from DRAM.
double OutputDramBytes(const v1::GemmProblem& gemm, const MachineModel& machine, int split_k);

// Return the instructions for each element of an activation or its derivative (the smooth forward
// ones include 1 / (1 - p); `coarse` is the form in epilogue/activation.cuh), and of a call of the
// generator. They were counted in the SASS of sm_90a.
double ActivationInstructions(v1::Activation activation, bool gradient, bool coarse = false);
double PhiloxInstructions(int rounds);

// Returns the instructions on CUDA cores that the epilogue takes for each element of D beside
// scaling, rounding and storing it: bias, activation, random bits, and what is observed.
double EpilogueInstructions(const v1::GemmProblem& gemm);

// How many of them an SM finishes in a cycle: at best 128. A main loop takes ports of the register
// file for its sums, and without one there are too few warps. Found from the times of bias, GELU
// and dropout minus those of bare GEMMs, 16384 x 4096 x 1024 on an H100 (docs/performance): 117
// with tanh, 122 with erf; dropout alone, which is more serial, 77.
inline constexpr double kEpilogueLanes = 110;

// Returns the time of a split epilogue's second launch.
double SplitEpilogueSeconds(const v1::GemmProblem& gemm, const MachineModel& machine);

// Returns the time of the second launch if k is split.
double ReduceSeconds(const v1::GemmProblem& gemm, const MachineModel& machine, int split_k);

double PredictTiledSeconds(const v1::GemmProblem& gemm, const MachineModel& machine,
                           const TileWork& work);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_MODEL_COST_MODEL_H_
