"""Markup: decode it, refuse hostile markup, turn it into text, make it safe to show.

May import the cleaning rules and the model.
"""
