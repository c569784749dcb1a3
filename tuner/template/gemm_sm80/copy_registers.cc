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
// The number of rows after which the swizzle of shared memory repeats.
constexpr int kSwizzleRows = 8;
constexpr int kPlainAccess = 16;

struct CopiedOperand {
  int tile;  // Elements along m or n.
  bool k_major;
  int access_bytes;
};

// Accesses of less than 4 bytes pass through registers, because cp.async has none. The copies are
// spread over all steps of a stage but the last, and a thread holds those of one step: 4 words each
// for 16-bit elements, 8 for single bytes until they are joined. Each byte along m or n has a
// predicate: beyond four copies, or over four unrolled steps, ptxas keeps three times as much in
// flight.
int HeldRegisters(const CopiedOperand& operand, const GemmSm80Config& config, int bytes) {
  if (operand.access_bytes >= kNarrowestAsyncCopy) return 0;
  const int steps = config.tile_k * bytes / kStepBytes;
  const int64_t copies =
      CeilDiv(CopiesPerThread(config, operand.tile, bytes), std::max(steps - 1, 1));
  const int registers = bytes > 1 ? 4 : operand.k_major || (steps <= 2 && copies <= 4) ? 8 : 24;
  return static_cast<int>(copies) * registers;
}

// Along m or n a thread meets chunks / gcd(threads, chunks) different places of a row. Each place
// has a 64-bit address, a count of valid bytes, and its own targets until the swizzle repeats.
int PlaceRegisters(const CopiedOperand& operand, const GemmSm80Config& config, int bytes) {
  const int row = operand.k_major ? config.tile_k : operand.tile;
  const int chunks = row * bytes / kChunkBytes;
  const int period = chunks / std::gcd(Threads(config), chunks);
  const int row_step = period * Threads(config) / chunks;
  const int targets = period * (kSwizzleRows / std::gcd(row_step, kSwizzleRows));
  return 3 * (period - 1) + (targets - 1);
}

// A chunk takes several narrow copies, and each is cut off at the edge.
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
