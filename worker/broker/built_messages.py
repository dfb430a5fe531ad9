"""Build the messages that this worker makes from those that it has taken: the one that Celery gets
in their place, and the one that goes back to a queue."""

import uuid
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Any

from worker.broker.messages import (
    LONGEST_ERROR,
    LONGEST_TEXT,
    ClaimedMessage,
    bounded,
    counters,
    priority,
)
from worker.model.plurals import several


def given_back(
    message: dict[str, Any],
    *,
    delivered: bool,
    quarantined: bool,
    error: str = "",
    stalled_runs: Mapping[str, int] | None = None,
) -> dict[str, Any]:
    """Return a copy of a message that is to be put back on a queue, with its headers updated.

    `delivered` adds 1 to the number of workers that vanished while they had it. `quarantined` adds
    1 to the number of its failures, and stores `error` as the last reason. `stalled_runs`, unless
    None, is stored: for each article, by its receipt, how many of its runs took too long by the
    clock only. Raises KeyError or TypeError for a message without headers.
    """
    headers = {**message["headers"]}
    before = counters(headers)
    headers["redelivered"] = True
    if delivered:
        headers["x-delivery-count"] = before["deliveries"] + 1
    if quarantined:
        headers["x-quarantine"] = before["quarantined"] + 1
        headers["x-last-error"] = bounded(error, LONGEST_ERROR)
    if stalled_runs is not None:
        headers["x-stalled-runs"] = dict(stalled_runs)
    properties = message.get("properties")
    properties = {**properties} if isinstance(properties, dict) else {}
    info = properties.get("delivery_info")
    info = info if isinstance(info, dict) else {}
    properties["delivery_info"] = {**info, "redelivered": True}
    properties["priority"] = priority(properties)
    return {**message, "headers": headers, "properties": properties}


def for_celery(messages: Sequence[ClaimedMessage], tag: str, queue: str) -> dict[str, Any]:
    """Build the message that Celery gets in place of one or several claimed messages of one task.

    The claimed messages become the arguments of the task. `tag` is the delivery tag that names them
    in the broker, and `queue` the queue they come from.
    """
    first = messages[0]
    message_id = str(uuid.uuid4()) if len(messages) > 1 else printable_id(first.message_id)
    traces = {} if len(messages) > 1 else dict(first.traces)
    correlation_id = traces.pop("correlation_id", message_id)
    return {
        "body": (tuple(messages), {}, {}),
        "content-type": None,
        "content-encoding": "binary",
        "headers": {
            "root_id": message_id,
            "parent_id": None,
            **traces,
            "task": first.task,
            "id": message_id,
            "argsrepr": f"[{several(len(messages), 'message')}]",
            "kwargsrepr": "{}",
        },
        "properties": {
            "body_encoding": None,
            "correlation_id": correlation_id,
            "priority": first.priority,
            "delivery_info": {
                "exchange": "",
                "routing_key": queue,
                "redelivered": first.redelivered,
            },
            "delivery_tag": tag,
        },
    }


def printable_id(message_id: str) -> str:
    """A message's id for logs and monitoring; a hash of it when it is long or not printable."""
    if len(message_id) <= LONGEST_TEXT and message_id.isprintable():
        return message_id
    return blake2b(message_id.encode("utf-8", "replace"), digest_size=16).hexdigest()
