"""Measure how deep JSON text is nested, in linear time and before it is parsed.

JSON parsers and other libraries fail at different depths of nesting. Text is checked first against
one limit that is lower than all of theirs, so none of them fails.
"""

import re
import secrets

# The closing quote is optional, so an unterminated string matches to the end of the text. Were it
# required, the search would start again at every quote, and take quadratic time.
_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"?', re.DOTALL)
_BRACKETS = re.compile(rb"[\[\]{}]")
_TOKEN = re.compile(_STRING.pattern + rb"|[\[\]{}]", re.DOTALL)

_CONTAINERS = (dict, list, tuple)
ENVELOPE = 3  # levels around an article in a body: [[[article, ...]], {}, {}]


def too_deep(data: bytes, limit: int) -> bool:
    """Return whether arrays and objects in this JSON text are nested over `limit` levels deep.

    The text need not be valid JSON. Brackets inside strings do not count.
    """
    if data.count(b"[") + data.count(b"{") <= limit:
        return False
    depth = 0
    for bracket in _BRACKETS.findall(_STRING.sub(b"", data)):
        depth += 1 if bracket in b"[{" else -1
        if depth > limit:
            return True
    return False


def value_too_deep(value: object, limit: int) -> bool:
    """Return whether lists and objects in a value are nested more than `limit` levels deep.

    This is faster than `too_deep`, which reads the JSON text of such a value, and gives the same
    answer for it.
    """
    if isinstance(value, dict):
        value = value.values()
    elif not isinstance(value, list | tuple):
        return False
    if limit == 0:
        return True
    return any(isinstance(item, _CONTAINERS) and value_too_deep(item, limit - 1) for item in value)


def cut_deep_articles(body: bytes, limit: int) -> tuple[bytes, dict[str, bytes]]:
    """Cut raw articles that are nested over `limit` levels deep out of a message, so that the rest
    of it can be parsed.

    `body` is the JSON of the message. Returns a new body, in which a random string stands in place
    of each such article, and a dict from each string to the JSON of its article. Raises ValueError
    if the rest is nested too deep.
    """
    if not too_deep(body, limit + ENVELOPE - 1):  # an article that stands alone is in no list
        return body, {}
    # The strings are random, so that no producer can imitate them.
    secret, end = secrets.token_hex(16), 0
    pieces: list[bytes] = []
    cut: dict[str, bytes] = {}
    for start, stop in _deep_articles(body, limit):
        name = f"{secret}-{len(cut)}"
        cut[name] = body[start:stop]
        pieces += [body[end:start], b'"%s"' % name.encode()]
        end = stop
    left = b"".join([*pieces, body[end:]])
    if too_deep(left, limit + ENVELOPE):
        raise ValueError(f"the body is nested more than {limit + ENVELOPE} levels deep")
    return left, cut


def _deep_articles(body: bytes, limit: int) -> list[tuple[int, int]]:
    """Return the (start, end) byte offsets of the articles that are nested too deep.

    An article is an item of the message's list of articles (level 4 of nesting in the body), or the
    task's only argument itself when that is no list (level 3).
    """
    spans: list[tuple[int, int]] = []
    starts = [0] * (ENVELOPE + 2)
    depth, level, deep = 0, ENVELOPE, False
    for token in _TOKEN.finditer(body):
        bracket = token[0]
        if bracket in (b"[", b"{"):
            depth += 1
            if depth <= ENVELOPE + 1:
                starts[depth] = token.start()
            if depth == ENVELOPE:
                level = ENVELOPE + 1 if bracket == b"[" else ENVELOPE
            deep = deep or depth >= level + limit
        elif bracket in (b"]", b"}"):
            if deep and depth == level:
                spans.append((starts[level], token.end()))
                deep = False
            depth = max(0, depth - 1)
    return spans
