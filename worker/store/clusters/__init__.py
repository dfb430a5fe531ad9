"""Clusters of articles in the database: members, moves, orphans.

May import everything in `worker.store` except the store itself.
"""
