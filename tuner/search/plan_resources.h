// Connects a launch plan with the result of its compile. Pure; any thread.
#ifndef TILEWRIGHT_TUNER_SEARCH_PLAN_RESOURCES_H_
#define TILEWRIGHT_TUNER_SEARCH_PLAN_RESOURCES_H_

#include <optional>
#include <string>
#include <vector>

#include "tilewright/v1/kernel.pb.h"
#include "tuner/compile/compiler.h"

namespace tilewright {

// Returns the entry symbol of every step. The cubin must have them all.
std::vector<std::string> EntrySymbols(const v1::LaunchPlan& plan);

// Enters the registers, spills and shared memory of each step. Returns a failure if a step spills
// more than a legal config may.
std::optional<v1::Failure> EnterResources(const CompiledCode& code, v1::LaunchPlan& plan);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_SEARCH_PLAN_RESOURCES_H_
