#ifndef TILEWRIGHT_PROTO_SUPPORT_COUNTED_H_
#define TILEWRIGHT_PROTO_SUPPORT_COUNTED_H_

#include <cstdint>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace tilewright {

// "1 winner", "2 winners".
inline std::string Counted(int64_t count, absl::string_view noun) {
  return absl::StrCat(count, " ", noun, count == 1 ? "" : "s");
}

}  // namespace tilewright

#endif  // TILEWRIGHT_PROTO_SUPPORT_COUNTED_H_
