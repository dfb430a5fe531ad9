"""An outage of the broker is one warning, and one line when it is over."""

import logging

import pytest

from worker.broker.broker_outage import CLAIM, CONSUMER, WAIT, BrokerOutage

BEGIN, END = "broker.unavailable", "broker.available"


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([("begin", CONSUMER), ("begin", "leases"), ("end", CONSUMER)], [BEGIN, END]),
        ([("begin", "leases"), ("begin", "leases"), ("end", "leases")], [BEGIN, END]),
        ([("begin", "leases"), ("begin", CONSUMER), ("end", "leases")], [BEGIN]),
        ([("begin", "journal"), ("end", "leases"), ("end", "journal")], [BEGIN, END]),
        # A full broker answers, and still refuses to wait.
        ([("begin", WAIT), ("end", CONSUMER), ("begin", WAIT)], [BEGIN]),
        ([("begin", WAIT), ("begin", CLAIM), ("end", CLAIM), ("end", WAIT)], [BEGIN, END]),
        ([("begin", CONSUMER), ("begin", WAIT), ("end", CONSUMER), ("end", WAIT)], [BEGIN, END]),
        ([("end", CONSUMER), ("end", WAIT)], []),
        ([("begin", WAIT), ("end", WAIT)] * 2, [BEGIN, END] * 2),
    ],
)
def test_many_parts_of_a_worker_say_it_once(
    events: list[tuple[str, str]], expected: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    outage = BrokerOutage()
    with caplog.at_level(logging.INFO, "worker.broker"):
        for event, part in events:
            outage.begin(part, "refused") if event == "begin" else outage.end(part)
    assert [record.message.split()[0] for record in caplog.records] == expected
    assert outage.lasts == (expected[-1:] == [BEGIN])
