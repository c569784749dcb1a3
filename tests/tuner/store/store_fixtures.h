// Records as a tuning would leave them, and a cache directory that goes away.
#ifndef TILEWRIGHT_TESTS_TUNER_STORE_STORE_FIXTURES_H_
#define TILEWRIGHT_TESTS_TUNER_STORE_STORE_FIXTURES_H_

#include <cstdint>
#include <string>

#include "tuner/store/index/winner_index.h"
#include "tuner/store/tuning_store.h"

namespace tilewright {

// A directory of its own under the system's temporary one, removed at the end.
class TemporaryDirectory {
 public:
  TemporaryDirectory();
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

// Canonical bf16 GEMM, layout nt.
v1::Problem Gemm(int64_t m, int64_t n, int64_t k);

v1::Silicon H100();
v1::Silicon H200();  // The same compute capability.
v1::Silicon A100();
v1::Environment Driver(int version);

// A file that passes for the cubin of the records below: another one for each label.
std::string Stub(const std::string& label);

struct RecordSpec {
  v1::Problem problem = Gemm(1024, 1024, 1024);
  v1::Silicon silicon = H100();
  v1::Environment environment = Driver(13000);
  std::string cubin = "cubin";
  v1::Provenance provenance = v1::PROVENANCE_MEASURED;  // VENDOR: without a kernel.
  double seconds = 1e-4;
  int64_t create_seconds = 1'700'000'000;
  int alignment = 16;  // Of A, B and D, in bytes.
  int m_divisor = 1;
};

// A finished tuning: the winner, a loser and a failure.
TuningRecord MakeRecord(const RecordSpec& spec);

CompiledCode Compiled(const std::string& cubin);

// Puts the record's kernel (where it has one), then the record.
absl::StatusOr<int64_t> Put(TuningStore& store, const RecordSpec& spec);

// The query that `spec` answers exactly.
IndexQuery QueryOf(const RecordSpec& spec);

std::string ReadFile(const std::string& path);
void WriteFile(const std::string& path, const std::string& bytes);

}  // namespace tilewright

#endif  // TILEWRIGHT_TESTS_TUNER_STORE_STORE_FIXTURES_H_
