/* Tilewright's stable C interface: the best kernel for a GEMM, and its launch.
 *
 * Link with libtilewright.so. Everything is C11, and nothing throws. docs/c_and_cpp.md has the life
 * cycle and full programs.
 *
 * The interface only grows. It gets new functions, and new fields at the end of structures. The
 * `struct_size` of a structure says how much of it the caller knows.
 *
 *   tilewright_client* client = NULL;
 *   if (tilewright_client_connect(NULL, &client) != TILEWRIGHT_OK) {
 *     fprintf(stderr, "%s\n", tilewright_last_error()->message);
 *   }
 *   tilewright_gemm_problem problem;
 *   tilewright_gemm_problem_init(&problem, sizeof problem);
 *   problem.m = 4096; problem.n = 4096; problem.k = 4096;
 *   tilewright_kernel* kernel = NULL;
 *   tilewright_get_gemm_kernel(client, &problem, NULL, &kernel);
 *
 * Threads: any number of threads may use a client or a kernel at once. To release one must be the
 * last use of it. In a child after fork(), every call on an inherited client or kernel answers
 * FAILED_PRECONDITION, FORKED, at once. To release one there frees nothing of the parent's.
 *
 * Errors: a function that can fail returns a status. tilewright_last_error() has the rest, on the
 * same thread, until the next call that can fail. A call that fails leaves its outputs unchanged.
 */
#ifndef TILEWRIGHT_C_TILEWRIGHT_H_
#define TILEWRIGHT_C_TILEWRIGHT_H_

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define TILEWRIGHT_API __attribute__((visibility("default")))
#else
#define TILEWRIGHT_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* The version of this header. tilewright_version() is the version of the library. */
#define TILEWRIGHT_VERSION_MAJOR 0
#define TILEWRIGHT_VERSION_MINOR 1
#define TILEWRIGHT_VERSION_PATCH 0

/* The version of the library, such as "0.1.0". The string is static. */
TILEWRIGHT_API const char* tilewright_version(void);

/* -- Errors ------------------------------------------------------------------------------- */

/* The values are those of gRPC. */
typedef enum tilewright_status {
  TILEWRIGHT_OK = 0,
  TILEWRIGHT_CANCELLED = 1,
  TILEWRIGHT_UNKNOWN = 2,
  TILEWRIGHT_INVALID_ARGUMENT = 3,
  TILEWRIGHT_DEADLINE_EXCEEDED = 4,
  TILEWRIGHT_NOT_FOUND = 5,
  TILEWRIGHT_ALREADY_EXISTS = 6,
  TILEWRIGHT_PERMISSION_DENIED = 7,
  TILEWRIGHT_RESOURCE_EXHAUSTED = 8,
  TILEWRIGHT_FAILED_PRECONDITION = 9,
  TILEWRIGHT_ABORTED = 10,
  TILEWRIGHT_OUT_OF_RANGE = 11,
  TILEWRIGHT_UNIMPLEMENTED = 12,
  TILEWRIGHT_INTERNAL = 13,
  TILEWRIGHT_UNAVAILABLE = 14,
  TILEWRIGHT_DATA_LOSS = 15,
  TILEWRIGHT_UNAUTHENTICATED = 16
} tilewright_status;

typedef struct tilewright_error {
  tilewright_status code;
  const char* reason;  /* UPPER_SNAKE_CASE, stable: "OUT_OF_RANGE", "DAEMON_UNREACHABLE". */
  const char* message; /* For people. */
  const char* field;   /* Path of the request field to blame ("gemm.m"), or "". */
} tilewright_error;

/* The failure of this thread's last call that can fail. Its code is TILEWRIGHT_OK if that call
 * succeeded. The pointer is never null. The strings are valid until this thread's next call that
 * can fail. */
TILEWRIGHT_API const tilewright_error* tilewright_last_error(void);

/* -- Client ------------------------------------------------------------------------------- */

typedef struct tilewright_client tilewright_client;

/* Connects to the daemon at `socket_path`. Null means $TILEWRIGHT_SOCKET, else tilewrightd.sock in
 * the user's cache directory. Waits up to 5 s. Release the client with tilewright_client_release.
 *
 * UNAVAILABLE: DAEMON_UNREACHABLE (nobody listens there), DAEMON_FROZEN (the daemon is stopped or
 * hangs), CONNECTION_CLOSED (the listener hung up), NOT_TILEWRIGHTD (another program listens).
 * PERMISSION_DENIED: SOCKET_NOT_PERMITTED and USER_NOT_PERMITTED (this user may not connect),
 * DAEMON_NOT_TRUSTED (another user runs the daemon; $TILEWRIGHT_DAEMON_UID permits one).
 * INVALID_ARGUMENT: MALFORMED_USER ($TILEWRIGHT_DAEMON_UID is no user id).
 * RESOURCE_EXHAUSTED: TOO_MANY_CONNECTIONS.
 *
 * A client connects anew by itself. A call that finds the daemon gone waits for it, as long as
 * connecting may take and within its own deadline. After that, calls fail at once for 10 s at most.
 * So a training loop pays for a dead daemon once. */
TILEWRIGHT_API tilewright_status tilewright_client_connect(const char* socket_path,
                                                           tilewright_client** client);

typedef struct tilewright_connect_options {
  size_t struct_size;      /* sizeof(tilewright_connect_options) */
  const char* socket_path; /* Null or "": the default of tilewright_client_connect. */
  int64_t timeout_ms;      /* How long connecting may take, now and later. Default 0: 5 s. */
} tilewright_connect_options;

/* Sets all fields to their defaults. `struct_size` is sizeof(tilewright_connect_options). */
TILEWRIGHT_API void tilewright_connect_options_init(tilewright_connect_options* options,
                                                    size_t struct_size);

/* Does what tilewright_client_connect does, with options. Null means all defaults.
 * INVALID_ARGUMENT: OUT_OF_RANGE (timeout_ms is negative), STRUCT_SIZE. */
TILEWRIGHT_API tilewright_status tilewright_client_connect_with(
    const tilewright_connect_options* options, tilewright_client** client);

/* Releases the client. Its kernels stay valid. `client` may be null. */
TILEWRIGHT_API void tilewright_client_release(tilewright_client* client);

/* Forgets the answers that a better one may have followed. The next look-up asks the daemon again.
 * Kernels that you hold stay valid. Returns the number of forgotten answers. */
TILEWRIGHT_API int64_t tilewright_client_refresh(tilewright_client* client);

/* -- Problems ----------------------------------------------------------------------------- */

typedef enum tilewright_type {
  TILEWRIGHT_TYPE_DEFAULT = 0,
  TILEWRIGHT_TYPE_FP32 = 1,
  TILEWRIGHT_TYPE_TF32 = 2,
  TILEWRIGHT_TYPE_FP16 = 3,
  TILEWRIGHT_TYPE_BF16 = 4,
  TILEWRIGHT_TYPE_E4M3 = 5,
  TILEWRIGHT_TYPE_E5M2 = 6,
  TILEWRIGHT_TYPE_INT8 = 7,
  TILEWRIGHT_TYPE_INT32 = 8
} tilewright_type;

typedef enum tilewright_layout {
  TILEWRIGHT_LAYOUT_DEFAULT = 0,
  TILEWRIGHT_LAYOUT_NORMAL = 1,    /* A stored as [m, k], B as [k, n]. */
  TILEWRIGHT_LAYOUT_TRANSPOSED = 2 /* A stored as [k, m], B as [n, k]. */
} tilewright_layout;

typedef enum tilewright_activation {
  TILEWRIGHT_ACTIVATION_DEFAULT = 0,
  TILEWRIGHT_ACTIVATION_NONE = 1,
  TILEWRIGHT_ACTIVATION_RELU = 2,
  TILEWRIGHT_ACTIVATION_GELU_TANH = 3,
  TILEWRIGHT_ACTIVATION_GELU_ERF = 4,
  TILEWRIGHT_ACTIVATION_SILU = 5
} tilewright_activation;

typedef enum tilewright_bias {
  TILEWRIGHT_BIAS_DEFAULT = 0,
  TILEWRIGHT_BIAS_NONE = 1,
  TILEWRIGHT_BIAS_PER_COLUMN = 2,
  TILEWRIGHT_BIAS_PER_ROW = 3
} tilewright_bias;

typedef enum tilewright_source {
  TILEWRIGHT_SOURCE_DEFAULT = 0,
  TILEWRIGHT_SOURCE_NONE = 1,
  TILEWRIGHT_SOURCE_ACCUMULATE = 2,
  TILEWRIGHT_SOURCE_RESIDUAL = 3
} tilewright_source;

typedef enum tilewright_rounding {
  TILEWRIGHT_ROUNDING_DEFAULT = 0,
  TILEWRIGHT_ROUNDING_NEAREST_EVEN = 1,
  TILEWRIGHT_ROUNDING_STOCHASTIC = 2
} tilewright_rounding;

typedef enum tilewright_determinism {
  TILEWRIGHT_DETERMINISM_DEFAULT = 0,
  TILEWRIGHT_DETERMINISM_REQUIRED = 1,
  TILEWRIGHT_DETERMINISM_NOT_REQUIRED = 2
} tilewright_determinism;

/* How an 8-bit A and B are scaled. Scales are fp32 in device memory, and you give them at the
 * launch. They are packed. Each batch has its own, except with PER_TENSOR. */
typedef enum tilewright_scaling {
  TILEWRIGHT_SCALING_DEFAULT = 0,
  TILEWRIGHT_SCALING_NONE = 1,
  TILEWRIGHT_SCALING_PER_TENSOR = 2,     /* One for A, one for B. */
  TILEWRIGHT_SCALING_PER_ROW_COLUMN = 3, /* scale_a[m], scale_b[n]. */
  TILEWRIGHT_SCALING_BLOCK_128 = 4       /* FP8 only. l = ceil(k / 128). scale_a[l][m],
                                          * scale_b[ceil(n / 128)][l, rounded up to a
                                          * multiple of 4]. */
} tilewright_scaling;

/* As the batch stride of A, B or C: all batches share one matrix. With one batch it means the same
 * as 0. D and aux have one matrix for each batch, so there it is INVALID_ARGUMENT. */
#define TILEWRIGHT_BATCH_BROADCAST (-1)

/* D[m, n] = epilogue(op(A)[m, k] . op(B)[k, n]), row-major. m, n and k are required. 0 means the
 * default in all other fields: bf16, layouts normal and transposed (x.W^T), packed strides, one
 * batch, no epilogue. Strides count elements. A batch stride may be TILEWRIGHT_BATCH_BROADCAST.
 * Enumerations are int32_t, so that no compiler changes the layout of the structure. */
typedef struct tilewright_gemm_problem {
  size_t struct_size; /* sizeof(tilewright_gemm_problem) */
  int64_t m, n, k;
  int64_t batch;
  int64_t lda, ldb, ldc, ldd, ld_aux;
  int64_t a_batch_stride, b_batch_stride, c_batch_stride, d_batch_stride, aux_batch_stride;
  int32_t a_type, b_type, d_type, accumulator_type; /* tilewright_type */
  int32_t a_layout, b_layout;                       /* tilewright_layout */
  int32_t bias;                                     /* tilewright_bias */
  int32_t bias_type;                                /* tilewright_type */
  int32_t source;                                   /* tilewright_source: the use of C */
  int32_t source_type;                              /* tilewright_type */
  int32_t activation;                               /* tilewright_activation */
  int32_t aux_type;        /* tilewright_type of the auxiliary tensor. A forward form writes the
                              values before the activation to it, and a gradient reads them.
                              0: there is no such tensor. */
  int32_t rounding;        /* tilewright_rounding */
  int32_t determinism;     /* tilewright_determinism */
  int32_t amax;            /* Not 0: also write max |D|. */
  int32_t non_finite_flag; /* Not 0: also flag any Inf or NaN in D. */
  double error_budget; /* The largest relative error that is allowed. With accumulator_type 0 the
                          fastest precision within it is served. 0: the types decide. */
  int32_t scaling;     /* tilewright_scaling */
  int32_t scale_d;     /* Not 0: an FP8 D is multiplied by one fp32 before it is rounded. */
  double dropout;      /* Share of elements set to zero, from 0 to 1, in steps of 2^-15. 0: none. */
  int32_t philox_rounds;  /* 7 or 10. 0: 7. */
  int32_t store_mask;     /* Not 0: also write the mask of dropout. */
  int32_t gradient;       /* Not 0: the backward form, activation'(z) * mask / (1 - dropout) *
                             (alpha * A.B + beta * C), which reads z from aux. */
  int32_t bias_gradient;  /* Not 0: also write the sums of the columns of a gradient. */
  int32_t device_scalars; /* Not 0: alpha and beta are read from device memory. */
  int32_t reserved;       /* Must be 0. */
} tilewright_gemm_problem;

/* Sets all fields to 0, which is the default, and `struct_size` to the given one. `struct_size` is
 * sizeof(tilewright_gemm_problem) as the caller compiled it. */
TILEWRIGHT_API void tilewright_gemm_problem_init(tilewright_gemm_problem* problem,
                                                 size_t struct_size);

typedef enum tilewright_mode {
  TILEWRIGHT_MODE_DEFAULT = 0,        /* BEST_AVAILABLE */
  TILEWRIGHT_MODE_CACHED_ONLY = 1,    /* Answers with what is stored; starts no work. */
  TILEWRIGHT_MODE_BEST_AVAILABLE = 2, /* Answers at once; a tuning is queued. */
  TILEWRIGHT_MODE_WAIT_TUNED = 3      /* Waits for the tuned answer. */
} tilewright_mode;

typedef struct tilewright_get_options {
  size_t struct_size;                 /* sizeof(tilewright_get_options) */
  int32_t mode;                       /* tilewright_mode */
  int32_t device_ordinal;             /* Of the local GPU, where target is empty. */
  const char* target;                 /* Profile name ("h100-sxm"). Null or "": the local GPU. */
  int64_t pinned_epoch;               /* Only winners of this epoch or before. 0: the newest. */
  const uint8_t* pinned_content_hash; /* 32 bytes: exactly this kernel. Null: any. */
  int64_t deadline_ms;                /* Longest wait of all kinds. 0: 30 s, WAIT_TUNED 10 min. */
} tilewright_get_options;

/* Sets all fields to their defaults. `struct_size` is sizeof(tilewright_get_options). */
TILEWRIGHT_API void tilewright_get_options_init(tilewright_get_options* options,
                                                size_t struct_size);

/* -- Kernels ------------------------------------------------------------------------------ */

typedef struct tilewright_kernel tilewright_kernel;

/* Gets the best kernel for `problem`. `options` may be null, which means all defaults. A hit in the
 * client's cache takes well under a microsecond and no round trip. Release the kernel with
 * tilewright_kernel_release.
 *
 * The errors are those of tilewright_client_connect, of KernelService.GetKernel (docs/api.md), and
 * INVALID_ARGUMENT: NULL_POINTER, STRUCT_SIZE. DATA_LOSS: CONTENT_HASH_MISMATCH, KERNEL_INVALID,
 * PINNED_HASH_MISMATCH (the daemon sent another kernel than it promised; nothing was loaded). */
TILEWRIGHT_API tilewright_status tilewright_get_gemm_kernel(tilewright_client* client,
                                                            const tilewright_gemm_problem* problem,
                                                            const tilewright_get_options* options,
                                                            tilewright_kernel** kernel);

/* Releases the kernel. All its launches must have completed. `kernel` may be null. */
TILEWRIGHT_API void tilewright_kernel_release(tilewright_kernel* kernel);

typedef enum tilewright_match {
  TILEWRIGHT_MATCH_EXACT = 1,
  TILEWRIGHT_MATCH_OTHER_ENVIRONMENT = 2,
  TILEWRIGHT_MATCH_SIMILAR_SILICON = 3,
  TILEWRIGHT_MATCH_NEAREST_PROBLEM = 4,
  TILEWRIGHT_MATCH_PREDICTED = 5
} tilewright_match;

typedef enum tilewright_provenance {
  TILEWRIGHT_PROVENANCE_MEASURED = 1,
  TILEWRIGHT_PROVENANCE_PREDICTED = 2,
  TILEWRIGHT_PROVENANCE_IMPORTED = 3,
  TILEWRIGHT_PROVENANCE_VENDOR = 4
} tilewright_provenance;

typedef struct tilewright_kernel_info {
  size_t struct_size;  /* sizeof(tilewright_kernel_info), set by the caller */
  int32_t match;       /* tilewright_match */
  int32_t provenance;  /* tilewright_provenance */
  int32_t is_vendor;   /* Not 0: a cublasLt algorithm. It has no cubin and no steps. */
  int32_t provisional; /* Not 0: a better answer may follow (tilewright_client_refresh). */
  int64_t epoch;
  double measured_seconds;   /* The median time of a launch. 0: it was not measured. */
  double predicted_seconds;  /* The estimate of the cost model, never a measurement. */
  int64_t workspace_bytes;   /* Device memory that tilewright_kernel_launch needs beside the
                              * operands. For another shape: tilewright_kernel_workspace_bytes. */
  int32_t step_count;        /* The number of kernels that one launch starts, in order. */
  int32_t arguments_version; /* Version of the arguments that the kernels take. */
  const char* architecture;  /* "sm_90a", or "" for cublasLt. The kernel owns it. */
  const char* template_name; /* "gemm_sm80", or "" for cublasLt. The kernel owns it. */
  uint8_t content_hash[32];  /* SHA-256 of the cubin, or zeros for cublasLt. */
  /* Alignments in bytes that base address, row stride and batch stride must have. */
  int32_t a_alignment, b_alignment, c_alignment, d_alignment, aux_alignment, bias_alignment;
} tilewright_kernel_info;

/* Writes at most `info->struct_size` bytes to `*info`.
 * INVALID_ARGUMENT, STRUCT_SIZE: it is smaller than its first field. */
TILEWRIGHT_API tilewright_status tilewright_kernel_get_info(const tilewright_kernel* kernel,
                                                            tilewright_kernel_info* info);

/* The native code and its size, or null and 0 for cublasLt. The kernel owns the code. */
TILEWRIGHT_API const void* tilewright_kernel_cubin(const tilewright_kernel* kernel, size_t* size);

/* One launch of the plan, to show or to log. To launch, use tilewright_kernel_launch: a launch
 * needs more, such as the kernel's arguments and tensor maps, and these change between versions. */
typedef struct tilewright_launch_step {
  size_t struct_size;       /* sizeof(tilewright_launch_step), set by the caller */
  const char* entry_symbol; /* The kernel owns it. */
  int32_t block_threads;
  int32_t cluster_x, cluster_y;
  int32_t dynamic_shared_memory_bytes;
  int32_t tile_m, tile_n;
  int32_t split_k;    /* The size of the grid along y. */
  int32_t persistent; /* Not 0: a block takes one tile after the other. */
  int32_t blocks_per_sm;
  int32_t registers_per_thread;
} tilewright_launch_step;

/* Writes at most `step->struct_size` bytes to `*step`. `index` is from 0 to step_count - 1.
 * INVALID_ARGUMENT: OUT_OF_RANGE (there is no such step), STRUCT_SIZE. */
TILEWRIGHT_API tilewright_status tilewright_kernel_get_step(const tilewright_kernel* kernel,
                                                            int32_t index,
                                                            tilewright_launch_step* step);

/* -- Launch ------------------------------------------------------------------------------- */

/* As an offset: none was given. */
#define TILEWRIGHT_NO_OFFSET UINT64_MAX

/* Device pointers. They must stay valid until the stream has passed the launch. A pointer that the
 * problem does not use is null. */
typedef struct tilewright_gemm_arguments {
  size_t struct_size; /* sizeof(tilewright_gemm_arguments) */
  const void* a;
  const void* b;
  const void* c; /* May be the same as d, except as a residual with dropout. If it is accumulated
                    and beta is 0, passed by value, it is not read and may be null. */
  void* d;
  const void* bias;
  void* aux;            /* Must not be the same as d if a gradient reads it. */
  float* amax;          /* One fp32. The launch sets it to zero first. */
  uint32_t* non_finite; /* One word. The launch sets it to zero first. */
  void* workspace;      /* As many bytes as the launch needs, 16-byte aligned. */
  int64_t workspace_bytes;
  float alpha;          /* 0: nothing of a and b reaches d, not even a NaN. They must be there even
                           so. */
  float beta;           /* 0: c is not read. */
  uint64_t seed;        /* For dropout and stochastic rounding. */
  uint64_t offset;      /* For the same. Must be below 2^48. Use the next value for each launch. A
                           backward launch takes the value of its forward launch. */
  const float* scale_a; /* In the layout that tilewright_scaling says. */
  const float* scale_b;
  const float* scale_d;     /* One fp32. */
  int64_t scale_a_elements; /* The size of scale_a, to be checked. 0: it is not checked. */
  int64_t scale_b_elements;
  void* mask; /* Row-major bits, 1: kept. A row has 2 * ceil(n / 16) bytes. Aligned to 2 bytes. */
  int64_t mask_bytes;        /* The size of mask, to be checked. 0: it is not checked. */
  float* bias_gradient;      /* [n] */
  const float* device_alpha; /* With device_scalars: one fp32 each, in place of alpha and beta. */
  const float* device_beta;  /* Only with an accumulated source. c must be there for any beta. */
} tilewright_gemm_arguments;

/* Sets the defaults: no operands, alpha 1, beta 0, no offset. */
TILEWRIGHT_API void tilewright_gemm_arguments_init(tilewright_gemm_arguments* arguments,
                                                   size_t struct_size);

/* Launches the kernel for its own problem, on `stream` in the current CUDA context. `stream` is a
 * CUstream or cudaStream_t; null means the default stream. The launch is asynchronous. The code is
 * loaded on the first launch in each context.
 *
 * UNAVAILABLE: NO_CUDA_DRIVER. FAILED_PRECONDITION: NO_CUDA_CONTEXT, or the kernel is for another
 * architecture. INVALID_ARGUMENT: an operand is missing or misaligned, a scale tensor has the wrong
 * size, the mask or the workspace is too small, or there is no offset and random bits need one. */
TILEWRIGHT_API tilewright_status tilewright_kernel_launch(
    const tilewright_kernel* kernel, const tilewright_gemm_arguments* arguments, void* stream);

/* Writes to `*bytes` the device memory that a launch of `problem` needs beside its operands.
 * `problem` may differ from the kernel's own problem in shape and strides. INVALID_ARGUMENT: it
 * differs in something else, the kernel's requirements do not hold for it, or the kernel is a
 * cublasLt algorithm, which serves one shape. */
TILEWRIGHT_API tilewright_status tilewright_kernel_workspace_bytes(
    const tilewright_kernel* kernel, const tilewright_gemm_problem* problem, int64_t* bytes);

/* Launches the kernel for another shape. The problem is checked as the service checks it, with the
 * same errors. The other errors are those of tilewright_kernel_launch and of
 * tilewright_kernel_workspace_bytes. */
TILEWRIGHT_API tilewright_status tilewright_kernel_launch_shape(
    const tilewright_kernel* kernel, const tilewright_gemm_problem* problem,
    const tilewright_gemm_arguments* arguments, void* stream);

/* -- Fused dropout ------------------------------------------------------------------------ */

/* With dropout(h) = mask * h / (1 - share): */
typedef enum tilewright_dropout_operation {
  TILEWRIGHT_OPERATION_DROPOUT = 1,                /* v = dropout(x) */
  TILEWRIGHT_OPERATION_BIAS_DROPOUT_RESIDUAL = 2,  /* v = residual + dropout(x + bias) */
  TILEWRIGHT_OPERATION_BIAS_ACTIVATION_DROPOUT = 3 /* v = dropout(activation(x + bias)) */
} tilewright_dropout_operation;

/* What happens to the rows of v at the end. */
typedef enum tilewright_normalization {
  TILEWRIGHT_NORMALIZATION_DEFAULT = 0,
  TILEWRIGHT_NORMALIZATION_NONE = 1,       /* y = v */
  TILEWRIGHT_NORMALIZATION_LAYER_NORM = 2, /* y = (v - mean) / sqrt(variance + epsilon) * weight
                                            * + shift */
  TILEWRIGHT_NORMALIZATION_RMS_NORM = 3    /* y = v / sqrt(mean of v^2 + epsilon) * weight */
} tilewright_normalization;

/* Row-major tensors [rows, columns]. rows, columns and operation are required. 0 is the default of
 * all other fields. Message FusedDropoutProblem in problem.proto has the same fields. It says which
 * tensors each form reads and writes, forward and backward. */
typedef struct tilewright_fused_dropout_problem {
  size_t struct_size; /* sizeof(tilewright_fused_dropout_problem) */
  int64_t rows, columns;
  int64_t x_stride, residual_stride, y_stride, pre_norm_stride; /* In elements. 0: packed. */
  double dropout;        /* Share of elements set to zero, from 0 to 1. */
  int32_t philox_rounds; /* 7 or 10. 0: 7. */
  int32_t store_mask;    /* Not 0: also write the mask. A backward form may read it. */
  int32_t operation;     /* tilewright_dropout_operation */
  int32_t activation;    /* tilewright_activation, for BIAS_ACTIVATION_DROPOUT only. */
  int32_t normalization; /* tilewright_normalization */
  int32_t type;          /* tilewright_type of x and y. 0: bf16. */
  int32_t bias_type, residual_type, weight_type; /* tilewright_type. 0: that of x. */
  int32_t backward;                              /* Not 0: the backward form. */
  int32_t store_statistics;                      /* Not 0: also write mean and inverse_root. */
  int32_t store_pre_norm;                        /* Not 0: also write v. */
  int32_t add_gradient; /* Not 0: a backward form also reads pre_norm_gradient. */
} tilewright_fused_dropout_problem;

/* Sets all fields to 0, which is the default, and `struct_size` to the given one. */
TILEWRIGHT_API void tilewright_fused_dropout_problem_init(tilewright_fused_dropout_problem* problem,
                                                          size_t struct_size);

/* Gets the best kernel for `problem`, as tilewright_get_gemm_kernel does. The functions for
 * information, cubin and steps are the same as for a GEMM. a_alignment is that of x, c_alignment of
 * the residual, d_alignment of y, aux_alignment of pre_norm, and of their gradients. */
TILEWRIGHT_API tilewright_status tilewright_get_fused_dropout_kernel(
    tilewright_client* client, const tilewright_fused_dropout_problem* problem,
    const tilewright_get_options* options, tilewright_kernel** kernel);

/* Device pointers. They must stay valid until the stream has passed the launch. The gradient of a
 * tensor has the type and the stride of that tensor. Gradients of vectors are fp32 [columns]. */
typedef struct tilewright_fused_dropout_arguments {
  size_t struct_size; /* sizeof(tilewright_fused_dropout_arguments) */
  const void* x;
  const void* bias;
  const void* residual;
  const void* weight;
  const void* shift;
  void* y;
  const void* dy;
  const void* pre_norm_gradient;
  void* dx;
  void* residual_gradient;
  void* pre_norm; /* From here to inverse_root: forward writes them, backward reads them. */
  void* mask;
  float* mean;         /* [rows] */
  float* inverse_root; /* [rows] */
  float* bias_gradient;
  float* weight_gradient;
  float* shift_gradient;
  int64_t mask_bytes; /* The size of mask, to be checked. 0: it is not checked. */
  void* workspace;    /* As many bytes as the launch needs, 16-byte aligned. */
  int64_t workspace_bytes;
  uint64_t seed;
  uint64_t offset; /* Must be below 2^48. Use the next value for each launch. A backward launch
                    * takes the value of its forward launch. Default: none. A launch with dropout is
                    * refused then. */
  float epsilon;   /* Of the normalization. Default 1e-5. */
} tilewright_fused_dropout_arguments;

/* Sets the defaults: no operands, no offset, an epsilon of 1e-5. */
TILEWRIGHT_API void tilewright_fused_dropout_arguments_init(
    tilewright_fused_dropout_arguments* arguments, size_t struct_size);

/* Does what tilewright_kernel_workspace_bytes does. `problem` may also differ in the share of
 * dropout. */
TILEWRIGHT_API tilewright_status tilewright_fused_dropout_workspace_bytes(
    const tilewright_kernel* kernel, const tilewright_fused_dropout_problem* problem,
    int64_t* bytes);

/* Launches the kernel for `problem`, or for its own problem if `problem` is null. The errors are
 * those of tilewright_kernel_launch and tilewright_kernel_launch_shape. INVALID_ARGUMENT,
 * OTHER_FAMILY: the kernel is not for a fused dropout. */
TILEWRIGHT_API tilewright_status tilewright_fused_dropout_launch(
    const tilewright_kernel* kernel, const tilewright_fused_dropout_problem* problem,
    const tilewright_fused_dropout_arguments* arguments, void* stream);

#ifdef __cplusplus
}
#endif

#endif /* TILEWRIGHT_C_TILEWRIGHT_H_ */
