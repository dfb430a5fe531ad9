"""Read and check Celery messages (task protocol 2) before Celery sees them.

The content of a message is untrusted, and Celery obeys many of its headers, such as time limits,
expiry and callbacks. So `read` checks the few fields that this worker uses and ignores all others,
and `for_celery` of worker.broker.built_messages builds from them the only message that Celery sees.
The body is decoded later, in a pool process (worker.broker.bodies).
"""

import json
from collections.abc import Mapping
from itertools import islice
from typing import Any, NamedTuple

from worker.broker import INGEST, REDO
from worker.broker.canvas import MAPPED_TASKS
from worker.model.admission import LIMITS
from worker.model.receipts import is_receipt
from worker.model.trace_context import traceparent

LONGEST = 4 * LIMITS.article_bytes  # bytes: one article, escaped or in base64, and the rest
TASKS = frozenset((INGEST, REDO))
RESUMED = "x-resumed"  # header of a message of articles that were held by a pause: the pause's id

_JSON_TYPE = "application/json"
_CHARSETS = {
    **dict.fromkeys(("", "utf-8", "utf8", "binary", "us-ascii", "ascii"), "utf-8"),
    **{name: name for name in ("utf-16", "utf-16le", "utf-16be", "utf-32")},
    **dict.fromkeys(("latin-1", "latin1", "iso-8859-1"), "latin-1"),
    **dict.fromkeys(("cp1252", "windows-1252"), "cp1252"),
}
_BODY_ENCODINGS = {"": "", "utf-8": "", "base64": "base64"}
_COMPRESSIONS = {
    "": "",
    **dict.fromkeys(("application/x-gzip", "gzip", "zlib"), "zlib"),
    **dict.fromkeys(("application/x-bz2", "bzip2", "bzip"), "bz2"),
    **dict.fromkeys(("application/x-lzma", "lzma", "xz"), "lzma"),
    **dict.fromkeys(("application/zstd", "zstd", "zstandard"), "zstd"),
}
_TRACE_HEADERS = (
    *("origin", "lang", "root_id", "parent_id", "source", "traceparent"),
    "correlation_id",
)
LONGEST_TEXT = 200  # characters of a header that is kept
_LARGEST_COUNT = 1000
LONGEST_ERROR = 300  # characters


class InvalidMessage(ValueError):
    """Raised for a message that this worker can't process.

    `reason` is a word such as "malformed", and `detail` says more, "" if there is no more to say.
    The message goes unchanged to the dead list of its queue, where such messages are kept.
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason, detail)  # pickle rebuilds an exception from its arguments
        self.reason = reason
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.reason}: {self.detail}" if self.detail else self.reason


class ClaimedMessage(NamedTuple):
    """A message that a worker took from its queue, with only the fields that this package uses,
    after a check.

    `body` is encoded, compressed and in a charset as the three fields after it say. `deliveries`
    counts workers that vanished while they had the message. `quarantined` counts its moves to the
    quarantine queue, the last one because of `last_error`. `stalled_runs` has, by receipt, how many
    runs of an article took too long by the clock only. `redelivered` is True if it was put back on
    a queue before. `traces` are headers for monitoring, and `mapped_by` names a task of Celery,
    such as celery.map, that holds the articles in its arguments. `resumed` is the id of the pause
    by which its articles were held before, "" for none. Articles of `paused_sources` in it are to
    be held.
    """

    task: str
    message_id: str
    body: str
    body_encoding: str = ""  # base64, or "" when the body is the text itself
    charset: str = "utf-8"
    compression: str = ""  # zlib, bz2, lzma, zstd, or "" for none
    priority: int = 0  # 0 to 9
    deliveries: int = 0  # deliveries to workers that vanished with the message
    quarantined: int = 0  # times it was put into the quarantine queue
    last_error: str = ""  # the error that last sent it to the quarantine queue
    # receipt, and number of runs in quarantine that wall-clock time alone ended
    stalled_runs: tuple[tuple[str, int], ...] = ()
    redelivered: bool = False
    traces: tuple[tuple[str, str], ...] = ()  # headers for monitoring; they change nothing
    mapped_by: str = ""  # Celery's task that calls `task` for each item of a list, "" for none
    resumed: str = ""  # id of the pause by which the articles of the message were held
    paused_sources: frozenset[str] = frozenset()

    @property
    def traceparent(self) -> str:
        """The trace that this message belongs to, a header of W3C Trace Context; "" if it names
        none, or the header is invalid."""
        return next((traceparent(text) for name, text in self.traces if name == "traceparent"), "")

    @property
    def stands_alone(self) -> bool:
        """Whether this message must run alone, and not in one batch with other small messages.

        That is so for a message that was put back on a queue before, for a compressed one, because
        its size after decompression is not known, and for one that holds no raw articles. It is
        also so for one of articles that were held while their source was paused, because the end of
        that pause counts for them alone.
        """
        returned = self.redelivered or self.deliveries or self.quarantined or self.resumed
        return bool(returned or self.compression) or self.task != INGEST


def text(value: bytes | str) -> str:
    """Decode bytes as UTF-8, with replacement characters for invalid ones; a str stays as it is."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def read(data: bytes, *, any_task: bool = False) -> ClaimedMessage:
    """Parse a message as it stands in the broker, and check the fields that this worker uses.

    Raises InvalidMessage for a message that this worker can't process. That includes one of a task
    it does not know, unless `any_task` is set; the field `task` of the result is then always "".
    """
    if len(data) > LONGEST:
        raise InvalidMessage("too-large", f"{len(data):,} bytes over the limit of {LONGEST:,}")
    try:
        message = json.loads(data)
    except (ValueError, RecursionError) as e:
        raise InvalidMessage("malformed", "not JSON") from e
    if not isinstance(message, dict):
        raise InvalidMessage("malformed", "not an object")
    headers, properties = _object(message, "headers"), _object(message, "properties", {})
    named = headers.get("task") if any_task else _required(headers, "task", "headers.task")
    mapped_by = named if isinstance(named, str) and named in MAPPED_TASKS else ""
    task = "" if any_task else INGEST if mapped_by else str(named)
    if task not in TASKS and not any_task:
        raise InvalidMessage("unknown-task", _why_unknown(task))
    return ClaimedMessage(
        task=task,
        message_id=_required(headers, "id", "headers.id"),
        body=_required(message, "body", "body"),
        body_encoding=_one_of("body-encoding", properties.get("body_encoding"), _BODY_ENCODINGS),
        charset=_charset(message),
        compression=_one_of("compression", headers.get("compression"), _COMPRESSIONS),
        priority=priority(properties),
        **counters(headers),
        mapped_by=mapped_by,
        resumed=bounded(headers.get(RESUMED)),
        traces=_traces(headers | {"correlation_id": properties.get("correlation_id")}),
    )


def count(value: object) -> int:
    """Read a message header as a counter, a number from 0 to 1,000; larger numbers become 1,000.

    True counts as 1, because earlier releases wrote it; any other value that is not a positive
    integer counts as 0.
    """
    return min(int(value), _LARGEST_COUNT) if isinstance(value, int) and value > 0 else 0


def priority(properties: Mapping[str, Any]) -> int:
    """Read the priority of a message, from 0 to 9, from its properties; larger numbers become 9."""
    return min(count(properties.get("priority")), 9)


def counters(headers: Mapping[str, Any]) -> dict[str, Any]:
    """Read from a message's headers how often it failed, and why, as keyword arguments for
    ClaimedMessage.

    `deliveries` counts the workers that vanished while they had the message, `quarantined` its
    failures, and `last_error` is the last of these. `redelivered` says whether it was put back on a
    queue. `stalled_runs` has, by receipt, how many runs of an article took too long by the clock
    only, not by CPU time.
    """
    return {
        "deliveries": count(headers.get("x-delivery-count")),
        "quarantined": count(headers.get("x-quarantine")),
        "last_error": bounded(headers.get("x-last-error"), LONGEST_ERROR),
        "redelivered": headers.get("redelivered") is True,
        "stalled_runs": _stalled_runs(headers.get("x-stalled-runs")),
    }


def _stalled_runs(value: object) -> tuple[tuple[str, int], ...]:
    """Read the header that counts the stalled runs of each article; () for anything else."""
    runs = value.items() if isinstance(value, dict) else ()
    counted = ((receipt, count(number)) for receipt, number in runs if is_receipt(receipt))
    return tuple(islice((run for run in counted if run[1]), LIMITS.batch_articles))


def bounded(value: object, longest: int = LONGEST_TEXT) -> str:
    """Make a short line of a text from outside: its first `longest` characters, on one line.

    Control characters become spaces, and spaces at both ends are removed. Returns "" for a value
    that is no text.
    """
    if not isinstance(value, str):
        return ""
    return "".join(c if c.isprintable() else " " for c in value[:longest]).strip()


def _object(message: Mapping[str, Any], name: str, missing: Any = None) -> dict[str, Any]:
    value = message.get(name, missing)
    if not isinstance(value, dict):
        raise InvalidMessage("malformed", f"{name} is no object" if value else f"{name} is missing")
    return value


def _required(values: Mapping[str, Any], key: str, named: str) -> str:
    value = values.get(key)
    if not isinstance(value, str) or not value:
        raise InvalidMessage("malformed", f"{named} is no text" if value else f"{named} is missing")
    return value


def _charset(message: Mapping[str, Any]) -> str:
    value = message.get("content-type", _JSON_TYPE)
    media_type, _, _ = value.partition(";") if isinstance(value, str) else ("", "", "")
    if media_type.strip().lower() != _JSON_TYPE:
        raise InvalidMessage("content-type", f"expected {_JSON_TYPE}, got {_shown(value)}")
    return _one_of("content-encoding", message.get("content-encoding"), _CHARSETS)


def _one_of(reason: str, value: object, names: Mapping[str, str]) -> str:
    """The canonical form of a header's value, by the table `names` of accepted values.

    Raises InvalidMessage with `reason` when the table does not contain the value.
    """
    name = "" if value is None else value
    canonical = names.get(name.strip().lower()) if isinstance(name, str) else None
    if canonical is None:
        expected = ", ".join(filter(None, names))
        raise InvalidMessage(reason, f"expected one of {expected}, got {_shown(value)}")
    return canonical


def _shown(value: object) -> str:
    return bounded(value if isinstance(value, str) else type(value).__name__, 60)


def _why_unknown(task: str) -> str:
    if task.startswith("celery."):
        return f"{_shown(task)} is a task of Celery itself, which a message can't run here"
    return _shown(task)


def _traces(headers: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    return tuple(
        (name, value)
        for name in _TRACE_HEADERS
        if isinstance(value := headers.get(name), str)
        and 0 < len(value) <= LONGEST_TEXT
        and value.isprintable()
    )
