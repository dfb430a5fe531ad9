"""The store: the database of articles with their revisions, tags and outcomes.

Callers use the protocols in `worker.store.ports`, which describe the methods, and the values in
`worker.store.values` and `worker.store.cluster_values`. `worker.bootstrap` opens the database.
"""
