"""Queries that read articles, outcomes, sources and changes. Nothing is written to the database.

May import `database`, and the values and ports of the store.
"""
