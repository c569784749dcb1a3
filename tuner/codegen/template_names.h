// Values of the API as the templates spell them. Pure; any thread.
#ifndef TILEWRIGHT_TUNER_CODEGEN_TEMPLATE_NAMES_H_
#define TILEWRIGHT_TUNER_CODEGEN_TEMPLATE_NAMES_H_

#include <string>

#include "tilewright/v1/problem.pb.h"

namespace tilewright {

// "Type::kBf16".
std::string TemplateType(v1::DataType type);

// "Activation::kRelu".
std::string ActivationName(v1::Activation activation);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_CODEGEN_TEMPLATE_NAMES_H_
