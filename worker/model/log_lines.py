"""Make log lines that text of strangers can't forge: one line each, values quoted as logfmt does.

A log line is an event and pairs key=value, such as `article.rejected source=wire reason=empty`. A
value with spaces, quotes or "=" is written in double quotes, and characters that are not printable
as escapes.
"""

import logging
import re
from collections.abc import Mapping, Sequence
from math import isfinite
from typing import NamedTuple

_SPECS = re.compile(r"(=?)%(?:%|[-+ #0]{0,4}[0-9]{0,4}(?:\.[0-9]{1,4})?([a-z]))")
_KEY = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,40}$")
_EVENT = re.compile(r"[a-z][a-z0-9-]{0,40}\.[a-z][a-z0-9-]{0,40}")
_INDENT = "    "
_LOGGERS = ("worker", "worker.broker")  # a filter of a logger does not hold for those below it


class LogEvent(NamedTuple):
    """What a log line of this package says, before it is written as text.

    `name` is the event, such as `batch.ingested`, "" for a line without one. `fields` has the
    values by their keys, and `note` the text of the line that is in none of them.
    """

    name: str
    fields: Mapping[str, str | int | float | bool]
    note: str


class LogContext(NamedTuple):
    """What a process works on while it logs: the task of Celery, and the trace (a `traceparent` of
    W3C Trace Context) that all its messages belong to; "" if there is none."""

    task_id: str = ""
    traceparent: str = ""


_context = LogContext()  # of this process: a pool process runs one task at a time


def set_context(context: LogContext | None = None) -> None:
    """Set the task and the trace on which this process works from now on; none without an
    argument."""
    global _context
    _context = context or LogContext()


def log_context(task_id: str, traceparents: Sequence[str]) -> LogContext:
    """Return the task and the traces to name in log lines about a batch. Its messages may belong to
    several traces; up to five of them are named, with commas between them."""
    distinct = list(dict.fromkeys(filter(None, traceparents)))[:5]
    return LogContext(task_id, ",".join(distinct))


def context() -> LogContext:
    """Return the task and the trace on which this process works now."""
    return _context


def protect_loggers() -> None:
    """Quote the values in all log lines of this package, so that no value can look like another key
    or another line. Workers and producers call it."""
    for name in _LOGGERS:
        logging.getLogger(name).addFilter(quote_values)


def quote_values(record: logging.LogRecord) -> bool:
    """Quote the values of a log record that is written in the form key=%s; always returns True.

    Other texts in it only get escapes for what is not printable. A traceback is indented, so that
    no line of it looks like a log line.
    """
    record.log_event = log_event(record)
    if isinstance(record.args, tuple) and record.args and isinstance(record.msg, str):
        specs = [spec for spec in _SPECS.findall(record.msg) if spec[1]]
        if len(specs) == len(record.args):
            pairs = zip(specs, record.args, strict=True)
            record.args = tuple(_argument(key, kind, value) for (key, kind), value in pairs)
            record.msg = _SPECS.sub(lambda m: m[0][:-1] + "s" if m[2] == "r" else m[0], record.msg)
    if _context.traceparent and isinstance(record.msg, str):
        record.msg += f" traceparent={_context.traceparent}"  # it has neither "%" nor spaces
    _indent_traceback(record)
    return True


def log_event(record: logging.LogRecord) -> LogEvent:
    """Read event, values and note from a log record that is written in the form
    `event key=%s …`. A record with wrong arguments has only a note."""
    text, args = str(record.msg), record.args if isinstance(record.args, tuple) else ()
    try:
        if args and len(args) == len([kind for _, kind in _SPECS.findall(text) if kind]):
            return _read_event(text, args)
        return _named(record.getMessage(), {})
    except (TypeError, ValueError, KeyError):
        return LogEvent("", {}, text)


def _read_event(text: str, args: tuple[object, ...]) -> LogEvent:
    fields: dict[str, str | int | float | bool] = {}
    rest, end, values = "", 0, iter(args)
    for spec in _SPECS.finditer(text):
        before = text[end : spec.start()]
        end = spec.end()
        key = _KEY.search(before) if spec[1] else None
        if not spec[2]:
            rest += f"{before}{spec[1]}%"
        elif key:
            rest += before[: key.start()]
            fields[key[0]] = _typed(spec[0].removeprefix("="), spec[2], next(values))
        else:
            rest += before + spec[0] % (next(values),)
    return _named(rest + text[end:], fields)


def _named(text: str, fields: Mapping[str, str | int | float | bool]) -> LogEvent:
    first, _, rest = text.partition(" ")
    match = _EVENT.match(first)
    if not match or first[match.end() :] not in ("", ";", ":", ","):
        return LogEvent("", fields, text.strip())
    return LogEvent(match[0], fields, rest.strip(" ;,"))


def _typed(spec: str, kind: str, value: object) -> str | int | float | bool:
    """A value as it is written to JSON: numbers stay numbers, with the digits of the text line."""
    if kind not in "difge":
        is_number = isinstance(value, bool | int) and kind in "sr"
        return value if is_number else spec % (value,)  # type: ignore[return-value]
    written = spec % (value,)
    number = float(written)
    if not isfinite(number):
        return written
    return int(number) if kind in "di" else number


def keep_on_one_line(record: logging.LogRecord) -> bool:
    """Escape what is not printable in the message of any log record; always returns True.

    It is for the handlers of a worker, which also get the lines of Celery and other libraries.
    """
    message = record.getMessage()
    if not message.isprintable():
        record.msg, record.args = escaped(message), ()
    _indent_traceback(record)
    return True


def quoted(value: str) -> str:
    """Return a value as logfmt writes it: in quotes if it has a space, a quote, "=" or nothing."""
    plain = value.isprintable() and not any(mark in value for mark in ' "=\\')
    return value if value and plain else f'"{escaped(value, chr(34))}"'


def escaped(text: str, quote: str = "", *, kept: str = "") -> str:
    """Replace line ends, control characters and all others that are not printable by escapes.

    Characters in `kept` are not replaced. If `quote` is a quotation mark, this mark and backslashes
    get a backslash before them, so that the result can stand between such marks.
    """
    if quote:
        text = text.replace("\\", "\\\\").replace(quote, f"\\{quote}")
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in kept else _escape(c) for c in text)


def _escape(character: str) -> str:
    code = ord(character)
    number = f"\\U{code:08x}" if code > 0xFFFF else f"\\u{code:04x}"
    return {"\n": "\\n", "\r": "\\r", "\t": "\\t"}.get(character, number)


def _argument(key: str, kind: str, value: object) -> object:
    if kind not in "sr":
        return value
    text = repr(value) if kind == "r" else str(value)
    return quoted(text) if key else escaped(text)


def _indent_traceback(record: logging.LogRecord) -> None:
    if record.exc_info and not record.exc_text:
        text = logging.Formatter().formatException(record.exc_info)
        lines = text.splitlines()
        record.exc_text = "\n".join(_INDENT + escaped(line) for line in lines)
