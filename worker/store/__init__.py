"""The store: articles, their revisions, tags and decisions, and the outcome of every receipt.

Callers take a port of `worker.store.ports` and the values of `worker.store.values` and
`worker.store.cluster_values`. `worker.bootstrap` opens the implementation.
"""
