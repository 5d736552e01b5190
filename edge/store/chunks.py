"""Columns of readings as bytes and back, bit for bit: instants, and values, as scaled integers where they are decimals.

Whole columns are shifted, subtracted and narrowed as one large integer whose 64-bit lanes are the values: a lane never
borrows from its neighbour because every difference taken is known not to be negative. That is what keeps this quick
without numpy. All numbers are little-endian.
"""

from __future__ import annotations

import struct
import zlib
from array import array
from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate
from math import copysign
from operator import sub

Times = Sequence[int]
Values = list[float]

MAGIC = 6755399441055744.0  # 1.5 * 2**52: adding it rounds to an integer, which then stands in the low bits
MAGIC_BITS = 0x4338000000000000
LARGEST = 2.0**51  # integers below it survive the addition
SCALES = tuple(10.0**places for places in range(10))  # each exact, so a division by it is rounded once
NEGATIVE_ZERO = b"\0\0\0\0\0\0\0\x80"
OFFSET = 1 << 52  # added to steps, so that none of them is negative

CONSTANT, DECIMAL, STEPS, SINGLE, DOUBLE, PLANES, SIGNED_ZEROS = range(7)
_CONSTANT = struct.Struct("<Bd")
_DECIMAL = struct.Struct("<BBBq")
_TIMES = struct.Struct("<BBqq")


def deflate(data: bytes | bytearray) -> bytes:
    """Quick compression with a small window; it finds as much in columns of a few kilobytes as a slow one does."""
    packer = zlib.compressobj(1, zlib.DEFLATED, -12, 8)
    return packer.compress(data) + packer.flush()


def inflate(data: bytes | memoryview) -> bytes:
    return zlib.decompress(data, -12)


@lru_cache(maxsize=32)
def _ones(n: int) -> int:
    """A 1 in each of n lanes."""
    return int.from_bytes(b"\1\0\0\0\0\0\0\0" * n, "little")


def _lanes(column: array[float] | array[int]) -> int:
    return int.from_bytes(column.tobytes(), "little")


def _narrow(lanes: bytes, width: int) -> bytes | bytearray:
    """The low `width` bytes of each 8-byte lane."""
    if width == 1:
        return lanes[::8]
    out = bytearray(len(lanes) // 8 * width)
    for place in range(width):
        out[place::width] = lanes[place::8]
    return out


def _widen(narrow: bytes, width: int) -> bytearray:
    out = bytearray(len(narrow) // width * 8)
    for place in range(width):
        out[place::8] = narrow[place::width]
    return out


def _bytes_for(largest: int) -> int:
    return (largest.bit_length() + 7) // 8


# --- instants ---------------------------------------------------------------------------------------------------------


def pack_times(times: Times) -> bytes:
    """Strictly rising instants (int64): the first, and the steps between them less the smallest step."""
    gaps = list(map(sub, times[1:], times))
    least = min(gaps, default=0)
    width = _bytes_for(max(gaps, default=0) - least)
    if not width:
        return _TIMES.pack(0, 0, times[0], least)
    coarse = not any(gap % 1000 for gap in gaps)
    unit = 1000 if coarse else 1
    width = _bytes_for((max(gaps) - least) // unit)
    lanes = (array("q", gaps).tobytes() if not least and not coarse
             else array("q", [(gap - least) // unit for gap in gaps]).tobytes())  # fmt: skip
    return _TIMES.pack(coarse, width, times[0], least) + deflate(_narrow(lanes, width))


def unpack_times(packed: bytes, n: int) -> list[int]:
    """The n instants of `pack_times`."""
    coarse, width, first, least = _TIMES.unpack_from(packed)
    if not width:
        return [first + i * least for i in range(n)]
    steps = array("q", _widen(inflate(memoryview(packed)[_TIMES.size :]), width))
    if coarse:
        return list(accumulate([step * 1000 + least for step in steps], initial=first))
    return list(accumulate([step + least for step in steps] if least else steps, initial=first))


# --- values -----------------------------------------------------------------------------------------------------------


def pack_values(values: Values, low: float, high: float) -> bytes:
    """Finite floats; `low` and `high` are their extremes. The smallest of a few exact forms."""
    if low <= 0 <= high and NEGATIVE_ZERO in array("d", values).tobytes():
        zeros = [i for i, v in enumerate(values) if v == 0 and copysign(1, v) < 0]
        if 0 < len(zeros) < len(values):
            return _pack_signed_zeros(zeros, values, low, high)
    if low == high:
        return _CONSTANT.pack(CONSTANT, values[0])
    found = _shifted(values, max(-low, high))
    if found is not None:
        places, shifted = found
        return _pack_decimal(places, shifted, values, low, high)
    column = array("d", values)
    if _is_single(column, low, high):
        return bytes([SINGLE]) + deflate(_planes(array("f", values).tobytes(), 4))
    if 2 * len(set(values)) < len(values):
        return bytes([DOUBLE]) + deflate(column.tobytes())
    return bytes([PLANES]) + deflate(_planes(column.tobytes(), 8))


def unpack_values(packed: bytes, n: int) -> Values:
    """The n floats of `pack_values`."""
    form = packed[0]
    if form == CONSTANT:
        return [_CONSTANT.unpack(packed)[1]] * n
    if form in (DECIMAL, STEPS):
        return _unpack_decimal(packed)
    if form == SIGNED_ZEROS:
        return _unpack_signed_zeros(packed, n)
    raw = inflate(memoryview(packed)[1:])
    if form == SINGLE:
        return array("f", _join(raw, 4)).tolist()
    return array("d", raw if form == DOUBLE else _join(raw, 8)).tolist()


def _pack_signed_zeros(zeros: list[int], values: Values, low: float, high: float) -> bytes:
    """Integers know no -0.0, which rounded noise has often: the places where it stands, then the values without it."""
    plain, signs = values.copy(), bytearray(len(values))
    for place in zeros:
        plain[place], signs[place] = 0.0, 1
    packed = deflate(signs)
    return bytes([SIGNED_ZEROS]) + len(packed).to_bytes(4, "little") + packed + pack_values(plain, low, high)


def _unpack_signed_zeros(packed: bytes, n: int) -> Values:
    end = 5 + int.from_bytes(packed[1:5], "little")
    values = unpack_values(packed[end:], n)
    return [-0.0 if sign else value for sign, value in zip(inflate(packed[5:end]), values, strict=True)]


def _is_single(column: array[float], low: float, high: float) -> bool:
    """Whether every value is a 32-bit float, as many controllers send them."""
    return max(-low, high) < 3e38 and array("d", array("f", column[:8])) == column[:8] and (
        array("d", array("f", column)) == column
    )  # fmt: skip


def _planes(raw: bytes, width: int) -> bytes:
    return b"".join(raw[place::width] for place in range(width))


def _join(planes: bytes, width: int) -> bytes:
    n = len(planes) // width
    out = bytearray(len(planes))
    for place in range(width):
        out[place::width] = planes[place * n : (place + 1) * n]
    return bytes(out)


def _places(value: float, places: int, largest: float) -> int | None:
    """How many decimal places (not fewer than `places`) give the value back exactly; None if nine do not."""
    for more in range(places, len(SCALES)):
        scale = SCALES[more]
        if largest * scale >= LARGEST:
            return None
        if (value * scale + MAGIC - MAGIC) / scale == value:
            return more
    return None


def scale_of(values: Values) -> float | None:
    """The least power of ten that makes integers of all values; None where they are no decimals."""
    found = _shifted(values, max(map(abs, values)))
    return None if found is None else SCALES[found[0]]


def _shifted(values: Values, largest: float) -> tuple[int, Values] | None:
    """Decimal places, and MAGIC + value * 10**places for every value; None where that would lose something."""
    places: int | None = 0
    for value in (*values[:6], values[-1]):
        places = _places(value, places or 0, largest)
        if places is None:
            return None
    while places is not None:
        scale = SCALES[places]
        shifted = [value * scale + MAGIC for value in values]
        if [(lane - MAGIC) / scale for lane in shifted] == values:
            return places, shifted
        wrong = next(v for lane, v in zip(shifted, values, strict=True) if (lane - MAGIC) / scale != v)
        places = _places(wrong, places + 1, largest)
    return None


def _pack_decimal(places: int, shifted: Values, values: Values, low: float, high: float) -> bytes:
    n = len(values)
    scale = SCALES[places]
    least, most = low * scale + MAGIC, high * scale + MAGIC
    base = int(least - MAGIC)
    lanes = _lanes(array("d", shifted)) - _ones(n) * (MAGIC_BITS + base)
    if _moves_little(values):
        found = _steps(lanes, n)
        if found is not None:
            width, steps = found
            head = _DECIMAL.pack(STEPS, places, width, int(shifted[0] - MAGIC))
            return head + deflate(_narrow(steps, width))
    width = _bytes_for(int(most - least))
    return _DECIMAL.pack(DECIMAL, places, width, base) + deflate(_narrow(lanes.to_bytes(8 * n, "little"), width))


def _moves_little(values: Values) -> bool:
    """Whether steps from one value to the next are smaller than the values' spread, judged by 64 of them."""
    every = max(1, len(values) // 64)
    some, after = values[:-1:every], values[1::every]
    mean = sum(some) / len(some)
    spread = sum([abs(a - mean) for a in some])
    return sum([abs(b - a) for a, b in zip(some, after, strict=True)]) < 0.8 * spread


def _steps(lanes: int, n: int) -> tuple[int, bytes] | None:
    """Differences between neighbouring lanes, biased by half of their width's range: (width, lanes), or None."""
    ones = _ones(n - 1)
    steps = (lanes >> 64) + ones * OFFSET - (lanes & ((1 << 64 * (n - 1)) - 1))
    for width in range(1, 6):
        biased = steps + ones * (1 << (8 * width - 1))
        if biased & ones * (((1 << 54) - 1) ^ ((1 << 8 * width) - 1)) == ones * OFFSET:
            return width, biased.to_bytes(8 * (n - 1), "little")
    return None


def _unpack_decimal(packed: bytes) -> Values:
    form, places, width, base = _DECIMAL.unpack_from(packed)
    scale = SCALES[places]
    lanes = _widen(inflate(memoryview(packed)[_DECIMAL.size :]), width)
    if form == STEPS:
        bias = 1 << (8 * width - 1)
        return [q / scale for q in accumulate([step - bias for step in array("q", lanes)], initial=base)]
    whole = int.from_bytes(lanes, "little") + _ones(len(lanes) // 8) * (MAGIC_BITS + base)
    return [(lane - MAGIC) / scale for lane in array("d", whole.to_bytes(len(lanes), "little"))]
