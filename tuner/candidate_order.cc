#include "tuner/candidate_order.h"

#include <iterator>
#include <map>
#include <string>
#include <utility>

#include "absl/strings/match.h"

namespace tilewright {
namespace {

constexpr int kOrdersOfOneKernel = 3;

std::string WithoutOrder(const v1::Variant& variant) {
  v1::Variant kernel;
  kernel.set_template_name(variant.template_name());
  for (const v1::Parameter& parameter : variant.config().parameters()) {
    if (!absl::StartsWith(parameter.name(), "raster_")) {
      *kernel.mutable_config()->add_parameters() = parameter;
    }
  }
  return kernel.SerializeAsString();
}

}  // namespace

void SpreadKernels(std::vector<RankedVariant>& ranked) {
  std::map<std::string, int> seen;
  std::vector<RankedVariant> first;
  std::vector<RankedVariant> rest;
  for (RankedVariant& variant : ranked) {
    const bool early = ++seen[WithoutOrder(variant.variant)] <= kOrdersOfOneKernel;
    (early ? first : rest).push_back(std::move(variant));
  }
  first.insert(first.end(), std::make_move_iterator(rest.begin()),
               std::make_move_iterator(rest.end()));
  ranked = std::move(first);
}

}  // namespace tilewright
