#include "tuner/codegen/template_names.h"

namespace tilewright {

std::string TemplateType(v1::DataType type) {
  switch (type) {
    case v1::DATA_TYPE_FP32:
      return "Type::kFp32";
    case v1::DATA_TYPE_TF32:
      return "Type::kTf32";
    case v1::DATA_TYPE_FP16:
      return "Type::kFp16";
    case v1::DATA_TYPE_BF16:
      return "Type::kBf16";
    case v1::DATA_TYPE_INT8:
      return "Type::kInt8";
    case v1::DATA_TYPE_INT32:
      return "Type::kInt32";
    case v1::DATA_TYPE_E4M3:
      return "Type::kE4m3";
    case v1::DATA_TYPE_E5M2:
      return "Type::kE5m2";
    default:
      return "Type::kNone";
  }
}

std::string ActivationName(v1::Activation activation) {
  switch (activation) {
    case v1::ACTIVATION_RELU:
      return "Activation::kRelu";
    case v1::ACTIVATION_GELU_TANH:
      return "Activation::kGeluTanh";
    case v1::ACTIVATION_GELU_ERF:
      return "Activation::kGeluErf";
    case v1::ACTIVATION_SILU:
      return "Activation::kSilu";
    default:
      return "Activation::kNone";
  }
}

}  // namespace tilewright
