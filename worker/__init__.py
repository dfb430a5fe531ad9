"""article-worker: read raw articles from a queue, and write cleaned, deduplicated, tagged records.

from worker import Archive, Producer
"""

import warnings
from importlib import import_module
from typing import TYPE_CHECKING, Any

from worker.model import log_lines

if TYPE_CHECKING:
    from worker.client.async_producer import AsyncProducer
    from worker.client.feeds import from_feedparser, from_jsonfeed
    from worker.client.producer import Invalid, InvalidArticles, Producer
    from worker.client.reader import Archive

__all__ = [
    "Archive",
    "AsyncProducer",
    "Invalid",
    "InvalidArticles",
    "Producer",
    "from_feedparser",
    "from_jsonfeed",
]

_MODULES = {
    "Archive": "worker.client.reader",
    "AsyncProducer": "worker.client.async_producer",
    "from_feedparser": "worker.client.feeds",
    "from_jsonfeed": "worker.client.feeds",
}


log_lines.protect_loggers()


def __getattr__(name: str) -> Any:
    """Import on first use: `import worker` costs nothing, and Celery finds `worker.celery`."""
    if name == "Store":
        warnings.warn(
            "worker.Store is worker.Archive now; the old name goes in version 0.4",
            DeprecationWarning,
            stacklevel=2,
        )
        name = "Archive"
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_MODULES.get(name, "worker.client.producer")), name)
