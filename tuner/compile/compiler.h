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
  std::vector<std::string> entry_symbols;  // The cubin must have each of them.
  bool wants_ptx = false;                  // Also return the PTX.
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
  double seconds = 0;  // Wall-clock of the compile; 0 if it came from a cache.
  std::string ptx;     // Set if the job wants it.
};

// The outcome of one job: code, or the failure of that candidate.
using CompileOutcome = std::variant<CompiledCode, v1::Failure>;

// Compiles CUDA source to native code. Owned by main(). Several threads may call CompileAll at the
// same time.
class Compiler {
 public:
  virtual ~Compiler() = default;

  // Compiles every job and calls `on_done(index, outcome)` once for each as it finishes, never from
  // two threads at once; returns after the last call. A job that fails is an outcome. Jobs that do
  // not finish within a second after `cancellation` get no call, and the result is CANCELLED.
  // UNAVAILABLE, reason NVRTC_NOT_FOUND: there is no NVRTC; the message lists the places that were
  // searched.
  virtual absl::Status CompileAll(
      std::vector<CompileJob> jobs, const Cancellation& cancellation,
      std::function<void(std::size_t index, CompileOutcome outcome)> on_done) = 0;

  // Returns the library found, with its version and the places searched. Starts no compile.
  virtual v1::LibraryStatus Library() = 0;

  // Tells if Library has an answer. If not, nothing answered in time: ask again later.
  virtual bool KnowsLibrary() { return true; }

  // Makes running and later calls of Library end soon. For a daemon that stops.
  virtual void StopAsking() {}
};

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_COMPILE_COMPILER_H_
