"""Values that several packages share: raw articles, their contract, records, broker addresses.

What belongs here: immutable values and pure functions on them that several packages need. May
import `worker.errors` only.
"""
