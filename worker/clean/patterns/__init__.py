"""Prepare regular expressions from the rule files, and the texts to compare with them, so that
comparing them is quick.

This is the lowest package of `worker.clean`: it imports none of the others.
"""
