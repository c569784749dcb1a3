/* Every function that is looked up must be there; only the version is ever asked for. */
#include <stddef.h>

size_t cublasLtGetVersion(void) { return 130042; }

#define NEVER_CALLED(name) \
  int name(void) { return 1; }
NEVER_CALLED(cublasLtCreate)
NEVER_CALLED(cublasLtDestroy)
NEVER_CALLED(cublasLtMatmulDescCreate)
NEVER_CALLED(cublasLtMatmulDescDestroy)
NEVER_CALLED(cublasLtMatmulDescSetAttribute)
NEVER_CALLED(cublasLtMatrixLayoutCreate)
NEVER_CALLED(cublasLtMatrixLayoutDestroy)
NEVER_CALLED(cublasLtMatrixLayoutSetAttribute)
NEVER_CALLED(cublasLtMatmulPreferenceCreate)
NEVER_CALLED(cublasLtMatmulPreferenceDestroy)
NEVER_CALLED(cublasLtMatmulPreferenceSetAttribute)
NEVER_CALLED(cublasLtMatmulAlgoGetHeuristic)
NEVER_CALLED(cublasLtMatmulAlgoCheck)
NEVER_CALLED(cublasLtMatmul)
NEVER_CALLED(cublasLtMatrixTransform)
NEVER_CALLED(cublasLtMatrixTransformDescCreate)
NEVER_CALLED(cublasLtMatrixTransformDescDestroy)
