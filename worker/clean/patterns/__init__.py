"""Prepare the patterns that rule files hold, and the texts that are matched against them.

The lowest room of `worker.clean`: it imports none of the others.
"""
