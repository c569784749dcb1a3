#ifndef TILEWRIGHT_TUNER_TEMPLATE_TEMPLATE_H_
#define TILEWRIGHT_TUNER_TEMPLATE_TEMPLATE_H_

#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "tilewright/v1/kernel.pb.h"
#include "tilewright/v1/problem.pb.h"
#include "tuner/template/parameter.h"

namespace tilewright {

// Largest spill_bytes that a legal config may compile to.
inline constexpr int kMaxSpillBytes = 64;

// A template of kernel_templates/ and all that is known of it: its parameters, which configs are
// legal and which are worth a try, how each is rendered and launched, what the model expects of
// it and what its parameters mean. Problems are canonical. Owned by the registry; any thread.
//
// After XLA's CodegenBackend (xla/backends/autotuner/codegen_backend.h): one kind of code, one
// object, and the search knows no other way to ask.
class Template {
 public:
  virtual ~Template() = default;
  Template(const Template&) = delete;
  Template& operator=(const Template&) = delete;

  // "gemm_sm90", as variants are named.
  std::string_view name() const { return name_; }

  // The digest of its source and of all that this includes: ClosureDigest.
  const std::string& Digest() const;

  // Of the arguments that its kernels take: a launcher takes one version alone.
  virtual int ArgumentsVersion() const = 0;

  // Sorted by name, as a Config is.
  virtual const std::vector<ParameterInfo>& parameters() const = 0;

  // In the order of its config structure, for people.
  virtual std::vector<ParameterInfo> ParametersInOrder() const = 0;

  // Names of all constraints that a config may break.
  virtual std::vector<std::string_view> Constraints() const = 0;

  // Whether the template can compute `problem` on `silicon` at all.
  virtual bool Supports(const v1::Problem& problem, const v1::Silicon& silicon) const = 0;

  // Every legal config worth a try, in a fixed order: those with too few warps, thin tiles or
  // tiles beyond the problem are legal (BrokenConstraint says nothing) but left out. Run-time
  // values make configs of their own though they share their code.
  virtual std::vector<v1::Config> Enumerate(const v1::Problem& problem,
                                            const v1::Silicon& silicon) const = 0;

  // The name of the first constraint that `config` breaks ("FitsSharedMemory"), or nothing.
  virtual std::optional<std::string> BrokenConstraint(const v1::Problem& problem,
                                                      const v1::Silicon& silicon,
                                                      const v1::Config& config) const = 0;

  // Everything of the plan that is known before compiling; INVALID_ARGUMENT for an
  // illegal config.
  virtual absl::StatusOr<v1::LaunchPlan> PlanFor(const v1::Problem& problem,
                                                 const v1::Silicon& silicon,
                                                 const v1::Config& config) const = 0;

  // The cost model's estimate, seconds; infinite for an illegal config.
  virtual double PredictSeconds(const v1::Problem& problem, const v1::Silicon& silicon,
                                const v1::Config& config) const = 0;

  // The CUDA source: the includes of the template and the lines that instantiate it. It depends
  // on the problem's types, layouts, alignment classes and epilogue, not otherwise on its shape:
  // problems that differ in shape alone render to identical text and share one compile.
  // REQUIRES: a config that some GPU can run; INVALID_ARGUMENT for parameters of no config.
  virtual absl::StatusOr<std::string> Render(const v1::Problem& problem,
                                             const v1::Config& config) const = 0;

  // What the parameters of a config of this template mean.

  // "gemm_sm80 tile=128x256x64 warps=2x4 stages=4": what is 1 is left out, alone or in all of a
  // group, and a switch is a word where it is on. REQUIRES: a config of this template.
  std::string Describe(const v1::Config& config) const;

  // How products are made and summed; UNSPECIFIED for no config of this template.
  virtual v1::Precision PrecisionOf(const v1::Problem& problem, const v1::Config& config) const = 0;

  // Whether the epilogue is a launch of its own.
  virtual bool SplitsEpilogue(const v1::Config& config) const = 0;

  // The config with the first of the orders that its tiles may have: equal for configs that
  // differ in the order alone.
  virtual v1::Config WithoutOrder(const v1::Config& config) const = 0;

  // The same, equal for a config and its mirror image too, for which the GPU does the same work
  // with m and n exchanged.
  virtual v1::Config WithoutMirror(const v1::Config& config) const = 0;

 protected:
  // `source`: what renderings include, as the template library names it. Both are literals.
  Template(std::string_view name, std::string_view source) : name_(name), source_(source) {}

  std::string_view source() const { return source_; }

 private:
  const std::string_view name_;
  const std::string_view source_;
  mutable std::once_flag digested_;
  mutable std::string digest_;
};

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_TEMPLATE_TEMPLATE_H_
