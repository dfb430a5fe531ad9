"""Messages made up by hypothesis, against the real command with one process: after every few of
them a good article is stored, nothing comes round and round, and every receipt has its end."""

import json
import zlib
from base64 import b64encode
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.foreign import article, envelope
from tests.running import Running, running_worker
from worker.broker.bodies import receipts_in
from worker.model.records import OutcomeKind

pytestmark = [pytest.mark.long, pytest.mark.processes, pytest.mark.timeout(3000)]

_numbers = count(1)
_ODD = ["", "\x00", "\ud800", "9" * 5000, 2**80, -1, "2999-01-01", "articles.ingest"]
_SCALAR = (
    *(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=30)),
    st.sampled_from(_ODD),
)
_JSON = st.recursive(
    st.one_of(_SCALAR),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)
_HEADERS = st.dictionaries(
    st.sampled_from(
        "task id timelimit eta expires retries shadow stamps stamped_headers callbacks errbacks "
        "chain chord group group_index root_id parent_id origin lang argsrepr kwargsrepr "
        "ignore_result compression x-delivery-count x-quarantine x-last-error x-stalled-runs "
        "redelivered replaced_task_nesting source traceparent delivery_info".split()
    ),
    _JSON,
    max_size=6,
)
_PROPERTIES = st.dictionaries(
    st.sampled_from(
        "delivery_info delivery_tag priority body_encoding reply_to correlation_id".split()
    ),
    _JSON,
    max_size=4,
)
_FIELDS = (
    "id link title summary content published updated authors tags media language source feed fetch "
    "status receipt schema extra excerpt detail"
).split()
_ARTICLE = _JSON | st.dictionaries(st.sampled_from(_FIELDS), _JSON, max_size=8)
_DEPTH = st.sampled_from([0, 1, 95, 101, 640, 5000, 100_000])


@st.composite
def bodies(draw: st.DrawFn) -> str:
    """Bodies that are nearly right, and some that are not at all."""
    batch = draw(st.lists(_ARTICLE, max_size=4) | _ARTICLE)
    kwargs = draw(st.just({}) | st.fixed_dictionaries({"receipts": _JSON}) | _JSON)
    whole = draw(st.just([[batch], kwargs, draw(st.just({}) | _JSON)]) | _JSON)
    text = json.dumps(whole, ensure_ascii=draw(st.booleans()))
    levels = draw(_DEPTH)
    deep = "[" * levels + "]" * levels if levels else "null"
    return text.replace("null", deep, draw(st.sampled_from([0, 1])))


@st.composite
def messages(draw: st.DrawFn) -> bytes:
    body = draw(bodies())
    headers, properties = draw(st.just({}) | _HEADERS), draw(st.just({}) | _PROPERTIES)
    data = body.encode("utf-8", "surrogatepass")
    if draw(st.booleans()):
        if draw(st.booleans()):
            data, headers = zlib.compress(data), {**headers, "compression": "application/x-gzip"}
        body, properties = b64encode(data).decode(), {**properties, "body_encoding": "base64"}
    changes: dict[str, Any] = draw(
        st.dictionaries(
            st.sampled_from(["content-type", "content-encoding", "x"]), _JSON, max_size=1
        )
    )
    whole = envelope(f"made-up-{next(_numbers)}", body, headers, properties=properties, **changes)
    written = json.dumps(whole).encode()
    place, value = draw(st.integers(0, 2000)), draw(st.binary(max_size=2))
    return written[:place] + value + written[place:] if draw(st.integers(0, 9)) == 0 else written


@pytest.fixture(scope="module")
def sent() -> list[bytes]:
    """All that was sent, for the second test."""
    return []


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    yield from running_worker()


@settings(
    max_examples=400,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.reuse, Phase.generate),  # to shrink takes a wait of its own each
)
@given(st.lists(messages(), min_size=1, max_size=5))
def test_whatever_is_sent_the_next_good_article_is_stored(
    running: Running, sent: list[bytes], made_up: list[bytes]
) -> None:
    lines = len(running.lines())
    number = next(_numbers)
    good = json.dumps([[[article(f"after-{number}")]], {"receipts": [f"after-{number}"]}, {}])
    running.broker.lpush("articles", *made_up)
    running.broker.lpush("articles", json.dumps(envelope(f"after-{number}", good)))
    assert running.outcome(f"after-{number}").kind is not OutcomeKind.DEAD
    running.until(running.ended, "every message to end")
    said = [line for line in running.lines()[lines:] if "message.dead-lettered" not in line]
    articles = sum(len(receipts_in(data)) for data in made_up)
    assert len(said) <= 5 * len(made_up) + 2 * articles + 5, said
    assert running.worker.poll() is None
    sent.extend(made_up)


def test_every_receipt_that_was_sent_has_an_outcome_or_a_dead_letter(
    running: Running, sent: list[bytes]
) -> None:
    assert len(sent) > 400
    expected = {receipt for data in sent for receipt in receipts_in(data)}
    assert len(expected) > 200
    running.until(lambda: not running.broker.exists("articles.dead"), "the dead list to be emptied")
    kept = running.undeliverable()
    whole = {r for text in kept for r in receipts_in(text.encode("utf-8", "replace"))}
    assert expected - running.store.outcomes(sorted(expected)).keys() - whole == set()
