"""Prepare the regular expressions that rule files contain, and the texts that are compared with
them, for quick matching.

This is the lowest package of `worker.clean`: it imports none of the others.
"""
