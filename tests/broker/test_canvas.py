"""Which calls of the ingest task Celery's canvas makes, read from its signatures."""

from typing import Any

import pytest

from worker.broker import INGEST
from worker.broker.canvas import TaskCall, embedded_calls, has_error_calls, mapped_calls


def ingest(*args: object, **more: Any) -> dict[str, Any]:
    return {"task": INGEST, "args": list(args), "kwargs": {}, "options": {}, **more}


def other(**more: Any) -> dict[str, Any]:
    return {"task": "somebody.elses", "args": ["lost"], "kwargs": {}, "options": {}, **more}


def celery(name: str, **kwargs: Any) -> dict[str, Any]:
    return {"task": f"celery.{name}", "args": [], "kwargs": kwargs, "options": {}}


@pytest.mark.parametrize(
    ("embed", "calls"),
    [
        ({"callbacks": [ingest("a"), other(), ingest("b")]}, ["a", "b"]),
        ({"chain": [ingest("last"), ingest("first")]}, ["first", "last"]),
        ({"chord": ingest("body")}, ["body"]),
        ({"errbacks": [ingest("only after an error")]}, []),
        ({"chain": [celery("map", task=ingest(), it=["a", "b"])]}, ["a", "b"]),
        ({"chain": [celery("starmap", task=ingest(), it=[["a"], ["b"]])]}, ["a", "b"]),
        ({"chain": [celery("map", task=other(), it=["a"])]}, []),
        ({"chain": [celery("group", tasks=[ingest("a"), ingest("b")])]}, ["a", "b"]),
        ({"chain": [celery("chain", tasks=[ingest("a"), ingest("b")])]}, ["a", "b"]),
        ({"chain": [celery("chord", header=[ingest("a")], body=ingest("b"))]}, ["a", "b"]),
        (
            {"chain": [celery("chord", header=celery("group", tasks=[ingest("a")]), body=None)]},
            ["a"],
        ),
        ({"callbacks": [other(options={"link": [ingest("a")]})]}, ["a"]),
        ({"callbacks": [ingest("a", options={"chord": ingest("b")})]}, ["a", "b"]),
        ({"callbacks": [ingest()]}, []),  # Celery would pass on the result of the task before
        ({"callbacks": ["cut", "text"], "chord": "cut"}, ["cut", "cut"]),
        *(
            (junk, [])
            for junk in (None, 7, "cut", [], {"chain": {}}, {"chord": [1]}, {"chain": [[], None]})
        ),
        ({"chain": [{"task": [1]}, {"task": {}}, {"task": None}, {}]}, []),
        ({"chain": [{**ingest("a"), "args": 7, "kwargs": [], "options": "x"}]}, []),
    ],
)
def test_the_calls_in_embed_are_those_of_the_ingest_task_in_the_order_of_celery(
    embed: object, calls: list[str]
) -> None:
    assert [call.args for call in embedded_calls(embed, {"cut"})] == [[name] for name in calls]


@pytest.mark.parametrize(
    ("embed", "has_calls"),
    [
        ({"errbacks": [ingest("after an error")]}, True),
        ({"errbacks": [other()], "callbacks": [ingest("a")]}, True),
        ({"chain": [ingest("a", options={"link_error": [other()]})]}, True),
        ({"chord": ingest("a", options={"link_error": other()})}, True),
        ({"errbacks": [], "callbacks": [ingest("a", options={"link": [other()]})]}, False),
        ({"errbacks": None, "chain": None, "chord": None}, False),
        *((junk, False) for junk in (None, 7, [], "errbacks", {"chain": [7], "chord": []})),
    ],
)
def test_calls_after_an_error_are_seen_at_the_top_and_in_links(
    embed: object, has_calls: bool
) -> None:
    assert has_error_calls(embed) is has_calls


def test_a_call_keeps_the_id_that_its_own_message_would_have() -> None:
    embed = {
        "chain": [ingest("a", options={"task_id": "id-7"}), ingest("b", options={"task_id": 7})]
    }
    assert [call.message_id for call in embedded_calls(embed, ())] == ["", "id-7"]


@pytest.mark.parametrize(
    ("task", "items", "calls"),
    [
        ("celery.map", ["a", ["b", "c"]], [["a"], [["b", "c"]]]),
        ("celery.starmap", [["a"], ["b", "r"], "c"], [["a"], ["b", "r"], ["c"]]),
        ("celery.chunks", [["a"], []], [["a"], []]),
    ],
)
def test_a_mapped_task_is_called_once_for_each_item(
    task: str, items: list[Any], calls: list[list[Any]]
) -> None:
    expected = [TaskCall(args, {}) for args in calls]
    found = mapped_calls(task, [], {"task": ingest(), "it": items})
    assert found is not None
    assert list(found) == expected
    found = mapped_calls(task, [ingest("own"), items, 2], {})
    assert found is not None
    assert list(found) == [TaskCall(["own"], {}), *expected]


@pytest.mark.parametrize(
    "kwargs", [{}, {"task": INGEST, "it": []}, {"task": other(), "it": []}, {"task": ingest()}]
)
def test_a_message_that_maps_no_ingest_task_over_a_list_has_no_calls(kwargs: Any) -> None:
    assert mapped_calls("celery.map", [], kwargs) is None
