"""Prepare the regular expressions in rule files, and the texts that are matched against them.

This is the lowest package of `worker.clean`: it imports none of the others.
"""
