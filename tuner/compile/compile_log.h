// What NVRTC and ptxas say, made into values. Pure.
#ifndef TILEWRIGHT_TUNER_COMPILE_COMPILE_LOG_H_
#define TILEWRIGHT_TUNER_COMPILE_COMPILE_LOG_H_

#include <string>
#include <string_view>
#include <vector>

#include "tilewright/v1/kernel.pb.h"
#include "tuner/compile/compiler.h"

namespace tilewright {

// Resources of every entry function that the log of `ptxas -v` speaks of, in its order.
// Lines that are not understood are passed over.
std::vector<EntryResources> ParseResources(std::string_view log);

// Whether any line says what went wrong.
bool NamesAnError(std::string_view log);

// The failure that the log of a failed compile tells of: RESOURCE_LIMIT where the code or
// the compiler asked for more than there is, COMPILE_ERROR otherwise. The message
// begins at the first error and is cut to a size fit for a table of failures.
v1::Failure FailureFromLog(std::string_view log);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_COMPILE_COMPILE_LOG_H_
