#include "tuner/template/gemm_sm80/copy_registers.h"

#include <algorithm>
#include <cstdint>
#include <numeric>

#include "kernel_templates/abi/ceil_div.h"
#include "proto/problem/data_type.h"
#include "tuner/model/requirements.h"
#include "tuner/template/tiled_gemm/rules.h"

namespace tilewright {
namespace {

constexpr int kChunkBytes = 16;
constexpr int kStepBytes = 32;
// Rows after which the swizzle of shared memory repeats.
constexpr int kSwizzleRows = 8;
constexpr int kPlainAccess = 16;

struct CopiedOperand {
  int tile;  // Elements along m or n.
  bool k_major;
  int access_bytes;
};

// Accesses of less than 4 bytes pass through registers, for cp.async has none. A thread holds
// the copies of one of the stage's steps but the last: 4 words each where elements are 16 bits,
// as many again for single bytes until they are put together. Bytes along m or n have a
// predicate each: beyond four copies, or over four unrolled steps, ptxas keeps three times as
// much in flight.
int HeldRegisters(const CopiedOperand& operand, const GemmSm80Config& config, int bytes) {
  if (operand.access_bytes >= kNarrowestAsyncCopy) return 0;
  const int steps = config.tile_k * bytes / kStepBytes;
  const int64_t copies =
      CeilDiv(CopiesPerThread(config, operand.tile, bytes), std::max(steps - 1, 1));
  const int registers = bytes > 1 ? 4 : operand.k_major || (steps <= 2 && copies <= 4) ? 8 : 24;
  return static_cast<int>(copies) * registers;
}

// Along m or n a thread meets chunks / gcd(threads, chunks) different places of a row, each
// with a 64-bit address and a count of valid bytes, and targets of its own until the swizzle
// repeats.
int PlaceRegisters(const CopiedOperand& operand, const GemmSm80Config& config, int bytes) {
  const int row = operand.k_major ? config.tile_k : operand.tile;
  const int chunks = row * bytes / kChunkBytes;
  const int period = chunks / std::gcd(Threads(config), chunks);
  const int row_step = period * Threads(config) / chunks;
  const int targets = period * (kSwizzleRows / std::gcd(row_step, kSwizzleRows));
  return 3 * (period - 1) + (targets - 1);
}

// Several narrow copies to a chunk, each cut off at the edge.
int EdgeRegisters(const CopiedOperand& operand) {
  return !operand.k_major && operand.access_bytes < kPlainAccess ? 2 : 0;
}

}  // namespace

int ExtraCopyRegisters(const v1::GemmProblem& gemm, const GemmSm80Config& config) {
  const int bytes = StorageBytes(gemm.a_type());
  const v1::Requirements requirements = RequirementsOf(gemm);
  const CopiedOperand operands[] = {
      {config.tile_m, AIsKMajor(gemm), requirements.a_alignment()},
      {config.tile_n, BIsKMajor(gemm), requirements.b_alignment()},
  };
  int registers = 0;
  for (const CopiedOperand& operand : operands) {
    registers += HeldRegisters(operand, config, bytes) + PlaceRegisters(operand, config, bytes) +
                 EdgeRegisters(operand);
  }
  return registers;
}

}  // namespace tilewright
