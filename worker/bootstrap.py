"""Settings and config come in, a pipeline goes out: the one place that picks implementations.

Imported by every command: what only some of them need, the stages above all, is imported on use.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from typing import TYPE_CHECKING

from worker.errors import BadConfig
from worker.settings import Settings, masked
from worker.store.database.fork_lock import unforked
from worker.store.ports import Store
from worker.store.sql_store import SqlStore

if TYPE_CHECKING:
    from worker.config.loader import Config
    from worker.dedup import DedupRules
    from worker.index.redis_index import RedisIndex
    from worker.model.records import JournalEntry
    from worker.pipeline.boilerplate import Boilerplate
    from worker.pipeline.dead_lettering import StageDeadline
    from worker.pipeline.ingestion import Pipeline


def prepare(settings: Settings) -> None:
    """Make this machine ready to take messages; runs in the parent, before any fork.

    Raises BadConfig or Unavailable.
    """
    if settings.embedded_broker:
        from worker.broker import embedded

        embedded.ensure(settings.var_dir)
    prepare_store(settings)
    warm()


def warm() -> None:
    """Load models, so that processes forked from this one share them."""
    from worker import clean

    clean.warm()


def prepare_store(settings: Settings) -> None:
    """The embedded store migrates itself; a given one is only checked."""
    from worker.store.migrate import is_current, migrate  # Alembic costs 0.3 s to import

    if settings.embedded_store:
        settings.make_var_dir()
        migrate(settings.store)
    elif not is_current(settings.store):
        raise BadConfig(f"{masked(settings.store)} is not migrated; run `worker migrate`")


def pipeline(settings: Settings, stage_deadline: StageDeadline | None = None) -> Pipeline:
    """Everything loaded, nothing connected: connections open on first use, after the fork.

    `stage_deadline` replaces the limit of CPU time that each stage of each article has.
    """
    from worker.config.loader import load_config
    from worker.index.redis_line_counts import RedisLineCounts
    from worker.pipeline.deadline import deadline
    from worker.pipeline.ingestion import Pipeline

    config = load_config(settings.config_dir)
    config.warm()  # once, before the fork: the children share it
    limit = stage_deadline or deadline(config.worker.time.article_s)
    similarity_index = index(settings, config.dedup)
    return Pipeline(
        config, store(settings), similarity_index, limit, RedisLineCounts(similarity_index.client)
    )


def with_config(pipeline: Pipeline, settings: Settings, config: Config) -> Pipeline:
    """The same connections, other rules."""
    from worker.pipeline.deadline import deadline
    from worker.pipeline.ingestion import Pipeline

    config.warm()
    same = config.dedup == pipeline.config.dedup
    similarity_index = pipeline.index if same else index(settings, config.dedup)
    limit = deadline(config.worker.time.article_s)
    return Pipeline(config, pipeline.store, similarity_index, limit, pipeline.boilerplate.lines)


def probe(settings: Settings, what: str, rules: DedupRules) -> None:
    """Ask a service whether it works again. Raises Unavailable while it does not."""
    if what == "index":
        asked_index = index(settings, rules)
        asked_index.ping()
        asked_index.close()
        return
    with unforked(), closing(store(settings)) as asked:
        asked.outcomes(["probe"])


def enter(settings: Settings, entries: Sequence[JournalEntry]) -> None:
    """Write entries of the journal into the store, from a process that may fork afterwards."""
    with unforked(), closing(store(settings)) as opened:
        opened.enter(entries)


def started_index(settings: Settings, rules: DedupRules) -> RedisIndex:
    """The index for a command that may be the first one: an embedded server is started."""
    if settings.embedded_broker and not settings.index_url:
        from worker.broker import embedded

        embedded.ensure(settings.var_dir)
    return index(settings, rules)


def boilerplate(settings: Settings, config: Config, *, start: bool = True) -> Boilerplate:
    """What the workers have learned by now; an embedded server is started, or may be away."""
    from worker.index.redis_line_counts import RedisLineCounts
    from worker.pipeline.boilerplate import Boilerplate

    opened = started_index if start else index
    return Boilerplate(
        RedisLineCounts(opened(settings, config.dedup).client), config.cleaning.learned
    )


def index(settings: Settings, rules: DedupRules) -> RedisIndex:
    from worker.broker import embedded
    from worker.index.redis_index import RedisIndex

    url = settings.index_url or settings.broker_url or embedded.broker_url(settings.var_dir)
    return RedisIndex(url, rules)


def store(settings: Settings) -> Store:
    """The store; an embedded one that nobody has made yet is made, and is empty."""
    if settings.embedded_store and not settings.store_file.exists():
        prepare_store(settings)
    return SqlStore(settings.store)
