"""What the README shows is what the commands print, and it leads to every page."""

import re
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest

from tests.make import NOW
from tests.support.pipelines import CONFIG
from worker.cli import run_printing, terminal
from worker.cli.inputs import read_inputs
from worker.cli.terminal import SafeConsole
from worker.index.memory_index import MemoryIndex
from worker.maintenance.reconcile import Reconciler
from worker.pipeline.deliveries import Delivery
from worker.pipeline.ingestion import Pipeline
from worker.store.sql_store import SqlStore

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
WIDTH = 110  # columns of the block in the README


def printed_for_the_seeds(store_url: str) -> list[str]:
    """The lines that `worker run seeds/` prints for what it has stored."""
    store = SqlStore(store_url)
    pipeline = Pipeline(CONFIG, store, MemoryIndex(CONFIG.dedup))
    raws = read_inputs([ROOT / "seeds"], ["expected.jsonl"], [], follow_links=False)
    sent = [Delivery(receipt=f"{n:04}", raw=each) for n, (_, each) in enumerate(raws)]
    now = NOW + timedelta(days=8)
    pipeline.ingest(sent, now=now)
    [*Reconciler(store, pipeline.index, CONFIG.dedup, now=now).run(now, twins=False)]
    listing = store.listing([delivery.receipt for delivery in sent])
    letters = store.letters([outcome.letter_id for outcome, _ in listing if outcome.letter_id])
    withdrawn = run_printing.withdrawn_articles(store, listing)
    store.close()
    printed = StringIO()
    console = SafeConsole(file=printed, width=WIDTH, highlight=False)
    with pytest.MonkeyPatch.context() as patch:
        for module in (terminal, run_printing):
            patch.setattr(module, "out", console)
        run_printing.print_results(listing, withdrawn, letters, 4.3)
    return printed.getvalue().splitlines()


def masked(line: str) -> str:
    return re.sub(r"\b[0-9a-f]{10}\b", "ID", re.sub(r" in [0-9.]+ s:", " in N s:", line))


def test_the_sample_of_the_readme_is_what_the_seeds_give(sqlite_store_url: str) -> None:
    [block] = re.findall(r"```\n(articles, as they are now\n.*?)```", README, re.S)
    shown = [masked(line) for line in block.splitlines() if line != "…"]
    printed = [masked(line) for line in printed_for_the_seeds(sqlite_store_url)]
    assert [line for line in shown if line not in printed] == []
    assert [line for line in printed if line in shown] == shown  # in the same order


def test_a_run_lists_each_raw_article_also_what_was_edited_or_withdrawn_after_it(
    sqlite_store_url: str,
) -> None:
    lines = printed_for_the_seeds(sqlite_store_url)
    end = lines.index("")
    rows = lines[2:end]
    assert len(rows) == 52  # 63 raw articles, of which 11 are dead letters
    [edited] = [row for row in rows if " duplicate, edited " in row]
    [edit] = [row for row in rows if " revision " in row]
    cluster = r" ([0-9a-f]{10}) "
    assert re.findall(cluster, edited) == re.findall(cluster, edit) != []
    assert sum(re.findall(cluster, edit)[0] in row for row in rows) == 2  # no copy of it is left
    assert [row.split()[0] for row in rows if "withdrawn" in row] == ["(withdrawn:"] * 2


def test_the_readme_leads_to_every_page() -> None:
    pages = {f"docs/{page.name}" for page in (ROOT / "docs").glob("*.md")}
    assert pages - set(re.findall(r"\]\((docs/[^)#]+)", README)) == set()
