"""What a command works on: opened when it asks, closed when it ends."""

import click

from worker import bootstrap
from worker.dedup import DedupRules
from worker.index.redis_index import RedisIndex
from worker.settings import Settings
from worker.store.ports import ArticleStore


def opened_store() -> ArticleStore:
    """The store, up to date. Raises BadConfig for one that nobody has migrated."""
    settings = Settings.load()
    bootstrap.prepare_store(settings)
    store = bootstrap.store(settings)
    click.get_current_context().call_on_close(store.close)
    return store


def opened_index(rules: DedupRules) -> RedisIndex:
    """The index; an embedded server is started for it."""
    index = bootstrap.started_index(Settings.load(), rules)
    click.get_current_context().call_on_close(index.close)
    return index
