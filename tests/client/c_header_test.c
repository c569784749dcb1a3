/* Compiled as C11 with every warning: the interface is one that C programs can use. */
#include "tilewright.h"
// After the header under test, which must compile alone.
#include <stddef.h>

#include "tests/client/c_header_test.h"

tilewright_status GetFromC(const char* socket_path, int64_t m, tilewright_kernel** kernel) {
  tilewright_client* client = NULL;
  tilewright_status status = tilewright_client_connect(socket_path, &client);
  if (status != TILEWRIGHT_OK) return status;
  tilewright_gemm_problem problem;
  tilewright_gemm_problem_init(&problem, sizeof problem);
  problem.m = m;
  problem.n = 32;
  problem.k = 16;
  problem.a_type = TILEWRIGHT_TYPE_FP16;
  problem.activation = TILEWRIGHT_ACTIVATION_GELU_TANH;
  status = tilewright_get_gemm_kernel(client, &problem, NULL, kernel);
  tilewright_client_release(client);
  return status;
}
