"""Messages as a program without Celery and without this package writes them."""

import json
import uuid
from base64 import b64encode
from collections.abc import Sequence
from typing import Any

import redis


def push_foreign(
    broker: redis.Redis, queue: str, task: str, calls: Sequence[tuple[list[Any], dict[str, Any]]]
) -> None:
    """Push one message for each call as a program without Celery writes it, in a round trip."""
    with broker.pipeline(transaction=False) as pipe:
        for args, kwargs in calls:
            pipe.lpush(queue, foreign_message(queue, task, args, kwargs))
        pipe.execute()


def foreign_message(queue: str, task: str, args: list[Any], kwargs: dict[str, Any]) -> str:
    """A Celery message of task protocol 2 with the fields that stock Celery needs."""
    body = json.dumps([args, kwargs, {}])
    number = str(uuid.uuid4())
    return json.dumps(
        {
            "headers": {"task": task, "id": number, "lang": "py", "root_id": number},
            "properties": {
                "correlation_id": number,
                "delivery_info": {"exchange": "", "routing_key": queue},
                "delivery_tag": number,
                "delivery_mode": 2,
                "priority": 0,
                "body_encoding": "base64",
            },
            "content-type": "application/json",
            "content-encoding": "utf-8",
            "body": b64encode(body.encode()).decode(),
        }
    )
