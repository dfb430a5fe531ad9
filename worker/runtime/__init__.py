"""The parts that only a running worker needs, beside its tasks.

What belongs here: background loops over broker, store and index, the quarantine queue, the sandbox
for articles that may crash a process, and the reload of changed config. It may import everything
except the commands.
"""
