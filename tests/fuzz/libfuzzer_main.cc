// For libFuzzer, which brings its own main.
#include <google/protobuf/stubs/logging.h>

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "tests/fuzz/fuzz_target.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size) {
  static const google::protobuf::LogSilencer quiet;
  static const tilewright::FuzzTarget target = tilewright::MakeFuzzTarget();
  target.run(std::string_view(reinterpret_cast<const char*>(data), size));
  return 0;
}
