"""What a background thread reads ahead, no request reads, and a change is seen at once."""

import threading

import pytest

from devtools.waiting import limit_s, until
from worker.errors import Unavailable
from worker.web.prepared_value import PreparedValue


class Counting:
    """A reading that counts its calls, and fails while `problem` is set."""

    def __init__(self) -> None:
        self.calls = 0
        self.problem: Unavailable | None = None
        self.may_end = threading.Event()
        self.may_end.set()

    def __call__(self) -> int:
        self.calls += 1
        number = self.calls
        assert self.may_end.wait(limit_s())
        if self.problem:
            raise self.problem
        return number


def test_without_a_loop_the_value_is_read_when_it_is_asked_for_and_too_old() -> None:
    reading = Counting()
    fresh, old = PreparedValue(reading, 60.0), PreparedValue(reading, 0.0)
    assert [fresh.get(), fresh.get()] == [1, 1]
    assert [old.get(), old.get()] == [2, 3]
    fresh.forget()
    assert fresh.get() == 4


def test_with_a_loop_no_request_reads() -> None:
    reading = Counting()
    value = PreparedValue(reading, 0.0)
    value.expect_preparation(lambda: None)
    value.prepare()
    assert [value.get(), value.get(), value.get()] == [1, 1, 1]
    value.prepare()
    assert value.get() == 2
    assert reading.calls == 2


def test_a_request_waits_for_the_first_value() -> None:
    value = PreparedValue(Counting(), 0.0)
    value.expect_preparation(lambda: None)
    got: list[int] = []
    asking = threading.Thread(target=lambda: got.append(value.get()))
    asking.start()
    value.prepare()
    asking.join(limit_s())
    assert got == [1]


def test_after_a_change_a_value_that_was_read_before_is_not_returned() -> None:
    reading, woken = Counting(), threading.Event()
    value = PreparedValue(reading, 0.0)
    value.expect_preparation(woken.set)
    reading.may_end.clear()
    preparing = threading.Thread(target=value.prepare)
    preparing.start()
    until(lambda: reading.calls == 1, lambda: f"{reading.calls} calls")
    value.forget()  # the reading that runs may not know of the change
    assert woken.is_set()
    reading.may_end.set()
    assert value.get() == 2
    preparing.join(limit_s())


def test_what_was_read_before_is_kept_while_it_cannot_be_read_again() -> None:
    reading = Counting()
    value = PreparedValue(reading, 0.0)
    value.expect_preparation(lambda: None)
    value.prepare()
    reading.problem = Unavailable("store", "it is away")
    value.prepare()
    assert value.get() == 1
    value.forget()
    value.prepare()
    with pytest.raises(Unavailable, match="it is away"):
        value.get()
    reading.problem = None
    value.prepare()
    assert value.get() == 4
