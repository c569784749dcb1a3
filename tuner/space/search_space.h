#ifndef TILEWRIGHT_TUNER_SPACE_SEARCH_SPACE_H_
#define TILEWRIGHT_TUNER_SPACE_SEARCH_SPACE_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "tilewright/v1/kernel.pb.h"
#include "tilewright/v1/problem.pb.h"

namespace tilewright {

// The legal configs of one template, how each is launched and what the model expects of
// it. Stateless and pure; any thread.
class SearchSpace {
 public:
  virtual ~SearchSpace() = default;

  virtual std::string_view template_name() const = 0;

  // Whether the template can compute `problem` (canonical) on `silicon` at all.
  virtual bool Supports(const v1::Problem& problem, const v1::Silicon& silicon) const = 0;

  // Every legal config worth a try, in a fixed order: those with too few warps, thin tiles or
  // tiles beyond the problem are legal (BrokenConstraint says nothing) but left out. Values
  // of split_k and raster_group make configs of their own though they share their code.
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

  // The cost model's estimate, seconds.
  virtual double PredictSeconds(const v1::Problem& problem, const v1::Silicon& silicon,
                                const v1::Config& config) const = 0;
};

// One of each template, in a fixed order. Static lifetime.
const std::vector<const SearchSpace*>& SearchSpaces();

struct RankedVariant {
  v1::Variant variant;
  double predicted_seconds = 0;
};

// What every space that supports the problem enumerates, fastest by the model first; ties
// in the order of the spaces and their configs.
std::vector<RankedVariant> RankVariants(const v1::Problem& problem, const v1::Silicon& silicon);

// The plan of `variant`, from the space of its template.
absl::StatusOr<v1::LaunchPlan> PlanForVariant(const v1::Problem& problem,
                                              const v1::Silicon& silicon,
                                              const v1::Variant& variant);

// Largest spill_bytes that a legal config may compile to.
inline constexpr int kMaxSpillBytes = 64;

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_SPACE_SEARCH_SPACE_H_
