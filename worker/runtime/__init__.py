"""What a worker process runs beside its tasks: loops, quarantine, sandbox, changed config.

What belongs here: code that only a running worker needs. May import everything but the commands.
"""
