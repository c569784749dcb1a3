#ifndef TILEWRIGHT_TUNER_COMPILE_KEEPING_COMPILER_H_
#define TILEWRIGHT_TUNER_COMPILE_KEEPING_COMPILER_H_

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "tuner/codegen/template_library.h"
#include "tuner/compile/compiler.h"

namespace tilewright {

// Wraps another compiler and keeps what it compiles in a directory: HASH.cu beside HASH.cubin. HASH
// is the hex SHA-256 of the cubin. Keeps the included headers once for each version of the
// templates. The first comment of a source says how to compile it by hand. The first file that
// cannot be written is logged, with no other effect. Owned by main(); any thread.
class KeepingCompiler final : public Compiler {
 public:
  // `compiler` and the texts of `headers` outlive this. Writes nothing before the first compile.
  KeepingCompiler(Compiler& compiler, std::string folder, const std::vector<EmbeddedFile>& headers);

  absl::Status CompileAll(
      std::vector<CompileJob> jobs, const Cancellation& cancellation,
      std::function<void(std::size_t index, CompileOutcome outcome)> on_done) override;

  v1::LibraryStatus Library() override { return compiler_.Library(); }
  bool KnowsLibrary() override { return compiler_.KnowsLibrary(); }
  void StopAsking() override { compiler_.StopAsking(); }

 private:
  absl::Status Keep(const CompileJob& job, const std::string& cubin);
  absl::Status KeepHeaders() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  Compiler& compiler_;
  const std::string folder_;
  const std::vector<EmbeddedFile>& headers_;
  const std::string headers_name_;  // The name of their folder in `folder_`.
  absl::Mutex mutex_;
  bool headers_kept_ ABSL_GUARDED_BY(mutex_) = false;
  bool has_failed_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_COMPILE_KEEPING_COMPILER_H_
