// The generated half of the template library.
#ifndef TILEWRIGHT_TUNER_CODEGEN_EMBEDDED_TEMPLATES_H_
#define TILEWRIGHT_TUNER_CODEGEN_EMBEDDED_TEMPLATES_H_

#include <vector>

#include "tuner/codegen/template_library.h"

namespace tilewright {

// Sorted by path. Defined by a source that embed_templates.cmake writes.
const std::vector<EmbeddedFile>& EmbeddedTemplates();

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_CODEGEN_EMBEDDED_TEMPLATES_H_
