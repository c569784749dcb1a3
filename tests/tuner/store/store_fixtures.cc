#include "tests/tuner/store/store_fixtures.h"

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <system_error>

#include "kernel_templates/abi/kernel_args.h"
#include "proto/problem/problem.h"
#include "proto/support/sha256.h"
#include "tests/fakes/stub_cubin.h"
#include "tuner/store/winner_key.h"
#include "tuner/target/target.h"

namespace tilewright {
namespace {

constexpr char kEntry[] = "tilewright_gemm_sm80_128_128_32";

v1::Variant MakeVariant(int64_t tile) {
  v1::Variant variant;
  variant.set_template_name("gemm_sm80");
  for (const char* name : {"split_k", "stages", "tile_k", "tile_m", "tile_n", "warps_m"}) {
    v1::Parameter& parameter = *variant.mutable_config()->add_parameters();
    parameter.set_name(name);
    parameter.set_value(tile);
  }
  return variant;
}

v1::Measurement MakeMeasurement(double seconds) {
  v1::Measurement measurement;
  for (int i = 0; i < 5; ++i) measurement.add_seconds(seconds);
  measurement.set_median_seconds(seconds);
  measurement.set_sm_clock_mhz(1755);
  return measurement;
}

v1::Kernel MakeKernel(const RecordSpec& spec) {
  v1::Kernel kernel;
  kernel.set_content_hash(Sha256(spec.cubin));
  *kernel.mutable_variant() = MakeVariant(128);
  kernel.set_architecture("sm_90a");
  kernel.set_nvrtc_version("13.0");
  v1::LaunchPlan& plan = *kernel.mutable_launch_plan();
  plan.set_arguments_version(kGemmArgsVersion);
  v1::LaunchStep& step = *plan.add_steps();
  step.set_entry_symbol(kEntry);
  step.set_block_threads(256);
  step.set_dynamic_shared_memory_bytes(98304);
  step.set_grid_rule(v1::GRID_RULE_TILES);
  step.set_tile_m(128);
  step.set_tile_n(128);
  step.set_split_k(1);
  v1::Requirements& requirements = *plan.mutable_requirements();
  requirements.set_a_alignment(spec.alignment);
  requirements.set_b_alignment(spec.alignment);
  requirements.set_d_alignment(spec.alignment);
  requirements.set_m_divisor(spec.m_divisor);
  return kernel;
}

void SetCandidate(const RecordSpec& spec, v1::Candidate* candidate) {
  if (spec.provenance == v1::PROVENANCE_VENDOR) {
    candidate->mutable_vendor()->set_algorithm(std::string(64, 'a'));
  } else {
    *candidate->mutable_variant() = MakeVariant(128);
    candidate->set_content_hash(Sha256(spec.cubin));
  }
  candidate->set_predicted_seconds(spec.seconds);
  if (spec.provenance != v1::PROVENANCE_PREDICTED) {
    *candidate->mutable_measurement() = MakeMeasurement(spec.seconds);
  }
}

v1::Silicon MakeSilicon(int compute_capability, int sm_count, const char* name) {
  v1::Silicon silicon;
  silicon.set_compute_capability(compute_capability);
  silicon.set_sm_count(sm_count);
  silicon.set_memory_class("HBM3");
  silicon.set_memory_bytes(int64_t{80} << 30);
  silicon.set_l2_bytes(50 << 20);
  silicon.set_power_limit_watts(700);
  silicon.set_name(name);
  return silicon;
}

}  // namespace

TemporaryDirectory::TemporaryDirectory() {
  std::string pattern = (std::filesystem::temp_directory_path() / "tilewright-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
  path_ = pattern;
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code error;
  std::filesystem::remove_all(path_, error);
}

v1::Problem Gemm(int64_t m, int64_t n, int64_t k) {
  v1::Problem problem;
  problem.mutable_gemm()->set_m(m);
  problem.mutable_gemm()->set_n(n);
  problem.mutable_gemm()->set_k(k);
  return Canonicalize(problem).value();
}

v1::Silicon H100() { return MakeSilicon(90, 132, "H100"); }
v1::Silicon H200() { return MakeSilicon(90, 130, "H200"); }
v1::Silicon A100() { return MakeSilicon(80, 108, "A100"); }

v1::Environment Driver(int version) {
  v1::Environment environment;
  environment.set_driver_version(version);
  environment.set_nvrtc_version("13.0");
  return environment;
}

std::string Stub(const std::string& label) { return StubCubin(label, "sm_90a", {kEntry}); }

TuningRecord MakeRecord(const RecordSpec& spec) {
  TuningRecord record;
  StoredWinner& stored = record.winner;
  stored.problem_encoding = EncodeProblem(spec.problem);
  stored.shapeless_key = ShapelessKey(spec.problem);
  stored.silicon_key = SiliconKey(spec.silicon);
  stored.environment_key = EnvironmentKey(spec.environment);
  v1::Winner& winner = stored.winner;
  *winner.mutable_problem() = spec.problem;
  *winner.mutable_target()->mutable_silicon() = spec.silicon;
  *winner.mutable_target()->mutable_environment() = spec.environment;
  SetCandidate(spec, winner.mutable_candidate());
  winner.set_provenance(spec.provenance);
  winner.set_margin(0.05);
  winner.mutable_create_time()->set_seconds(spec.create_seconds);
  winner.set_key(WinnerKey(stored.problem_encoding, stored.silicon_key, stored.environment_key));
  winner.set_reason("fastest of 64");
  if (spec.provenance != v1::PROVENANCE_VENDOR) stored.kernel = MakeKernel(spec);
  SetCandidate(spec, &record.candidates.emplace_back());
  v1::Candidate& loser = record.candidates.emplace_back();
  *loser.mutable_variant() = MakeVariant(64);
  *loser.mutable_measurement() = MakeMeasurement(2 * spec.seconds);
  v1::Candidate& failed = record.candidates.emplace_back();
  *failed.mutable_variant() = MakeVariant(32);
  failed.mutable_failure()->set_kind(v1::FAILURE_KIND_WRONG_RESULT);
  record.legal_configs = 321;
  return record;
}

CompiledCode Compiled(const std::string& cubin) {
  CompiledCode code;
  code.cubin = cubin;
  code.entries.push_back({"entry", 128, 8, 1024});
  code.seconds = 0.3;
  return code;
}

absl::StatusOr<int64_t> Put(TuningStore& store, const RecordSpec& spec) {
  if (spec.provenance != v1::PROVENANCE_VENDOR) {
    if (auto status = store.PutCompiled(Sha256("key of " + spec.cubin), Compiled(spec.cubin));
        !status.ok()) {
      return status;
    }
  }
  return store.PutTuning(MakeRecord(spec));
}

IndexQuery QueryOf(const RecordSpec& spec) {
  IndexQuery query;
  query.problem = spec.problem;
  query.silicon = spec.silicon;
  query.environment = spec.environment;
  return query;
}

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

void WriteFile(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

}  // namespace tilewright
