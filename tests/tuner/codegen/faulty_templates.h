// Kernels that misbehave on purpose, for the tests of what runs kernels. Their source is in no
// library of the product: the only way to them is this function, in a library of the tests.
#ifndef TILEWRIGHT_TESTS_TUNER_CODEGEN_FAULTY_TEMPLATES_H_
#define TILEWRIGHT_TESTS_TUNER_CODEGEN_FAULTY_TEMPLATES_H_

#include <string>

namespace tilewright {

enum class FaultyKind {
  kIllegalAccess,     // Reads an address that no allocation holds.
  kEndless,           // One block never ends.
  kWrongResult,       // Every D[0][0] is off.
  kOutOfBoundsWrite,  // Also writes just past the end of D.
  kNondeterministic,  // D depends on the clock.
  kReadsUnread,       // Adds beta * C, where it is given, without a look at beta.
};

// Source of a bf16 GEMM, A stored [m, k], B stored [n, k], D bf16, alpha only, that takes
// GemmArgs by kGemmEntry like every other and has the fault. Any launch plan of one step will
// do: the threads share out D among themselves.
std::string RenderFaultySource(FaultyKind kind);

}  // namespace tilewright

#endif  // TILEWRIGHT_TESTS_TUNER_CODEGEN_FAULTY_TEMPLATES_H_
