"""Queries that read articles, outcomes, sources and changes. Nothing is written here.

May import `database`, and the values and ports of the store.
"""
