"""Build the pipeline, the store and the index from settings and config.

No other module chooses their implementations. All commands import this module, so modules that only
some commands need are imported on use.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from typing import TYPE_CHECKING

from worker.errors import BadConfig
from worker.settings import Settings, masked
from worker.store.database.fork_lock import fork_lock
from worker.store.ports import ArticleStore
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
    """Make broker, store and models ready before a worker's first message, in the parent process.

    An embedded broker is started, an embedded store is migrated. Raises BadConfig or Unavailable.
    """
    if settings.embedded_broker:
        from worker.broker import embedded

        embedded.ensure(settings.var_dir)
    prepare_store(settings)
    warm()


def warm() -> None:
    """Load the models for cleaning now, so that processes forked later share their memory."""
    from worker import clean

    clean.warm()


def prepare_store(settings: Settings) -> None:
    """Migrate the embedded store to the current schema; check that any other store is migrated.

    Raises BadConfig or Unavailable.
    """
    from worker.store.migrate import is_current, migrate  # Alembic costs 0.3 s to import

    if settings.embedded_store:
        settings.make_var_dir()
        migrate(settings.store)
    elif not is_current(settings.store):
        raise BadConfig(f"{masked(settings.store)} is not migrated; run `worker migrate`")


def pipeline(settings: Settings, stage_deadline: StageDeadline | None = None) -> Pipeline:
    """Build a pipeline with all rules loaded and nothing connected.

    Its connections open on first use, so that a process can fork before. `stage_deadline` replaces
    the limit of CPU time that each stage of each article has. Raises BadConfig for invalid config.
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
    """Make a pipeline with the rules of `config`, and with the open connections of `pipeline`.

    The connection to the index is a new one if the deduplication rules have changed.
    """
    from worker.pipeline.deadline import deadline
    from worker.pipeline.ingestion import Pipeline

    config.warm()
    same = config.dedup == pipeline.config.dedup
    similarity_index = pipeline.index if same else index(settings, config.dedup)
    limit = deadline(config.worker.time.article_s)
    return Pipeline(config, pipeline.store, similarity_index, limit, pipeline.boilerplate.lines)


def probe(settings: Settings, service: str, rules: DedupRules) -> None:
    """Check that a service, "index" or "store", answers. Raises Unavailable when it does not."""
    if service == "index":
        redis_index = index(settings, rules)
        redis_index.ping()
        redis_index.close()
        return
    with fork_lock(), closing(store(settings)) as opened:
        opened.outcomes(["probe"])


def enter(settings: Settings, entries: Sequence[JournalEntry]) -> None:
    """Add journal entries, each the receipt of an article that a producer pushed, to the store.

    The store is open only during the call, and no fork happens meanwhile, because a forked process
    must not inherit an open store.
    """
    with fork_lock(), closing(store(settings)) as opened:
        opened.add_journal_entries(entries)


def started_index(settings: Settings, rules: DedupRules) -> RedisIndex:
    """Open the similarity index. If it is on the embedded broker, start that unless it runs."""
    if settings.embedded_broker and not settings.index_url:
        from worker.broker import embedded

        embedded.ensure(settings.var_dir)
    return index(settings, rules)


def boilerplate(settings: Settings, config: Config, *, start: bool = True) -> Boilerplate:
    """Open the counts from which the workers learn the lines that each source repeats.

    The counts are on the index's server. Without `start`, an embedded server is not started, and
    the counts may be unavailable.
    """
    from worker.index.redis_line_counts import RedisLineCounts
    from worker.pipeline.boilerplate import Boilerplate

    opened = started_index if start else index
    return Boilerplate(
        RedisLineCounts(opened(settings, config.dedup).client), config.cleaning.learned
    )


def index(settings: Settings, rules: DedupRules) -> RedisIndex:
    """Open the similarity index at its own address, or else on the broker's server.

    It connects on first use.
    """
    from worker.broker import embedded
    from worker.index.redis_index import RedisIndex

    url = settings.index_url or settings.broker_url or embedded.broker_url(settings.var_dir)
    return RedisIndex(url, rules, on_broker=not settings.index_url)


def store(settings: Settings) -> ArticleStore:
    """Open the store that the settings name. An embedded store that does not exist is created."""
    if settings.embedded_store and not settings.store_file.exists():
        prepare_store(settings)
    return SqlStore(settings.store)
