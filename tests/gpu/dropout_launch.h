// Launches of dropout epilogues on constant inputs, for tests that know every bit of the result.
#ifndef TILEWRIGHT_TESTS_GPU_DROPOUT_LAUNCH_H_
#define TILEWRIGHT_TESTS_GPU_DROPOUT_LAUNCH_H_

#include <cstdint>
#include <string>
#include <vector>

#include "tests/gpu/device_gemm.h"
#include "tests/proto/problem/dropout_mask_oracle.h"
#include "tilewright/v1/kernel.pb.h"
#include "tilewright/v1/problem.pb.h"

namespace tilewright {

// What every element of an input is, and what else a launch is given. Types are bf16 or fp32.
struct DropoutInputs {
  float a = 1;
  float b = 1;
  float z = 1;  // Of what a gradient reads of aux.
  float alpha = 1;
  uint64_t seed = 0x123456789ABCDEF;
  uint64_t offset = (uint64_t{9} << 32) + 5;
};

struct DropoutOutputs {
  std::vector<float> d;  // [batch][m][n]; D is packed.
  std::vector<uint8_t> mask;
  std::vector<float> bias_gradient;
  uint32_t non_finite = 0;
};

// Launches `kernel` of the canonical `problem`, over outputs that are NaN and ones before. Fails
// the current test where that does not succeed.
DropoutOutputs LaunchDropout(const DeviceSession& session, const v1::GemmProblem& problem,
                             const v1::Kernel& kernel, const DropoutInputs& inputs);

// The mask that the reference gives, as it is stored.
std::vector<uint8_t> ExpectedMask(const v1::GemmProblem& problem, const DropoutInputs& inputs);

// Whether element `i` of a packed D is kept.
bool KeepsElement(const v1::GemmProblem& problem, const DropoutInputs& inputs, std::size_t i);

// The kernel's template and config, for messages.
std::string VariantName(const v1::Kernel& kernel);

}  // namespace tilewright

#endif  // TILEWRIGHT_TESTS_GPU_DROPOUT_LAUNCH_H_
