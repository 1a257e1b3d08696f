"""Raw samples come back from the database as they went in."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as some

from farm.database.sample_codec import pack, unpack


@given(some.lists(some.lists(some.floats(allow_nan=False)).map(tuple)).map(tuple))
def test_what_was_packed_is_unpacked_to_the_last_bit(samples: tuple[tuple[float, ...], ...]) -> None:
    assert unpack(*pack(samples)) == samples


def test_a_sample_that_is_no_number_survives() -> None:
    assert math.isnan(unpack(*pack(((math.nan,),)))[0][0])


def test_the_format_is_compressed_little_endian_float64() -> None:
    counts, data = pack(((1.0, 2.0), (), (3.0,)))
    assert counts == [2, 0, 1]
    import struct
    import zlib

    assert struct.unpack("<3d", zlib.decompress(data)) == (1.0, 2.0, 3.0)


def test_counts_that_do_not_fit_the_bytes_are_refused() -> None:
    _, data = pack(((1.0, 2.0),))
    with pytest.raises(ValueError, match="2 samples are stored where the repeats have 3"):
        unpack([3], data)
