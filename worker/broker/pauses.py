"""Pauses: an operator keeps workers from processing a lane (a queue) or the articles of a source.

A lane is one of the three queues of the workers. Of a paused lane they take no messages. The
articles of a paused source are taken from the queue and held in the store until the source is
resumed. Pauses are kept in the broker beside the queues, so that they survive restarts, and workers
read them in the command by which they claim messages.
"""

import json
import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any

from worker.broker import BULK, QUARANTINE, lua_scripts
from worker.broker.messages import bounded

_SUFFIXES = {"live": "", "bulk": BULK, "quarantine": QUARANTINE}  # of the queue of each lane
_LANE, _SOURCE, _VERSION = "lane:", "source:", "version"
_LONGEST_REASON = 500  # characters


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """Who paused a lane (a queue of the workers) or a source, when and why.

    `by` names the person, such as `ann@host`, and `reason` may be "". `pause_id` is a random text
    that tells this pause from a later one of the same source. `resuming` is true while the held
    articles of a source go back to their queues; the pause ends when the last one has gone.
    """

    by: str
    at: datetime
    reason: str = ""
    pause_id: str = ""
    resuming: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Pauses:
    """All pauses at one moment: those of lanes, which are the queues of the workers (`live`,
    `bulk`, `quarantine`), and those of sources, by their names."""

    lanes: Mapping[str, Pause]
    sources: Mapping[str, Pause]


NO_PAUSES = Pauses(lanes={}, sources={})


def new_pause(by: str, reason: str, now: datetime) -> Pause:
    """Make the pause that a person, `by`, asks for now, with a random id. The reason is cut to 500
    characters on one line."""
    return Pause(
        by=bounded(by), at=now, reason=bounded(reason, _LONGEST_REASON), pause_id=uuid.uuid4().hex
    )


def pause_lane(channel: Any, queue: str, lane: str, pause: Pause) -> Pause | None:
    """Let workers on all hosts take no more messages from a lane: `live`, `bulk` or `quarantine`.

    Messages that they have taken already are finished. `queue` is the name of the live queue.
    Returns the pause that was there before and is replaced, None if there was none. Raises KeyError
    for another name of a lane, and RedisError or OSError when the broker does not take the command.
    """
    return _change(channel, queue, f"{_LANE}{queue}{_SUFFIXES[lane]}", pause)


def resume_lane(channel: Any, queue: str, lane: str) -> Pause | None:
    """Let workers take messages from a lane again: `live`, `bulk` or `quarantine`.

    `queue` is the name of the live queue. Returns the pause that ends, None if the lane was not
    paused. Raises KeyError for another name of a lane, and RedisError or OSError when the broker
    does not take the command.
    """
    return _change(channel, queue, f"{_LANE}{queue}{_SUFFIXES[lane]}", None)


def lane_pauses(channel: Any, queue: str) -> Mapping[str, Pause]:
    """Return the lanes that are paused, of `live`, `bulk` and `quarantine`, each with its pause.

    `queue` is the name of the live queue. Raises RedisError or OSError.
    """
    return read_pauses(channel, queue).lanes


def pause_source(channel: Any, queue: str, source: str, pause: Pause) -> Pause | None:
    """Let workers hold back the articles of a source that they take from now on.

    `queue` is the name of the live queue. Returns the pause that was there before and is replaced,
    None if there was none. Raises RedisError or OSError when the broker does not take the command.
    """
    return _change(channel, queue, _SOURCE + source, pause)


def begin_resuming(channel: Any, queue: str, source: str, pause: Pause) -> Pause:
    """Note in a pause of a source that its held articles go back to their queues.

    Workers process the articles that come back, and go on holding those that arrive, until
    `end_resuming` is called. So older articles are processed first. Returns the changed pause.
    Nothing changes if the source has another pause by now. Raises RedisError or OSError.
    """
    resuming = replace(pause, resuming=True)
    _change(channel, queue, _SOURCE + source, resuming, expected=pause)
    return resuming


def end_resuming(channel: Any, queue: str, source: str, pause: Pause) -> None:
    """End a pause of a source whose held articles have gone back to their queues.

    Nothing changes if somebody has paused the source again meanwhile. Raises RedisError or OSError.
    """
    _change(channel, queue, _SOURCE + source, None, expected=pause)


def read_pauses(channel: Any, queue: str) -> Pauses:
    """Read from the broker which lanes and sources are paused, so that their articles are not
    processed. `queue` is the name of the live queue.

    Raises RedisError or OSError when the broker does not answer.
    """
    with channel.conn_or_acquire() as client:
        return parse_pauses(queue, client.hgetall(channel.global_keyprefix + pauses_key(queue)))


def pauses_key(queue: str) -> str:
    """Return the key of the Redis hash that holds all pauses, the orders of operators to process no
    articles of a lane or source. `queue` is the name of the live queue."""
    return f"{queue}.pauses"


def _change(
    channel: Any, queue: str, field: str, pause: Pause | None, expected: Pause | None = None
) -> Pause | None:
    text = json.dumps(asdict(pause) | {"at": pause.at.isoformat()}) if pause else ""
    arguments = [uuid.uuid4().hex, field, text, expected.pause_id if expected else ""]
    before = channel.eval(lua_scripts.PAUSE, [pauses_key(queue)], arguments)
    return _pause(before) if before else None


def _pause(text: bytes) -> Pause:
    """Read a pause; one that somebody else wrote in another form counts, with what can be read."""
    try:
        fields = json.loads(text)
        at = datetime.fromisoformat(fields["at"])
        return Pause(
            by=bounded(fields.get("by")),
            at=at if at.tzinfo else at.replace(tzinfo=UTC),
            reason=bounded(fields.get("reason"), _LONGEST_REASON),
            pause_id=bounded(fields.get("pause_id")),
            resuming=fields.get("resuming") is True,
        )
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return Pause(by="", at=datetime.fromtimestamp(0, UTC))


def parse_pauses(queue: str, fields: Mapping[bytes, bytes]) -> Pauses:
    """Read all pauses from the fields of the hash in the broker that holds them.

    `queue` is the name of the live queue. Fields of another kind are left out.
    """
    lane_of = {f"{_LANE}{queue}{suffix}": lane for lane, suffix in _SUFFIXES.items()}
    lanes: dict[str, Pause] = {}
    sources: dict[str, Pause] = {}
    for key, value in fields.items():
        field = key.decode("utf-8", "replace")
        if field in lane_of:
            lanes[lane_of[field]] = _pause(value)
        elif field.startswith(_SOURCE):
            sources[field.removeprefix(_SOURCE)] = _pause(value)
    return Pauses(lanes=lanes, sources=sources)
