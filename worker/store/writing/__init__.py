"""The write transaction of a batch: locks, decisions and statements.

May import `database`, and the values and ports of the store.
"""
