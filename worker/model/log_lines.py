"""Make log lines that text of strangers can't forge: one line each, values quoted as logfmt does.

A log line is an event and pairs key=value, such as `article.rejected source=wire reason=empty`. A
value with spaces, quotes or "=" is written in double quotes, and characters that are not printable
as escapes.
"""

import logging
import re

_SPECS = re.compile(r"(=?)%(?:%|[-+ #0]{0,4}[0-9]{0,4}(?:\.[0-9]{1,4})?([a-z]))")
_INDENT = "    "
_LOGGERS = ("worker", "worker.broker")  # a filter of a logger does not hold for those below it


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
    if isinstance(record.args, tuple) and record.args and isinstance(record.msg, str):
        specs = [spec for spec in _SPECS.findall(record.msg) if spec[1]]
        if len(specs) == len(record.args):
            pairs = zip(specs, record.args, strict=True)
            record.args = tuple(_argument(key, kind, value) for (key, kind), value in pairs)
            record.msg = _SPECS.sub(lambda m: m[0][:-1] + "s" if m[2] == "r" else m[0], record.msg)
    _indent_traceback(record)
    return True


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
