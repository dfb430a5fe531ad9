"""The write transaction of a batch: what it locks, decides and writes.

May import `database`, and the values and ports of the store.
"""
