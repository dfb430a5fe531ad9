"""The transaction that writes a batch: its locks, its decisions and its SQL statements.

May import `database`, and the values and ports of the store.
"""
