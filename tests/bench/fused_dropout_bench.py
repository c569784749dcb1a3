#!/usr/bin/env python3
"""Layers with dropout: Tilewright against PyTorch eager and torch.compile, in one process.

    y = dropout(gelu(x W^T + b))        "activation"
    y = residual + dropout(x W^T + b)   "residual"

forward, and forward and backward (gradients of x, W and b), in bf16. Needs PyTorch, a GPU, and an
install tree of Tilewright. Everything is timed in rounds, one sample of each after another, each
after an L2 flush; figures are medians. Before that the results are compared with PyTorch's on
Tilewright's mask.
"""
import argparse
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import torch
import torch.nn.functional as F

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import tilewright_c as tw  # noqa: E402

# Name, kind, rows of x, columns of y, columns of x.
LAYERS = [
    ("bert_ffn1", "activation", 16384, 4096, 1024),
    ("bert_ffn2", "residual", 16384, 1024, 4096),
    ("wide_ffn1", "activation", 8192, 16384, 4096),
    ("wide_ffn2", "residual", 8192, 4096, 16384),
]
PROBABILITY = 0.1
SEED = 20260101


class Layer:
    """The tensors of one layer, and the ways to compute it."""

    def __init__(self, client, kind, activation, m, n, k):
        self.kind, self.activation, self.m, self.n, self.k = kind, activation, m, n, k
        normal = torch.Generator("cuda").manual_seed(SEED)

        def random(*shape, scale=1.0):
            values = torch.randn(*shape, device="cuda", generator=normal) * scale
            return values.bfloat16().requires_grad_()

        self.x, self.weight = random(m, k), random(n, k, scale=k**-0.5)
        self.bias = random(n)
        self.residual, self.dy = random(m, n).detach(), random(m, n).detach()
        self.outputs = {name: torch.empty(shape, device="cuda", dtype=torch.bfloat16)
                        for name, shape in {"y": (m, n), "y_only": (m, n), "z": (m, n),
                                            "dz": (m, n), "dx": (m, k), "dw": (n, k)}.items()}
        self.outputs["db"] = torch.empty(n, device="cuda")
        self.workspaces = []
        self.offset = 0
        self._get_kernels(client)

    def _workspace(self, size):
        self.workspaces.append(torch.empty(size, device="cuda", dtype=torch.uint8))
        return self.workspaces[-1].data_ptr()

    def _get_kernels(self, client):
        common = {"m": self.m, "n": self.n, "k": self.k, "bias": tw.BIAS_PER_COLUMN,
                  "dropout": PROBABILITY}
        if self.kind == "residual":
            common["source"] = tw.SOURCE_RESIDUAL
            operation = {"operation": 2}
        else:
            common["activation"] = tw.ACTIVATIONS[self.activation]
            operation = {"operation": 3, "activation": common["activation"]}
        gemm = lambda **fields: client.gemm(self._workspace, **fields)  # noqa: E731
        self.forward_only = gemm(**common)
        self.bare = gemm(m=self.m, n=self.n, k=self.k)
        # Training keeps z where the backward form needs it.
        self.forward = (self.forward_only if self.kind == "residual"
                        else gemm(**common, aux_type=tw.BF16))
        self.backward_elements = client.fused_dropout(
            self._workspace, rows=self.m, columns=self.n, dropout=PROBABILITY, backward=1,
            **operation)
        self.backward_x = gemm(m=self.m, n=self.k, k=self.n, b_layout=tw.NORMAL)
        self.backward_weight = gemm(m=self.n, n=self.k, k=self.m, a_layout=tw.TRANSPOSED,
                                    b_layout=tw.NORMAL)
        self.drop = client.fused_dropout(self._workspace, rows=self.m, columns=self.n,
                                         dropout=PROBABILITY, operation=1)
        self.zero_bias = torch.zeros(self.n, device="cuda", dtype=torch.bfloat16)

    def _pointers(self, **tensors):
        return {name: tensor.data_ptr() for name, tensor in tensors.items()}

    def run_bare(self, stream):
        self.bare(stream, **self._pointers(a=self.x, b=self.weight, d=self.outputs["y_only"]))

    def run_forward(self, stream, training=False):
        pointers = self._pointers(a=self.x, b=self.weight, bias=self.bias,
                                  d=self.outputs["y" if training else "y_only"])
        if self.kind == "residual":
            pointers["c"] = self.residual.data_ptr()
        elif training:
            pointers["aux"] = self.outputs["z"].data_ptr()
        self.offset += 1
        (self.forward if training else self.forward_only)(
            stream, seed=SEED, offset=self.offset, **pointers)

    def run_both(self, stream):
        self.run_forward(stream, training=True)
        out = self.outputs
        elements = self._pointers(dy=self.dy, dx=out["dz"], bias_gradient=out["db"])
        if self.kind == "activation":
            # z has the bias in it.
            elements.update(self._pointers(x=out["z"], bias=self.zero_bias))
        self.backward_elements(stream, seed=SEED, offset=self.offset, **elements)
        self.backward_x(stream, **self._pointers(a=out["dz"], b=self.weight, d=out["dx"]))
        self.backward_weight(stream, **self._pointers(a=out["dz"], b=self.x, d=out["dw"]))

    def torch_forward(self, x, weight, bias, residual):
        z = F.linear(x, weight, bias)
        if self.kind == "residual":
            return residual + F.dropout(z, PROBABILITY)
        approximate = "tanh" if self.activation == "gelu_tanh" else "none"
        return F.dropout(F.gelu(z, approximate=approximate), PROBABILITY)

    def check(self):
        """Relative errors of y and the gradients against PyTorch in fp32 on the same mask."""
        stream = torch.cuda.current_stream().cuda_stream
        self.run_both(stream)
        mask = self._mask(stream)
        x, weight, bias = (t.detach().float().requires_grad_()
                           for t in (self.x, self.weight, self.bias))
        z = F.linear(x, weight, bias)
        if self.kind == "residual":
            y = self.residual.float() + z * mask
        else:
            approximate = "tanh" if self.activation == "gelu_tanh" else "none"
            y = F.gelu(z, approximate=approximate) * mask
        y.backward(self.dy.float())
        expected = {"y": y, "dx": x.grad, "dw": weight.grad, "db": bias.grad}
        return {name: (self.outputs[name].float() - e).norm().item() / e.norm().item()
                for name, e in expected.items()}

    def _mask(self, stream):
        """mask / (1 - p) of the last launch, by the standalone kernel, in fp32."""
        ones = torch.ones(self.m, self.n, device="cuda", dtype=torch.bfloat16)
        dropped = torch.empty_like(ones)
        self.drop(stream, seed=SEED, offset=self.offset, **self._pointers(x=ones, y=dropped))
        return (dropped != 0).float() / (1 - round(PROBABILITY * 32768) / 32768)


def sample(run, flush):
    """Milliseconds of one run behind an L2 flush, which also hides what enqueueing takes."""
    begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    flush.zero_()
    begin.record()
    run()
    end.record()
    end.synchronize()
    return begin.elapsed_time(end)


def measure(runs, rounds):
    """Medians in microseconds, samples interleaved."""
    flush = torch.empty(512 << 20, device="cuda", dtype=torch.uint8)
    samples = {name: [] for name in runs}
    for round_ in range(rounds + 3):
        for name, run in runs.items():
            taken = sample(run, flush)
            if round_ >= 3:
                samples[name].append(taken * 1e3)
    return {name: statistics.median(values) for name, values in samples.items()}


def bench_layer(client, kind, activation, m, n, k, rounds):
    layer = Layer(client, kind, activation, m, n, k)
    errors = layer.check()
    stream = torch.cuda.current_stream().cuda_stream
    inputs = (layer.x, layer.weight, layer.bias, layer.residual)
    compiled = torch.compile(layer.torch_forward, mode="max-autotune-no-cudagraphs", dynamic=False)

    def forward(function):
        def run():
            with torch.no_grad():
                function(*inputs)
        return run

    def both(function):
        def run():
            for tensor in inputs[:3]:
                tensor.grad = None
            function(*inputs).backward(layer.dy)
        return run

    results = {"errors": errors}
    results["forward"] = measure({
        "bare": lambda: layer.run_bare(stream),
        "tilewright": lambda: layer.run_forward(stream),
        "eager": forward(layer.torch_forward),
        "compiled": forward(compiled)}, rounds)
    results["both"] = measure({
        "tilewright": lambda: layer.run_both(stream),
        "eager": both(layer.torch_forward),
        "compiled": both(compiled)}, rounds)
    return results


def table(results):
    lines = ["| layer | | bare | Tilewright | eager | compiled | of bare | against eager | compiled |",
             "|---|---|---|---|---|---|---|---|---|"]
    for name, result in results.items():
        for what in ("forward", "both"):
            us = result[what]
            ours = us["tilewright"]
            bare = us.get("bare")
            lines.append(
                f"| {name} | {what} | {f'{bare:.1f}' if bare else ''} | {ours:.1f} | "
                f"{us['eager']:.1f} | {us['compiled']:.1f} | "
                f"{f'{ours / bare:.3f}' if bare else ''} | {us['eager'] / ours:.2f} | "
                f"{us['compiled'] / ours:.2f} |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--prefix", default=".", help="install tree: bin/ and lib/ (default .)")
    parser.add_argument("--rounds", type=int, default=25, help="samples of each (default 25)")
    parser.add_argument("--layers", help="comma-separated names (default all)")
    parser.add_argument("--json", help="also write the figures here")
    options = parser.parse_args()
    prefix = pathlib.Path(options.prefix).resolve()
    wanted = options.layers.split(",") if options.layers else [name for name, *_ in LAYERS]
    results = {}
    with tempfile.TemporaryDirectory() as cache:
        daemon = subprocess.Popen([prefix / "bin/tilewrightd", "--cache-dir", cache,
                                   "--log-level", "warning"])
        try:
            socket = pathlib.Path(cache) / "tilewrightd.sock"
            while not socket.exists() and daemon.poll() is None:
                time.sleep(0.05)
            client = tw.Tilewright(str(prefix / "lib/libtilewright.so"), str(socket))
            for name, kind, m, n, k in LAYERS:
                if name not in wanted:
                    continue
                for activation in ("gelu", "gelu_tanh") if kind == "activation" else ("none",):
                    label = name if kind == "residual" else f"{name}_{activation}"
                    print(f"{label}: tuning, checking, timing", file=sys.stderr, flush=True)
                    results[label] = bench_layer(client, kind, activation, m, n, k, options.rounds)
        finally:
            daemon.terminate()
            daemon.wait()
    print(table(results))
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps({
            "device": torch.cuda.get_device_name(), "torch": torch.__version__,
            "results": results}, indent=1) + "\n")


if __name__ == "__main__":
    main()
