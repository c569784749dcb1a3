// The template sources of kernel_templates/, embedded in the binary at build time.
#ifndef TILEWRIGHT_TUNER_CODEGEN_TEMPLATE_LIBRARY_H_
#define TILEWRIGHT_TUNER_CODEGEN_TEMPLATE_LIBRARY_H_

#include <string_view>
#include <vector>

namespace tilewright {

struct EmbeddedFile {
  std::string_view path;  // As templates include it: "gemm/gemm_sm80.cuh".
  std::string_view text;
};

// Returns every embedded file, sorted by path. embed_templates.cmake writes the source of this.
const std::vector<EmbeddedFile>& TemplateLibrary();

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_CODEGEN_TEMPLATE_LIBRARY_H_
