#ifndef TILEWRIGHT_TUNER_TEMPLATE_PARAMETER_H_
#define TILEWRIGHT_TUNER_TEMPLATE_PARAMETER_H_

#include <string_view>

namespace tilewright {

// What becomes of a parameter's value.
enum class ParameterKind {
  kCompiled,  // It is part of the code.
  kFitted,    // Part of the code too; the best value follows from the others: stages that fit.
  kMirror,    // Part of the code too; where it is 1 the kernel computes the transpose.
  kSplit,     // Where it is 1 the epilogue is a launch of its own. No part of the first one's code.
  kRunTime,   // An argument of the launch.
  kOrder,     // An argument that orders the tiles and changes nothing else.
};

// A parameter as plain data, for tables and texts. The texts are literals.
struct ParameterInfo {
  std::string_view name;
  ParameterKind kind = ParameterKind::kCompiled;
  // Least value that a config may state. Which values are legal is said by the constraints.
  int least = 1;
  // The values that make legal configs, as people read them: "2–12".
  std::string_view values;
  std::string_view meaning;
  // Parameters of one group make one word of texts: "tile=128x256x64". Empty: it has its own.
  std::string_view group = {};

  bool IsSwitch() const { return values == "0, 1"; }
};

// "compiled" or "run time", as people read it.
inline std::string_view KindName(ParameterKind kind) {
  return kind == ParameterKind::kRunTime || kind == ParameterKind::kOrder ? "run time" : "compiled";
}

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_TEMPLATE_PARAMETER_H_
