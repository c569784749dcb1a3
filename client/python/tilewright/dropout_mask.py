"""Computes in NumPy which elements Tilewright's kernels drop.

docs/dropout.md specifies the mask. It is a pure function of (seed, offset, batch, row, column),
the number of Philox rounds and the probability:

    threshold = p * 2^15, rounded to the nearest integer, ties to even
    kept      = bits(seed, offset, batch, row, column) % 32768 >= threshold   (16 bits each)
    y         = where(kept, x * scale, 0),  scale = 32768 / (32768 - threshold)
"""
import numpy as np

ROUNDING_ROUNDS = 7
STEPS = 32768  # Thresholds are in [0, STEPS].
_DROPOUT, _ROUNDING = 0, 1
_LOW = np.uint64(0xFFFFFFFF)
_WORD = np.uint64(32)
_MULTIPLIERS = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_WEYL = 0x9E3779B9, 0xBB67AE85


def philox4x32(counter, key, rounds):
    """Computes Philox-4x32 (Salmon et al., SC'11).

    `counter` is four uint32 arrays that broadcast to one shape, low word first, `key` two ints.
    Returns four uint32 arrays of that shape.
    """
    c0, c1, c2, c3 = np.broadcast_arrays(*(np.asarray(word, np.uint64) for word in counter))
    k0, k1 = key
    for _ in range(rounds):
        first, second = _MULTIPLIERS[0] * c0, _MULTIPLIERS[1] * c2
        c0, c1, c2, c3 = ((second >> _WORD) ^ c1 ^ np.uint64(k0), second & _LOW,
                          (first >> _WORD) ^ c3 ^ np.uint64(k1), first & _LOW)
        k0, k1 = (k0 + _WEYL[0]) & 0xFFFFFFFF, (k1 + _WEYL[1]) & 0xFFFFFFFF
    return tuple(word.astype(np.uint32) for word in (c0, c1, c2, c3))


def _element_bits(seed, offset, use, rounds, batch, row, column):
    """Returns the 16 bits of each element: uint16 in the broadcast shape of `row` and `column`."""
    if not 0 <= seed < 1 << 64:
        raise ValueError(f"seed {seed} is not in [0, 2^64)")
    if not 0 <= offset < 1 << 48:
        raise ValueError(f"offset {offset} is not in [0, 2^48)")
    if not 0 <= batch < 1 << 16:
        raise ValueError(f"batch {batch} is not in [0, 2^16)")
    row, column = np.asarray(row, np.int64), np.asarray(column, np.int64)
    lane = row % 8 * 4 + column % 8 // 2
    words = philox4x32((column // 16 * 32 + lane, row // 16 + (use << 27),
                        offset & 0xFFFFFFFF, (offset >> 32) + (batch << 16)),
                       (seed & 0xFFFFFFFF, seed >> 32), rounds)
    word = np.choose(row // 8 % 2 * 2 + column // 8 % 2, words)
    return np.where(column % 2 == 0, word & 0xFFFF, word >> 16).astype(np.uint16)


def _grid(rows, columns, first_row, first_column):
    """Returns coordinates [rows, 1] and [1, columns]."""
    row = first_row + np.arange(rows, dtype=np.int64)[:, None]
    column = first_column + np.arange(columns, dtype=np.int64)[None, :]
    if rows and not (0 <= row[0, 0] and row[-1, 0] < 1 << 31):
        raise ValueError("rows are in [0, 2^31)")
    if columns and not (0 <= column[0, 0] and column[0, -1] < 1 << 31):
        raise ValueError("columns are in [0, 2^31)")
    return row, column


def quantize_probability(probability):
    """Returns the threshold of a probability in [0, 1]: round(p * 2^15), ties to even."""
    if not 0 <= probability <= 1:
        raise ValueError(f"probability {probability} is not in [0, 1]")
    return round(float(probability) * STEPS)


def dropout_scale(threshold):
    """Returns the factor of kept elements: float32, 0 if everything is dropped."""
    if threshold == STEPS:
        return np.float32(0)
    return np.float32(STEPS) / np.float32(STEPS - threshold)


def dropout_mask(seed, offset, probability, rows, columns, *, batch=0, rounds=7, first_row=0,
                 first_column=0):
    """Returns bool [rows, columns], True for each kept element.

    Element [i, j] stands for row first_row + i and column first_column + j.
    """
    if rounds not in (7, 10):
        raise ValueError(f"rounds {rounds} is neither 7 nor 10")
    row, column = _grid(rows, columns, first_row, first_column)
    bits = _element_bits(seed, offset, _DROPOUT, rounds, batch, row, column)
    return bits.astype(np.int32) % STEPS >= quantize_probability(probability)


def rounding_bits(seed, offset, rows, columns, *, batch=0, first_row=0, first_column=0):
    """Returns uint16 [rows, columns]: the bits that round each element stochastically."""
    row, column = _grid(rows, columns, first_row, first_column)
    return _element_bits(seed, offset, _ROUNDING, ROUNDING_ROUNDS, batch, row, column)


def pack_mask(mask):
    """Packs bool [..., columns] as kernels store it: uint8 [..., 2 * ceil(columns / 16)].

    Bit (column % 8) of byte (column // 8) is 1 if the element is kept. Padding bits are 0.
    """
    mask = np.asarray(mask, bool)
    padding = [(0, 0)] * (mask.ndim - 1) + [(0, -mask.shape[-1] % 16)]
    return np.packbits(np.pad(mask, padding), axis=-1, bitorder="little")


def unpack_mask(packed, columns):
    """Undoes pack_mask: returns bool [..., columns]."""
    bits = np.unpackbits(np.asarray(packed, np.uint8), axis=-1, bitorder="little")
    return bits[..., :columns].astype(bool)


def dropout(x, mask, probability):
    """Returns float32 in x's shape: x * scale if `mask`, else 0 for any x."""
    scale = dropout_scale(quantize_probability(probability))
    with np.errstate(over="ignore", invalid="ignore"):
        return np.where(mask, np.asarray(x, np.float32) * scale, np.float32(0))
