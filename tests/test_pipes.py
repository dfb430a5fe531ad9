"""What a command prints into a pipe is as wide as COLUMNS says, and no line ends with spaces."""

import os
import re
import subprocess
import sys

import pytest
from rich.cells import cell_len

from tests.support.pipelines import CONFIG, STORY, ingest, raw
from worker.cli.table_layout import fitting_columns
from worker.index.memory_index import MemoryIndex
from worker.pipeline.ingestion import Pipeline
from worker.store.sql_store import SqlStore
from worker.store.values import Query

LINT = ("title", "where", "outcome", "language", "tags", "words", "flags", "dropped")
SOURCES = ("source", "state", "last new", "due", "last polled", "articles", "24 h", "detail")
LEDGER = ("day", "receipts", "stored", "dead", "waiting", "leased", "undeliverable", "missing")


@pytest.mark.parametrize(
    ("columns", "width", "kept"),
    [
        (LEDGER, 80, LEDGER),
        (LEDGER, 60, (*LEDGER[:6], "missing")),
        (LEDGER, 55, (*LEDGER[:5], "missing")),
        (SOURCES, 60, ("source", "state", "last new", "due", "24 h", "detail")),
        (SOURCES, 200, SOURCES),
        (LINT, 60, ("title", "where", "outcome", "flags", "dropped")),
        (("title", "tags"), 10, ("title", "tags")),
    ],
)
def test_a_short_width_gets_fewer_columns_and_always_the_first(
    columns: tuple[str, ...], width: int, kept: tuple[str, ...]
) -> None:
    row = ["2026-11-30" if column == "day" else "12" for column in columns]
    assert tuple(columns[index] for index in fitting_columns(columns, [row], width)) == kept


@pytest.fixture
def filled_store_url(sqlite_store_url: str) -> str:
    """A store with an article that has all that `worker show` prints in tables, and a letter."""
    store = SqlStore(sqlite_store_url)
    pipeline = Pipeline(CONFIG, store, MemoryIndex(CONFIG.dedup))
    copy = raw(2, title="Another headline", source={"id": "paper"})
    ingest(pipeline, [raw(1, f"{STORY}\n\nRead More About: Earthquakes"), copy, "no article"])

    store.close()
    return sqlite_store_url


SEVERAL_COMMANDS = """
import os, sys
from worker.cli import group
for width in sys.argv[2:]:
    os.environ["COLUMNS"] = width
    for command in (["search", "harbour"], ["dead", "list"], ["show", sys.argv[1]]):
        try:
            group(command)
        except SystemExit as end:
            assert not end.code
    print(f"== {width}", flush=True)
"""


@pytest.mark.processes
def test_tables_in_a_pipe_have_the_width_of_columns(filled_store_url: str) -> None:
    widths = (60, 80, 200)
    done = subprocess.run(
        [
            *(sys.executable, "-c", SEVERAL_COMMANDS),
            *(article_id(filled_store_url), *map(str, widths)),
        ],
        env={**os.environ, "WORKER_STORE_URL": filled_store_url},
        capture_output=True,
        text=True,
        check=True,
    )
    *printed, after = re.split(r"^== \d+\n", done.stdout, flags=re.M)
    assert (len(printed), after) == (len(widths), "")
    for width, text in zip(widths, printed, strict=True):
        lines = text.splitlines()
        heads = [line.split()[0] for line in lines if re.match("(title|detail|rule|tag|at) ", line)]
        assert heads == ["title", "detail", "rule", "tag", "at", "title"]
        assert [line for line in lines if cell_len(line) > width] == []
        assert [line for line in lines if line != line.rstrip()] == []


def article_id(store_url: str) -> str:
    store = SqlStore(store_url)
    [found] = store.search(Query(words="harbour", source="wire"))
    store.close()
    return found.article_id
