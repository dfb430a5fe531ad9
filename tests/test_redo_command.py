"""`worker retag` and `worker reclean`: what would change is shown before it does."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import update

from tests.make import NOW
from tests.store.stored import everything
from worker.clean import clean
from worker.cli import group, reclean_preview
from worker.cli.reclean_preview import RecleanPreview
from worker.cli.retag_preview import RetagPreview
from worker.config.loader import load_config
from worker.config.rule_files import PACKAGED
from worker.index.memory_index import MemoryIndex
from worker.model.admission import RawArticle
from worker.model.records import Article
from worker.pipeline.deliveries import Delivery
from worker.pipeline.ingestion import Pipeline
from worker.store.database.engine import open_engine, parse
from worker.store.database.packing import pack_text
from worker.store.database.schema import revisions
from worker.store.sql_store import SqlStore
from worker.store.values import Query

STORIES = {
    "Pilots strike at the airport": "wire",
    "Airport opens new runway": "wire",
    "Harbour of the north freezes": "radio",
}
RULES = """
[[topics]]
code = "desk:airport"
label = "airports"
rules = [{ any = ["airport"], score = 0.9 }]
"""


@pytest.fixture
def stored(
    sqlite_store_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[SqlStore]:
    monkeypatch.setenv("WORKER_STORE_URL", sqlite_store_url)
    monkeypatch.setenv("WORKER_VAR_DIR", str(tmp_path / "var"))
    store = SqlStore(sqlite_store_url)
    config = load_config()
    batch = [
        Delivery(
            receipt=f"r{n}",
            raw={"title": title, "content": f"{title}, they said.", "source": {"id": source}},
        )
        for n, (title, source) in enumerate(STORIES.items())
    ]
    Pipeline(config, store, MemoryIndex(config.dedup)).ingest(batch, now=NOW)
    yield store
    store.close()


def run(*arguments: object) -> Result:
    return CliRunner().invoke(group, [str(argument) for argument in arguments])


def test_a_dry_run_shows_gains_and_losses_by_tag_with_samples(
    stored: SqlStore, tmp_path: Path
) -> None:
    (tmp_path / "draft.toml").write_text(RULES)
    done = run("retag", "--rules", tmp_path / "draft.toml", "--dry-run", "--json")
    assert done.exit_code == 0, done.output
    shown = json.loads(done.stdout)
    assert (shown["stale"], shown["changed"]) == (3, 2)
    assert shown["gains"] == {"taxonomy:desk:airport": 2}
    assert len(shown["samples"]["+taxonomy:desk:airport"]) == 2
    assert stored.search(Query(tag="airports")) == []

    done = run("retag", "--rules", tmp_path / "draft.toml", "--dry-run", "--source", "radio")
    assert (
        "1 article to tag again, which other rules tagged; 0 of them would get other tags"
        in done.output
    )


def test_a_draft_is_only_for_a_dry_run(stored: SqlStore, tmp_path: Path) -> None:
    (tmp_path / "draft.toml").write_text(RULES)
    assert run("retag", "--rules", tmp_path / "draft.toml").exit_code == 2


def test_nothing_is_sent_when_nothing_is_stale(stored: SqlStore) -> None:
    done = run("retag", "--json")
    assert (done.exit_code, json.loads(done.stdout)["sent"]) == (0, 0)


def test_a_dry_run_of_cleaning_shows_what_texts_would_become(
    stored: SqlStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORKER_CONFIG_DIR", str(tmp_path))
    text = (PACKAGED / "cleaning.toml").read_text()
    version = next(line for line in text.splitlines() if line.startswith("version"))
    rule = """
[[lines.rules]]
name = "own-runway"
position = "tail"
max_chars = 1000
patterns = { any = "airport opens .* they said\\\\." }
"""
    (tmp_path / "cleaning.toml").write_text(text.replace(version, 'version = "9"', 1) + rule)
    shown = json.loads(run("reclean", "--dry-run", "--json").stdout)
    assert (shown["stale"], shown["becomes"]) == (3, {"same": 2, "revised": 1})
    (sample,) = shown["samples"]
    assert "-Airport opens new runway, they said." in sample["lines"]


def test_a_dry_run_of_cleaning_counts_changes_by_field_with_both_values_and_writes_nothing(
    stored: SqlStore, sqlite_store_url: str
) -> None:
    engine = open_engine(parse(sqlite_store_url))
    with engine.execution_options(writes=True).begin() as connection:
        older = {
            "versions": {"cleaner": "old"},
            "authors": ["Desk", "Old Name"],
            "flags": ["mojibake"],
            "published": NOW,
        }
        wire = revisions.c.title.contains("irport")
        connection.execute(update(revisions).values(versions={"cleaner": "old"}))
        connection.execute(update(revisions).where(wire).values(older))
        other = revisions.c.title.contains("Harbour")
        connection.execute(update(revisions).where(other).values(payload=pack_text("{}")))
    engine.dispose()
    before = everything(sqlite_store_url)

    shown = json.loads(run("reclean", "--dry-run", "--json", "--samples", 1).stdout)
    assert (shown["stale"], shown["changed"]) == (3, 2)
    assert shown["becomes"] == {"refreshed": 2, "rejected": 1}
    assert shown["fields"] == {"authors": 2, "flags": 2, "published": 2}
    (example,) = shown["examples"]["authors"]
    assert (example["before"], example["after"]) == ("Desk, Old Name", "")
    assert shown["examples"]["published"][0]["before"] == NOW.isoformat()
    printed = " ".join(run("reclean", "--dry-run").output.split())
    assert "3 articles cleaned by another version; 2 would change" in printed
    assert "Desk, Old Name -> (nothing)" in printed
    assert everything(sqlite_store_url) == before


def test_a_payload_that_crashes_the_cleaner_is_counted_and_the_others_are_compared(
    stored: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crashing(raw: RawArticle, rules: object, now: object) -> Article:
        if raw.title.startswith("Harbour"):
            raise RecursionError("deep")
        return clean(raw, rules, now)  # type: ignore[arg-type]

    monkeypatch.setattr(reclean_preview, "clean", crashing)
    preview = RecleanPreview(load_config(), samples=2)
    ids = [hit.article_id for hit in stored.search(Query())]
    for record in stored.records(ids):
        preview.compare(record)
    assert preview.counts()["becomes"] == {"same": 2, "rejected": 1}
    assert preview.shown[0]["lines"] == ["crashed: RecursionError: deep"]


def test_what_differs_in_a_long_text_is_shown_with_a_little_before_it(stored: SqlStore) -> None:
    (hit,) = stored.search(Query(words="harbour"))
    (record,) = stored.records([hit.article_id])
    longer = replace(record.article, text=f"{'word ' * 100}before {'word ' * 100}")
    preview = RecleanPreview(load_config(), samples=2)
    preview.compare(replace(record, article=longer))
    (example,) = preview.counts()["examples"]["text"]
    assert len(example["before"]) <= 82
    assert example["after"] == record.article.text


@pytest.mark.parametrize("options", [[], ["--dry-run"], ["--yes", "--dry-run"]])
def test_nothing_is_deleted_without_yes(stored: SqlStore, options: list[str]) -> None:
    (hit,) = stored.search(Query(words="harbour"))
    done = run("delete", hit.article_id, *options)
    assert done.exit_code == 0, done.output
    assert "nothing is deleted yet" in done.output
    assert stored.search(Query(words="harbour")) == [hit]


def test_an_article_tells_why_it_has_no_tag(stored: SqlStore) -> None:
    (found,) = stored.search(Query(words="harbour"))
    told = run("explain", found.article_id, "--tag", "labour relations")
    assert told.exit_code == 0, told.output
    assert "medtop:20000524/strike" in told.output
    assert "not found:" in told.output


DRAFT = """
[[topics]]
code = "desk:airport"
label = "airports"
[[topics.rules]]
id = "word"
any = ["airport"]
score = 0.9
[[topics.rules]]
id = "silent"
any = ["zeppelin"]
"""


def dry_run(folder: Path, text: str) -> dict[str, Any]:
    (folder / "draft.toml").write_text(text)
    done = run("retag", "--rules", folder / "draft.toml", "--dry-run", "--json")
    assert done.exit_code == 0, done.output
    shown: dict[str, Any] = json.loads(done.stdout)
    return shown


def test_a_dry_run_names_phrases_and_the_rules_that_fired_nowhere(
    stored: SqlStore, tmp_path: Path
) -> None:
    shown = dry_run(tmp_path, DRAFT)
    assert shown["gains"] == {"taxonomy:desk:airport": 2}
    assert shown["losses"] == {}
    assert shown["phrases"] == {"+taxonomy:desk:airport": {"airport": 2}}
    assert shown["never_fired"] == ["desk:airport/silent"]
    printed = run("retag", "--rules", tmp_path / "draft.toml", "--dry-run").output
    assert "by “airport” 2" in printed
    assert "to use draft.toml, put it into WORKER_CONFIG_DIR/rules/ of the workers" in printed
    assert "run it without --dry-run" not in printed
    assert "fired on no article: desk:airport/silent" in printed


@pytest.mark.parametrize(
    "text",
    [
        DRAFT,
        DRAFT.replace("id = ", "languages = ['de']\nid = "),
        '[[topics]]\ncode = "medtop:20000530"\n[[topics.rules]]\nid = "x"\nany = ["runway"]\n',
        '[[topics]]\ncode = "medtop:09000000"\nparents = ["medtop:15000000"]\n',
        '[[sources]]\nsource = "wire"\ntopics = ["medtop:15000000"]\n',
        '[synonyms]\nunused = ["airport"]\n',
    ],
)
def test_a_dry_run_of_a_draft_counts_what_tagging_everything_would(
    stored: SqlStore, sqlite_store_url: str, tmp_path: Path, text: str
) -> None:
    shown = dry_run(tmp_path, text)
    config = load_config(None, {"rules/draft": tmp_path / "draft.toml"})
    full = RetagPreview(config, 3)
    ids = [row["article_id"] for row in everything(sqlite_store_url)["articles"]]
    for record in stored.records(ids):
        full.compare(record)
    expected = full.counts()
    for key in ("changed", "gains", "losses", "phrases"):
        assert shown[key] == expected[key], key
