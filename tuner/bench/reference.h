#ifndef TILEWRIGHT_TUNER_BENCH_REFERENCE_H_
#define TILEWRIGHT_TUNER_BENCH_REFERENCE_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "kernel_templates/launch/driver/driver_api.h"
#include "tilewright/v1/kernel.pb.h"
#include "tilewright/v1/problem.pb.h"
#include "tuner/bench/bench_worker.pb.h"
#include "tuner/bench/device_tensors.h"
#include "tuner/bench/judge.h"
#include "tuner/bench/reference_kernels.h"

namespace tilewright {

// The part of a candidate's computation that decides how far its outputs may be off.
struct Arithmetic {
  v1::Precision precision = v1::PRECISION_UNSPECIFIED;
  bool splits_epilogue = false;  // Its epilogue is a launch of its own.
};

// Returns the arguments for a canonical `dropout`, with the scale that docs/dropout.md specifies.
ReferenceDropout ReferenceDropoutOf(const v1::Dropout& dropout, uint64_t seed, uint64_t offset);

// Checks the candidates of one problem: makes inputs, computes the result and compares outputs with
// it. Each family has one implementation. Owned by a bench session. Not thread-safe.
class Reference {
 public:
  virtual ~Reference() = default;

  // Returns the GPU memory that it needs beside the tensors.
  virtual double Bytes() const = 0;
  virtual absl::Status Allocate(const DriverApi& driver) = 0;

  // Makes the inputs of `kind`. Everything around them, and all parts that a launch must not read,
  // are NaN. `inputs` must stay in place as long as this is used.
  absl::Status MakeInputs(bench::InputKind kind, const DeviceTensors& inputs,
                          const ReferenceKernels& kernels);

  // Computes the values to compare outputs with from the latest inputs.
  virtual absl::Status Compute(const ReferenceKernels& kernels) = 0;

  // Compares one of `outputs`, which a candidate wrote.
  virtual absl::Status Compare(const DeviceTensor& output, const DeviceTensors& outputs,
                               const Arithmetic& arithmetic, CheckCounts* counts,
                               const ReferenceKernels& kernels) const = 0;

  // The functions below judge the findings. They need no GPU.

  // Returns the name of a tensor in failures.
  virtual std::string NameOf(const TensorUse& use) const { return use.name; }

  // Returns what is wrong with the values of `output`, a fully written one of `findings`.
  virtual std::optional<std::string> WrongValues(const OutputFindings& output,
                                                 const CheckFindings& findings) const = 0;

  // Returns ||output - reference|| / ||reference|| for the outputs that the problem is judged by.
  virtual double RelativeErrorOf(const CheckFindings& findings) const = 0;

 protected:
  // Writes the inputs, which are poisoned. Does not write what a launch must not read.
  virtual absl::Status Fill(const ReferenceKernels& kernels) = 0;

  bool IsAdversarial() const { return kind_ == bench::INPUT_KIND_ADVERSARIAL; }
  bench::InputKind kind() const { return kind_; }
  const DeviceTensors& inputs() const { return *inputs_; }
  // Returns the arguments to fill one input.
  FillArgs FillArgsOf(const DeviceTensor& input) const;

 private:
  bench::InputKind kind_ = bench::INPUT_KIND_UNSPECIFIED;
  const DeviceTensors* inputs_ = nullptr;
};

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_BENCH_REFERENCE_H_
