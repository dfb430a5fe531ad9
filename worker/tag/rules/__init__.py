"""Tagging rules: their format, their compiled form, and how they are matched.

May import the model only.
"""
