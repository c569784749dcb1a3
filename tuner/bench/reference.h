#ifndef TILEWRIGHT_TUNER_BENCH_REFERENCE_H_
#define TILEWRIGHT_TUNER_BENCH_REFERENCE_H_

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "kernel_templates/launch/driver/driver_api.h"
#include "tilewright/v1/kernel.pb.h"
#include "tuner/bench/bench_worker.pb.h"
#include "tuner/bench/device_tensors.h"
#include "tuner/bench/judge.h"
#include "tuner/bench/reference_kernels.h"

namespace tilewright {

// How a candidate computes, as far as it decides what its outputs may be off by.
struct Arithmetic {
  v1::Precision precision = v1::PRECISION_UNSPECIFIED;
  bool splits_epilogue = false;  // Its epilogue is a launch of its own.
};

// What the candidates of one problem are checked with: it makes inputs, computes the result and
// compares outputs with it. One implementation a family. Owned by a bench session. Not
// thread-safe.
class Reference {
 public:
  virtual ~Reference() = default;

  // GPU memory beside that of the tensors.
  virtual double Bytes() const = 0;
  virtual absl::Status Allocate(const DriverApi& driver) = 0;

  // Makes the inputs of `kind`. Everything around them, and what a launch must not read of them, is
  // NaN. `inputs` stay where they are as long as this is used.
  absl::Status MakeInputs(bench::InputKind kind, const DeviceTensors& inputs,
                          const ReferenceKernels& kernels);

  // Computes, of the inputs that were made last, what outputs are compared with.
  virtual absl::Status Compute(const ReferenceKernels& kernels) = 0;

  // Compares one of `outputs`, which a candidate wrote.
  virtual absl::Status Compare(const DeviceTensor& output, const DeviceTensors& outputs,
                               const Arithmetic& arithmetic, CheckCounts* counts,
                               const ReferenceKernels& kernels) const = 0;

  // What follows judges what was found. It takes no GPU.

  // How a failure calls a tensor.
  virtual std::string NameOf(const TensorUse& use) const { return use.name; }

  // What is wrong with the values of `output`, one of `findings`. All of it was written.
  virtual std::optional<std::string> WrongValues(const OutputFindings& output,
                                                 const CheckFindings& findings) const = 0;

  // ||output - reference|| / ||reference|| of what the problem is measured by.
  virtual double RelativeErrorOf(const CheckFindings& findings) const = 0;

 protected:
  // Writes the inputs, which are poison. Leaves what a launch must not read.
  virtual absl::Status Fill(const ReferenceKernels& kernels) = 0;

  bool IsAdversarial() const { return kind_ == bench::INPUT_KIND_ADVERSARIAL; }
  bench::InputKind kind() const { return kind_; }
  const DeviceTensors& inputs() const { return *inputs_; }
  // For filling one input.
  FillArgs FillArgsOf(const DeviceTensor& input) const;

 private:
  bench::InputKind kind_ = bench::INPUT_KIND_UNSPECIFIED;
  const DeviceTensors* inputs_ = nullptr;
};

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_BENCH_REFERENCE_H_
