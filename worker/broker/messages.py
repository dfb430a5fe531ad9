"""Messages of Celery's task protocol 2, as they lie in the broker."""

import json
import re
import uuid
from base64 import b64decode
from typing import Any

from worker.contract import LIMITS

Message = dict[str, Any]

LONGEST = 4 * LIMITS.article_bytes  # bytes: one article, escaped or in base64, and its envelope
DEEPEST = 800  # arrays and objects inside each other; Python's parser gives up near 1,000

# A string that is never closed goes to the end: looked for from every quote in it, it would take
# quadratic time.
_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"?', re.DOTALL)
_BRACKETS = re.compile(rb"[\[\]{}]")


def text(value: bytes | str) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def parsed(body: bytes) -> Message | None:
    """A message of task protocol 2, or None when it can't be one. The body stays closed."""
    if len(body) > LONGEST or too_deep(body):
        return None
    try:
        message = json.loads(body)
        headers, properties = message["headers"], message["properties"]
        if not isinstance(properties["delivery_info"], dict):
            return None
        named = isinstance(headers["task"], str) and isinstance(headers["id"], str)
        if not named or too_deep(_opened(message["body"], properties)):
            return None
        return message  # type: ignore[no-any-return]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None


def too_deep(data: bytes) -> bool:
    """Whether arrays and objects are nested deeper than any message has use for: found in linear
    time before a parser sees it, for parsers differ in how deep they go before they fail."""
    if data.count(b"[") + data.count(b"{") <= DEEPEST:
        return False
    depth = 0
    for bracket in _BRACKETS.findall(_STRING.sub(b"", data)):
        depth += 1 if bracket in b"[{" else -1
        if depth > DEEPEST:
            return True
    return False


def _opened(body: str, properties: dict[str, Any]) -> bytes:
    data = body.encode("utf-8", "surrogatepass")
    return b64decode(data) if properties.get("body_encoding") == "base64" else data


def stands_alone(headers: dict[str, Any]) -> bool:
    """What was given back before, or has a time of its own, never runs in a group."""
    return any(headers.get(name) for name in ("redelivered", "eta", "expires"))


def group(task: str, messages: list[Message]) -> Message:
    """One message that carries several, under a tag that stands for all of theirs."""
    tags = [m["properties"]["delivery_tag"] for m in messages]
    fence = tags[0].partition(":")[0]
    places = ",".join(tag.partition(":")[2] for tag in tags)
    carried = [
        [
            m["headers"]["id"],
            m.get("content-type"),
            m.get("content-encoding"),
            m["properties"].get("body_encoding"),
            m["body"],
        ]
        for m in messages
    ]
    embed = {"callbacks": None, "errbacks": None, "chain": None, "chord": None}
    group_id = str(uuid.uuid4())
    first = messages[0]
    return {
        "body": json.dumps([[carried], {}, embed]),
        "content-type": "application/json",
        "content-encoding": "utf-8",
        "headers": {
            **first["headers"],
            "task": task,
            "id": group_id,
            "root_id": group_id,
            "parent_id": None,
            "argsrepr": f"[{len(messages)} messages]",
            "kwargsrepr": "{}",
        },
        "properties": {
            **first["properties"],
            "body_encoding": None,
            "correlation_id": group_id,
            "delivery_tag": f"{fence}:{places}",
        },
    }
