#include "tuner/codegen/faulty_templates.h"

namespace tilewright {

std::string RenderFaultySource(FaultyKind kind) {
  const char* name = "";
  switch (kind) {
    case FaultyKind::kIllegalAccess:
      name = "kIllegalAccess";
      break;
    case FaultyKind::kEndless:
      name = "kEndless";
      break;
    case FaultyKind::kWrongResult:
      name = "kWrongResult";
      break;
    case FaultyKind::kOutOfBoundsWrite:
      name = "kOutOfBoundsWrite";
      break;
    case FaultyKind::kNondeterministic:
      name = "kNondeterministic";
      break;
  }
  return std::string("#include \"testing/faulty_gemm.cuh\"\n\nTILEWRIGHT_FAULTY_GEMM_ENTRY(") +
         name + ")\n";
}

}  // namespace tilewright
