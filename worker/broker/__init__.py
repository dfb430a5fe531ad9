"""Everything between producers and workers: the messages, and the broker that holds them.

A worker claims a message: the message moves from its queue to a lease, a record in the broker that
says which message a worker has. The lease expires unless the worker renews it, and then the message
goes back to its queue. An ack deletes message and lease. A message that failed goes to the
quarantine queue, where its articles run one at a time; one that no worker can process goes to a
dead list.

What belongs here: code that speaks to the broker, and the parts of a Celery worker that decide what
happens to a message. It may import worker.model, worker.errors and worker.background.
"""

INGEST = "articles.ingest"  # the task that takes raw articles
REDO = "articles.redo"  # the task that reprocesses stored articles under the current rules

# Suffix of the queue for floods of one source, and for replayed and reprocessed articles: the bulk
# lane. Its name is older than the lane, and workers of earlier versions consume it by that name.
BULK = ".replay"
QUARANTINE = ".quarantine"  # suffix of the queue whose articles run one at a time
UNKNOWN = "unknown"  # the queue name of a message that names none

_TRANSPORTS = {
    "redis": "worker.broker.transport:Transport",
    "rediss": "worker.broker.transport:Transport",
    "sentinel": "worker.broker.sentinel_channel:SentinelTransport",
}


def register() -> None:
    """Make kombu use this package's transport for all Redis, Valkey and Sentinel broker addresses.

    Only the names of the classes are registered; kombu imports their module when it first connects.
    """
    # Celery's setting `broker_transport` can't do this: it is ignored for addresses that begin with
    # `redis+socket://`, lost when Celery moves on to the next of several addresses, and wrong for
    # Sentinel.
    from worker.broker import kombu_internals  # 90 ms that reading rules can do without

    kombu_internals.replace_transports(_TRANSPORTS)
