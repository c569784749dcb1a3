// Kernels as a client receives them: from a daemon that was taken over, say.
#include "client/cpp/loaded_module.h"
#include "kernel_templates/abi/kernel_args.h"
#include "kernel_templates/launch/gemm/gemm_launcher.h"
#include "kernel_templates/launch/gemm/gemm_operands.h"
#include "kernel_templates/launch/plan/check_kernel.h"
#include "kernel_templates/launch/plan/grid.h"
#include "kernel_templates/launch/plan/workspace_layout.h"
#include "proto/problem/gemm/gemm_tensors.h"
#include "proto/support/sha256.h"
#include "tests/fakes/stub_cubin.h"
#include "tests/fuzz/fuzz_target.h"
#include "tilewright/kernel.h"

namespace tilewright {
namespace {

v1::Problem ProblemOf(int64_t m, int64_t n, int64_t k) {
  v1::Problem problem;
  problem.mutable_gemm()->set_m(m);
  problem.mutable_gemm()->set_n(n);
  problem.mutable_gemm()->set_k(k);
  return problem;
}

// Everything that a launch computes before it reaches the driver.
void PrepareLaunch(const Kernel& kernel, const v1::GemmProblem& problem) {
  const v1::LaunchPlan& plan = kernel.launch_plan();
  const int64_t workspace = WorkspaceBytesFor(plan, ShapeOf(problem));
  TILEWRIGHT_FUZZ_CHECK(workspace >= 0 && workspace <= int64_t{1} << 60);
  if (!CheckGemmShape(plan, problem, TensorsOf(problem)).ok()) return;
  GemmArguments operands;
  const GemmArgs args = PackGemm(plan, problem, TensorsOf(problem), operands);
  TILEWRIGHT_FUZZ_CHECK(args.split_k >= 1 && args.raster_group >= 1);
  for (const v1::LaunchStep& step : plan.steps()) {
    for (const int sm_count : {1, 132}) {
      const GridSize grid = GridFor(step, ShapeOf(problem), sm_count);
      TILEWRIGHT_FUZZ_CHECK(grid.x >= 1 && grid.x <= INT32_MAX);
      TILEWRIGHT_FUZZ_CHECK(grid.y >= 1 && grid.y <= 65535 && grid.z >= 1 && grid.z <= 65535);
    }
  }
}

bool Run(std::string_view input) {
  v1::GetKernelResponse response;
  if (!response.ParseFromArray(input.data(), static_cast<int>(input.size()))) return false;
  // A forger can hash as well as we can.
  if (response.has_kernel() && !response.kernel().content_hash().empty()) {
    response.mutable_kernel()->set_content_hash(Sha256(response.kernel().cubin()));
  }
  const v1::Problem problem = ProblemOf(1024, 512, 256);
  const auto kernel = Kernel::FromResponse(problem, response, std::make_shared<ModuleCache>(),
                                           std::make_shared<VendorPool>());
  if (!kernel.ok()) {
    TILEWRIGHT_FUZZ_CHECK(!kernel.status().message().empty());
    return false;
  }
  TILEWRIGHT_FUZZ_CHECK((*kernel)->WorkspaceBytes() >= 0);
  if ((*kernel)->is_vendor()) return true;
  TILEWRIGHT_FUZZ_CHECK(Sha256((*kernel)->cubin()) == (*kernel)->content_hash());
  TILEWRIGHT_FUZZ_CHECK(!(*kernel)->launch_plan().steps().empty());
  PrepareLaunch(**kernel, (*kernel)->problem());
  for (const int64_t size : {int64_t{1}, int64_t{1000}, int64_t{INT32_MAX}}) {
    (*kernel)->WorkspaceBytes(ProblemOf(size, size, size).gemm()).IgnoreError();
  }
  return true;
}

v1::GetKernelResponse Good() {
  v1::GetKernelResponse response;
  v1::Kernel& kernel = *response.mutable_kernel();
  kernel.set_cubin(StubCubin("code", "sm_90a", {"tilewright_gemm", "tilewright_gemm_reduce"}));
  kernel.set_content_hash(Sha256(kernel.cubin()));
  kernel.set_architecture("sm_90a");
  kernel.mutable_variant()->set_template_name("gemm_sm90");
  v1::LaunchPlan& plan = *kernel.mutable_launch_plan();
  plan.set_arguments_version(kGemmArgsVersion);
  plan.set_raster_group(8);
  plan.mutable_workspace()->set_partial_copies(2);
  plan.mutable_workspace()->set_element_bytes(4);
  plan.mutable_requirements()->set_a_alignment(16);
  v1::LaunchStep& step = *plan.add_steps();
  step.set_entry_symbol("tilewright_gemm");
  step.set_block_threads(384);
  step.set_cluster_x(2);
  step.set_cluster_y(1);
  step.set_dynamic_shared_memory_bytes(200000);
  step.set_grid_rule(v1::GRID_RULE_PERSISTENT);
  step.set_tile_m(128);
  step.set_tile_n(256);
  step.set_split_k(2);
  step.set_blocks_per_sm(1);
  v1::TensorMapSpec& map = *step.add_tensor_maps();
  map.set_operand(v1::OPERAND_A);
  map.set_box_inner(64);
  map.set_box_outer(128);
  map.set_swizzle_bytes(128);
  v1::LaunchStep& sum = *plan.add_steps();
  sum.set_entry_symbol("tilewright_gemm_reduce");
  sum.set_block_threads(256);
  sum.set_grid_rule(v1::GRID_RULE_TILES);
  sum.set_tile_m(16);
  sum.set_tile_n(64);
  sum.set_split_k(1);
  response.set_match(v1::MATCH_EXACT);
  response.set_provenance(v1::PROVENANCE_MEASURED);
  return response;
}

}  // namespace

FuzzTarget MakeFuzzTarget() {
  FuzzTarget target;
  target.seeds.push_back(Good().SerializeAsString());
  v1::GetKernelResponse vendor;
  vendor.mutable_vendor()->set_algorithm(std::string(64, 'a'));
  vendor.mutable_vendor()->set_workspace_bytes(4096);
  target.seeds.push_back(vendor.SerializeAsString());
  target.prototype = std::make_unique<v1::GetKernelResponse>();
  target.run = Run;
  return target;
}

}  // namespace tilewright
