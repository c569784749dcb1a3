#!/usr/bin/env python3
"""Writes dropout_masks.json with the NumPy reference. The C++ reference and the header of the
kernels must agree with the file; a change of it is a change of the contract, docs/dropout.md."""
import json
import pathlib
import sys

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "client/python"))
from tilewright import dropout_mask as reference  # noqa: E402

LAST = (1 << 31) - 1
# seed, offset, rounds, probability, batch, first row, first column, rows, columns
MASKS = [
    (0, 0, 7, 0.5, 0, 0, 0, 16, 16),
    (0, 0, 10, 0.5, 0, 0, 0, 16, 16),
    (42, 0, 7, 0.1, 0, 0, 0, 17, 33),
    (42, 1, 7, 0.1, 0, 0, 0, 17, 33),
    (42, 0, 7, 0.1, 1, 0, 0, 17, 33),
    (0x0123456789ABCDEF, 0x89ABCDEF0123, 10, 0.3, 513, 1021, 50251, 9, 50),
    (0xFFFFFFFFFFFFFFFF, (1 << 48) - 1, 7, 0.75, 65534, LAST - 18, LAST - 20, 19, 21),
    (7, 3, 7, 1 / 32768, 0, 0, 0, 2, 100),
    (7, 3, 7, 32767 / 32768, 0, 0, 0, 2, 100),
    (7, 3, 7, 1.0, 0, 0, 0, 2, 20),
]
ROUNDING = [(42, 0, 0, 0, 0, 2, 8), (0x0123456789ABCDEF, 0x89ABCDEF0123, 513, 1021, 50251, 3, 9)]
PROBABILITIES = [0.0, 2.0**-16, 2.0**-16 * 1.5, 3 * 2.0**-16, 0.1, 0.3, 0.5, 0.9,
                 1 - 2.0**-16, 1 - 2.0**-15, 1.0]
# Counters, keys and the words of 7 and 10 rounds, as published with Random123 (kat_vectors).
KNOWN_ANSWERS = [
    ("00000000 00000000 00000000 00000000", "00000000 00000000",
     "5f6fb709 0d893f64 4f121f81 4f730a48", "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
    ("ffffffff ffffffff ffffffff ffffffff", "ffffffff ffffffff",
     "5207ddc2 45165e59 4d8ee751 8c52f662", "408f276d 41c83b0e a20bc7c6 6d5451fd"),
    ("243f6a88 85a308d3 13198a2e 03707344", "a4093822 299f31d0",
     "4dfccaba 190a87f0 c47362ba b6b5242a", "d16cfe09 94fdcceb 5001e420 24126ea1"),
]


def mask(seed, offset, rounds, probability, batch, row, column, rows, columns):
    kept = reference.dropout_mask(seed, offset, probability, rows, columns, batch=batch,
                                  rounds=rounds, first_row=row, first_column=column)
    return {"seed": seed, "offset": offset, "rounds": rounds, "probability": probability,
            "batch": batch, "first_row": row, "first_column": column, "rows": rows,
            "columns": columns, "packed": reference.pack_mask(kept).tobytes().hex()}


def rounding(seed, offset, batch, row, column, rows, columns):
    bits = reference.rounding_bits(seed, offset, rows, columns, batch=batch, first_row=row,
                                   first_column=column)
    return {"seed": seed, "offset": offset, "batch": batch, "first_row": row,
            "first_column": column, "rows": rows, "columns": columns, "bits": bits.tolist()}


def probability(p):
    threshold = reference.quantize_probability(p)
    return {"probability": p, "threshold": threshold,
            "scale": float(reference.dropout_scale(threshold))}


def document():
    return {
        "philox": [{"rounds": rounds, "counter": counter, "key": key, "words": words}
                   for counter, key, seven, ten in KNOWN_ANSWERS
                   for rounds, words in ((7, seven), (10, ten))],
        "probabilities": [probability(p) for p in PROBABILITIES],
        "masks": [mask(*case) for case in MASKS],
        "rounding_bits": [rounding(*case) for case in ROUNDING],
    }


def text():
    """One case a line, so that a change shows what it changes."""
    parts = [f' "{name}": [\n' + ",\n".join("  " + json.dumps(case) for case in cases) + "\n ]"
             for name, cases in document().items()]
    return "{\n" + ",\n".join(parts) + "\n}\n"


if __name__ == "__main__":
    (HERE / "dropout_masks.json").write_text(text())
