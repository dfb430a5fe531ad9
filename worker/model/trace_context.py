"""Read the header `traceparent` of W3C Trace Context, which names the trace a message belongs to.

A trace is all that several programs do for one request. This package starts none; it stores and
logs the header, so that what happened to an article is found from the trace of its poller.
"""

import re

_TRACEPARENT = re.compile(
    r"(?P<version>[0-9a-f]{2})-(?P<trace>[0-9a-f]{32})-(?P<parent>[0-9a-f]{16})-[0-9a-f]{2}"
)


def traceparent(value: str) -> str:
    """Return a header `traceparent` if it is valid, else "".

    Valid is two digits of the version, 32 of the trace, 16 of the parent and two of the flags, in
    lower-case hexadecimal digits with hyphens between them; trace and parent are not all zeros, and
    the version is not ff.
    """
    match = _TRACEPARENT.fullmatch(value)
    if not match or match["version"] == "ff":
        return ""
    return value if match["trace"].strip("0") and match["parent"].strip("0") else ""


def trace_id(value: str) -> str:
    """Return the id of the trace in a valid `traceparent`."""
    return value.split("-")[1]
