"""Results out: commands and Python reading as docs/results.md has them, on the seeds."""

import csv
import io
import json
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from click import UsageError
from click.testing import CliRunner, Result

import worker as package
from devtools.waiting import limit_s
from tests.make import NOW
from tests.support.pipelines import CONFIG
from worker import Archive
from worker.cli import group
from worker.cli.export_command import writer
from worker.cli.export_formats import write_csv
from worker.cli.inputs import read_inputs
from worker.errors import BadConfig
from worker.index.memory_index import MemoryIndex
from worker.model.records import Outcome, OutcomeKind
from worker.pipeline.deliveries import Delivery
from worker.pipeline.ingestion import Pipeline
from worker.store.migrate import migrate
from worker.store.sql_store import SqlStore
from worker.store.values import Query, StoredArticle

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs/results.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.M | re.S)


def ingest(store: SqlStore, raws: Sequence[object], prefix: str) -> list[Outcome]:
    pipeline = Pipeline(CONFIG, store, MemoryIndex(CONFIG.dedup))
    deliveries = [Delivery(receipt=f"{prefix}{n}", raw=raw) for n, raw in enumerate(raws)]
    return pipeline.ingest(deliveries, now=NOW)


@pytest.fixture(scope="module")
def _seeded(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("seeded") / "articles.sqlite3"
    migrate(f"sqlite:///{path}")
    store = SqlStore(f"sqlite:///{path}")
    ingest(store, [raw for _, raw in read_inputs((ROOT / "seeds",), ("expected.jsonl",))], "seed-")
    store.close()  # the last connection folds the write-ahead log into the file
    return path.read_bytes()


@pytest.fixture
def seeded(_seeded: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SqlStore]:
    """The seeds in the embedded store of a folder, in which commands run."""
    for name in [name for name in os.environ if name.startswith("WORKER_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "var").mkdir()
    (tmp_path / "var/articles.sqlite3").write_bytes(_seeded)
    store = SqlStore(f"sqlite:///{tmp_path}/var/articles.sqlite3")
    yield store
    store.close()


def worker(*arguments: str) -> Result:
    """The command in this process, output and errors apart."""
    return CliRunner().invoke(group, arguments)


def lines(result: Result) -> list[dict[str, Any]]:
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


COMMANDS = [
    line.partition("  #")[0].strip()
    for block in blocks("sh")
    for line in block.splitlines()
    if line.startswith("worker ") and "--follow" not in line
]


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.processes
def test_every_command_of_the_page_works(seeded: SqlStore, command: str) -> None:
    if not set("|>") & set(command):
        done = worker(*shlex.split(command)[1:])
        assert (done.exit_code, bool(done.output)) == (0, True), done.output
        return
    status, said = in_shell(command)
    assert (status, "Traceback" in said) == (0, False), said


def in_shell(command: str) -> tuple[int, str]:
    """Exit code, and what it said on standard error."""
    done = subprocess.run(
        ["/bin/sh", "-c", command],
        env=os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=limit_s(),
        check=False,
    )
    return done.returncode, done.stderr


@pytest.mark.processes
def test_following_the_feed_ends_cleanly_and_says_where(seeded: SqlStore) -> None:
    (block,) = [b for b in blocks("sh") if "--follow" in b]
    (command,) = block.splitlines()
    follower = subprocess.Popen(
        [sys.executable, "-m", *command.split("#")[0].split()],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert follower.stdout
    count = len(seeded.changes("start"))
    told = [json.loads(follower.stdout.readline()) for _ in range(count)]
    ingest(seeded, [{"title": "Late news", "content": "Something else happened at last."}], "late-")
    told.append(json.loads(follower.stdout.readline()))
    follower.send_signal(signal.SIGINT)
    rest, said = follower.communicate(timeout=limit_s())
    assert (follower.returncode, rest) == (0, "")
    assert told[-1]["article"]["title"] == "Late news"
    assert said.strip() == f"continue with: worker changes --since {told[-1]['cursor']}"


def test_the_python_of_the_page_runs(seeded: SqlStore, capsys: pytest.CaptureFixture[str]) -> None:
    for block in blocks("python"):
        exec(compile(block, "results.md", "exec"), {})  # noqa: S102
    printed = capsys.readouterr().out
    assert "At least 14 dead as earthquake hits Santerra ('disaster" in printed
    assert "stored 6cc136eb42590f3bfb1b0393e6801f3c" in printed
    assert printed.endswith("new\nNone\n")


def test_the_page_names_every_key_and_every_column(seeded: SqlStore) -> None:
    keys = lines(worker("export"))[0].keys()
    columns = worker("export", "--format", "csv").stdout.partition("\n")[0].split(",")
    assert keys | {"labels", "scores", "saliences"} == set(columns)
    assert set(columns) <= set(re.findall(r"`(\w+)`", PAGE))


def test_csv_and_json_lines_say_the_same(seeded: SqlStore) -> None:
    articles = lines(worker("export"))
    printed = worker("export", "--format", "csv").stdout
    rows = csv.DictReader(io.StringIO(printed, newline=""))
    for row, article in zip(rows, articles, strict=True):
        assert (row["title"], row["text"]) == (article["title"], article["text"])
        assert row["published"] == (article["published"] or "")
        assert row["authors"] == "; ".join(article["authors"])
        assert row["tags"] == "; ".join(f"{t['scheme']}:{t['code']}" for t in article["tags"])
        assert row["labels"] == "; ".join(tag["label"] for tag in article["tags"])


def test_a_file_appears_when_it_is_complete(seeded: SqlStore, tmp_path: Path) -> None:
    assert worker("export", "--out", "a.jsonl").exit_code == 0
    assert len((tmp_path / "a.jsonl").read_text().splitlines()) == len(lines(worker("export")))
    assert worker("export", "--out", "nowhere/a.jsonl").exit_code == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.jsonl", "var"]


def test_an_export_says_that_it_replaced_a_file(seeded: SqlStore) -> None:
    first, second = (worker("export", "--out", "a.jsonl").stderr for _ in range(2))
    assert ("older file" in first, "older file" in second) == (False, True)


def test_a_search_says_by_which_date_it_selects_and_can_go_by_receipt(seeded: SqlStore) -> None:
    assert "published since 2020-01-01" in worker("search", "--since", "2020-01-01").stdout
    by_receipt = worker("search", "--since", "2020-01-01", "--by-receipt")
    assert "received since" in by_receipt.stdout
    assert "no date of publication" not in by_receipt.stdout
    nothing = worker("search", "--since", "2100-01-01")
    assert (nothing.exit_code, "--by-receipt" in nothing.stderr) == (1, True)


def test_an_article_is_shown_by_its_link(seeded: SqlStore) -> None:
    hit = next(hit for hit in seeded.search(Query()) if hit.url)
    shown = json.loads(worker("show", f"{hit.url}?utm_source=mail", "--json").stdout)
    assert shown["article"]["article_id"] == hit.article_id
    missed = worker("show", "https://nowhere.example/a")
    assert (missed.exit_code, "no article has the link" in missed.stderr) == (1, True)


def test_an_export_that_finds_nothing_says_so_by_its_exit_code(seeded: SqlStore) -> None:
    assert worker("export", "--source", "nobody").exit_code == 1


@pytest.mark.processes
def test_a_reader_that_leaves_early_is_no_error(seeded: SqlStore) -> None:
    _, said = in_shell("worker export --all-revisions | head -c 10")
    assert said == ""


def test_parquet_without_its_extra_says_what_to_install(
    seeded: SqlStore, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)  # as where it is not installed
    result = worker("export", "--format", "parquet", "--out", "a.parquet")
    assert isinstance(result.exception, BadConfig)
    assert "pip install 'article-worker[parquet]'" in str(result.exception)
    assert [path.name for path in tmp_path.iterdir()] == ["var"]


def test_parquet_has_lists_and_dates_as_such(seeded: SqlStore) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    assert worker("export", "--format", "parquet", "--out", "a.parquet").exit_code == 0
    rows = parquet.read_table("a.parquet").to_pylist()
    assert rows == [asdict(article) | _listed(article) for article in seeded.articles(Query())]


def _listed(article: StoredArticle) -> dict[str, Any]:
    return {name: list(value) for name, value in asdict(article).items() if type(value) is tuple}


@pytest.mark.parametrize(
    "command",
    ["show", "cluster", "cluster split", "cluster pin", "dead show", "dead drop", "delete"],
)
def test_what_is_not_there_is_one_line_that_says_where_to_look(
    seeded: SqlStore, command: str
) -> None:
    missed = worker(*command.split(), "ffff")
    assert missed.exit_code == 1
    assert not missed.stdout
    assert re.fullmatch(r"no [a-z ]+ ffff[a-z ]*; find ids with `worker .*`\n", missed.stderr)


def test_an_unreadable_cursor_is_wrong_usage_that_says_what_to_do(seeded: SqlStore) -> None:
    result = worker("changes", "--since", "yesterday")
    assert result.exit_code == 2
    assert "`start`" in result.stderr


def test_changes_go_on_where_they_ended(seeded: SqlStore) -> None:
    whole = lines(worker("changes", "--json"))
    first = worker("changes", "--json", "--limit", "5")
    cursor = first.stderr.split()[-1]
    rest = lines(worker("changes", "--json", "--since", cursor))
    assert lines(first) + rest == whole
    assert lines(worker("changes", "--since", "now", "--json")) == []


def test_what_was_deleted_never_comes_back_through_the_pipeline(seeded: SqlStore) -> None:
    raws = [raw for _, raw in read_inputs((ROOT / "seeds/01-putin-rejects-conditions.txt",))]
    shown = worker("delete", "1b2e93fc")
    assert shown.exit_code == 0
    assert "would delete 1 article" in shown.stdout
    assert "Putin rejects" in shown.stdout
    before = lines(worker("changes", "--json"))[-1]["cursor"]
    gone = json.loads(worker("delete", "1b2e93fc", "--yes", "--json").stdout)
    assert (gone["articles"], gone["deleted"]) == (1, True)

    (again,) = ingest(seeded, raws, "again-")
    assert again.kind is OutcomeKind.WITHDRAWN
    assert worker("search", "Peskov").exit_code == 1
    assert "Peskov" not in worker("export").stdout
    (change,) = lines(worker("changes", "--since", before, "--json"))
    assert (change["kind"], change["article_id"][:8]) == ("withdrawn", "1b2e93fc")
    assert worker("delete", "1b2e93fc", "--yes").exit_code == 1


def test_a_source_is_deleted_with_its_dead_letters(seeded: SqlStore) -> None:
    titles = {a["title"] for a in lines(worker("export", "--source", "local"))}
    shown = json.loads(worker("delete", "--source", "local", "--json").stdout)
    assert (shown["articles"], shown["deleted"]) == (len(titles), False)
    assert shown["dead_letters"] > 0
    done = json.loads(worker("delete", "--source", "local", "--json", "--yes").stdout)
    assert done == {**shown, "deleted": True}
    assert worker("export", "--source", "local").exit_code == 1
    assert worker("delete", "--source", "local").exit_code == 1


@pytest.mark.parametrize(
    "arguments",
    [(), ("1b2e", "--source", "local"), ("1b2e", "--older-than", "1d"), ("ffff",), ("",)],
)
def test_a_deletion_that_is_not_clear_is_refused(
    seeded: SqlStore, arguments: tuple[str, ...]
) -> None:
    before = len(lines(worker("export")))
    not_there = len(arguments) == 1
    assert worker("delete", *arguments, "--yes").exit_code == (1 if not_there else 2)
    assert len(lines(worker("export"))) == before


def test_python_reads_a_given_store(store: SqlStore, store_url: str) -> None:
    (outcome,) = ingest(store, [{"title": "Storm", "content": "It closed the harbour."}], "r")
    with Archive(store_url) as reader:
        assert reader.outcome("r0") == outcome
        assert reader.outcome("r1") is None
        (found,) = reader.search("harbour")
        (article,) = reader.articles(verdict="new")
        (change,) = reader.changes()
        assert found.article_id == article.article_id == change.article_id == outcome.article_id
        assert change.article == article
        assert list(reader.changes(change.cursor)) == list(reader.changes("now")) == []
        shown = reader.show(found.article_id[:9])
        assert shown
        assert shown["article"]["article_id"] == found.article_id
        with pytest.raises(LookupError, match="not a cursor"):
            list(reader.changes("tomorrow"))


def test_a_time_without_a_zone_is_refused_by_its_name(store_url: str, store: SqlStore) -> None:
    with Archive(store_url) as archive, pytest.raises(ValueError, match=r"since=.* no time zone"):
        list(archive.articles(since=datetime(2026, 1, 1)))  # noqa: DTZ001 - what is tested


def test_python_does_not_read_a_store_that_was_never_migrated(tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match="run `worker migrate`"):
        Archive(f"sqlite:///{tmp_path}/none.sqlite3")


@pytest.mark.processes
def test_searching_loads_neither_the_stages_nor_celery() -> None:
    """They would cost a second on every start."""
    code = "import sys, worker.cli.search_commands, worker.bootstrap as b; b.Settings.load(); "
    code += "print(*{'lxml', 'numpy', 'celery', 'redis'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_the_old_name_of_the_archive_still_works_and_says_the_new_one() -> None:
    with pytest.warns(DeprecationWarning, match=r"worker\.Archive"):
        assert package.Store is Archive


PLAIN: dict[str, Any] = {
    **dict.fromkeys("article_id source title text summary url language place agency".split(), ""),
    **dict.fromkeys("html image verdict cluster_id".split(), ""),
    **dict.fromkeys("authors contributors categories keywords media flags".split(), ()),
    "revision": 1,
    "words": 3,
    **dict.fromkeys("published published_day published_zone updated".split()),
    "received": NOW,
}
FORMULAS = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1")


@pytest.mark.parametrize("title", [*FORMULAS, "Harbour; =1+1", 'say "no"', "plain"])
def test_a_cell_for_spreadsheets_is_no_formula(title: str) -> None:
    sink = io.BytesIO()
    article = StoredArticle(**(PLAIN | {"title": title}))
    assert list(write_csv([article], sink, for_spreadsheets=True)) == [1]
    text = sink.getvalue().decode()
    assert text.startswith('"article_id","revision"')
    (row,) = csv.DictReader(io.StringIO(text, newline=""))
    assert row["title"] == (f"'{title}" if title in FORMULAS else title)
    assert row["words"] == "3"


def test_only_csv_is_for_spreadsheets(seeded: SqlStore) -> None:
    assert worker("export", "--for-spreadsheets").exit_code == 2
    printed = worker("export", "--format", "csv", "--for-spreadsheets").stdout
    assert printed.startswith('"article_id"')


HIDDEN = "T\x1b[31m\u202eflag \U000e0067"


def test_an_export_to_standard_output_does_not_steer_the_terminal() -> None:
    article = StoredArticle(**(PLAIN | {"title": HIDDEN}))
    for format_, is_terminal in (("jsonl", True), ("jsonl", False), ("csv", True)):
        sink = io.BytesIO()
        assert list(writer(format_, False, is_terminal)([article], sink)) == [1]
        text = sink.getvalue().decode()
        assert text.replace("\n", "").isprintable()
        if format_ == "jsonl":
            assert json.loads(text)["title"] == HIDDEN
        else:
            assert r"T\x1b[31m\u202eflag \U000e0067" in text


@pytest.mark.parametrize(
    ("format_", "is_terminal"), [("jsonl", None), ("csv", None), ("csv", False)]
)
def test_an_export_to_a_file_has_the_text_as_it_is(format_: str, is_terminal: bool | None) -> None:
    sink = io.BytesIO()
    list(writer(format_, False, is_terminal)([StoredArticle(**(PLAIN | {"title": HIDDEN}))], sink))
    assert "\u202eflag \U000e0067" in sink.getvalue().decode()


def test_parquet_is_not_written_to_a_terminal() -> None:
    with pytest.raises(UsageError, match="--out"):
        writer("parquet", False, is_terminal=True)
