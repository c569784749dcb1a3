#include "tuner/codegen/template_library.h"

#include "tuner/codegen/embedded_templates.h"
#include "tuner/codegen/source_digest.h"

namespace tilewright {
namespace {

// Each template's own source, by name: what renderings include.
struct TemplateSource {
  const char* name;
  const char* path;
};
constexpr TemplateSource kTemplates[] = {
    {"fused_dropout", "dropout/fused_dropout.cuh"},
    {"gemm_simt", "gemm/gemm_simt.cuh"},
    {"gemm_sm80", "gemm/gemm_sm80.cuh"},
    {"gemm_sm90", "gemm/gemm_sm90.cuh"},
};

}  // namespace

const std::vector<EmbeddedFile>& TemplateLibrary() { return EmbeddedTemplates(); }

const std::vector<v1::TemplateDigest>& TemplateDigests() {
  static const auto& digests = *new std::vector<v1::TemplateDigest>([] {
    std::vector<v1::TemplateDigest> all;
    for (const TemplateSource& source : kTemplates) {
      v1::TemplateDigest& digest = all.emplace_back();
      digest.set_template_name(source.name);
      digest.set_digest(ClosureDigest(source.path, TemplateLibrary()));
    }
    return all;
  }());
  return digests;
}

const std::string& DigestOfTemplate(std::string_view name) {
  static const std::string& none = *new std::string;
  for (const v1::TemplateDigest& digest : TemplateDigests()) {
    if (digest.template_name() == name) return digest.digest();
  }
  return none;
}

}  // namespace tilewright
