"""What lies between producers and workers: the transport, its leases, the embedded server."""

INGEST = "articles.ingest"  # the task that takes raw articles
REDO = "articles.redo"  # the task that reprocesses stored articles under the current rules

REPLAY = ".replay"  # ends the name of the lane of what is processed once more
QUARANTINE = ".quarantine"  # ends the name of the lane where articles are tried one at a time
UNKNOWN = "unknown"  # stands for the queue of a message that came with none

_OURS = {
    "redis": "worker.broker.transport:Transport",
    "rediss": "worker.broker.transport:Transport",
    "sentinel": "worker.broker.transport:SentinelTransport",
}


def register() -> None:
    """Make kombu use our transport for Redis URLs; names only, nothing is imported yet.

    The setting `broker_transport` would not do: it is ignored for redis+socket://, lost on
    failover between `a;b` addresses, and wrong for Sentinel.
    """
    from kombu import transport  # 90 ms that reading rules can do without

    transport.TRANSPORT_ALIASES.update(_OURS)
    for name in _OURS:
        transport._transport_cache.pop(name, None)
