// The template sources of kernel_templates/, embedded in the binary at build time.
#ifndef TILEWRIGHT_TUNER_CODEGEN_TEMPLATE_LIBRARY_H_
#define TILEWRIGHT_TUNER_CODEGEN_TEMPLATE_LIBRARY_H_

#include <string>
#include <string_view>
#include <vector>

#include "tilewright/v1/kernel.pb.h"

namespace tilewright {

struct EmbeddedFile {
  std::string_view path;  // As templates include it: "gemm/gemm_sm80.cuh".
  std::string_view text;
};

// Every embedded file, sorted by path.
const std::vector<EmbeddedFile>& TemplateLibrary();

// Every template, sorted by name, with the digest of its source and all that this includes
// (ClosureDigest). References and tests of kernels are in none of them.
const std::vector<v1::TemplateDigest>& TemplateDigests();

// The digest of one of them, or empty where there is no such template.
const std::string& DigestOfTemplate(std::string_view name);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_CODEGEN_TEMPLATE_LIBRARY_H_
