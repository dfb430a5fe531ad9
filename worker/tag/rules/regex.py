"""Compile the regular expressions of rules with RE2, so that none can hang a worker.

RE2 takes time in proportion to the length of the text, and bounded memory.
"""

from typing import Any

import re2

_MAX_CHARS = 300
_MAX_COMPILED_BYTES = 1 << 20


def compile_regex(written: str) -> Any:
    """Compile a regular expression of a rule with RE2.

    Raises ValueError if its syntax is wrong, if it is too large for RE2, or if it would match
    everywhere because it matches the empty text.
    """
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
    """What is wrong with a regular expression of a rule, as a message for its author; "" if it is
    valid."""
    try:
        compile_regex(written)
    except ValueError as e:
        return f"regex {written!r}: {e}"
    return ""
