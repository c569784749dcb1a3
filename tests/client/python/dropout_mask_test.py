"""The NumPy reference of the dropout mask against the golden vectors, and its own promises."""
import json
import pathlib
import sys
import unittest

sys.dont_write_bytecode = True
ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "client/python"))

import numpy as np  # noqa: E402
from tilewright import dropout_mask as reference  # noqa: E402

GOLDEN = json.loads((ROOT / "tests/golden/dropout_masks.json").read_text())


def words(text):
    return [int(word, 16) for word in text.split()]


class GoldenTest(unittest.TestCase):
    def test_philox_gives_the_published_words(self):
        for case in GOLDEN["philox"]:
            with self.subTest(case):
                got = reference.philox4x32(words(case["counter"]), words(case["key"]),
                                           case["rounds"])
                self.assertEqual([int(word) for word in got], words(case["words"]))

    def test_probabilities_are_quantised_to_the_nearest_even(self):
        for case in GOLDEN["probabilities"]:
            with self.subTest(case):
                threshold = reference.quantize_probability(case["probability"])
                self.assertEqual(threshold, case["threshold"])
                self.assertEqual(reference.dropout_scale(threshold), np.float32(case["scale"]))

    def test_masks(self):
        for case in GOLDEN["masks"]:
            with self.subTest(case):
                mask = reference.dropout_mask(
                    case["seed"], case["offset"], case["probability"], case["rows"],
                    case["columns"], batch=case["batch"], rounds=case["rounds"],
                    first_row=case["first_row"], first_column=case["first_column"])
                self.assertEqual(reference.pack_mask(mask).tobytes().hex(), case["packed"])

    def test_rounding_bits(self):
        for case in GOLDEN["rounding_bits"]:
            with self.subTest(case):
                bits = reference.rounding_bits(
                    case["seed"], case["offset"], case["rows"], case["columns"],
                    batch=case["batch"], first_row=case["first_row"],
                    first_column=case["first_column"])
                self.assertEqual(bits.tolist(), case["bits"])


class MaskTest(unittest.TestCase):
    def test_a_part_is_a_part_of_the_whole(self):
        whole = reference.dropout_mask(5, 9, 0.4, 40, 70)
        part = reference.dropout_mask(5, 9, 0.4, 11, 23, first_row=13, first_column=31)
        np.testing.assert_array_equal(part, whole[13:24, 31:54])

    def test_packing_pads_rows_to_two_bytes_and_is_undone(self):
        mask = reference.dropout_mask(5, 9, 0.4, 3, 17)
        packed = reference.pack_mask(mask)
        self.assertEqual(packed.shape, (3, 4))
        self.assertFalse((packed[:, 2] & 0xFE).any() or packed[:, 3].any())
        np.testing.assert_array_equal(reference.unpack_mask(packed, 17), mask)

    def test_what_is_dropped_is_zero_whatever_it_was(self):
        x = np.array([np.inf, np.nan, 3.0], np.float32)
        np.testing.assert_array_equal(reference.dropout(x, [False, False, True], 0.5), [0, 0, 6])

    def test_what_is_not_specified_is_refused(self):
        for arguments in ({"offset": 1 << 48}, {"seed": -1}, {"probability": 1.5},
                          {"probability": float("nan")}, {"rounds": 8}, {"batch": 1 << 16},
                          {"first_row": 1 << 31}):
            with self.subTest(arguments), self.assertRaises(ValueError):
                reference.dropout_mask(**{"seed": 0, "offset": 0, "probability": 0.5, "rows": 1,
                                          "columns": 1, **arguments})


if __name__ == "__main__":
    unittest.main()
