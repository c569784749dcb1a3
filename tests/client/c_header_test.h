#ifndef TILEWRIGHT_TESTS_CLIENT_C_HEADER_TEST_H_
#define TILEWRIGHT_TESTS_CLIENT_C_HEADER_TEST_H_

#include "tilewright.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Connects, asks for an m x 32 x 16 fp16 GEMM with GELU, and lets the client go. */
tilewright_status GetFromC(const char* socket_path, int64_t m, tilewright_kernel** kernel);

#ifdef __cplusplus
}
#endif

#endif /* TILEWRIGHT_TESTS_CLIENT_C_HEADER_TEST_H_ */
