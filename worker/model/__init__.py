"""Values that several packages share: raw articles as producers send them, articles and what
becomes of them, and addresses of brokers.

What belongs here: immutable values and pure functions on them that several packages need; also
the form of log lines and the modes of private files. May import `worker.errors` only.
"""
