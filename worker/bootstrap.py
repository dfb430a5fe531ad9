"""Build the pipeline, the store and the index as the settings and config files say.

No other module chooses which store or index is used. All commands import this module, so it imports
large modules only inside the functions that need them.
"""

from __future__ import annotations

import gc
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

_OBJECTS_BETWEEN_COLLECTIONS = 10_000  # new ones; Python's 700 are for small processes


def prepare(settings: Settings) -> None:
    """Make broker, store and models ready before a worker takes its first message.

    This runs in the parent process, before others are forked. A broker that this package itself
    runs is started, a store that is its own SQLite file is brought to the current schema. Raises
    BadConfig or Unavailable.
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


def freeze() -> None:
    """Exempt all objects of this process from garbage collection, before others are forked.

    A collection would look at all objects of rules and models again and again, which takes 4 % of
    the CPU time of an article. It would also write to their memory, which forked processes share.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)


def prepare_store(settings: Settings) -> None:
    """Make sure that the store has the current database schema.

    The embedded store, a SQLite file in the data folder, is migrated. For any other store,
    BadConfig is raised if it is not migrated, and Unavailable if it does not answer.
    """
    from worker.store.migrate import is_current, migrate  # Alembic costs 0.3 s to import

    if settings.embedded_store:
        settings.make_var_dir()
        migrate(settings.store)
    elif not is_current(settings.store):
        raise BadConfig(f"{masked(settings.store)} is not migrated; run `worker migrate`")


def pipeline(settings: Settings, stage_deadline: StageDeadline | None = None) -> Pipeline:
    """Build the pipeline that cleans, deduplicates, tags and stores articles.

    All rules are loaded, but connections to store and index open on first use, so that the process
    can still fork. `stage_deadline` is how the CPU time of an article in one stage is limited; None
    stands for the limit in worker.toml. Raises BadConfig for invalid config.
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
    """Make a pipeline with the rules of `config`, for a worker whose config files have changed.

    It uses the connections of the old `pipeline`, except that it connects to the index anew if the
    rules of deduplication have changed.
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
    """Write to the store which articles producers have enqueued; `entries` has one for each
    article.

    The store is opened for this call and closed after it. During the call this process can't fork,
    because a forked process must not inherit an open store.
    """
    with fork_lock(), closing(store(settings)) as opened:
        opened.add_journal_entries(entries)


def started_index(settings: Settings, rules: DedupRules) -> RedisIndex:
    """Open the similarity index, by which copies of articles are found.

    If it is in the embedded broker, that server is started unless it runs.
    """
    if settings.embedded_broker and not settings.index_url:
        from worker.broker import embedded

        embedded.ensure(settings.var_dir)
    return index(settings, rules)


def boilerplate(settings: Settings, config: Config, *, start: bool = True) -> Boilerplate:
    """Open the counts by which workers learn the lines that a source repeats in its articles.

    They are on the server of the similarity index, by which copies of articles are found. With
    `start`, that server is started if it is the embedded broker and does not run; without it,
    reading the counts may raise Unavailable.
    """
    from worker.index.redis_line_counts import RedisLineCounts
    from worker.pipeline.boilerplate import Boilerplate

    opened = started_index if start else index
    return Boilerplate(
        RedisLineCounts(opened(settings, config.dedup).client), config.cleaning.learned
    )


def index(settings: Settings, rules: DedupRules) -> RedisIndex:
    """Open the similarity index, by which copies of articles are found; it connects on first use.

    It is at the address in the settings, or else on the broker's server.
    """
    from worker.broker import embedded
    from worker.index.redis_index import RedisIndex

    url = settings.index_url or settings.broker_url or embedded.broker_url(settings.var_dir)
    return RedisIndex(url, rules, on_broker=not settings.index_url)


def store(settings: Settings) -> ArticleStore:
    """Open the store for articles that the settings name.

    The embedded store, a SQLite file in the data folder, is created if it does not exist.
    """
    if settings.embedded_store and not settings.store_file.exists():
        prepare_store(settings)
    return SqlStore(settings.store)


def existing_store(settings: Settings) -> ArticleStore:
    """Open the store for a command or program that reads stored articles.

    Raises BadConfig if there is no such store or it is not migrated, and Unavailable if it does not
    answer. Nothing is created, unless articles were pushed to the embedded broker beside it before
    any worker ran: then the folder is right, and its store is made, empty.
    """
    if not (settings.embedded_store and _has_broker_data(settings)):
        settings.refuse_missing_store()
    prepare_store(settings)
    return store(settings)


def _has_broker_data(settings: Settings) -> bool:
    from worker.broker import embedded

    return settings.embedded_broker and embedded.has_data(settings.var_dir)
