#ifndef TILEWRIGHT_TESTS_FUZZ_FUZZ_TARGET_H_
#define TILEWRIGHT_TESTS_FUZZ_FUZZ_TARGET_H_

#include <google/protobuf/message.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace tilewright {

// What is fuzzed. Each program has one; fuzz_main.cc feeds it from a seed, libfuzzer_main.cc from
// libFuzzer.
struct FuzzTarget {
  // Good inputs, to begin with.
  std::vector<std::string> seeds;
  // What inputs are parsed as, so that fields can be changed; null: bytes alone are.
  std::unique_ptr<google::protobuf::Message> prototype;
  // Takes one input. True where it was accepted. Ends the program where something is wrong.
  bool (*run)(std::string_view input);
};

// Made once a program.
FuzzTarget MakeFuzzTarget();

}  // namespace tilewright

// Ends the program, also where assertions are off.
#define TILEWRIGHT_FUZZ_CHECK(condition)                                                  \
  do {                                                                                    \
    if (!(condition)) {                                                                   \
      std::fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition); \
      std::abort();                                                                       \
    }                                                                                     \
  } while (false)

#endif  // TILEWRIGHT_TESTS_FUZZ_FUZZ_TARGET_H_
