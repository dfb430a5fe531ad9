"""Messages of Celery's task protocol 2, as they lie in the broker."""

import json
import uuid
from typing import Any

from worker.contract import LIMITS

Message = dict[str, Any]

LONGEST = 4 * LIMITS.article_bytes  # bytes: one article, escaped or in base64, and its envelope


def text(value: bytes | str) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def parsed(body: bytes) -> Message | None:
    """A message of task protocol 2, or None when it can't be one. The body stays closed."""
    if len(body) > LONGEST:
        return None
    try:
        message = json.loads(body)
        headers, properties = message["headers"], message["properties"]
        if not isinstance(properties["delivery_info"], dict):
            return None
        named = isinstance(headers["task"], str) and isinstance(headers["id"], str)
        return message if named and isinstance(message["body"], str) else None
    except (ValueError, TypeError, KeyError, RecursionError):
        return None


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
