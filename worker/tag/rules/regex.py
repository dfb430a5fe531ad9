"""Regular expressions that can't hang a worker: RE2, which is linear in the text, and bounded."""

from typing import Any

import re2

_LONGEST = 300  # characters
_MEMORY = 1 << 20  # bytes one may take compiled


def compiled_regex(written: str) -> Any:
    """Raises ValueError with what is wrong: syntax, size, or that it matches nothing at all."""
    if len(written) > _LONGEST:
        raise ValueError(f"longer than {_LONGEST} characters")
    options = re2.Options()
    options.max_mem, options.log_errors = _MEMORY, False
    try:
        found = re2.compile(written, options)
    except re2.error as e:
        why = e.args[0]
        raise ValueError(why.decode("utf-8", "replace") if isinstance(why, bytes) else why) from e
    if found.search("") is not None:
        raise ValueError("matches the empty text")
    return found


def regex_problem(written: str) -> str:
    """What is wrong with one, "" when nothing is."""
    try:
        compiled_regex(written)
    except ValueError as e:
        return f"regex {written!r}: {e}"
    return ""
