"""Clusters of articles in the database: members, moves and orphans.

May import everything in `worker.store` except `sql_store`.
"""
