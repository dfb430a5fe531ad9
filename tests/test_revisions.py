"""Revisions: how much each changed, and what, word by word."""

import json
from collections.abc import Callable

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from tests.dedup.texts import RULES, STORY, fingerprint_of, invented
from tests.support.pipelines import CONFIG, ingest, raw
from worker.cli import group
from worker.dedup.clustering import change_of
from worker.explain.word_diff import pieces
from worker.index.memory_index import MemoryIndex
from worker.pipeline.ingestion import Pipeline
from worker.store.sql_store import SqlStore

Show = Callable[..., Result]


@pytest.fixture
def show(store_url: str) -> Show:
    def run(*arguments: str, code: int = 0) -> Result:
        environment = {"WORKER_STORE_URL": store_url}
        done = CliRunner().invoke(group, ["show", *arguments], env=environment)
        assert done.exit_code == code, done.output
        return done

    return run


@pytest.mark.parametrize(
    ("edited", "kind"),
    [
        (STORY.replace('"', "”").upper(), "format"),
        (STORY.replace("harbour master", "port chief"), "minor"),
        (STORY.replace("46 vessels", "47 vessels"), "substantial"),  # a figure is news
        (STORY + "\n\n" + invented(1), "substantial"),
        (invented(2), "substantial"),
    ],
)
def test_an_edit_is_format_minor_or_substantial(edited: str, kind: str) -> None:
    assert change_of(fingerprint_of(STORY), fingerprint_of(edited), RULES.revisions).value == kind


@given(st.text(), st.text())
def test_a_diff_holds_both_texts(older: str, newer: str) -> None:
    its = [*pieces(older, newer)]
    assert "".join(words for sign, words in its if sign != "+") == older
    assert "".join(words for sign, words in its if sign != "-") == newer


def test_a_diff_between_any_two_revisions_is_shown(store: SqlStore, show: Show) -> None:
    pipeline = Pipeline(CONFIG, store, MemoryIndex(CONFIG.dedup))
    texts = [STORY, STORY.replace("46 vessels", "47 ships"), STORY.replace("Friday", "Sunday")]
    outcomes = [ingest(pipeline, [raw(1, text)], f"{n}-")[0] for n, text in enumerate(texts)]
    article_id = outcomes[0].article_id
    said = show(article_id, "--diff", "--from", "1", "--to", "2").stdout
    assert "a substantial change" in said
    assert "[-46 vessels-][+47 ships+]" in " ".join(said.split())
    assert "title: unchanged" in said
    newest = json.loads(show(article_id, "--diff", "--json").stdout)
    assert (newest["from"], newest["to"]) == (2, 3)
    assert ["-", "Friday"] in newest["text"]
    assert "there are 1, 2, 3" in show(article_id, "--diff", "--to", "9", code=2).output
