"""Everything between producers and workers: the transport, its leases, the embedded server.

A worker claims a message: the message moves from its queue to a lease, a record in the broker that
names it by a delivery tag. The lease expires unless the worker renews it, and then the message goes
back to its queue. An ack deletes message and lease. A message that failed goes to the quarantine
queue, where its articles run one at a time; one that no worker can process goes to a dead list.

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
    "sentinel": "worker.broker.sentinel_channel:SentinelTransport",
}


def register() -> None:
    """Make kombu use this package's transport for all Redis, Valkey and Sentinel broker URLs.

    The transport module itself is imported by kombu later, when it connects. The Celery setting
    `broker_transport` can't be used for this: it is ignored for redis+socket://, lost on failover
    between `a;b` addresses, and wrong for Sentinel.
    """
    from worker.broker import kombu_internals  # 90 ms that reading rules can do without

    kombu_internals.replace_transports(_TRANSPORTS)
