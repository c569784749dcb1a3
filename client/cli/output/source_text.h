// Writes rendered sources as people compile them by hand. Pure.
#ifndef TILEWRIGHT_CLIENT_CLI_OUTPUT_SOURCE_TEXT_H_
#define TILEWRIGHT_CLIENT_CLI_OUTPUT_SOURCE_TEXT_H_

#include <string>

#include "absl/status/status.h"
#include "client/cli/output/style.h"
#include "tilewright/v1/kernel_service.pb.h"

namespace tilewright::cli {

// The name of the file to compile, in a folder of sources.
inline constexpr char kSourceName[] = "source.cu";

// Checks that each included file has a plain name and lies below the folder of the source, because
// the daemon chooses the paths that are written. INTERNAL, reason BAD_PATH: one does not.
absl::Status CheckPaths(const v1::RenderSourceResponse& rendered);

// Returns "nvcc -cubin -arch=sm_90a ...", to run in the folder of the source, with line info for
// profilers. `in_folder`: the included files lie beside it.
std::string CompileCommand(const v1::RenderSourceResponse& rendered, bool in_folder);

// Returns the source with a comment that says what it is and how to compile it.
std::string SourceInFolder(const v1::RenderSourceResponse& rendered);

// Returns the same as one file. Each included file stands at the place of its first inclusion.
std::string FlatSource(const v1::RenderSourceResponse& rendered);

// Renders one row for each entry: threads, registers, spills, shared memory.
std::string RenderResources(const v1::Kernel& kernel, const Style& style);

}  // namespace tilewright::cli

#endif  // TILEWRIGHT_CLIENT_CLI_OUTPUT_SOURCE_TEXT_H_
