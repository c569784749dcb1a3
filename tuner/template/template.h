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

// The largest spill_bytes of a legal config's kernel.
inline constexpr int kMaxSpillBytes = 64;

// A template of kernel_templates/ and all facts about it: its parameters and their meaning, which
// configs are legal and which are worth a try, how each is rendered and launched, and the model's
// estimates. Problems are canonical. Owned by the registry; any thread.
//
// The model is XLA's CodegenBackend (xla/backends/autotuner/codegen_backend.h): each kind of code
// is one object, and the search uses nothing else.
class Template {
 public:
  virtual ~Template() = default;
  Template(const Template&) = delete;
  Template& operator=(const Template&) = delete;

  // Returns the name that variants use: "gemm_sm90".
  std::string_view name() const { return name_; }

  // Returns the digest of its source and of all its includes: ClosureDigest.
  const std::string& Digest() const;

  // Returns the version of its kernels' arguments. A launcher takes only one version.
  virtual int ArgumentsVersion() const = 0;

  // Returns them sorted by name, as in a Config.
  virtual const std::vector<ParameterInfo>& parameters() const = 0;

  // Returns them in the order of the config structure, for people.
  virtual std::vector<ParameterInfo> ParametersInOrder() const = 0;

  // Returns the names of all constraints that a config may break.
  virtual std::vector<std::string_view> Constraints() const = 0;

  // Tells if the template can compute `problem` on `silicon` at all.
  virtual bool Supports(const v1::Problem& problem, const v1::Silicon& silicon) const = 0;

  // Returns every legal config worth a try, in a fixed order. Omits legal configs (BrokenConstraint
  // accepts them) with too few warps, thin tiles or tiles beyond the problem. Each run-time value
  // makes a config of its own, though they share their code.
  virtual std::vector<v1::Config> Enumerate(const v1::Problem& problem,
                                            const v1::Silicon& silicon) const = 0;

  // Returns the name of the first constraint that `config` breaks ("FitsSharedMemory"), or nothing.
  virtual std::optional<std::string> BrokenConstraint(const v1::Problem& problem,
                                                      const v1::Silicon& silicon,
                                                      const v1::Config& config) const = 0;

  // Returns everything in the plan that is known before compiling. INVALID_ARGUMENT: the config is
  // illegal.
  virtual absl::StatusOr<v1::LaunchPlan> PlanFor(const v1::Problem& problem,
                                                 const v1::Silicon& silicon,
                                                 const v1::Config& config) const = 0;

  // Returns the cost model's estimate in seconds. It is infinite for an illegal config.
  virtual double PredictSeconds(const v1::Problem& problem, const v1::Silicon& silicon,
                                const v1::Config& config) const = 0;

  // Returns the CUDA source: the includes of the template and the lines that instantiate it. It
  // depends on the problem's types, layouts, alignment classes and epilogue, but not otherwise on
  // its shape. Problems that differ only in shape render to the same text and share one compile.
  // REQUIRES: some GPU can run the config. INVALID_ARGUMENT: the parameters make no config.
  virtual absl::StatusOr<std::string> Render(const v1::Problem& problem,
                                             const v1::Config& config) const = 0;

  // The functions below explain the parameters of a config of this template.

  // Returns "gemm_sm80 tile=128x256x64 warps=2x4 stages=4". Omits a 1, or a group with only 1s. A
  // switch appears as a word if it is on. REQUIRES: a config of this template.
  std::string Describe(const v1::Config& config) const;

  // Returns how products are made and summed; UNSPECIFIED for no config of this template.
  virtual v1::Precision PrecisionOf(const v1::Problem& problem, const v1::Config& config) const = 0;

  // Tells if the epilogue is a launch of its own.
  virtual bool SplitsEpilogue(const v1::Config& config) const = 0;

  // Returns the config with the first order of its tiles. The result is equal for configs that
  // differ only in the order.
  virtual v1::Config WithoutOrder(const v1::Config& config) const = 0;

  // The same, but also equal for a config and its mirror image. For both the GPU does the same work
  // with m and n exchanged.
  virtual v1::Config WithoutMirror(const v1::Config& config) const = 0;

 protected:
  // `source` is the file that renderings include, as in the template library. Both are literals.
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
