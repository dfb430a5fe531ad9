"""The comparison with a peer: equal loads, figures that add up, a table that says what was run."""

import json
import math
import os
import time
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any, cast
from xml.etree import ElementTree

import pytest

from bench.peer import floor, loads, report
from bench.peer.foreign import foreign_message
from bench.peer.measurement import Result, median_of_rounds, percentile
from bench.peer.processes import cpu_s, memory_mb, tree
from bench.peer.running import take_lines
from bench.peer.sampled_worker import LIBRARIES, part_of
from bench.peer.stages import table as stage_table
from worker.broker.bodies import articles
from worker.broker.messages import read
from worker.model.records import Outcome, OutcomeKind
from worker.pipeline.ingestion import Pipeline


@pytest.fixture(scope="module")
def made() -> dict[str, loads.Load]:
    return {load.name: load for load in loads.make_loads(None, 40, 4).measured}


def ids(raws: list[dict[str, Any]]) -> set[str]:
    return {raw["id"] for raw in raws}


def test_new_articles_come_once_in_all_loads_together(made: dict[str, loads.Load]) -> None:
    new = [made["new fragments"], made["single messages"], made["new pages"]]
    every = [raw["id"] for load in new for raw in (*load.articles, *load.paced)]
    assert len(every) == len(set(every)) == 40 + 20 + 40 + 20 + 4 + 2
    bodies = {raw["content"][0]["value"] for load in new for raw in load.articles}
    assert len(bodies) == 84


@pytest.mark.parametrize(
    ("name", "new"),
    [("unchanged", 0), ("80 % unchanged, 20 % new", 8), ("95 % unchanged, 5 % new", 2)],
)
def test_a_mix_has_its_share_of_new_articles_and_the_rest_is_unchanged(
    made: dict[str, loads.Load], name: str, new: int
) -> None:
    known = {raw["id"]: raw for raw in made["new fragments"].articles}
    mixed = made[name].articles
    assert len(mixed) == len(ids(mixed)) == 40
    assert len(ids(mixed) - known.keys()) == new
    assert all(raw == known[raw["id"]] for raw in mixed if raw["id"] in known)
    fresh = ids(mixed) - known.keys()
    assert fresh.isdisjoint(ids(made["single messages"].articles))


def test_equal_runs_make_equal_loads(made: dict[str, loads.Load]) -> None:
    warm_up, measured = loads.make_loads(None, 40, 4)
    assert measured == [*made.values()]
    assert ids(warm_up).isdisjoint(raw["id"] for load in measured for raw in load.articles)


def test_a_generated_page_is_large_and_has_its_article_among_much_else() -> None:
    for raw in islice(loads.whole_pages(None), 2):
        markup = raw["content"][0]["value"]
        assert 80_000 < len(markup) < 250_000
        assert markup.count("<a href") > 400


def test_a_folder_without_texts_or_with_too_few_is_refused(tmp_path: Path) -> None:
    with pytest.raises(loads.NotEnoughTexts, match="no fnc1-train-bodies"):
        loads.make_loads(tmp_path, 1, 1)
    below = tmp_path / "some" / "texts"
    below.mkdir(parents=True)
    for part in ("train", "test"):
        rows = "\n".join(f'{n},"{part} {n} {"word " * 200}"' for n in range(3))
        (below / f"fnc1-{part}-bodies.csv").write_text(f"Body ID,articleBody\n{rows}\n")
    (below / "reuters-1987-mar-apr.json").write_text("[]")
    assert len(list(loads.fragments(tmp_path))) == 6
    with pytest.raises(loads.NotEnoughTexts, match="6 of 100 texts"):
        loads.make_loads(tmp_path, 10, 0)


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [
        ([5.0], 0.99, 5.0),
        ([3.0, 1.0, 2.0], 0.5, 2.0),
        ([1.0, 2.0, 3.0, 4.0], 0.5, 2.0),
        ([float(n) for n in range(1, 101)], 0.99, 99.0),
        ([float(n) for n in range(1, 101)], 1.0, 100.0),
        ([float(n) for n in range(1, 201)], 0.99, 198.0),
    ],
)
def test_a_percentile_is_a_measured_value(
    values: list[float], share: float, expected: float
) -> None:
    assert percentile(values, share) == expected


def test_a_percentile_of_nothing_is_no_number() -> None:
    assert math.isnan(percentile([], 0.5))


def result(system: str = "worker", store: str = "SQLite", **changes: Any) -> Result:
    ordinary = Result(
        system, store, "new fragments", 100, 4.0, 0.5, 0.5, 0.0, 150.0, 40.0, 90.0, 160.0
    )
    return ordinary._replace(**changes)


def test_the_median_of_rounds_is_taken_of_each_figure_and_system_alone() -> None:
    rounds = [result(worker_ms=ms, p99_ms=p) for ms, p in ((3.0, 9.0), (9.0, 1.0), (4.0, 5.0))]
    [of_worker, of_peer] = median_of_rounds([*rounds, result("peer", worker_ms=70.0)])
    assert (of_worker.worker_ms, of_worker.p99_ms) == (4.0, 5.0)
    assert of_peer.worker_ms == 70.0


def test_the_table_says_how_many_times_as_much_the_peer_takes() -> None:
    rows = report.table(
        [result(), result("peer", "PostgreSQL", worker_ms=9.0, store_ms=2.0, p99_ms=math.nan)]
    ).splitlines()
    header, _, ours, peers = [[cell.strip() for cell in row.split("|")] for row in rows]
    assert dict(zip(header, ours, strict=True))["peer ÷ this"] == "2.0"
    assert dict(zip(header, ours, strict=True))["with store"] == "2.4"
    assert dict(zip(header, peers, strict=True))["p99 ms"] == ""
    assert len({len(row) for row in (header, ours, peers)}) == 1


def test_without_a_peer_the_table_compares_nothing() -> None:
    assert report.table([result()]).endswith("160 |  |  |")


def test_the_json_gives_back_the_results_also_without_latency() -> None:
    written = report.as_json([result(p50_ms=math.nan), result("peer")], "two cores")
    assert "NaN" not in written
    assert json.loads(written)["conditions"] == "two cores"
    first, second = report.read_json(written)
    assert math.isnan(first.p50_ms)
    assert second == result("peer")


def test_a_chart_has_a_bar_for_each_result_and_the_longest_for_the_largest() -> None:
    results = [result(), result("peer, <fast>", worker_ms=9.0), result("floor", p99_ms=math.nan)]
    bars = bar_widths(report.chart(results, "CPU", lambda r: r.all_ms))
    assert bars == [pytest.approx(max(bars) / 2), max(bars), pytest.approx(max(bars) / 2)]
    assert len(bar_widths(report.chart(results, "p99", lambda r: r.p99_ms))) == 2


def bar_widths(chart: str) -> list[float]:
    """The bars of a chart, which must be well-formed XML; the background is no bar."""
    shapes = ElementTree.fromstring(chart).iter()  # noqa: S314 - written by the function under test
    return [float(shape.attrib["width"]) for shape in shapes if {"x", "fill"} <= {*shape.keys()}]


def test_a_page_gets_the_table_between_its_marks_and_keeps_the_rest(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"before\n{report.BEGIN}\nold\n{report.END}\nafter\n")
    for _ in range(2):
        report.write(page, [result()], "two cores")
    text = page.read_text()
    assert text.startswith(f"before\n{report.BEGIN}\ntwo cores:\n")
    assert text.endswith(f"{report.END}\nafter\n")
    assert "old" not in text
    assert sorted(file.name for file in (tmp_path / "charts").iterdir()) == sorted(report.CHARTS)
    page.write_text("no marks")
    with pytest.raises(ValueError, match="no line"):
        report.write(page, [result()], "two cores")


def test_a_foreign_message_is_one_that_the_worker_reads() -> None:
    raw = {"id": "1", "title": "Größe"}
    packed = foreign_message("articles", "articles.ingest", [[raw]], {"receipts": ["r/1"]})
    assert articles(read(packed.encode())) == [("r/1", raw)]


def test_the_cpu_time_of_a_process_grows_with_its_work_and_not_with_its_sleep() -> None:
    before, began = cpu_s(os.getpid()), time.process_time()
    while time.process_time() - began < 0.05:
        pass
    assert cpu_s(os.getpid()) - before >= 0.03
    assert os.getpid() in tree(os.getpid())
    assert memory_mb(os.getpid()) > 10


def test_a_process_that_has_ended_has_used_nothing() -> None:
    assert cpu_s(2**22 + 1) == memory_mb(2**22 + 1) == 0


def test_the_floor_writes_the_text_of_the_markup_and_hashes_the_article() -> None:
    raw = next(loads.fragments(None))
    source, guid, _, text, digest, packed = floor.row(raw)
    assert (source, guid) == (raw["source"]["id"], raw["id"])
    assert "<p>" not in str(text)
    assert len(str(text)) > 2000
    assert json.loads(str(packed)) == raw
    assert digest == floor.row(dict(raw))[4] != floor.row(raw | {"title": "other"})[4]


@pytest.mark.parametrize(
    ("files", "part"),
    [
        (["/x/site-packages/sqlalchemy/a.py", "/x/worker/store/writing/write.py"], "store/writing"),
        (["/x/worker/clean/__init__.py", "/x/worker/pipeline/ingestion.py"], "clean/__init__"),
        (["/x/worker/tasks.py"], "tasks"),
        (["/x/site-packages/celery/worker/loops.py", "/usr/lib/python3.11/re.py"], LIBRARIES),
        ([], LIBRARIES),
    ],
)
def test_a_sample_counts_for_the_innermost_part_of_the_package(files: list[str], part: str) -> None:
    assert part_of(files) == part


def test_small_parts_of_a_profile_are_shown_together_and_all_is_the_sum() -> None:
    rows = stage_table({"a": {"clean/text": 1.0, "x": 0.004, "y": 0.01}, "b": {"tasks": 0.5}})
    assert rows.splitlines()[2:] == [
        "| clean/text | 1.00 | 0.00 |",
        "| tasks | 0.00 | 0.50 |",
        "| the rest | 0.01 | 0.00 |",
        "| all | 1.01 | 0.50 |",
    ]


def test_the_worker_notes_when_it_has_stored_each_article(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Pipeline, "ingest", Pipeline.ingest)  # put back after the test
    from bench.peer import timed_worker

    outcome = Outcome(receipt="r1", kind=OutcomeKind.NEW, source="s", at=datetime.now(UTC))
    monkeypatch.setattr(timed_worker, "_ingest", lambda *_, **__: [outcome])
    monkeypatch.setenv("LATENCIES", str(tmp_path))
    before = time.time()
    assert timed_worker._timed(cast(Pipeline, None), [], now=None) == [outcome]
    ((receipt, at),) = (line.split() for line in take_lines(tmp_path))
    assert receipt == "r1"
    assert before <= float(at) <= time.time()
    assert take_lines(tmp_path) == []
