"""Private names of kombu, Celery, billiard and redis-py: each in one module, each pinned here.

When a test of the first table fails after an upgrade, read the changes of that library, repair the
module that uses the name, and only then change the table.
"""

import ast
import importlib
import inspect
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from worker.broker import celery_internals, kombu_internals
from worker.broker.consumer import Consumer
from worker.broker.qos import QoS
from worker.broker.request import Request
from worker.broker.sentinel_channel import SentinelChannel, SentinelTransport
from worker.broker.transport import Channel, Transport
from worker.index import redis_internals

ROOT = Path(__file__).parents[2] / "worker"
INTERNALS = {"broker/kombu_internals.py", "broker/celery_internals.py", "index/redis_internals.py"}
LIBRARIES = ("kombu", "celery", "billiard", "redis")

# Functions and methods that this package calls or overrides, with their parameters.
SIGNATURES = {
    "kombu.transport.redis:Channel._put": "(self, queue, message, **kwargs)",
    "kombu.transport.redis:Channel._size": "(self, queue)",
    "kombu.transport.redis:Channel._q_for_pri": "(self, queue, pri)",
    "kombu.transport.redis:Channel._brpop_start": "(self, timeout=None)",
    "kombu.transport.redis:Channel._brpop_read": "(self, **options)",
    "kombu.transport.redis:Channel._flush_brpop_reauth": "(self)",
    "kombu.transport.redis:Channel._receive_one": "(self, c)",
    "kombu.transport.redis:Channel._deliver_fanout_message": "(self, message, exchange)",
    "kombu.transport.redis:SentinelChannel._deliver_fanout_message": "(self, message, exchange)",
    "kombu.transport.redis:Channel._put_fanout": "(self, exchange, message, routing_key, **kwargs)",
    "kombu.transport.redis:Channel._get_publish_topics": "(self, exchange, routing_key)",
    "kombu.pidbox:Mailbox._publish": (
        "(self, type, arguments, destination=None, reply_ticket=None, channel=None, timeout=None, "
        "serializer=None, producer=None, pattern=None, matcher=None)"
    ),
    "kombu.pidbox:Mailbox._collect": (
        "(self, ticket, limit=None, timeout=1, callback=None, channel=None, accept=None)"
    ),
    "kombu.transport.redis:Channel._restore": "(self, message, leftmost=False)",
    "kombu.transport.redis:Channel._queue_bind": "(self, exchange, routing_key, pattern, queue)",
    "kombu.transport.redis:Channel._delete": (
        "(self, queue, exchange, routing_key, pattern, *args, **kwargs)"
    ),
    "kombu.transport.redis:Channel.maybe_refresh_binding_expiry": "(self)",
    "kombu.transport.redis:Channel.conn_or_acquire": "(self, client=None)",
    "kombu.transport.redis:QoS.append": "(self, message, delivery_tag)",
    "kombu.transport.redis:QoS.ack": "(self, delivery_tag)",
    "kombu.transport.redis:QoS.reject": "(self, delivery_tag, requeue=False)",
    "kombu.transport.redis:QoS.restore_visible": "(self, start=0, num=10, interval=10)",
    "kombu.transport.redis:QoS.restore_unacked": "(self, client=None)",
    "kombu.transport.redis:QoS.restore_by_tag": "(self, tag, client=None, leftmost=False)",
    "kombu.transport.virtual:Channel._get_message_priority": "(self, message, reverse=False)",
    "kombu.transport.virtual:Transport._deliver": "(self, message, queue)",
    "kombu.transport.virtual:QoS.append": "(self, message, delivery_tag)",
    "kombu.transport.virtual:QoS.ack": "(self, delivery_tag)",
    "kombu.transport.virtual:QoS._flush": "(self)",
    "celery.worker.request:Request.on_accepted": "(self, pid, time_accepted)",
    "celery.worker.request:Request.on_failure": (
        "(self, exc_info, send_failed_event=True, return_ok=False)"
    ),
    "celery.worker.request:Request.on_timeout": "(self, soft, timeout)",
    "celery.worker.request:Request.acknowledge": "(self)",
    "celery.worker.request:Request.reject": "(self, requeue=False)",
    "celery.worker.request:Request.execute_using_pool": "(self, pool, **kwargs)",
    "celery.worker.request:Request.send_event": "(self, type, **fields)",
    "celery.worker.consumer:Consumer.on_close": "(self)",
    "celery.worker.consumer:Consumer.on_decode_error": "(self, message, exc)",
    "celery.worker.consumer:Consumer.on_unknown_message": "(self, body, message)",
    "celery.worker.consumer:Consumer.on_unknown_task": "(self, body, message, exc)",
    "celery.worker.consumer:Consumer.on_invalid_task": "(self, body, message, exc)",
    "celery.worker:WorkController._process_task": "(self, req)",
    "celery.worker.state:task_ready": None,  # takes a request first; more parameters have defaults
}
# Names that are no functions: the code of the library in which each must stand.
SOURCES = {
    "kombu.transport:_transport_cache": "_transport_cache[transport] =",
    "kombu.transport:TRANSPORT_ALIASES": "TRANSPORT_ALIASES = {",
    "kombu.transport.redis:Channel._publish_batch": "kwargs.pop('_publish_batch', None)",
    "kombu.transport.redis:Channel._queue_cycle": "self._queue_cycle = ",
    "kombu.transport.redis:Channel._in_poll": "self._in_poll = self.client.connection",
    "kombu.transport.redis:Channel._brpop_sent_at": "self._brpop_sent_at = monotonic()",
    "kombu.transport.redis:Channel.handlers": "'BRPOP': self._brpop_read",
    "kombu.transport.redis:SentinelChannel._sentinel_manager": "_sentinel_manager = sentinel_inst",
    "kombu.transport.redis:MultiChannelPoller": "channel._brpop_start()",
    "kombu.transport.virtual.base:QoS._delivered": "self._delivered = OrderedDict()",
    "celery.worker.request:Request._args": "self._args = self._request_dict['args']",
    "celery.worker.request:Request._request_dict": "return self._request_dict",
    "celery.worker.request:Request._already_cancelled": "self._already_cancelled = True",
    "celery.worker.request:Request._already_revoked": "self._already_revoked = True",
    "celery.worker.request:Request.acknowledged": "acknowledged",
    "celery.worker.request:Request._apply_result": "self._apply_result = maybe(ref, result)",
    "celery.concurrency.asynpool:AsynPool._write_to": "job._write_to = proc",
    "celery.worker.consumer.consumer:Consumer": "reserved_requests.clear()",
    "celery.worker.components:Pool._process_task": "w.process_task = w._process_task",
    "celery.worker.components:Pool._quick_release": "w._quick_release = w.semaphore.release",
    "celery.worker.state:active_requests": "active_requests = weakref.WeakSet()",
    "celery.worker.state:reserved_requests": "reserved_requests = weakref.WeakSet()",
    "celery.worker.state:scheduled_requests": "scheduled_requests = weakref.WeakSet()",
    "celery.worker.state:should_terminate": "should_terminate = None",
    "celery.apps.worker:safe_say": "safe_say(f'worker: {how} shutdown (MainProcess)', ",
    "celery.concurrency.prefork:TaskPool._pool": "self._pool = ",
    "billiard.pool:Pool._pool": "self._pool = []",
    "celery.app.trace:": "logger = get_logger(__name__)",
    "redis._parsers.hiredis:NOT_ENOUGH_DATA": "NOT_ENOUGH_DATA",
    "redis._parsers.hiredis:_HiredisParser._reader": "self._reader = hiredis.Reader(",
    "redis.connection:AbstractConnection._parser": "self._parser = parser_class(",
}


def resolve(path: str) -> Any:
    module, _, names = path.partition(":")
    found = importlib.import_module(module)
    for name in filter(None, names.split(".")):
        assert hasattr(found, name), f"{path} is gone: {found} has no {name}"
        found = getattr(found, name)
    return found


@pytest.mark.parametrize(("path", "parameters"), SIGNATURES.items())
def test_a_method_that_is_built_upon_takes_the_parameters_it_took(
    path: str, parameters: str | None
) -> None:
    signature = inspect.signature(resolve(path))
    plain = [p.replace(annotation=inspect.Parameter.empty) for p in signature.parameters.values()]
    signature = inspect.Signature(plain)
    if parameters is None:
        first, *others = signature.parameters.values()
        assert first.name == "request"
        assert all(other.default is not inspect.Parameter.empty for other in others)
    else:
        assert str(signature) == parameters, f"{path} has changed"


@pytest.mark.parametrize(("path", "code"), SOURCES.items())
def test_an_attribute_that_is_built_upon_is_set_where_it_was(path: str, code: str) -> None:
    source = inspect.getsource(importlib.import_module(path.partition(":")[0]))
    assert code in source, f"{path} has moved or changed"


def test_the_steps_of_celery_that_ours_come_after_are_there() -> None:
    assert resolve(celery_internals.POOL_STEP)
    assert resolve(celery_internals.CONNECTION_STEP)


def test_the_transport_is_made_of_our_classes() -> None:
    assert (Transport.Channel, SentinelTransport.Channel) == (Channel, SentinelChannel)
    assert (Channel.QoS, SentinelChannel.QoS) == (QoS, QoS)


def internals_used_by(source: str) -> list[str]:
    """The private names of a module's code that belong to another class than its own."""
    tree, found = ast.parse(source), []
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and _is_private(node.attr):
            owner = ast.unparse(node.value)
            if owner not in ("self", "cls", "os"):
                found.append(f"{node.lineno}: {owner}.{node.attr}")
        elif isinstance(node, ast.ImportFrom) and node.module:
            parts = [*node.module.split("."), *(alias.name for alias in node.names)]
            is_library = parts[0] in LIBRARIES
            if is_library and (any(map(_is_private, parts)) or _is_worker(node.module)):
                found.append(f"{node.lineno}: {node.module}")
        elif isinstance(node, ast.Import):
            names = [a.name for a in node.names if _is_worker(a.name)]
            found += [f"{node.lineno}: {name}" for name in names]
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in ("getattr", "setattr"):
            name = node.args[1].value if isinstance(node.args[1], ast.Constant) else ""
            if _is_private(str(name)):
                found.append(f"{node.lineno}: {name}")
    return found


def _is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


def _is_worker(module: str) -> bool:
    return module.startswith(("celery.worker", "celery.app.trace", "kombu.transport"))


# `_replace` is public in spite of its name; the others are this package's own.
_ALLOWED = ("_replace", "_check_addresses", "_files", "_mapping", "_is_text_encoding")


def test_private_names_of_the_libraries_stand_in_one_module_each() -> None:
    found = {}
    for path in sorted(ROOT.rglob("*.py")):
        name = path.relative_to(ROOT).as_posix()
        used = internals_used_by(path.read_text("utf-8"))
        if used := [line for line in used if not line.endswith(_ALLOWED)]:
            found[name] = used
    assert found.keys() == INTERNALS, found


@pytest.mark.parametrize(
    "source",
    [
        "channel._size('articles')",
        "super()._put('articles', {})",
        "getattr(worker, '_pool', None)",
        "setattr(controller, '_process_task', print)",
        "from celery.worker import state",
        "from celery.worker.request import Request",
        "import celery.worker.state",
        "from kombu.transport import redis",
        "from redis._parsers.hiredis import NOT_ENOUGH_DATA",
        "from kombu.transport.virtual import QoS",
    ],
)
def test_a_private_name_in_another_module_is_noticed(source: str) -> None:
    assert internals_used_by(source)


@pytest.mark.parametrize("cls", [Channel, SentinelChannel, QoS, Request, Consumer, Transport])
def test_our_classes_override_and_use_no_private_name_of_those_they_extend(cls: type) -> None:
    foreign = {
        name
        for base in cls.__mro__
        if base.__module__.partition(".")[0] in LIBRARIES
        for name in (*vars(base), *_assigned(base))
        if _is_private(name)
    }
    ours = [
        base
        for base in cls.__mro__
        if base.__module__.startswith("worker.") and not base.__module__.endswith("_internals")
    ]
    for base in ours:
        assert not foreign & (vars(base).keys() | _assigned(base)), base


def _assigned(cls: type) -> set[str]:
    """The attributes of `self` that the code of a class reads or sets."""
    try:
        tree = ast.parse(inspect.getsource(cls).strip())
    except (OSError, TypeError, IndentationError):
        return set()
    return {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "self"
    }


@pytest.mark.parametrize("module", [kombu_internals, celery_internals, redis_internals])
def test_each_private_name_in_use_is_pinned(module: ModuleType) -> None:
    tree = ast.parse(inspect.getsource(module))
    used = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    used |= {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    used |= {
        str(node.value) for node in ast.walk(tree) if isinstance(node, ast.Constant) if node.value
    }
    private = {name for name in used if _is_private(name) and name.isidentifier()}
    own = {name for name in vars(module) if _is_private(name)}
    pinned = {name for path in (*SIGNATURES, *SOURCES) for name in path.split(":")[1].split(".")}
    assert private - own - pinned == set()
