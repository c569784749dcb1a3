/* The C interface: shows how the kernel of a bf16 GEMM is launched.
 *
 *   show_plan [TARGET]          (default: h100-sxm)
 */
#include <inttypes.h>
#include <stdio.h>
#include <tilewright.h>

static int Fail(const char* what) {
  const tilewright_error* error = tilewright_last_error();
  fprintf(stderr, "%s: %s [%s]\n", what, error->message, error->reason);
  return 1;
}

static void ShowSteps(const tilewright_kernel* kernel, int32_t count) {
  for (int32_t i = 0; i < count; ++i) {
    tilewright_launch_step step = {.struct_size = sizeof step};
    if (tilewright_kernel_get_step(kernel, i, &step) != TILEWRIGHT_OK) continue;
    printf("step %" PRId32 ": %s, %" PRId32 " threads, tile %" PRId32 "x%" PRId32 "\n", i,
           step.entry_symbol, step.block_threads, step.tile_m, step.tile_n);
  }
}

int main(int argc, char** argv) {
  tilewright_client* client = NULL;
  if (tilewright_client_connect(NULL, &client) != TILEWRIGHT_OK) return Fail("connect");

  tilewright_gemm_problem problem;
  tilewright_gemm_problem_init(&problem, sizeof problem);
  problem.m = problem.n = problem.k = 1024;
  tilewright_get_options options;
  tilewright_get_options_init(&options, sizeof options);
  options.target = argc > 1 ? argv[1] : "h100-sxm";

  tilewright_kernel* kernel = NULL;
  if (tilewright_get_gemm_kernel(client, &problem, &options, &kernel) != TILEWRIGHT_OK) {
    tilewright_client_release(client);
    return Fail("get kernel");
  }
  tilewright_kernel_info info = {.struct_size = sizeof info};
  if (tilewright_kernel_get_info(kernel, &info) == TILEWRIGHT_OK) {
    printf("%s for %s, %" PRId64 " bytes of workspace\n", info.template_name, info.architecture,
           info.workspace_bytes);
    ShowSteps(kernel, info.step_count);
  }
  tilewright_kernel_release(kernel);
  tilewright_client_release(client);
  return 0;
}
