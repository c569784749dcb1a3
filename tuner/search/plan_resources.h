// What a launch plan and a compile tell each other. Pure; any thread.
#ifndef TILEWRIGHT_TUNER_SEARCH_PLAN_RESOURCES_H_
#define TILEWRIGHT_TUNER_SEARCH_PLAN_RESOURCES_H_

#include <optional>
#include <string>
#include <vector>

#include "tilewright/v1/kernel.pb.h"
#include "tuner/compile/compiler.h"

namespace tilewright {

// The entry of every step: what must be in the cubin.
std::vector<std::string> EntrySymbols(const v1::LaunchPlan& plan);

// Enters what the steps take of registers, spills and shared memory. A failure if one of them
// spills more than a legal config may.
std::optional<v1::Failure> EnterResources(const CompiledCode& code, v1::LaunchPlan& plan);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_SEARCH_PLAN_RESOURCES_H_
