#ifndef TILEWRIGHT_TUNER_PROFILE_KERNEL_SUPPLY_H_
#define TILEWRIGHT_TUNER_PROFILE_KERNEL_SUPPLY_H_

#include <optional>
#include <vector>

#include "tilewright/v1/kernel.pb.h"

namespace tilewright {

// Hands kernels to a Profile while others are still being compiled, in generations: the first one
// is the model's choice, a later one lies around what the GPU found fast. Outlives the Profile,
// which alone calls it.
class KernelSupply {
 public:
  virtual ~KernelSupply() = default;

  // The next kernel, with its cubin; waits for it. Nothing: the generation is complete.
  virtual std::optional<v1::Kernel> Next() = 0;

  // Once a generation is complete: begins another one and does not wait for it. `seconds` has
  // what a launch of each kernel takes that was handed out so far, in that order; 0 for those
  // that failed. False: there is no further generation.
  virtual bool Continue(const std::vector<double>& seconds) = 0;
};

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_PROFILE_KERNEL_SUPPLY_H_
