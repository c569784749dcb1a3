"""The part of tilewright.h that the benchmarks need, through ctypes."""
import ctypes
from ctypes import c_char_p, c_double, c_float, c_int32, c_int64, c_size_t, c_uint64, c_void_p

BF16, FP32 = 4, 1
NORMAL, TRANSPOSED = 1, 2
ACTIVATIONS = {"none": 1, "relu": 2, "gelu_tanh": 3, "gelu": 4, "silu": 5}
BIAS_PER_COLUMN, SOURCE_RESIDUAL, WAIT_TUNED = 2, 3, 3


class GemmProblem(ctypes.Structure):
    _fields_ = (
        [("struct_size", c_size_t)]
        + [(name, c_int64) for name in (
            "m", "n", "k", "batch", "lda", "ldb", "ldc", "ldd", "ld_aux", "a_batch_stride",
            "b_batch_stride", "c_batch_stride", "d_batch_stride", "aux_batch_stride")]
        + [(name, c_int32) for name in (
            "a_type", "b_type", "d_type", "accumulator_type", "a_layout", "b_layout", "bias",
            "bias_type", "source", "source_type", "activation", "aux_type", "rounding",
            "determinism", "amax", "non_finite_flag")]
        + [("error_budget", c_double), ("scaling", c_int32), ("scale_d", c_int32),
           ("dropout", c_double)]
        + [(name, c_int32) for name in (
            "philox_rounds", "store_mask", "gradient", "bias_gradient", "device_scalars",
            "reserved")])


class GetOptions(ctypes.Structure):
    _fields_ = [("struct_size", c_size_t), ("mode", c_int32), ("device_ordinal", c_int32),
                ("target", c_char_p), ("pinned_epoch", c_int64),
                ("pinned_content_hash", c_void_p), ("deadline_ms", c_int64)]


class KernelInfo(ctypes.Structure):
    _fields_ = [("struct_size", c_size_t), ("match", c_int32), ("provenance", c_int32),
                ("is_vendor", c_int32), ("provisional", c_int32), ("epoch", c_int64),
                ("measured_seconds", c_double), ("predicted_seconds", c_double),
                ("workspace_bytes", c_int64)]


class Error(ctypes.Structure):
    _fields_ = [("code", c_int32), ("reason", c_char_p), ("message", c_char_p),
                ("field", c_char_p)]
