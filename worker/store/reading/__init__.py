"""Queries: every function reads and changes nothing.

May import `database`, and the values and ports of the store.
"""
