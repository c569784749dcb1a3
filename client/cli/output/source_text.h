// Rendered sources as people compile them by hand. Pure.
#ifndef TILEWRIGHT_CLIENT_CLI_OUTPUT_SOURCE_TEXT_H_
#define TILEWRIGHT_CLIENT_CLI_OUTPUT_SOURCE_TEXT_H_

#include <string>

#include "absl/status/status.h"
#include "client/cli/output/style.h"
#include "tilewright/v1/kernel_service.pb.h"

namespace tilewright::cli {

// The file that sources are compiled from, in a folder of them.
inline constexpr char kSourceName[] = "source.cu";

// INTERNAL, reason BAD_PATH, unless each file that is included lies below the folder of the source
// and has a plain name: folders are written as the daemon says.
absl::Status CheckPaths(const v1::RenderSourceResponse& rendered);

// "nvcc -cubin -arch=sm_90a ...", with line info for the profilers, to be run where the source is.
// `in_folder`: what it includes lies beside it.
std::string CompileCommand(const v1::RenderSourceResponse& rendered, bool in_folder);

// The source with a comment that says what it is and how to compile it.
std::string SourceInFolder(const v1::RenderSourceResponse& rendered);

// The same as one file: each file that is included stands where it is included first.
std::string FlatSource(const v1::RenderSourceResponse& rendered);

// One row an entry: threads, registers, spills, shared memory.
std::string RenderResources(const v1::Kernel& kernel, const Style& style);

}  // namespace tilewright::cli

#endif  // TILEWRIGHT_CLIENT_CLI_OUTPUT_SOURCE_TEXT_H_
