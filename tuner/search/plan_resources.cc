#include "tuner/search/plan_resources.h"

#include "absl/strings/str_cat.h"
#include "proto/support/failure.h"
#include "tuner/template/template.h"

namespace tilewright {

std::vector<std::string> EntrySymbols(const v1::LaunchPlan& plan) {
  std::vector<std::string> symbols;
  for (const v1::LaunchStep& step : plan.steps()) symbols.push_back(step.entry_symbol());
  return symbols;
}

std::optional<v1::Failure> EnterResources(const CompiledCode& code, v1::LaunchPlan& plan) {
  std::optional<v1::Failure> failure;
  for (v1::LaunchStep& step : *plan.mutable_steps()) {
    for (const EntryResources& entry : code.entries) {
      if (entry.entry_symbol != step.entry_symbol()) continue;
      step.set_registers_per_thread(entry.registers_per_thread);
      step.set_spill_bytes(entry.spill_bytes);
      step.set_static_shared_memory_bytes(entry.static_shared_memory_bytes);
    }
    if (step.spill_bytes() > kMaxSpillBytes && !failure) {
      failure = MakeFailure(v1::FAILURE_KIND_RESOURCE_LIMIT,
                            absl::StrCat(step.entry_symbol(), " spills ", step.spill_bytes(),
                                         " bytes; at most ", kMaxSpillBytes, " are allowed"));
    }
  }
  return failure;
}

}  // namespace tilewright
