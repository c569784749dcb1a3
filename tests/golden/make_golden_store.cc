// Writes what a version keeps into a directory: problems with their keys, a database and a bundle.
// The files of each released version are in tests/golden/<version>; those of older versions were
// written by this program as it was compiled with them, and are never written again.
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <variant>
#include <vector>

#include "google/protobuf/text_format.h"
#include "proto/problem/problem.h"
#include "proto/support/sha256.h"
#include "tests/tuner/store/store_fixtures.h"
#include "tuner/codegen/template_library.h"
#include "tuner/compile/nvrtc_compiler.h"
#include "tuner/store/bundle/bundle.h"
#include "tuner/store/bundle/bundle_export.h"
#include "tuner/store/bundle/bundle_import.h"
#include "tuner/store/database/sqlite_store.h"
#include "tuner/store/index/winner_index.h"
#include "tuner/target/target.h"

namespace tilewright {
namespace {

// As a caller may write them; together they use every field of both families.
const char* const kProblems[] = {
    "gemm { m: 8192 n: 6144 k: 4096 }",
    "gemm { m: 8192 n: 6144 k: 4096 a_layout: OPERAND_LAYOUT_NORMAL"
    " b_layout: OPERAND_LAYOUT_NORMAL }",
    "gemm { m: 1024 n: 4096 k: 16384 a_layout: OPERAND_LAYOUT_TRANSPOSED"
    " b_layout: OPERAND_LAYOUT_NORMAL d_type: DATA_TYPE_FP32 }",
    "gemm { m: 1 n: 1 k: 1 }",
    "gemm { m: 2147483647 n: 8 k: 8 }",
    "gemm { m: 100 n: 50257 k: 768 lda: 776 ldb: 1024 ldd: 50264 }",
    "gemm { m: 64 n: 64 k: 64 batch: 12 }",
    "gemm { m: 64 n: 72 k: 80 batch: 3 a_batch_stride: 8192 b_batch_stride: 16384"
    " d_batch_stride: 4608 }",
    "gemm { m: 512 n: 512 k: 512 a_type: DATA_TYPE_FP16 b_type: DATA_TYPE_FP16"
    " d_type: DATA_TYPE_FP16 }",
    "gemm { m: 512 n: 512 k: 512 a_type: DATA_TYPE_FP16 b_type: DATA_TYPE_FP16"
    " accumulator_type: DATA_TYPE_FP16 }",
    "gemm { m: 512 n: 512 k: 512 a_type: DATA_TYPE_FP32 b_type: DATA_TYPE_FP32"
    " d_type: DATA_TYPE_FP32 }",
    "gemm { m: 512 n: 512 k: 512 a_type: DATA_TYPE_TF32 b_type: DATA_TYPE_TF32"
    " d_type: DATA_TYPE_FP32 }",
    "gemm { m: 512 n: 512 k: 512 a_type: DATA_TYPE_FP32 b_type: DATA_TYPE_FP32"
    " d_type: DATA_TYPE_FP32 numerics { error_budget: 1e-5 } }",
    "gemm { m: 512 n: 512 k: 512 a_type: DATA_TYPE_INT8 b_type: DATA_TYPE_INT8"
    " d_type: DATA_TYPE_INT32 }",
    "gemm { m: 512 n: 512 k: 512 a_type: DATA_TYPE_E4M3 b_type: DATA_TYPE_E4M3"
    " d_type: DATA_TYPE_BF16 scaling_mode: SCALING_MODE_PER_TENSOR }",
    "gemm { m: 512 n: 512 k: 512 a_type: DATA_TYPE_E4M3 b_type: DATA_TYPE_E5M2"
    " d_type: DATA_TYPE_BF16 scaling_mode: SCALING_MODE_PER_ROW_COLUMN }",
    "gemm { m: 512 n: 512 k: 512 a_type: DATA_TYPE_E4M3 b_type: DATA_TYPE_E4M3"
    " d_type: DATA_TYPE_BF16 scaling_mode: SCALING_MODE_BLOCK_128 }",
    "gemm { m: 512 n: 512 k: 512 a_type: DATA_TYPE_E4M3 b_type: DATA_TYPE_E4M3"
    " d_type: DATA_TYPE_BF16 numerics { promote_accumulation: true } }",
    "gemm { m: 512 n: 512 k: 512 a_type: DATA_TYPE_E4M3 b_type: DATA_TYPE_E4M3"
    " d_type: DATA_TYPE_E4M3 scaling_mode: SCALING_MODE_PER_TENSOR"
    " epilogue { scale_d: true amax: true } }",
    "gemm { m: 16384 n: 4096 k: 1024 epilogue { bias_mode: BIAS_MODE_PER_COLUMN"
    " activation: ACTIVATION_GELU_ERF dropout { probability: 0.1 } } }",
    "gemm { m: 16384 n: 4096 k: 1024 epilogue { bias_mode: BIAS_MODE_PER_COLUMN"
    " bias_type: DATA_TYPE_FP32 activation: ACTIVATION_GELU_TANH aux_type: DATA_TYPE_BF16"
    " dropout { probability: 0.25 philox_rounds: 7 store_mask: true } } }",
    "gemm { m: 16384 n: 1024 k: 4096 epilogue { bias_mode: BIAS_MODE_PER_COLUMN"
    " source_mode: SOURCE_MODE_RESIDUAL dropout { probability: 0.1 } } }",
    "gemm { m: 256 n: 256 k: 256 epilogue { source_mode: SOURCE_MODE_ACCUMULATE"
    " source_type: DATA_TYPE_FP32 device_scalars: true } }",
    "gemm { m: 256 n: 256 k: 256 batch: 4 epilogue { source_mode: SOURCE_MODE_ACCUMULATE }"
    " ldc: 264 c_batch_stride: 70000 }",
    "gemm { m: 256 n: 256 k: 256 epilogue { bias_mode: BIAS_MODE_PER_ROW"
    " activation: ACTIVATION_SILU non_finite_flag: true } }",
    "gemm { m: 256 n: 256 k: 256 epilogue { activation: ACTIVATION_RELU"
    " rounding_mode: ROUNDING_MODE_STOCHASTIC } }",
    "gemm { m: 16384 n: 4096 k: 1024 b_layout: OPERAND_LAYOUT_NORMAL epilogue { gradient: true"
    " bias_gradient: true activation: ACTIVATION_GELU_ERF aux_type: DATA_TYPE_BF16"
    " dropout { probability: 0.1 } } }",
    "gemm { m: 256 n: 256 k: 256 numerics { determinism: DETERMINISM_MODE_REQUIRED } }",
    "gemm { m: 256 n: 256 k: 256 numerics { determinism: DETERMINISM_MODE_NOT_REQUIRED } }",
    "fused_dropout { rows: 8192 columns: 5120 operation: DROPOUT_OPERATION_DROPOUT"
    " dropout { probability: 0.1 } }",
    "fused_dropout { rows: 8192 columns: 5120 operation: DROPOUT_OPERATION_DROPOUT"
    " dropout { probability: 0.1 } backward: true }",
    "fused_dropout { rows: 7001 columns: 1111 type: DATA_TYPE_FP32"
    " operation: DROPOUT_OPERATION_DROPOUT dropout { probability: 0.5 store_mask: true } }",
    "fused_dropout { rows: 8192 columns: 5120 operation: DROPOUT_OPERATION_BIAS_DROPOUT_RESIDUAL"
    " dropout { probability: 0.1 } x_stride: 5128 y_stride: 6000 }",
    "fused_dropout { rows: 16384 columns: 1280"
    " operation: DROPOUT_OPERATION_BIAS_DROPOUT_RESIDUAL normalization: NORMALIZATION_LAYER_NORM"
    " dropout { probability: 0.1 } store_statistics: true store_pre_norm: true }",
    "fused_dropout { rows: 16384 columns: 1280"
    " operation: DROPOUT_OPERATION_BIAS_DROPOUT_RESIDUAL normalization: NORMALIZATION_RMS_NORM"
    " dropout { probability: 0.1 } backward: true add_gradient: true"
    " weight_type: DATA_TYPE_FP32 }",
    "fused_dropout { rows: 16384 columns: 4096 type: DATA_TYPE_FP16"
    " operation: DROPOUT_OPERATION_BIAS_ACTIVATION_DROPOUT activation: ACTIVATION_GELU_TANH"
    " dropout { probability: 0.2 philox_rounds: 7 } }",
    "fused_dropout { rows: 16384 columns: 4096"
    " operation: DROPOUT_OPERATION_BIAS_ACTIVATION_DROPOUT activation: ACTIVATION_SILU"
    " bias_type: DATA_TYPE_FP32 dropout { probability: 0 } backward: true }",
};

v1::Problem ParseProblem(const std::string& text) {
  v1::Problem problem;
  if (!google::protobuf::TextFormat::ParseFromString(text, &problem)) {
    std::fprintf(stderr, "cannot parse %s\n", text.c_str());
    std::exit(1);
  }
  return problem;
}

v1::Problem Canonical(const std::string& text) {
  auto canonical = Canonicalize(ParseProblem(text));
  if (!canonical.ok()) {
    std::fprintf(stderr, "%s: %s\n", text.c_str(), canonical.status().ToString().c_str());
    std::exit(1);
  }
  return *std::move(canonical);
}

void Check(const absl::Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "%s\n", status.ToString().c_str());
  std::exit(1);
}

void WriteKeys(const std::string& path) {
  std::ofstream out(path);
  out << "# key (hex SHA-256 of the encoding), family key, problem as a caller writes it\n";
  for (const char* text : kProblems) {
    const v1::Problem canonical = Canonical(text);
    out << ToHex(ProblemKey(canonical)) << ' ' << ToHex(ShapelessKey(canonical)) << ' ' << text
        << '\n';
  }
}

// The entry of the records of store_fixtures.h.
constexpr char kEntry[] = "tilewright_gemm_sm80_128_128_32";

// A kernel that stores `number`: a sound cubin of some 3 KiB, of another hash for each number.
std::string StubCubin(const NvrtcCompiler& compiler, int number) {
  CompileJob job;
  job.source = std::string("extern \"C\" __global__ void ") + kEntry +
               "(int* out) { *out = " + std::to_string(number) + "; }";
  job.architecture = "sm_90a";
  job.entry_symbols = {kEntry};
  const CompileOutcome outcome = compiler.Compile(job);
  if (const auto* failure = std::get_if<v1::Failure>(&outcome)) {
    std::fprintf(stderr, "%s\n", failure->message().c_str());
    std::exit(1);
  }
  return std::get<CompiledCode>(outcome).cubin;
}

// Slower than any GPU's peak for these problems, so that it may have been measured.
constexpr double kSeconds = 4e-3;

RecordSpec Spec(const std::string& problem, const std::string& cubin) {
  RecordSpec spec;
  spec.problem = Canonical(problem);
  spec.silicon = FindTargetProfile("h100-sxm").value();
  spec.cubin = cubin;
  spec.seconds = kSeconds;
  return spec;
}

// A winner of each provenance and of both families, two epochs of one problem, an import, a kernel
// in quarantine and a sweep that was interrupted.
void WriteStore(const std::string& directory) {
  auto api = NvrtcApi::Load(NvrtcApi::Candidates());
  Check(api.status());
  const NvrtcCompiler compiler(*std::move(api), TemplateLibrary());
  int number = 0;
  const auto stub = [&] { return StubCubin(compiler, ++number); };
  auto store = SqliteStore::Open(directory);
  Check(store.status());
  std::vector<RecordSpec> specs;
  for (const char* problem : {kProblems[0], kProblems[19], kProblems[29], kProblems[33]}) {
    specs.push_back(Spec(problem, stub()));
  }
  specs.push_back(Spec(kProblems[0], stub()));
  specs.push_back(Spec(kProblems[1], stub()));
  specs.back().provenance = v1::PROVENANCE_PREDICTED;
  specs.push_back(Spec(kProblems[2], ""));
  specs.back().provenance = v1::PROVENANCE_VENDOR;
  for (const RecordSpec& spec : specs) {
    TuningRecord record = MakeRecord(spec);
    if (spec.problem.has_fused_dropout()) {
      for (auto* variant :
           {record.winner.winner.mutable_candidate()->mutable_variant(),
            record.winner.kernel.mutable_variant(), record.candidates[0].mutable_variant()}) {
        variant->set_template_name("fused_dropout");
      }
    }
    if (!spec.cubin.empty()) {
      Check((*store)->PutCompiled(Sha256("key of " + spec.cubin), Compiled(spec.cubin)));
    }
    Check((*store)->PutTuning(record).status());
  }
  RecordSpec vendor = Spec(kProblems[3], stub());
  TuningRecord record = MakeRecord(vendor);
  record.winner.fallback = record.winner.winner.candidate();
  record.winner.winner.mutable_candidate()->clear_content_hash();
  record.winner.winner.mutable_candidate()->mutable_vendor()->set_algorithm(std::string(64, 'v'));
  record.winner.winner.mutable_candidate()->mutable_vendor()->set_library_version(130101);
  record.winner.winner.set_provenance(v1::PROVENANCE_VENDOR);
  Check((*store)->PutCompiled(Sha256("key of " + vendor.cubin), Compiled(vendor.cubin)));
  Check((*store)->PutTuning(record).status());

  RecordSpec imported = Spec(kProblems[6], stub());
  TuningRecord import = MakeRecord(imported);
  import.winner.winner.set_provenance(v1::PROVENANCE_IMPORTED);
  Check((*store)->PutImport({imported.cubin}, {import}).status());

  v1::Failure failure;
  failure.set_kind(v1::FAILURE_KIND_WRONG_RESULT);
  failure.set_message("differs from the reference");
  Check((*store)->Quarantine(Sha256("a kernel that was wrong"),
                             SiliconKey(FindTargetProfile("h100-sxm").value()), "", failure));

  v1::CreateSweepRequest request;
  request.set_sweep_id("night");
  request.set_target("h100-sxm");
  v1::Sweep sweep;
  sweep.set_name("sweeps/night");
  sweep.set_state(v1::WORK_STATE_RUNNING);
  sweep.set_done(1);
  for (const char* label : {"first", "second"}) {
    v1::SweepEntry& entry = *request.add_entries();
    entry.set_label(label);
    *entry.mutable_problem() = Canonical(kProblems[request.entries_size()]);
    v1::SweepEntry& now = *sweep.add_entries();
    now = entry;
    now.set_state(sweep.entries_size() == 1 ? v1::WORK_STATE_SUCCEEDED : v1::WORK_STATE_QUEUED);
  }
  Check((*store)->PutSweep(sweep, request));

  WinnerIndex index;
  Check(index.Load(**store));
  auto contents = CollectForExport(**store, index, {});
  Check(contents.status());
  auto bundle = WriteBundle(*contents, Sha256("the key of the golden bundle"));
  Check(bundle.status());
  WriteFile(directory + "/winners.twb", *bundle);
}

}  // namespace
}  // namespace tilewright

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: %s DIRECTORY\n", argv[0]);
    return 2;
  }
  const std::string directory = argv[1];
  tilewright::WriteStore(directory);
  tilewright::WriteKeys(directory + "/problem_keys.txt");
  return 0;
}
