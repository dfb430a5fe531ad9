"""Give memory that large batches have used back to the system.

The C library keeps what was freed for later use. After whole pages that is a tenth of the memory of
a pool process.
"""

import ctypes
from collections.abc import Callable
from functools import cache
from time import monotonic

_LARGE = 100_000  # characters of the messages of a batch: some pages, compressed
_PAUSE_S = 0.5  # it takes 1 to 3 ms, and for some time more memory is asked for again

_last = 0.0  # when this process gave memory back


def give_back_memory(message_chars: int) -> None:
    """Give free memory back after a batch whose messages had so many characters, if they were many
    and the last time was half a second ago. Only glibc can do it; elsewhere nothing happens."""
    global _last
    now = monotonic()
    if message_chars >= _LARGE and now - _last >= _PAUSE_S and (trim := _malloc_trim()):
        trim(0)
        _last = now


@cache
def _malloc_trim() -> Callable[[int], int] | None:
    try:
        return ctypes.CDLL(None).malloc_trim
    except (OSError, AttributeError):
        return None
