#ifndef TILEWRIGHT_TUNER_COMPILE_COMPILER_H_
#define TILEWRIGHT_TUNER_COMPILE_COMPILER_H_

#include <cstddef>
#include <functional>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "tilewright/v1/kernel.pb.h"
#include "tilewright/v1/tuning_service.pb.h"
#include "tuner/worker/cancellation.h"

namespace tilewright {

struct CompileJob {
  std::string source;
  std::string architecture;                // "sm_90a"
  std::vector<std::string> entry_symbols;  // Each must be in the cubin.
  bool wants_ptx = false;                  // Give the PTX beside the cubin.
};

struct EntryResources {
  std::string entry_symbol;
  int registers_per_thread = 0;
  int spill_bytes = 0;  // Stores plus loads, as ptxas reports them.
  int static_shared_memory_bytes = 0;
};

struct CompiledCode {
  std::string cubin;
  std::vector<EntryResources> entries;
  double seconds = 0;  // Wall-clock of the compile; 0 where it came from a cache.
  std::string ptx;     // Where the job wants it.
};

// What came of one job: code, or the failure kind of that candidate.
using CompileOutcome = std::variant<CompiledCode, v1::Failure>;

// Compiles CUDA source to native code. Owned by main(); CompileAll may be called from
// several threads at once.
class Compiler {
 public:
  virtual ~Compiler() = default;

  // Compiles every job and calls `on_done(index, outcome)` once for each as it
  // finishes, in completion order, never from two threads at once; returns after the
  // last call. A job that fails is an outcome. Jobs that do not finish within a second
  // after `cancellation` fires get no call, and the result is CANCELLED. UNAVAILABLE, reason
  // NVRTC_NOT_FOUND, with the places it was looked for, where there is no NVRTC.
  virtual absl::Status CompileAll(
      std::vector<CompileJob> jobs, const Cancellation& cancellation,
      std::function<void(std::size_t index, CompileOutcome outcome)> on_done) = 0;

  // What was found, with version and places searched. Starts no compile.
  virtual v1::LibraryStatus Library() = 0;

  // Whether Library is an answer. Otherwise nothing answered in time: ask again later.
  virtual bool KnowsLibrary() { return true; }

  // A Library that is being asked ends soon, from now on: for a daemon that stops.
  virtual void StopAsking() {}
};

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_COMPILE_COMPILER_H_
