"""/scale: what an autoscaler is told, and above all what it is never told by mistake."""

from collections.abc import Callable

import pytest

from tests.support.asgi_client import WebAnswer, ask
from tests.support.statuses import lane, present, scaled, status, system
from worker.errors import Unavailable
from worker.web.app import make_web_app
from worker.web.scale_answer import scale_answer
from worker.web.system_state import SystemState


def get(read: Callable[[], SystemState], path: str) -> WebAnswer:
    return ask(make_web_app(read), path)


def test_the_answer_has_the_number_the_figures_and_the_reason() -> None:
    found = status(
        lanes=(lane("live", (1, 0, 0, 2), oldest_s=4.0), lane("bulk", (0, 0, 0, 5), oldest_s=9.0)),
        leased=2,
        journal=3,
        held=1,
        workers=(present("celery@a", 2), present("celery@b", 4)),
        scale=scaled(7, drain_s=80.0, reason="the queues would take 80 s"),
    )
    assert scale_answer(found) == (
        200,
        {
            "replicas": 7,
            "reason": "the queues would take 80 s",
            "messages": 10,
            "waiting": 8,
            "leased": 2,
            "journal": 3,
            "held": 1,
            "workers": 2,
            "processes": 6,
            "drain_s": 80.0,
            "target_drain_s": 120.0,
            "busy_s_per_message": 0.5,
            "oldest_s": 9.0,
        },
    )


@pytest.mark.parametrize("unreachable", [("broker",), ("broker", "store"), ("store", "broker")])
def test_without_the_broker_the_answer_is_an_error_and_never_a_number(
    unreachable: tuple[str, ...],
) -> None:
    blind = status(unreachable=unreachable, lanes=(), workers=(), scale=scaled(0))
    code, answer = scale_answer(blind)
    assert code == 503
    assert "replicas" not in answer


def broken() -> SystemState:
    raise Unavailable("broker", "connection refused")


def buggy() -> SystemState:
    raise KeyError("a bug")


@pytest.mark.parametrize("read", [broken, buggy])
@pytest.mark.parametrize("path", ["/scale", "/metrics", "/readyz"])
def test_what_could_not_be_read_is_a_503(read: Callable[[], SystemState], path: str) -> None:
    answer = get(read, path)
    assert answer.status_code == 503
    assert "replicas" not in answer.text


def test_the_server_is_alive_whatever_broker_and_store_do() -> None:
    assert get(broken, "/livez").status_code == 200
    assert get(lambda: system(unreachable=("broker", "store")), "/livez").text == "ok\n"


@pytest.mark.parametrize(
    ("found", "code", "text"),
    [
        (system(), 200, "ok\n"),
        (system(unreachable=("store",)), 503, "no answer from store\n"),
        (system(unreachable=("broker", "store")), 503, "no answer from broker, store\n"),
    ],
)
def test_the_server_is_ready_while_broker_and_store_answer(
    found: SystemState, code: int, text: str
) -> None:
    answer = get(lambda: found, "/readyz")
    assert (answer.status_code, answer.text) == (code, text)


def test_metrics_and_scale_answer_in_the_formats_that_their_readers_expect() -> None:
    web = make_web_app(lambda: system(scale=scaled(3)))
    answer = ask(web, "/metrics")
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert ask(web, "/scale").json()["replicas"] == 3
    assert ask(web, "/scale", "POST").status_code == 405
