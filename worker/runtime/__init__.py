"""The parts that only a running worker needs, beside its Celery tasks.

What belongs here: background loops that move or repair data in broker, store and index, the
handling of messages that failed before, the sandbox for articles that may crash a process, and the
reload of changed config. It may import everything except the commands (worker.cli).
"""
