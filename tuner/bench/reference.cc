#include "tuner/bench/reference.h"

#include "proto/support/status_macros.h"

namespace tilewright {
namespace {

// 0xFF in every byte is NaN in every float type.
constexpr unsigned char kInputPoison = 0xFF;

}  // namespace

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
