"""Settings and config come in, a pipeline goes out: the one place that picks implementations."""

from worker import clean
from worker.broker import embedded
from worker.config import load_config
from worker.errors import BadConfig
from worker.index.redis import RedisIndex
from worker.pipeline import Pipeline
from worker.settings import Settings, masked
from worker.store import Store
from worker.store.sql import SqlStore


def prepare(settings: Settings) -> None:
    """Make this machine ready to take messages; runs in the parent, before any fork.

    Raises BadConfig or Unavailable.
    """
    if settings.embedded_broker:
        embedded.ensure(settings.var_dir)
    prepare_store(settings)
    clean.warm()


def prepare_store(settings: Settings) -> None:
    """The embedded store migrates itself; a given one is only checked."""
    from worker.store.migrate import is_current, migrate  # Alembic costs 0.3 s to import

    if settings.embedded_store:
        settings.var_dir.mkdir(parents=True, exist_ok=True)
        migrate(settings.store)
    elif not is_current(settings.store):
        raise BadConfig(f"{masked(settings.store)} is not migrated; run `worker migrate`")


def pipeline(settings: Settings) -> Pipeline:
    """Everything loaded, nothing connected: connections open on first use, after the fork."""
    config = load_config(settings.config_dir)
    _ = config.taxonomy.compiled  # once, before the fork: the children share it
    index_url = settings.index_url or settings.broker_url or embedded.broker_url(settings.var_dir)
    return Pipeline(config, store(settings), RedisIndex(index_url, config.dedup))


def store(settings: Settings) -> Store:
    return SqlStore(settings.store)
