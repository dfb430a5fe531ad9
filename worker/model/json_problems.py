"""Say in one sentence why a text is not valid JSON, or why a value can't be written as JSON.

All commands, producers and workers use these sentences instead of Python's own.
"""

import json

_MOST_DIGITS = 4_300  # of an integer, which Python reads and writes
_TOO_DEEP = "nested too deep"
_TOO_LONG = f"a number has more than {_MOST_DIGITS:,} digits"


def looks_like_json(text: str) -> bool:
    """Return whether a text seems to be a JSON object or list, because it begins with a bracket."""
    return text.lstrip("\ufeff \t\r\n").startswith(("{", "["))


def text_problem(text: str) -> str:
    """Return why a text can't be read as JSON, such as `Expecting value, line 1 column 9`; "" if it
    can be read."""
    try:
        json.loads(text)
    except (ValueError, RecursionError) as e:
        return problem(e)
    return ""


def problem(error: Exception) -> str:
    """Return a sentence that says what is wrong, from an error that Python's module json raised
    when it read or wrote JSON."""
    if isinstance(error, RecursionError):
        return _TOO_DEEP
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg}, line {error.lineno} column {error.colno}"
    message = str(error)
    if "digits" in message and "limit" in message:
        return _TOO_LONG
    return "an object contains itself" if message.startswith("Circular") else message
