// Winners as a tuning would leave them, without tuning.
#ifndef TILEWRIGHT_TESTS_SERVER_WINNER_FIXTURE_H_
#define TILEWRIGHT_TESTS_SERVER_WINNER_FIXTURE_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "server/tuning/device_table.h"
#include "tilewright/v1/problem.pb.h"
#include "tuner/store/index/winner_index.h"
#include "tuner/store/tuning_store.h"

namespace tilewright {

// D = A.W^T in bf16, the default of every field.
v1::Problem GemmProblemOf(int64_t m, int64_t n, int64_t k);

// A stub of a cubin whose bytes do not compress, as long as a real one.
std::string FakeCubin(std::size_t bytes, uint64_t seed, std::string_view architecture = "sm_90a");

struct WinnerSpec {
  v1::Problem problem;
  v1::Target target;
  v1::Provenance provenance = v1::PROVENANCE_MEASURED;
  std::string cubin;  // Empty: one for the target's architecture.
  double seconds = 1e-3;
  bool other_templates = false;  // Than those of today competed.
};

// Puts the kernel and the winner into both and returns the winner.
absl::StatusOr<StoredWinner> PutWinner(const WinnerSpec& spec, TuningStore& store,
                                       WinnerIndex& index);

}  // namespace tilewright

#endif  // TILEWRIGHT_TESTS_SERVER_WINNER_FIXTURE_H_
