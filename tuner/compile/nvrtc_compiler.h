#ifndef TILEWRIGHT_TUNER_COMPILE_NVRTC_COMPILER_H_
#define TILEWRIGHT_TUNER_COMPILE_NVRTC_COMPILER_H_

#include <string>
#include <vector>

#include "tuner/codegen/template_library.h"
#include "tuner/compile/compiler.h"
#include "tuner/compile/nvrtc_api.h"

namespace tilewright {

// Compiles in this process, which is a compile worker. Not thread-safe.
class NvrtcCompiler {
 public:
  // `headers` are the files that sources may include. Their texts outlive this.
  NvrtcCompiler(NvrtcApi api, const std::vector<EmbeddedFile>& headers);

  CompileOutcome Compile(const CompileJob& job) const;

 private:
  struct Result;
  Result Run(const std::string& source, const std::vector<std::string>& options,
             bool wants_ptx) const;
  std::string LogWithoutResources(const std::string& source,
                                  std::vector<std::string> options) const;

  NvrtcApi api_;
  std::vector<std::string> header_paths_;
  std::vector<std::string> header_texts_;
};

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_COMPILE_NVRTC_COMPILER_H_
