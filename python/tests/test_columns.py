"""What the columns of a source say of a batch's samples."""

from __future__ import annotations

import unittest
import zlib

from tributary import contract
from tributary.batch import PartialBatch, heap


class ColumnsTest(unittest.TestCase):
    def test_samples_have_what_the_header_says_of_them(self) -> None:
        for columns, expected in (
            (['{"caption": "ein roter B\u00e4ll", "width": 3}', ""], [{"caption": "ein roter B\u00e4ll", "width": 3}, None]),
            ([], [None, None]),
        ):
            header = contract.BatchHeader(data_type=1, shape=[2, 1, 1, 3], byte_size=6, columns=columns)
            for key in ("a", "b"):
                header.samples.add(key=key)
            partial = PartialBatch(header, heap())
            partial.add(0, b"abcdef")
            samples = partial.finish(zlib.crc32(b"abcdef")).samples
            self.assertEqual([sample.key for sample in samples], ["a", "b"])
            self.assertEqual([sample.columns for sample in samples], expected)
            self.assertEqual(len({hash(sample) for sample in samples}), 2)


if __name__ == "__main__":
    unittest.main()
