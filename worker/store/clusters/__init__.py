"""Clusters of articles in the database: their members, moves of articles, and orphaned clusters.

An orphaned cluster has lost its canonical article, the one that the others are copies of.

May import everything in `worker.store` except `sql_store`.
"""
