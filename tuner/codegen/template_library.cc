#include "tuner/codegen/template_library.h"

#include "proto/support/sha256.h"
#include "tuner/codegen/embedded_templates.h"

namespace tilewright {

const std::vector<EmbeddedFile>& TemplateLibrary() { return EmbeddedTemplates(); }

const std::string& TemplateDigest() {
  static const std::string& digest = *new std::string([] {
    // Lengths keep apart what two splits of the same bytes would make alike.
    std::string bytes;
    for (const EmbeddedFile& file : TemplateLibrary()) {
      bytes += std::to_string(file.path.size()) + ' ' + std::to_string(file.text.size()) + ' ';
      bytes += file.path;
      bytes += file.text;
    }
    return ToHex(Sha256(bytes));
  }());
  return digest;
}

}  // namespace tilewright
