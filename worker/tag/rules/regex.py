"""Compile regular expressions that cannot hang a worker: RE2 runs in linear time and bounded
memory."""

from typing import Any

import re2

_MAX_CHARS = 300
_MAX_COMPILED_BYTES = 1 << 20


def compile_regex(written: str) -> Any:
    """Compile with RE2. Raises ValueError for bad syntax, for size, and if the empty text
    matches."""
    if len(written) > _MAX_CHARS:
        raise ValueError(f"longer than {_MAX_CHARS} characters")
    options = re2.Options()
    options.max_mem, options.log_errors = _MAX_COMPILED_BYTES, False
    try:
        regex = re2.compile(written, options)
    except re2.error as e:
        why = e.args[0]
        raise ValueError(why.decode("utf-8", "replace") if isinstance(why, bytes) else why) from e
    if regex.search("") is not None:
        raise ValueError("matches the empty text")
    return regex


def regex_problem(written: str) -> str:
    """The fault of a regular expression as a sentence; "" if it has none."""
    try:
        compile_regex(written)
    except ValueError as e:
        return f"regex {written!r}: {e}"
    return ""
