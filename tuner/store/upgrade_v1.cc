#include "tuner/store/upgrade_v1.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "absl/strings/match.h"
#include "proto/problem/gemm/epilogue_parts.h"
#include "tuner/store/winner_key.h"
#include "tuner/target/target.h"

namespace tilewright {
namespace {

// Version 0.1.0 is the only one that wrote schema 1. These are its digest over all templates, and
// ClosureDigest of each of its templates.
constexpr char kAllTemplates[] = "390888ef5c2c3ab51dea9d791a7ef4f97975dbaabda3e79a12788cf522c22860";
constexpr std::pair<const char*, const char*> kTemplates[] = {
    {"fused_dropout", "cc02c7ba0a77c99ec055370329527f29f884835154218492365ef84402244940"},
    {"gemm_simt", "abbaf6d51d446ca0d57d7295e88f0d909fa341d49b6e2fe4b52cb36e550464af"},
    {"gemm_sm80", "1dde134f3ee9c2c28d8a157879bd7e8269f40a311d96caf67838048bc9aa6129"},
    {"gemm_sm90", "1008e5730d3410f1e51ac488bc9b99eeb67594038179e6ef1e8049377f77a521"},
};

// Above this, the 32-bit tile counts of that version may have overflowed: the largest tile has 512
// rows, and three stages of 256 bytes are read ahead along k.
constexpr int64_t kLargestSoundExtent = (int64_t{1} << 31) - 4096;

v1::Failure WrongResult(const char* message) {
  v1::Failure failure;
  failure.set_kind(v1::FAILURE_KIND_WRONG_RESULT);
  failure.set_message(message);
  return failure;
}

}  // namespace

const std::vector<v1::TemplateDigest>& TemplatesOfVersion1(std::string_view all_templates) {
  static const auto& none = *new std::vector<v1::TemplateDigest>;
  static const auto& known = *new std::vector<v1::TemplateDigest>([] {
    std::vector<v1::TemplateDigest> digests;
    for (const auto& [name, digest] : kTemplates) {
      v1::TemplateDigest& entry = digests.emplace_back();
      entry.set_template_name(name);
      entry.set_digest(digest);
    }
    return digests;
  }());
  return all_templates == kAllTemplates ? known : none;
}

std::optional<v1::Failure> FaultOfVersion1(const v1::Problem& problem) {
  if (!problem.has_gemm()) return std::nullopt;
  const v1::GemmProblem& gemm = problem.gemm();
  if (Accumulates(gemm.epilogue())) {
    return WrongResult("kernels of version 0.1 read C where beta is 0");
  }
  if (std::max({gemm.m(), gemm.n(), gemm.k()}) > kLargestSoundExtent) {
    return WrongResult("kernels of version 0.1 count tiles in 32 bits");
  }
  return std::nullopt;
}

bool IsOfVersion1(const v1::Winner& winner) { return winner.template_digests().empty(); }

bool UpgradeRecordV1(store::WinnerRecord& record) {
  v1::Winner winner;
  v1::Kernel kernel;
  if (!winner.ParseFromString(record.winner()) || !kernel.ParseFromString(record.kernel())) {
    return false;
  }
  if (FaultOfVersion1(winner.problem()) && winner.candidate().has_vendor()) {
    record.clear_content_hash();
    record.clear_kernel();
    record.clear_fallback();
  } else if (FaultOfVersion1(winner.problem())) {
    kernel.mutable_launch_plan()->clear_arguments_version();
    record.set_kernel(kernel.SerializeAsString());
    record.clear_arguments_version();
  }
  const v1::Environment& environment = winner.target().environment();
  record.set_environment_key(EnvironmentKey(environment));
  winner.set_key(
      WinnerKey(record.problem_encoding(), record.silicon_key(), record.environment_key()));
  winner.clear_template_digests();
  const bool is_gemm = winner.problem().has_gemm();
  for (const v1::TemplateDigest& digest : TemplatesOfVersion1(environment.template_digest())) {
    if (absl::StartsWith(digest.template_name(), "gemm_") == is_gemm) {
      *winner.add_template_digests() = digest;
    }
  }
  record.set_winner(winner.SerializeAsString());
  return true;
}

}  // namespace tilewright
