"""Find the calls of the ingest task in a message that a Celery client made with its canvas.

Celery's canvas combines tasks: `task.map(items)`, `task.starmap(items)` and `task.chunks(items, n)`
send messages of Celery's own tasks, which call the task once for each item. Links, chains and
chords put calls into `embed`, the third part of a body, to be made after the task. Nothing of that
is executed here: the calls are only read, so that their articles are processed like all others.
"""

from collections.abc import Container, Iterator
from typing import Any, NamedTuple

from worker.broker import INGEST

MAPPED_TASKS = frozenset(("celery.map", "celery.starmap", "celery.chunks"))
_GROUPS = ("celery.group", "celery.chain")
_CHORD = "celery.chord"


class TaskCall(NamedTuple):
    """The arguments of one call of the ingest task that was found in a message, not checked yet.

    `message_id` is the id that Celery would give to a message for this call, or "" if it is the id
    of the message in which the call was found.
    """

    args: list[Any]
    kwargs: dict[str, Any]
    message_id: str = ""


def mapped_calls(task: str, args: list[Any], kwargs: dict[str, Any]) -> Iterator[TaskCall] | None:
    """Yield the calls of the ingest task in a message of Celery's map, starmap or chunks, in order.

    `task` is the name of that task of Celery, `args` and `kwargs` its arguments. Returns None when
    they do not map the ingest task over a list.
    """
    values = dict(zip(("task", "it", "n"), args, strict=False)) | kwargs
    inner, items = values.get("task"), values.get("it")
    if isinstance(inner, dict) and inner.get("task") == INGEST and isinstance(items, list):
        return _mapped(task, inner, items)
    return None


def embedded_calls(embed: object, placeholders: Container[str]) -> Iterator[TaskCall]:
    """Yield the calls of the ingest task among the callbacks of a Celery message. These are in
    `embed`, the part of its body with its links, chain and chord.

    Calls of other tasks are left out. `placeholders` are the strings that replaced JSON nested too
    deep to be parsed; each one found is yielded as an argument of a call, so that the article in it
    is not lost.
    """
    if not isinstance(embed, dict):
        return
    for signature in (*_list(embed, "callbacks"), *reversed(_list(embed, "chain"))):
        yield from _calls_of(signature, placeholders)
    yield from _calls_of(embed.get("chord"), placeholders)


def has_error_calls(embed: object) -> bool:
    """Whether a Celery message names tasks that Celery would run after an error of its own task
    (link_error). This worker never runs them.

    `embed` is the part of the message with its callbacks, as decoded from JSON. Callbacks for the
    case of success are searched as well, because they may name such tasks in their options.
    """
    if not isinstance(embed, dict):
        return False
    signatures = [*_list(embed, "callbacks"), *_list(embed, "chain"), embed.get("chord")]
    options = (_dict(each, "options") for each in signatures if isinstance(each, dict))
    return bool(embed.get("errbacks")) or any(each.get("link_error") for each in options)


def _calls_of(signature: object, placeholders: Container[str]) -> Iterator[TaskCall]:
    """The calls of the ingest task in a signature, Celery's description of a call as an object."""
    if isinstance(signature, str) and signature in placeholders:
        yield TaskCall([signature], {})
    if not isinstance(signature, dict):
        return
    name, kwargs = signature.get("task"), _dict(signature, "kwargs")
    task = name if isinstance(name, str) else ""  # a list could not be looked up in a set
    options = _dict(signature, "options")
    if task == INGEST:
        yield from _own_call(signature)
    elif task in MAPPED_TASKS:
        yield from mapped_calls(task, _list(signature, "args"), kwargs) or ()
    elif task in _GROUPS:
        yield from _calls_of_each(_list(kwargs, "tasks"), placeholders)
    elif task == _CHORD:
        header = kwargs.get("header")
        yield from _calls_of_each(header if isinstance(header, list) else [header], placeholders)
        yield from _calls_of(kwargs.get("body"), placeholders)
    yield from _calls_of_each(_list(options, "link"), placeholders)
    yield from _calls_of(options.get("chord"), placeholders)


def _calls_of_each(signatures: list[Any], placeholders: Container[str]) -> Iterator[TaskCall]:
    for signature in signatures:
        yield from _calls_of(signature, placeholders)


def _mapped(task: str, inner: dict[str, Any], items: list[Any]) -> Iterator[TaskCall]:
    # Celery drops the arguments of a task that it maps. They may be articles.
    yield from _own_call(inner)
    for item in items:
        takes_arguments = task != "celery.map" and isinstance(item, list)
        yield TaskCall(item if takes_arguments else [item], {})


def _own_call(signature: dict[str, Any]) -> Iterator[TaskCall]:
    """The call itself that a signature of the ingest task describes, if it has arguments."""
    args, kwargs = _list(signature, "args"), _dict(signature, "kwargs")
    message_id = _dict(signature, "options").get("task_id")
    if args or kwargs:
        yield TaskCall(args, kwargs, message_id if isinstance(message_id, str) else "")


def _list(values: dict[str, Any], key: str) -> list[Any]:
    value = values.get(key)
    return value if isinstance(value, list) else []


def _dict(values: dict[str, Any], key: str) -> dict[str, Any]:
    value = values.get(key)
    return value if isinstance(value, dict) else {}
