"""Tagging rules: their format, their compiled form, and how they are matched with articles.

May import `worker.model` only.
"""
