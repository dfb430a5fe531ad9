"""Draw numbers as a line of block characters, one for each number."""

from collections.abc import Sequence

_BLOCKS = "▁▂▃▄▅▆▇█"
_NONE = "·"


def sparkline(numbers: Sequence[int]) -> str:
    """Draw each number as a block whose height is its share of the largest one.

    A zero is drawn as a dot, so that one article differs from none; all others have a block.
    """
    largest = max(numbers, default=0)
    return "".join(_block(number, largest) for number in numbers)


def _block(number: int, largest: int) -> str:
    if number <= 0:
        return _NONE
    return _BLOCKS[-(-number * len(_BLOCKS) // largest) - 1]
