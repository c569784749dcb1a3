// Turns the logs of NVRTC and ptxas into values. Pure.
#ifndef TILEWRIGHT_TUNER_COMPILE_COMPILE_LOG_H_
#define TILEWRIGHT_TUNER_COMPILE_COMPILE_LOG_H_

#include <string>
#include <string_view>
#include <vector>

#include "tilewright/v1/kernel.pb.h"
#include "tuner/compile/compiler.h"

namespace tilewright {

// Returns the resources of every entry function in the log of `ptxas -v`, in its order. Skips lines
// that it does not understand.
std::vector<EntryResources> ParseResources(std::string_view log);

// Tells if any line says what went wrong.
bool NamesAnError(std::string_view log);

// Returns the failure in the log of a failed compile: RESOURCE_LIMIT if the code or the compiler
// asked for more than there is, else COMPILE_ERROR. The message begins at the first error and is
// cut to a length that fits a table of failures.
v1::Failure FailureFromLog(std::string_view log);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_COMPILE_COMPILE_LOG_H_
