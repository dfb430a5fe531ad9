"""What `worker lint` finds in raw articles."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.make import NOW
from tests.support.pipelines import CONFIG
from worker.client.lint import LintResult, Rehearsal, lint
from worker.index.memory_index import MemoryIndex
from worker.pipeline.ingestion import Pipeline
from worker.store.migrate import migrate
from worker.store.sql_store import SqlStore


def linted(*raws: object) -> list[LintResult]:
    with TemporaryDirectory() as folder:
        (Path(folder) / "store.db").write_bytes(_empty_database())
        store = SqlStore(f"sqlite:///{folder}/store.db")
        pipeline = Pipeline(CONFIG, store, MemoryIndex(CONFIG.dedup))
        named = ((f"feed.jsonl:{n}", raw) for n, raw in enumerate(raws, start=1))
        found = list(lint(named, Rehearsal(pipeline, store), NOW))
        store.close()
        return found


@cache
def _empty_database() -> bytes:
    with TemporaryDirectory() as folder:
        migrate(f"sqlite:///{folder}/store.db")
        return (Path(folder) / "store.db").read_bytes()
