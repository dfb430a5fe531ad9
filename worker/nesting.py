"""How deep JSON text is nested: told in linear time, before a parser sees it.

Parsers differ in how deep they go before they fail, and so do the libraries that an article meets
on its way. A limit that is checked first keeps all of them far from theirs.
"""

import re
import secrets

# A string that is never closed goes to the end: looked for from every quote in it, it would take
# quadratic time.
_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"?', re.DOTALL)
_BRACKETS = re.compile(rb"[\[\]{}]")
_TOKEN = re.compile(_STRING.pattern + rb"|[\[\]{}]", re.DOTALL)

_ENVELOPE = 3  # levels around an article in a body: [[[article, ...]], {}, {}]


def too_deep(data: bytes, limit: int) -> bool:
    """Whether arrays and objects of this JSON text are nested more than `limit` levels deep."""
    if data.count(b"[") + data.count(b"{") <= limit:
        return False
    depth = 0
    for bracket in _BRACKETS.findall(_STRING.sub(b"", data)):
        depth += 1 if bracket in b"[{" else -1
        if depth > limit:
            return True
    return False


def cut_deep_articles(body: bytes, limit: int) -> tuple[bytes, dict[str, bytes]]:
    """Take the articles that are nested more than `limit` levels deep out of a message's body.

    In the place of each stands a string that no producer can know; returns the new body, and what
    each of these strings stands for. Everything else stays byte for byte. Raises ValueError when
    something is too deep that is no article.
    """
    if not too_deep(body, limit + _ENVELOPE):
        return body, {}
    secret, end = secrets.token_hex(16), 0
    pieces: list[bytes] = []
    cut: dict[str, bytes] = {}
    for start, stop in _deep_articles(body, limit):
        name = f"{secret}-{len(cut)}"
        cut[name] = body[start:stop]
        pieces += [body[end:start], b'"%s"' % name.encode()]
        end = stop
    left = b"".join([*pieces, body[end:]])
    if too_deep(left, limit + _ENVELOPE):
        raise ValueError(f"nested more than {limit} levels deep")
    return left, cut


def _deep_articles(body: bytes, limit: int) -> list[tuple[int, int]]:
    """Where they begin and end. An article lies in the list of the batch, or is itself the value
    of its argument: the fourth or the third level of the body."""
    found: list[tuple[int, int]] = []
    starts = [0] * (_ENVELOPE + 2)
    depth, level, deep = 0, _ENVELOPE, False
    for token in _TOKEN.finditer(body):
        bracket = token[0]
        if bracket in (b"[", b"{"):
            depth += 1
            if depth <= _ENVELOPE + 1:
                starts[depth] = token.start()
            if depth == _ENVELOPE:
                level = _ENVELOPE + 1 if bracket == b"[" else _ENVELOPE
            deep = deep or depth >= level + limit
        elif bracket in (b"]", b"}"):
            if deep and depth == level:
                found.append((starts[level], token.end()))
                deep = False
            depth = max(0, depth - 1)
    return found
