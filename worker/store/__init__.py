"""The store: the database of articles, their revisions, tags and decisions, and of all outcomes.

Callers take a protocol of `worker.store.ports` and the values of `worker.store.values` and
`worker.store.cluster_values`. `worker.bootstrap` opens the implementation.
"""
