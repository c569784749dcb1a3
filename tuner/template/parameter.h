#ifndef TILEWRIGHT_TUNER_TEMPLATE_PARAMETER_H_
#define TILEWRIGHT_TUNER_TEMPLATE_PARAMETER_H_

#include <string_view>

namespace tilewright {

// How a template uses a parameter's value.
enum class ParameterKind {
  kCompiled,  // It is part of the code.
  kFitted,    // Also part of the code. The best value follows from the others: stages that fit.
  kMirror,    // Also part of the code. If it is 1, the kernel computes the transpose.
  kSplit,     // If it is 1, the epilogue is a launch of its own. Not part of the first one's code.
  kRunTime,   // It is an argument of the launch.
  kOrder,     // It is an argument that only orders the tiles.
};

// A parameter as plain data, for tables and texts. The texts are literals.
struct ParameterInfo {
  std::string_view name;
  ParameterKind kind = ParameterKind::kCompiled;
  // The least value that a config may have. The constraints say which values are legal.
  int least = 1;
  // The values of legal configs, as people read them: "2–12".
  std::string_view values;
  std::string_view meaning;
  // Texts join the parameters of one group: "tile=128x256x64". Empty: it stands alone.
  std::string_view group = {};
  // It is 0 or 1, and texts name it only if it is 1.
  bool is_switch = false;
};

constexpr ParameterInfo Switch(std::string_view name, ParameterKind kind,
                               std::string_view meaning) {
  return {name, kind, /*least=*/0, "0, 1", meaning, /*group=*/{}, /*is_switch=*/true};
}

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_TEMPLATE_PARAMETER_H_
