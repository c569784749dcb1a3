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


class GemmArguments(ctypes.Structure):
    _fields_ = (
        [("struct_size", c_size_t)]
        + [(name, c_void_p) for name in (
            "a", "b", "c", "d", "bias", "aux", "amax", "non_finite", "workspace")]
        + [("workspace_bytes", c_int64), ("alpha", c_float), ("beta", c_float),
           ("seed", c_uint64), ("offset", c_uint64)]
        + [(name, c_void_p) for name in ("scale_a", "scale_b", "scale_d")]
        + [("scale_a_elements", c_int64), ("scale_b_elements", c_int64), ("mask", c_void_p),
           ("mask_bytes", c_int64)]
        + [(name, c_void_p) for name in ("bias_gradient", "device_alpha", "device_beta")])


class DropoutProblem(ctypes.Structure):
    _fields_ = (
        [("struct_size", c_size_t)]
        + [(name, c_int64) for name in (
            "rows", "columns", "x_stride", "residual_stride", "y_stride", "pre_norm_stride")]
        + [("dropout", c_double)]
        + [(name, c_int32) for name in (
            "philox_rounds", "store_mask", "operation", "activation", "normalization", "type",
            "bias_type", "residual_type", "weight_type", "backward", "store_statistics",
            "store_pre_norm", "add_gradient")])


class DropoutArguments(ctypes.Structure):
    _fields_ = (
        [("struct_size", c_size_t)]
        + [(name, c_void_p) for name in (
            "x", "bias", "residual", "weight", "shift", "y", "dy", "pre_norm_gradient", "dx",
            "residual_gradient", "pre_norm", "mask", "mean", "inverse_root", "bias_gradient",
            "weight_gradient", "shift_gradient")]
        + [("mask_bytes", c_int64), ("workspace", c_void_p), ("workspace_bytes", c_int64),
           ("seed", c_uint64), ("offset", c_uint64), ("epsilon", c_float)])


class Tilewright:
    """A client of the daemon at `socket_path`. Not thread-safe. Calls raise RuntimeError with the
    service's own words."""

    def __init__(self, library_path, socket_path):
        self.library = ctypes.CDLL(library_path)
        self.library.tilewright_last_error.restype = ctypes.POINTER(Error)
        self.client = c_void_p()
        self._check(self.library.tilewright_client_connect(
            socket_path.encode(), ctypes.byref(self.client)))

    def _check(self, status):
        if status == 0:
            return
        error = self.library.tilewright_last_error().contents
        raise RuntimeError(f"{error.reason.decode()}: {error.message.decode()}")

    def _make(self, kind, name, fields):
        """A structure of the C interface with its defaults, and then `fields`."""
        value = kind()
        getattr(self.library, f"tilewright_{name}_init")(
            ctypes.byref(value), c_size_t(ctypes.sizeof(kind)))
        for field, given in fields.items():
            setattr(value, field, given)
        return value

    def _get(self, function, problem):
        options = self._make(GetOptions, "get_options", {"mode": WAIT_TUNED})
        kernel = c_void_p()
        self._check(function(self.client, ctypes.byref(problem), ctypes.byref(options),
                             ctypes.byref(kernel)))
        info = KernelInfo()
        info.struct_size = ctypes.sizeof(KernelInfo)
        self._check(self.library.tilewright_kernel_get_info(kernel, ctypes.byref(info)))
        return kernel, info

    def gemm(self, workspace, **fields):
        """A function that launches the tuned kernel: f(stream, **GemmArguments' fields).
        `workspace`: makes device memory of so many bytes, and gives its address."""
        problem = self._make(GemmProblem, "gemm_problem", fields)
        kernel, info = self._get(self.library.tilewright_get_gemm_kernel, problem)
        memory = workspace(info.workspace_bytes) if info.workspace_bytes else None

        def launch(stream, **arguments):
            packed = self._make(GemmArguments, "gemm_arguments", {
                "workspace": memory, "workspace_bytes": info.workspace_bytes, **arguments})
            self._check(self.library.tilewright_kernel_launch(
                kernel, ctypes.byref(packed), c_void_p(stream)))

        return launch

    def fused_dropout(self, workspace, **fields):
        """As gemm, of a standalone fused dropout."""
        problem = self._make(DropoutProblem, "fused_dropout_problem", fields)
        kernel, info = self._get(self.library.tilewright_get_fused_dropout_kernel, problem)
        memory = workspace(info.workspace_bytes) if info.workspace_bytes else None

        def launch(stream, **arguments):
            packed = self._make(DropoutArguments, "fused_dropout_arguments", {
                "workspace": memory, "workspace_bytes": info.workspace_bytes, **arguments})
            self._check(self.library.tilewright_fused_dropout_launch(
                kernel, ctypes.byref(problem), ctypes.byref(packed), c_void_p(stream)))

        return launch
