#include "tuner/template/template.h"

#include "tuner/codegen/source_digest.h"
#include "tuner/codegen/template_library.h"

namespace tilewright {

const std::string& Template::Digest() const {
  std::call_once(digested_, [this] { digest_ = ClosureDigest(source_, TemplateLibrary()); });
  return digest_;
}

}  // namespace tilewright
