"""`worker explain`: the story of an article in sentences, from any name it goes by."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.make import NOW, dead
from tests.support.pipelines import CONFIG, STORY, ingest, raw
from tests.support.stores import sqlite_first
from worker.broker import embedded
from worker.cli import group
from worker.client.producer import Producer
from worker.errors import Reason
from worker.explain import explain_sentences
from worker.index.memory_index import MemoryIndex
from worker.model.admission import Payload
from worker.model.receipts import replay_receipt
from worker.model.records import Attempt, JournalEntry
from worker.pipeline.deliveries import Delivery
from worker.pipeline.ingestion import Pipeline
from worker.store.sql_store import SqlStore
from worker.store.values import DisplayTitle

Explain = Callable[..., Result]


@pytest.fixture
def pipeline(store: SqlStore) -> Pipeline:
    return Pipeline(CONFIG, store, MemoryIndex(CONFIG.dedup))


@pytest.fixture
def explain(store_url: str) -> Explain:
    def run(*arguments: str, code: int = 0) -> Result:
        environment = {"WORKER_STORE_URL": store_url}
        done = CliRunner().invoke(group, ["explain", *arguments], env=environment)
        assert done.exit_code == code, done.output
        return done

    return run


def told(done: Result) -> str:
    """What was printed as one line."""
    return re.sub(r"\s+", " ", done.stdout)


@sqlite_first
def test_who_ended_a_receipt_is_told_and_which_workers_vanished_with_it(
    pipeline: Pipeline, explain: Explain
) -> None:
    handling = Attempt(worker="celery@desk/17", deliveries=3)
    pipeline.ingest([Delivery(receipt="r", raw=raw(1, STORY))], now=NOW, handling=handling)
    told_of = told(explain("r"))
    who = "by celery@desk, process 17, at delivery 3, after 2 workers vanished with it."
    assert told_of.count(who) == 2  # the receipt, and the sighting of the article it led to


@sqlite_first
def test_an_article_is_told_from_its_first_sighting_to_where_it_is_now(
    pipeline: Pipeline, explain: Explain
) -> None:
    link = "https://a.example/harbour"
    first = raw(1, f"{STORY}\n\nRead More About: Earthquakes", link=link, published="yesterdayish")
    edited = {**first, "title": "Harbour to be deepened after the earthquake"}
    outcomes = ingest(pipeline, [first, first, first, edited])
    story = told(explain(outcomes[0].article_id[:9]))
    for part in (
        "stored as new from wire, receipt r0.",
        "Neither its id nor its address was known",
        "seen again, unchanged 2 times, the last from wire, receipt r2.",
        "stored as revision 2 from wire, receipt r3.",
        "it is revision 2 of the same article",
        "Cleaning left out “Read More About: Earthquakes” (rule ",
        "A date could not be read",
        "Tagged earthquake, because ",
        "No copy of it is known.",
        "Now it is stored as revision, revision 2, of wire: worker show ",
    ):
        assert part in story
    assert story.count("nothing changed") == 1


@sqlite_first
def test_every_name_an_article_goes_by_leads_to_its_story(
    pipeline: Pipeline, explain: Explain
) -> None:
    link = "https://www.a.example/story?b=2&a=1&utm_source=x"
    [outcome] = ingest(pipeline, [raw(1, link=link)])
    names = [
        *("r0", outcome.article_id, outcome.article_id[:6], link),
        *("http://a.example/story?a=1&b=2#top", "https://www.a.example/story/?a=1&b=2&fbclid=y"),
    ]
    for name in names:
        [article] = json.loads(explain(name, "--json").stdout)["articles"]
        assert article["article"]["article_id"] == outcome.article_id


@sqlite_first
def test_an_address_that_several_sources_have_gives_each_story(
    pipeline: Pipeline, explain: Explain
) -> None:
    link = "https://a.example/story"
    other = "Rain is expected on the northern coast from noon, and the wind will turn to the west."
    ingest(pipeline, [raw(1, link=link), raw(2, other, link=link, source={"id": "mirror"})])
    articles = json.loads(explain(link, "--json").stdout)["articles"]
    assert [each["article"]["source"] for each in articles] == ["wire", "mirror"]


@sqlite_first
def test_a_copy_names_what_it_is_a_copy_of_and_the_first_its_copies(
    pipeline: Pipeline, explain: Explain
) -> None:
    copies = [raw(n, title=f"Headline {n}", source={"id": f"paper-{n}"}) for n in range(3)]
    outcomes = ingest(pipeline, copies)
    kinds = {str(outcome.kind): told(explain(outcome.receipt)) for outcome in outcomes}
    assert "Its text is word for word that of “Headline" in kinds["duplicate"]
    assert "It belongs to the cluster of “Headline" in kinds["duplicate"]
    assert "It is the first of its cluster. The copies: “Headline" in kinds["new"]


@sqlite_first
def test_a_dead_receipt_tells_why_and_after_its_replay_what_became_of_it(
    pipeline: Pipeline, store: SqlStore, explain: Explain
) -> None:
    [outcome] = ingest(pipeline, ["no article"])
    story = told(explain("r0"))
    assert "as dead (malformed)" in story
    assert "malformed, not JSON: Expecting value, line 1 column 1" in story
    start = outcome.letter_id[:10]
    assert f"worker dead show {start} --raw > article.json" in story
    assert f"worker dead replay {start} --with article.json --yes" in story
    assert "It ended in the stage 'admit', once" in story
    assert told(explain(outcome.letter_id[:8])).startswith(" It could not be processed")
    [letter] = store.letters([outcome.letter_id])
    receipt = replay_receipt(letter.letter_id, letter.seen)
    store.mark_replays({letter.letter_id: receipt}, now=NOW)
    assert f"under the receipt {receipt} and waits" in told(explain("r0"))
    pipeline.ingest([Delivery(receipt=receipt, raw=raw(1))], now=NOW)
    story = told(explain("r0"))
    assert f"under the receipt {receipt} and became new, article " in story
    assert "Harbour story 1" in story
    store.drop_letters([letter.letter_id])
    assert "the dead letter was dropped since" in told(explain("r0"))


@sqlite_first
def test_what_nobody_knows_exits_with_1_and_says_what_it_may_be(explain: Explain) -> None:
    assert "is no article, receipt, publisher" in explain("r-unknown", code=1).stderr
    assert "worker search" in explain("https://nowhere.example/x", code=1).stderr
    assert "worker search" in explain("https://nowhere.example/", code=1).stderr
    assert json.loads(explain("nothing", "--json", code=1).stdout)["articles"] == []


@sqlite_first
def test_a_receipt_that_only_the_journal_has_waits(store: SqlStore, explain: Explain) -> None:
    store.add_journal_entries([JournalEntry(receipt="r0", message_id="m", at=NOW)])
    assert "It was put on the queue 2026-11-22 12:00." in told(explain("r0"))
    assert "It has no outcome yet" in told(explain("r0"))


def test_a_receipt_in_a_message_that_could_not_be_delivered_leads_to_its_letter(
    store: SqlStore, explain: Explain
) -> None:
    body = json.dumps([[[{"title": "x"}]], {"receipts": ["r0"]}, {}])
    message = {"body": body, "headers": {"id": "m"}, "properties": {}}
    payload = Payload.of(message)
    letter = dead(reason=Reason.UNDELIVERABLE, queue="articles", detail="gone", payload=payload)
    store.add_journal_entries([JournalEntry(receipt="r0", message_id="m", at=NOW)])
    store.write([], [], [letter], now=NOW)
    story = told(explain("r0"))
    assert "undeliverable, gone" in story
    assert "no outcome yet" not in story


@sqlite_first
def test_a_withdrawn_article_tells_only_that(pipeline: Pipeline, explain: Explain) -> None:
    withdrawal = {"id": "a-1", "source": {"id": "wire"}, "status": "withdrawn"}
    ingest(pipeline, [raw(1)])
    [outcome] = ingest(pipeline, [withdrawal], "w")
    story = told(explain(outcome.article_id))
    assert "It was taken down 2026-11-22 12:00: nothing of its content is left." in story
    assert "fetched after 2026-11-22 12:00 brings it back" in story
    assert "Harbour story" not in story
    [back] = ingest(pipeline, [raw(1)], "b")
    assert "it came back as revision 2" in told(explain(back.article_id))
    pipeline.store.delete([back.article_id], now=NOW)
    assert "It was deleted for good" in told(explain(back.article_id))


RIVAL = DisplayTitle(article_id="f" * 32, title="Storm hits coast", source="wire")


@pytest.mark.parametrize(
    ("verdict", "signal", "scores", "thresholds", "part"),
    [
        ("new", "alias-conflict", {"containment": 0.1}, {"containment": 0.41}, "only 10 % of the"),
        ("unchanged", "content-hash", {}, {}, "exactly what was stored"),
        ("revision", "identity", {"containment": 0.02}, {"containment": 0.05}, "only 2 % of its"),
        ("revision", "alias", {"containment": 0.9}, {"containment": 0.41}, "(threshold 41 %)"),
        ("revision", "race", {}, {}, "at the same moment"),
        ("duplicate", "settled", {}, {}, "at the same moment as “Storm hits coast” of wire"),
        (
            *("duplicate", "near", {"containment": 0.87, "numbers": 1.0}),
            *({"containment": 0.41, "numbers": 0.67}, "threshold 41 %) and the figures agree, so"),
        ),
        (
            *("duplicate", "contained", {"containment": 0.87, "numbers": 1.0, "about": 0.9}),
            {"containment": 0.41, "numbers": 0.67, "about": 0.34},
            "87 % of its text is in “Storm hits coast” of wire (ffffffffff) (threshold 41 %) and "
            "the figures and titles agree, and that is longer",
        ),
        ("duplicate", "exact", {"containment": 1.0}, {}, "word for word"),
        (
            *("variant", "series", {"containment": 0.8, "numbers": 0.2, "days": 7.0}),
            {"containment": 0.41, "numbers": 0.9, "days": 3.0},
            "only 20 % of the figures agree (threshold 90 %) and they are 7 days apart (at most 3)",
        ),
        (
            *("variant", "template", {"containment": 0.7, "about": 0.1, "opening": 0.2}),
            {"containment": 0.41, "about": 0.34, "opening": 0.34},
            "only 10 % of the titles agree (threshold 34 %) and only 20 % of the openings",
        ),
        ("variant", "invented tomorrow", {}, {}, "similar to “Storm hits coast”"),
    ],
)
def test_each_decision_is_a_sentence_with_its_scores_and_thresholds(
    verdict: str, signal: str, scores: dict[str, float], thresholds: dict[str, float], part: str
) -> None:
    facts = {
        "verdict": verdict,
        "signal": signal,
        "rival": RIVAL.article_id,
        "scores": scores,
        "thresholds": thresholds,
        "version": "1/1",
        "revision": 2,
    }
    said = explain_sentences.decision_sentence(facts, {RIVAL.article_id: RIVAL})
    assert part in said
    assert said.endswith("(rules 1/1)")


EDITED = {"title": "Harbour to be deepened after the earthquake"}
WITHDRAWN = {"status": "withdrawn", "id": "a-1", "source": {"id": "wire"}}


def sent_in(pipeline: Pipeline, *raws: dict[str, object]) -> list[str]:
    """Ingest raw articles as one batch, under receipts that sort the other way round; returns the
    outcomes of the article in the order in which `worker explain` tells them."""
    receipts = [f"{len(raws) - n:03}" for n in range(len(raws))]
    sent = [Delivery(receipt=r, raw=each) for r, each in zip(receipts, raws, strict=True)]
    outcomes = pipeline.ingest(sent, now=NOW)
    shown = pipeline.store.show(next(o.article_id for o in outcomes if o.article_id))  # type: ignore[attr-defined]
    return [f"{s['outcome']} {s['revision']}" for s in reversed(shown["sightings"])]


@sqlite_first
@pytest.mark.parametrize(
    ("raws", "told_as"),
    [
        ([raw(1), raw(1, **EDITED)], ["new 1", "revision 2"]),
        ([raw(1), raw(1), raw(1, **EDITED)], ["new 1", "unchanged 1", "revision 2"]),
        ([raw(1), WITHDRAWN], ["new 1", "withdrawn 0"]),
        ([WITHDRAWN, raw(1)], ["withdrawn 0", "new 1"]),
        (
            [raw(1), raw(1, **EDITED), WITHDRAWN],
            ["new 1", "revision 2", "withdrawn 0"],
        ),
    ],
)
def test_what_one_batch_brought_is_told_in_the_order_in_which_it_was_stored(
    pipeline: Pipeline, raws: list[dict[str, object]], told_as: list[str]
) -> None:
    assert sent_in(pipeline, *raws) == told_as


@sqlite_first
def test_an_article_that_returns_in_the_batch_of_its_withdrawal_is_told_after_it(
    pipeline: Pipeline,
) -> None:
    later = {"fetch": {"at": "2026-11-22T11:00:00Z"}}
    earlier = {"fetch": {"at": "2026-11-22T10:00:00Z"}}
    told_as = sent_in(pipeline, raw(1), {**WITHDRAWN, **earlier}, raw(1, **EDITED, **later))
    assert told_as == ["new 1", "withdrawn 0", "revision 2"]


@sqlite_first
def test_a_withdrawal_that_found_no_article_says_so(
    pipeline: Pipeline, store: SqlStore, explain: Explain, store_url: str
) -> None:
    [unseen] = ingest(pipeline, [WITHDRAWN], "unseen-")
    _, seen = ingest(pipeline, [raw(2), {**WITHDRAWN, "id": "a-2"}], "seen-")
    assert "No article had its id or link yet." in told(explain(unseen.receipt))
    assert "No article had" not in told(explain(seen.receipt))
    environment = {"WORKER_STORE_URL": store_url}
    shown = {
        outcome.receipt: CliRunner().invoke(group, ["show", outcome.article_id], env=environment)
        for outcome in (unseen, seen)
    }
    assert "No article had its id or link yet." in shown[unseen.receipt].stdout
    assert "No article had" not in shown[seen.receipt].stdout


@sqlite_first
def test_an_article_that_was_stored_after_such_a_withdrawal_still_tells_of_it(
    pipeline: Pipeline, explain: Explain
) -> None:
    earlier, later = ({"fetch": {"at": f"2026-11-22T1{n}:00:00Z"}} for n in (0, 1))
    ingest(pipeline, [{**WITHDRAWN, **earlier}], "w")
    [stored] = ingest(pipeline, [raw(1, **later)], "a")
    story = told(explain(stored.receipt))
    assert story.index("No article had its id or link yet.") < story.index("stored as ")


@pytest.fixture
def var_dir(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """A folder with an embedded broker, which no worker has ever read from."""
    for name in ("WORKER_BROKER_URL", "WORKER_STORE_URL", "WORKER_INDEX_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("WORKER_VAR_DIR", str(tmp_path / "var"))
    yield tmp_path / "var"
    embedded.stop(tmp_path / "var")


@pytest.mark.processes
def test_a_receipt_that_waits_while_no_worker_has_ever_run_is_known_and_how_to_start_one(
    var_dir: Path,
) -> None:
    link = "https://a.example/1"
    with Producer() as producer:
        [receipt, own] = producer.enqueue([raw(1, link=link), raw(2, receipt="own")])
    for name in (receipt, own):
        done = CliRunner().invoke(group, ["explain", name])
        assert done.exit_code == 0
        assert "It was put on the queue 20" in done.stdout
        waits = "1 message waits on the queue, and no worker is running. To start one: celery"
        assert waits in told(done)
    for unknown in ("nobody", link):
        done = CliRunner().invoke(group, ["explain", unknown])
        assert done.exit_code == 1
        assert waits in done.stderr


@pytest.mark.processes
def test_a_stopped_embedded_broker_is_named_and_not_started_by_explain_or_status(
    var_dir: Path,
) -> None:
    with Producer() as producer:
        [receipt] = producer.enqueue([raw()])
    CliRunner().invoke(group, ["down"])
    done = CliRunner().invoke(group, ["explain", receipt])
    assert done.exit_code == 1
    stopped = "the embedded broker, which is stopped; no worker is running.\nTo start both: celery"
    assert stopped in done.stderr
    said = CliRunner().invoke(group, ["status"])
    assert said.output.startswith("The embedded broker is stopped, and no worker is running. To s")
    assert said.exit_code == 0
    assert not embedded.is_running(var_dir)
