"""article-worker: raw articles go in on a queue, records come out in a store.

from worker import Producer
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from worker.producer import Invalid, InvalidArticles, Producer

__all__ = ["Invalid", "InvalidArticles", "Producer"]


def __getattr__(name: str) -> Any:
    """Import on first use: `import worker` costs nothing, and Celery finds `worker.celery`."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from worker import producer

    return getattr(producer, name)
