"""Open the store and the index for a command, and close them when it ends.

Most commands need the store only, so nothing of the index is imported with this module.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from worker import bootstrap
from worker.settings import Settings
from worker.store.ports import ArticleStore

if TYPE_CHECKING:
    from worker.dedup import DedupRules
    from worker.index.redis_index import RedisIndex


def opened_store() -> ArticleStore:
    """Open the store that the settings name; it is closed when the command ends.

    Raises BadConfig if there is no store, or if its schema must be migrated first.
    """
    store = bootstrap.existing_store(Settings.load())
    click.get_current_context().call_on_close(store.close)
    return store


def opened_index(rules: DedupRules) -> RedisIndex:
    """Open the similarity index, by which copies of articles are found; its connection is closed
    when the command ends.

    If the index is in the embedded broker, that server is started unless it runs.
    """
    index = bootstrap.started_index(Settings.load(), rules)
    click.get_current_context().call_on_close(index.close)
    return index
