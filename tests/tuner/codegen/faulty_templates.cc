#include "tests/tuner/codegen/faulty_templates.h"

namespace tilewright {

// Written by the build, from kernel_templates/testing/.
extern const char kFaultyGemmText[];

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
    case FaultyKind::kReadsUnread:
      name = "kReadsUnread";
      break;
  }
  return std::string(kFaultyGemmText) + "\nTILEWRIGHT_FAULTY_GEMM_ENTRY(" + name + ")\n";
}

}  // namespace tilewright
