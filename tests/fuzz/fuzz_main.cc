// The seeded loop: PROGRAM [--runs N] [--seconds S] [--seed N]. Ends after either limit, says how
// many inputs were accepted, and which seed to repeat it with. Fails where none was accepted: then
// nothing behind the first check was reached.
#include <google/protobuf/stubs/logging.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "tests/fuzz/fuzz_target.h"
#include "tests/fuzz/mutator.h"

namespace tilewright {
namespace {

struct Limits {
  int64_t runs = INT64_MAX;
  double seconds = 1e9;
  uint64_t seed = 1;
};

Limits ParseLimits(int argc, char** argv) {
  Limits limits;
  for (int i = 1; i + 1 < argc; i += 2) {
    if (std::strcmp(argv[i], "--runs") == 0) limits.runs = std::atoll(argv[i + 1]);
    if (std::strcmp(argv[i], "--seconds") == 0) limits.seconds = std::atof(argv[i + 1]);
    if (std::strcmp(argv[i], "--seed") == 0) limits.seed = std::strtoull(argv[i + 1], nullptr, 10);
  }
  return limits;
}

std::string NextInput(const FuzzTarget& target, Mutator& mutator) {
  const std::string& seed = target.seeds[mutator.Below(target.seeds.size())];
  if (target.prototype == nullptr || mutator.OneIn(4)) return mutator.MutateBytes(seed);
  target.prototype->ParseFromString(seed);
  mutator.MutateMessage(*target.prototype);
  return target.prototype->SerializeAsString();
}

int Run(const Limits& limits) {
  // Protobuf says every string that is not UTF-8.
  const google::protobuf::LogSilencer quiet;
  const FuzzTarget target = MakeFuzzTarget();
  for (const std::string& seed : target.seeds) TILEWRIGHT_FUZZ_CHECK(target.run(seed));
  Mutator mutator(limits.seed);
  const auto begin = std::chrono::steady_clock::now();
  const auto elapsed = [&] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  };
  int64_t runs = 0;
  int64_t accepted = 0;
  double slowest = 0;
  while (runs < limits.runs && elapsed() < limits.seconds) {
    const std::string input = NextInput(target, mutator);
    const double before = elapsed();
    accepted += target.run(input) ? 1 : 0;
    slowest = std::max(slowest, elapsed() - before);
    ++runs;
  }
  std::printf("%lld inputs in %.1f s, %lld accepted, the slowest took %.1f ms, seed %llu\n",
              static_cast<long long>(runs), elapsed(), static_cast<long long>(accepted),
              1e3 * slowest, static_cast<unsigned long long>(limits.seed));
  return accepted > 0 ? 0 : 1;
}

}  // namespace
}  // namespace tilewright

int main(int argc, char** argv) { return tilewright::Run(tilewright::ParseLimits(argc, argv)); }
