// Kernels that misbehave on purpose, for the tests of the bench worker. Never rendered for
// a problem: the only way to them is this function.
#ifndef TILEWRIGHT_TUNER_CODEGEN_FAULTY_TEMPLATES_H_
#define TILEWRIGHT_TUNER_CODEGEN_FAULTY_TEMPLATES_H_

#include <string>

namespace tilewright {

enum class FaultyKind {
  kIllegalAccess,     // Reads an address that no allocation holds.
  kEndless,           // One block never ends.
  kWrongResult,       // Every D[0][0] is off.
  kOutOfBoundsWrite,  // Also writes just past the end of D.
  kNondeterministic,  // D depends on the clock.
};

// Source of a bf16 GEMM, A stored [m, k], B stored [n, k], D bf16, alpha only, that takes
// GemmArgs by kGemmEntry like every other and has the fault. Launch it as GRID_RULE_TILES
// with tile_m = tile_n = 16, 256 threads, no shared memory, split_k 1.
std::string RenderFaultySource(FaultyKind kind);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_CODEGEN_FAULTY_TEMPLATES_H_
