#include "tuner/bench/reference.h"

#include "proto/problem/dropout_mask.h"
#include "proto/support/status_macros.h"

namespace tilewright {
namespace {

// 0xFF in every byte is NaN in every float type.
constexpr unsigned char kInputPoison = 0xFF;

}  // namespace

ReferenceDropout ReferenceDropoutOf(const v1::Dropout& dropout, uint64_t seed, uint64_t offset) {
  const uint32_t threshold = QuantizeProbability(dropout.probability());
  if (threshold == 0) return {};
  return {.seed = seed,
          .offset = offset,
          .scale = static_cast<double>(DropoutScale(threshold)),
          .threshold = threshold,
          .rounds = dropout.philox_rounds()};
}

absl::Status Reference::MakeInputs(bench::InputKind kind, const DeviceTensors& inputs,
                                   const ReferenceKernels& kernels) {
  kind_ = kind;
  inputs_ = &inputs;
  RETURN_IF_ERROR(inputs.Poison(kernels.driver(), kInputPoison, kernels.stream()));
  return Fill(kernels);
}

FillArgs Reference::FillArgsOf(const DeviceTensor& input) const {
  FillArgs args{};
  args.matrix = ToReferenceMatrix(input);
  args.seed = static_cast<unsigned long long>(kind_) * 64 + static_cast<unsigned>(input.use.tensor);
  args.adversarial = IsAdversarial();
  return args;
}

}  // namespace tilewright
