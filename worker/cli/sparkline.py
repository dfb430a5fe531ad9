"""Draw numbers as a line of block characters, one for each number."""

from collections.abc import Sequence

_BLOCKS = "▁▂▃▄▅▆▇█"
_NONE = "·"


def sparkline(numbers: Sequence[float], largest: float | None = None) -> str:
    """Draw each number as a block whose height is its share of the largest one, or of `largest`.

    A zero is drawn as a dot, so that one article differs from none; all others have a block.
    """
    if largest is None:
        largest = max(numbers, default=0)
    return "".join(_block(number, largest) for number in numbers)


def _block(number: float, largest: float) -> str:
    if number <= 0:
        return _NONE
    return _BLOCKS[min(int(-(-number * len(_BLOCKS) // largest)), len(_BLOCKS)) - 1]
