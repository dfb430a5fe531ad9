"""Everything between producers and workers: the transport, its leases, the embedded server.

What belongs here: code that speaks to the broker, and the parts of a Celery worker that decide what
happens to a message. It may import worker.model, worker.errors and worker.background.
"""

INGEST = "articles.ingest"  # the task that takes raw articles
REDO = "articles.redo"  # the task that reprocesses stored articles under the current rules

REPLAY = ".replay"  # suffix of the queue for replayed and reprocessed articles
QUARANTINE = ".quarantine"  # suffix of the queue whose articles run one at a time
UNKNOWN = "unknown"  # the queue name of a message that names none

_TRANSPORTS = {
    "redis": "worker.broker.transport:Transport",
    "rediss": "worker.broker.transport:Transport",
    "sentinel": "worker.broker.transport:SentinelTransport",
}


def register() -> None:
    """Make kombu use this package's transport for Redis URLs; the transport itself is not imported.

    The setting `broker_transport` can't be used for this: it is ignored for redis+socket://, lost
    on failover between `a;b` addresses, and wrong for Sentinel.
    """
    from worker.broker import kombu_internals  # 90 ms that reading rules can do without

    kombu_internals.replace_transports(_TRANSPORTS)
